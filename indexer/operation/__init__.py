"""Operation of the indexer: what is done when (`schedule`), metrics, health, alarms, drift, retention, status.

Uses every room.
"""

from typing import Final

DEFAULT_LISTEN: Final = "127.0.0.1:9500"
"""Where health and metrics are served."""
