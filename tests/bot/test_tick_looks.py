"""How often a tick looks, whatever wakes it; and what becomes of an edit that comes while a step is taken."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from src.bot.work_pool import RESOLVE, InlinePool
from tests.bot.harness import VERIFY, BotHarness
from tests.clocks import MovedClock


class Restless(MovedClock):
    """No pause is longer than a tenth of a second, as where steps end all the time."""

    def pause(self, seconds: float) -> None:
        super().pause(min(seconds, 0.1))


def test_results_are_looked_for_every_second_and_statuses_every_30_however_often_the_tick_wakes(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "5")
    harness.ask("result after 36000")
    restless = Restless(time.time())
    harness.box.clear_calls()

    harness.bot(waiting=restless, clock=restless).run()

    calls = harness.box.count_calls()
    assert 4 <= calls["s3.HeadObject"] <= 7
    assert calls["sagemaker.ListProcessingJobs"] == 2  # the reaper's and one look
    assert calls["slack.conversations.history"] == 1


class SlowResolving(InlinePool):
    """The first look at a link's SQL takes until `finish`."""

    def __init__(self) -> None:
        self._held: list[Callable[[], None]] = []
        self._is_first = True

    def submit(self, urgency: int, task: Callable[[], None]) -> None:
        if urgency == RESOLVE and self._is_first:
            self._is_first = False
            self._held.append(task)
        else:
            super().submit(urgency, task)

    def idle(self) -> bool:
        return not self._held

    def finish(self) -> None:
        while self._held:
            self._held.pop()()


class Meanwhile(MovedClock):
    """At the end of the tick's pauses, one after the other, this happens."""

    def __init__(self, *happenings: Callable[[], None]) -> None:
        super().__init__(time.time())
        self._happenings = list(happenings)

    def pause(self, seconds: float) -> None:
        super().pause(seconds)
        if self._happenings:
            self._happenings.pop(0)()


def test_links_that_an_edit_adds_while_a_step_is_taken_are_answered_by_the_same_tick(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_SECONDS", "30")
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "50")  # it ends before it looks anew for what was left open
    first, added = harness.query(VERIFY), harness.query(VERIFY)
    ts = harness.post(first)
    pool = SlowResolving()

    def edit() -> None:
        harness.box.slack.edit(ts=ts, text=f"Please: <{first}> and <{added}>")

    moved = Meanwhile(edit, pool.finish)

    harness.bot(waiting=moved, clock=moved, pool=pool).run()

    assert ["credit recommended" in said for said in harness.answers(ts)] == [True, True]
    assert [request["state"] for request in harness.record(ts)["requests"]] == ["settled", "settled"]
