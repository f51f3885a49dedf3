"""Shows what a tick runs: a table on a terminal (terminal_display.py), nothing elsewhere, where the log says it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from ..state.object_store import ObjectStore
from ..state.records import MessageRecord


class Display(Protocol):
    """Shows the records in hand, once each turn of the tick's loop."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def show(self, records: Sequence[MessageRecord]) -> None: ...


class NoDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing."""

    def show(self, records: Sequence[MessageRecord]) -> None:
        """Nothing."""


def make_display(store: ObjectStore, clock: Callable[[], float]) -> Display:
    """Return the Display that suits stderr."""
    if not sys.stderr.isatty():
        return NoDisplay()
    from .terminal_display import TerminalDisplay  # noqa: PLC0415 (rich takes 100 ms that a pod need not spend)

    return TerminalDisplay(store, clock)
