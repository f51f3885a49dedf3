"""Draws a table of jobs on a terminal, updated in place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ..execution.job_progress import read_progress
from ..state.object_store import ObjectStore
from ..state.records import MessageRecord

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


class Row(NamedTuple):
    """A row: what is asked (a link, a file), its execution once there is one, its state in a word."""

    what: str
    execution_id: str | None
    state: str
    running: bool


class JobTable:
    """Draws a table; reads each running job's progress.json every READ_EVERY seconds. `clock`: seconds since 1970."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float], of: str = "link") -> None:
        self._store = store
        self._clock = clock
        self._of = of
        self._began: dict[str, float] = {}
        self._read: dict[str, tuple[float, str]] = {}
        self._live = Live(console=Console(file=sys.stderr), refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def draw(self, rows: Iterable[Row]) -> None:
        """Redraw."""
        table = Table(self._of, "execution", "state", "", box=None, pad_edge=False)
        for row in rows:
            table.add_row(_plain(row.what[-40:]), row.execution_id or "–", row.state, self._detail(row))
        self._live.update(table)

    def _detail(self, row: Row) -> str:
        if not row.running or row.execution_id is None:
            return ""
        execution_id, now = row.execution_id, self._clock()
        began = self._began.setdefault(execution_id, now)
        read_at, words = self._read.get(execution_id, (0.0, ""))
        if now - read_at >= READ_EVERY:
            words = self._query_of(execution_id)
            self._read[execution_id] = (now, words)
        return f"{now - began:4.0f} s  {words}"

    def _query_of(self, execution_id: str) -> str:
        at = read_progress(self._store, execution_id)
        return f"query {at.done} of {at.total}" if at else ""


class TerminalDisplay(JobTable):
    """Draws a row for each link of the messages in hand."""

    def show(self, records: Sequence[MessageRecord]) -> None:
        """Redraw."""
        self.draw(
            Row(
                request.link,
                request.execution.execution_id if request.execution else None,
                _WORDS[request.state],
                request.state == "running",
            )
            for record in sorted(records, key=lambda record: record.ts)
            for request in record.requests
        )


def _plain(text: str) -> str:
    return escape("".join(char for char in text if char.isprintable()))
