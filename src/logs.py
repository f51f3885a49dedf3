"""Writes log lines, JSON outside a terminal and plain on one, each with its execution; none can be forged."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

_log_context: ContextVar[dict[str, str] | None] = ContextVar("log_context", default=None)


@contextmanager
def log_context(**names: str | None) -> Iterator[None]:
    """Add these names to every line logged inside, e.g. `log_context(execution_id=..., message=...)`."""
    token = _log_context.set({**(_log_context.get() or {}), **{name: value for name, value in names.items() if value}})
    try:
        yield
    finally:
        _log_context.reset(token)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line: a newline in a message stays inside its string."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"time": _utc(record.created), "level": record.levelname, "logger": record.name}
        line.update(_log_context.get() or {})
        line.update(getattr(record, "fields", {}))
        line["message"] = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            line["error_type"] = record.exc_info[0].__name__
            line["frames"] = _frames(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True, default=str)


class PlainFormatter(logging.Formatter):
    """Formats a record for a terminal: control characters are shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        names = " ".join(f"{name}={value}" for name, value in (_log_context.get() or {}).items())
        text = f"{_utc(record.created)[11:19]} {record.levelname.lower():7} {record.getMessage()}"
        return printable(f"{text}  [{names}]" if names else text)


def set_up_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send the bot's log lines to `stream` (stderr), in the form that suits it."""
    handler = logging.StreamHandler(stream) if stream else _Stderr()
    handler.setFormatter(PlainFormatter() if (stream or sys.stderr).isatty() else JsonFormatter())
    logger = logging.getLogger("credits")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to sys.stderr as it is at each line: a terminal's table replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def printable(text: str) -> str:
    """Return text from outside for a terminal: control characters are shown, not obeyed."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def _frames(trace: TracebackType | None) -> list[str]:
    """Return where an error came from; not its message, which may quote text from outside."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
