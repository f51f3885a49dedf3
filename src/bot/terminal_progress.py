"""A line a job, updated in place, for whoever watches a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ..execution.job_progress import read_progress
from ..state.object_store import ObjectStore
from ..state.records import MessageRecord, Request

_WORDS = {
    "new": "asking Looker",
    "submitting": "starting",
    "running": "running",
    "replying": "answering",
    "answered": "answered",
    "settled": "done",
    "failed": "failed",
}
READ_EVERY = 3.0


class TerminalProgress:
    """A table that rich redraws; each running job's query is read from its progress.json every few seconds."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._began: dict[str, float] = {}
        self._read: dict[str, tuple[float, str]] = {}
        self._live = Live(console=Console(file=sys.stderr), refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, records: Sequence[MessageRecord]) -> None:
        """Redraw."""
        table = Table("link", "execution", "state", "", box=None, pad_edge=False)
        for record in sorted(records, key=lambda record: record.ts):
            for request in record.requests:
                execution = request.execution.execution_id if request.execution else "–"
                table.add_row(_plain(request.link[-40:]), execution, _WORDS[request.state], self._detail(request))
        self._live.update(table)

    def _detail(self, request: Request) -> str:
        if request.state != "running" or request.execution is None:
            return ""
        execution_id, now = request.execution.execution_id, self._clock()
        began = self._began.setdefault(execution_id, now)
        read_at, words = self._read.get(execution_id, (0.0, ""))
        if now - read_at >= READ_EVERY:
            words = self._query_of(execution_id)
            self._read[execution_id] = (now, words)
        return f"{now - began:4.0f} s  {words}"

    def _query_of(self, execution_id: str) -> str:
        at = read_progress(self._store, execution_id)
        return f"query {at.done} of {at.total}" if at else ""


def _plain(text: str) -> str:
    return escape("".join(char for char in text if char.isprintable()))
