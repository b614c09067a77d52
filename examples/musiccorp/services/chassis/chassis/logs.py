"""Every line on standard output is one JSON object; nothing else is written.

Libraries (uvicorn, psycopg, librdkafka) log through the same handler. Extra fields given with
`extra={...}` become keys of the object. Next: `program` configures this before anything else.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Complaint", "JsonFormatter", "OncePerWhile", "configure_logs"]

_NUMBER = re.compile(r"\d+")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Renders a record as one line of JSON with time, level, service, logger and message."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line; a traceback is a field of it, so that it never breaks into lines."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class OncePerWhile(logging.Filter):
    """Lets a line through once in `quiet_seconds`; lines that differ in numbers only are the same.

    While a broker is away librdkafka repeats itself ten times a second with other milliseconds.
    """

    def __init__(
        self, *, quiet_seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._quiet_seconds = quiet_seconds
        self._clock = clock
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether this line says something new."""
        text, now = _NUMBER.sub("#", record.getMessage()), self._clock()
        if now - self._last.get(text, -self._quiet_seconds) < self._quiet_seconds:
            return False
        self._last = {t: at for t, at in self._last.items() if now - at < self._quiet_seconds}
        self._last[text] = now
        return True


class Complaint:
    """Logs failures in a row: the first of its kind with its traceback, repetitions in one line."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known = ""

    def failed(self, what: str, error: Exception, **fields: object) -> None:
        """Logs one more failure."""
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        is_new = reason != self._known
        self._known = reason
        trace = error if is_new else None
        self._log.warning("%s: %s", what, reason, extra=fields, exc_info=trace)

    def is_over(self) -> None:
        """Notes a success; the next failure is news again."""
        self._known = ""


def configure_logs(service: str, level: str) -> None:
    """Replaces all handlers by one that writes JSON to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    for repetitive in ("kafka", "psycopg.pool"):
        logger = logging.getLogger(repetitive)
        logger.filters = [OncePerWhile()]
