"""Tells how long an answer usually takes, from the latest audit records, read at most once a tick."""

from __future__ import annotations

import logging
import threading
from statistics import median
from typing import Any

from ..errors import CreditsError
from ..history.reader import History
from ..times import seconds_of

log = logging.getLogger("credits")

LATEST = 20
"""Audit records that are read."""
FEWEST = 3
"""Answered executions that make a usual time."""


class UsualTime:
    """The median over the latest answered executions. Safe to use from several threads."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._lock = threading.Lock()
        self._known = False
        self._seconds: float | None = None

    def seconds(self) -> float | None:
        """Return the median seconds from a job's creation to its end; None if too few were answered or S3 fails."""
        with self._lock:
            if not self._known:
                self._seconds, self._known = self._read(), True
            return self._seconds

    def _read(self) -> float | None:
        try:
            records = self._history.latest(LATEST)
        except CreditsError as error:
            log.info("usual time not known: %s", error)
            return None
        took = [seconds for record in records if (seconds := _seconds(record)) is not None]
        return median(took) if len(took) >= FEWEST else None


def _seconds(record: dict[str, Any]) -> float | None:
    """Return a record's seconds; None for a failure and for a record that lacks a time."""
    if record.get("outcome") != "answer":
        return None
    try:
        created, ended = record["attempts"][-1]["created_at"], record["ended_at"]
        return max(0.0, seconds_of(ended) - seconds_of(created))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
