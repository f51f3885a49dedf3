"""Threads that do a tick's work: what is under way when the tick ends is given its seconds, what is queued is not."""

from __future__ import annotations

import threading

import pytest

from src.bot import work_pool
from src.bot.work_pool import AFTER, ThreadedPool


def test_closing_waits_for_what_is_being_done_and_drops_what_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, closing = threading.Event(), threading.Event()
    done: list[str] = []

    def under_way() -> None:
        begun.set()
        closing.wait(60)
        done.append("under way")

    pool = ThreadedPool(size=1, reactions=0)
    pool.submit(AFTER, under_way)
    assert begun.wait(60)
    pool.submit(AFTER, lambda: done.append("queued"))

    class Time:
        """Asked for the time once nothing is queued any more."""

        @staticmethod
        def monotonic() -> float:
            closing.set()
            return 0.0

    monkeypatch.setattr(work_pool, "time", Time)
    pool.close(60)
    assert done == ["under way"]
