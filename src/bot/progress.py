"""What runs, for whoever watches: a table on a terminal (terminal_progress.py), log lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from ..state.object_store import ObjectStore
from ..state.records import MessageRecord


class Progress(Protocol):
    """Shown the records in hand once a turn of the tick's loop, between its beginning and its end."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def show(self, records: Sequence[MessageRecord]) -> None: ...


class NoProgress:
    """For log files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing."""

    def show(self, records: Sequence[MessageRecord]) -> None:
        """Nothing."""


def make_progress(store: ObjectStore, clock: Callable[[], float]) -> Progress:
    """The one that suits stderr."""
    if not sys.stderr.isatty():
        return NoProgress()
    from .terminal_progress import TerminalProgress  # noqa: PLC0415 (rich takes 100 ms that a pod need not spend)

    return TerminalProgress(store, clock)
