"""What one of each thing is, in the units of the programs."""

from typing import Final

BPS: Final = 10_000
"""Basis points in a whole."""
SECONDS_PER_HOUR: Final = 3_600
"""Also the length of an epoch."""
IO: Final = 100_000_000
"""Base units of one IO."""
USD: Final = 1_000_000
"""Base units of one dollar."""
NANO_USD_PER_USD_UNIT: Final = 1_000
"""Nano-dollars in one base unit of USD."""
