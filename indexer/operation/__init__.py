"""Operation of the indexer: what is done when (`schedule`), logs, metrics, health, alarms, drift, retention, status.

Uses every room.
"""

from enum import StrEnum
from typing import Final

DEFAULT_LISTEN: Final = "127.0.0.1:9500"
"""Where health and metrics are served."""


class LogFormat(StrEnum):
    """How records are written; `auto`: text on a terminal, JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least of the levels that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
