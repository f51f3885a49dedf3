"""When a long job's progress message is saved, posted and edited; and what gives it up."""

from __future__ import annotations

from typing import Any

import pytest

from src.errors import StateConflict
from src.slack.errors import MessageGone, SlackUnavailable
from src.state.records import Request
from src.state.state_manager import ClaimedMessage
from tests.bot.parts import Parts, attempt, request

BEGUN: Any = {"state": "running", "progress_begun": True}


@pytest.mark.parametrize(
    ("one", "seconds", "due"),
    [
        pytest.param(request(state="running"), 89.9, False, id="under 90 seconds: none"),
        pytest.param(request(state="running"), 90, True, id="from 90 seconds on"),
        pytest.param(request(**BEGUN), 0, True, id="one that was begun goes on at once"),
        pytest.param(request(state="running", attempts=[attempt(1, None)]), 1e6, False, id="no job yet: none"),
        pytest.param(request(state="running", attempts=[]), 1e6, False, id="no execution: none"),
    ],
)
def test_when_it_begins(one: Request, seconds: float, due: bool) -> None:
    parts = Parts()
    parts.clock.sleep(seconds)
    assert parts.progress.due(one) is due


def begun(parts: Parts, **fields: Any) -> tuple[ClaimedMessage, Request]:
    claimed = parts.claimed(request(**{**BEGUN, **fields}))
    return claimed, claimed.record.requests[0]


def test_that_there_will_be_one_is_saved_before_it_is_posted() -> None:
    parts = Parts()
    claimed, one = begun(parts, progress_begun=False)
    parts.progress.say_progress(claimed, one)
    assert parts.saved(claimed).requests[0].progress_begun
    assert parts.slack.said == []
    parts.progress.say_progress(claimed, one)
    assert len(parts.slack.said) == 1
    assert parts.saved(claimed).requests[0].progress_ts == "1768480001.000100"


def test_it_is_edited_every_thirty_seconds() -> None:
    parts = Parts()
    claimed, one = begun(parts)
    parts.progress.say_progress(claimed, one)
    parts.clock.sleep(29.9)
    assert not parts.progress.due(one)
    parts.clock.sleep(0.1)
    assert parts.progress.due(one)
    parts.progress.say_progress(claimed, one)
    assert [parts.slack.calls.count(method) for method in ("post_reply", "update")] == [1, 1]


def test_where_an_execution_was_replaced_the_last_ones_message_is_edited_every_thirty_seconds() -> None:
    parts = Parts()
    claimed, one = begun(parts, attempts=[attempt(1), attempt(2)])
    parts.progress.say_progress(claimed, one)
    assert not parts.progress.due(one)
    parts.clock.sleep(30)
    assert parts.progress.due(one)


def test_while_an_answer_waits_for_the_channel_it_waits_two_seconds() -> None:
    parts = Parts(slack_post_interval=5.0)
    claimed, one = begun(parts)
    parts.notifier.reserve_post(claimed)  # somebody else's turn
    parts.progress.say_progress(claimed, one)
    assert parts.slack.said == []
    assert not parts.progress.due(one)
    parts.clock.sleep(2)
    assert parts.progress.due(one)


@pytest.mark.parametrize(
    ("fields", "method"),
    [({}, "post_reply"), ({"progress_ts": "1768480001.000100"}, "update")],
    ids=["posting", "editing"],
)
def test_what_slack_refuses_for_good_is_not_tried_again(fields: dict[str, Any], method: str) -> None:
    parts = Parts()
    claimed, one = begun(parts, **fields)
    parts.slack.refuses[method] = [MessageGone("gone", "message_not_found")]
    parts.progress.say_progress(claimed, one)
    parts.clock.sleep(1e6)
    assert not parts.progress.due(one)


def test_one_that_may_have_been_posted_is_looked_for_before_it_is_posted_again() -> None:
    parts = Parts()
    claimed, one = begun(parts)
    parts.slack.refuses["post_reply"] = [SlackUnavailable("no answer")]
    parts.progress.say_progress(claimed, one)
    assert "find_reply" not in parts.slack.calls
    parts.clock.sleep(30)
    parts.progress.say_progress(claimed, one)
    assert parts.slack.calls[-2:] == ["find_reply", "post_reply"]
    assert one.progress_ts is not None


def test_where_another_bot_has_the_message_by_now_it_is_taken_away_at_once() -> None:
    parts = Parts()
    claimed, one = begun(parts)
    claimed.etag = "of an older version"
    with pytest.raises(StateConflict):
        parts.progress.say_progress(claimed, one)
    assert parts.slack.calls[-1] == "delete"
