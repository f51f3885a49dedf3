"""What one tick does as a whole, in memory: how often it reads Slack, and of what it tells on-call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from src.bot.display import Display, NoDisplay
from src.bot.message_processor import MessageProcessor, PendingStep
from src.bot.tick import Tick
from src.bot.work_pool import InlinePool
from src.errors import ConfigurationError, StateConflict, TransientError
from src.slack.errors import ChannelRefused, TokenRefused
from src.state.lease import LeaseLost
from src.state.records import Cursor, MessageRecord
from src.state.state_manager import ClaimedMessage
from tests.bot.parts import ON_CALL, Parts, request


class Shown(NoDisplay):
    """Keeps which messages it was last given."""

    def show(self, records: Sequence[MessageRecord]) -> None:
        self.messages = [record.ts for record in records]


def tick(parts: Parts, display: Display | None = None) -> Tick:
    """One whose pauses move the parts' clock."""
    parts.services = replace(parts.services, pool=InlinePool(), waiting=parts.clock)
    return Tick(
        parts.services,
        inbox=parts.inbox,
        adoption=parts.adoption,
        processor=MessageProcessor(
            parts.services, executions=parts.executions, answers=parts.answers, progress=parts.progress
        ),
        jobs=parts.job_watch,
        notifier=parts.notifier,
        display=display or NoDisplay(),
    )


def test_a_tick_that_works_long_reads_slack_once_where_it_is_not_to_listen() -> None:
    parts = Parts(tick_budget_seconds=120)
    parts.claimed(request(state="running"))
    assert tick(parts).run().running == 1
    assert parts.slack.calls.count("history") == 1


def test_a_tick_that_listens_reads_slack_every_twenty_seconds() -> None:
    parts = Parts(listen_seconds=70)
    tick(parts).run()
    assert parts.slack.calls.count("history") == 4


def test_on_call_is_told_what_reading_slack_met() -> None:
    parts = Parts()
    parts.state.save_cursor(Cursor(channel_name="#credits", channel_id="C0", looked_up_at=0.0), None)
    assert tick(parts).run().problems == 1
    [said] = parts.slack.said
    assert said.to == ON_CALL
    assert "#credits is the channel C1 now; before it was C0." in said.text


def test_what_is_in_hand_is_shown() -> None:
    parts, shown = Parts(tick_budget_seconds=120), Shown()
    running = parts.claimed(request(state="running"))
    tick(parts, shown).run()
    assert shown.messages == [running.record.ts]


@pytest.mark.parametrize(
    ("error", "problems"),
    [
        (StateConflict("another bot was first"), 0),
        (LeaseLost("another bot has it"), 0),
        (TransientError("S3 is away"), 0),
        (ConfigurationError("S3 refuses"), 1),
        (ValueError("a bug"), 1),
    ],
    ids=lambda said: type(said).__name__,
)
def test_a_message_whose_step_fails_is_left_to_a_later_tick(
    error: Exception, problems: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, steps = Parts(tick_budget_seconds=120), list[str]()
    parts.claimed(request(state="new", attempts=[]))

    def run_step(_processor: MessageProcessor, claimed: ClaimedMessage, _step: PendingStep) -> None:
        steps.append(claimed.record.ts)
        raise error

    monkeypatch.setattr(MessageProcessor, "run_step", run_step)
    assert tick(parts).run().problems == problems
    assert len(steps) == 1


@pytest.mark.parametrize(
    ("error", "in_hand", "raised", "problems"),
    [
        pytest.param(TransientError("Slack is away"), False, False, 1, id="away: a problem"),
        pytest.param(ChannelRefused("archived", "is_archived"), False, True, 0, id="nothing in hand: at once"),
        pytest.param(ChannelRefused("archived", "is_archived"), True, True, 1, id="once what is in hand is done"),
        pytest.param(TokenRefused("token", "invalid_auth"), True, True, 0, id="the token: at once"),
    ],
)
def test_a_channel_that_cannot_be_read(error: Exception, in_hand: bool, raised: bool, problems: int) -> None:
    parts = Parts(tick_budget_seconds=120)
    if in_hand:
        parts.claimed(request(state="running"))
    parts.slack.refuses["history"] = [error] * 9  # type: ignore[list-item]
    if raised:
        with pytest.raises(type(error)):
            tick(parts).run()
        assert [said.to for said in parts.slack.said].count(ON_CALL) == problems
    else:
        assert tick(parts).run().problems == problems
