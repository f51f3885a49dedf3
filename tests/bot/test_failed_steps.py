"""What becomes of a step that fails: tried again, put off, or the reply that says why there is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from src.bot.message_processor import MAX_TRIES, NEXT_TICK, MessageProcessor, PendingStep
from src.bot.put_off import TAKE_OVER_PAUSE
from src.bot.work_pool import SUBMIT
from src.errors import (
    CapacityError,
    ConfigurationError,
    Interrupted,
    QueryError,
    StateConflict,
    TransientError,
)
from src.slack.errors import SlackRefused, SlackUnavailable
from src.state.lease import LeaseLost
from src.state.records import Request
from src.state.state_manager import ClaimedMessage
from tests.bot.parts import Parts, request


def processor(parts: Parts) -> MessageProcessor:
    return MessageProcessor(parts.services, executions=parts.executions, answers=parts.answers, progress=parts.progress)


def failed(parts: Parts, error: Exception, **fields: Any) -> tuple[ClaimedMessage, Request]:
    """A message whose step changed its record and then failed so."""
    claimed = parts.claimed(request(**fields))

    def run(claimed: ClaimedMessage, one: Request) -> None:
        one.attempts.clear()
        raise error

    processor(parts).run_step(claimed, PendingStep(SUBMIT, claimed.record.requests[0], run))
    [one] = claimed.record.requests
    assert len(one.attempts) == 1  # what the step changed is taken back
    return claimed, one


AWAY = TransientError("S3 is away.")


@pytest.mark.parametrize(
    ("error", "fields", "tries"),
    [
        pytest.param(AWAY, {"state": "new"}, 1, id="for now: tried again"),
        pytest.param(AWAY, {"state": "running", "tries": MAX_TRIES - 1}, MAX_TRIES, id="up to six times"),
    ],
)
def test_before_a_reply_what_fails_for_now_is_tried_again_a_little_later(
    error: Exception, fields: dict[str, Any], tries: int
) -> None:
    parts = Parts()
    claimed, one = failed(parts, error, **fields)
    assert (one.state, one.tries, claimed.problems) == (fields["state"], tries, [])
    assert one.not_before > parts.clock.now


@pytest.mark.parametrize(
    ("error", "fields", "category", "message"),
    [
        pytest.param(AWAY, {"state": "running", "tries": MAX_TRIES}, "unavailable", "S3 is away.", id="seven times"),
        pytest.param(QueryError("No."), {"state": "new"}, "request", "No.", id="a refusal"),
        pytest.param(ConfigurationError("Set it."), {"state": "submitting"}, "setting", "Set it.", id="a setting"),
        pytest.param(
            ValueError("a value"),
            {"state": "new"},
            "bot",
            "The bot met an error it does not know (ValueError).",
            id="a bug, whose words stay in the log",
        ),
    ],
)
def test_what_does_not_go_away_is_replied_to(
    error: Exception, fields: dict[str, Any], category: str, message: str
) -> None:
    parts = Parts()
    claimed, one = failed(parts, error, **fields)
    assert one.failure
    assert (one.state, one.failure.category, one.failure.message) == ("replying", category, message)
    assert parts.saved(claimed).requests[0].state == "replying"


def test_where_there_is_no_machine_it_waits() -> None:
    parts = Parts()
    _, one = failed(parts, CapacityError("none left"), state="submitting")
    assert (one.state, one.failure, one.waiting_since) == ("submitting", None, parts.clock.now)


@pytest.mark.parametrize(
    ("error", "fields", "pause", "problems"),
    [
        pytest.param(SlackUnavailable("away"), {}, TAKE_OVER_PAUSE, 0, id="Slack is away: soon"),
        pytest.param(SlackUnavailable("away"), {"tries": MAX_TRIES}, TAKE_OVER_PAUSE, 1, id="for long: on-call hears"),
        pytest.param(SlackRefused("no", "odd"), {}, NEXT_TICK, 1, id="Slack refuses it: the next tick, on-call hears"),
        pytest.param(ValueError("a bug"), {}, TAKE_OVER_PAUSE, 1, id="a bug: soon, on-call hears"),
    ],
)
def test_a_reply_that_fails_never_becomes_another_one(
    error: Exception, fields: dict[str, Any], pause: float, problems: int
) -> None:
    parts = Parts()
    claimed, one = failed(parts, error, state="replying", reply="answer", **fields)
    assert (one.state, one.reply, one.failure) == ("replying", "answer", None)
    assert one.not_before >= parts.clock.now + pause
    assert len(claimed.problems) == problems


@pytest.mark.parametrize("error", [StateConflict("x"), LeaseLost("x"), Interrupted("x")])
def test_what_another_bot_has_or_the_end_of_the_process_is_no_failure(error: Exception) -> None:
    with pytest.raises(type(error)):
        failed(Parts(), error, state="running")


@pytest.mark.parametrize(("recovered", "state", "waits"), [(True, "replying", True), (True, "running", False)])
def test_a_reply_that_may_be_on_its_way_is_waited_for(recovered: bool, state: Any, waits: bool) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state=state))
    claimed.recovered = recovered
    processor(parts).recover(claimed)
    assert (claimed.record.requests[0].not_before == parts.clock.now + TAKE_OVER_PAUSE) is waits


@pytest.mark.parametrize("read", [True, False])
def test_once_a_result_is_read_nothing_that_fails_makes_a_failure_of_it(read: bool) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    [one] = claimed.record.requests
    if read:
        parts.leave_result(one)
        parts.results.of(one)

    def run(_claimed: ClaimedMessage, _one: Request) -> None:
        raise ConfigurationError("S3 refuses the index.")

    processor(parts).run_step(claimed, PendingStep(SUBMIT, one, run))
    [one] = claimed.record.requests
    assert (one.state, one.failure is None) == (("running", True) if read else ("replying", False))
