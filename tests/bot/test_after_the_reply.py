"""What is left to do after a reply, and when: the audit record waits ten seconds for the job's end, not longer."""

from __future__ import annotations

from typing import Any

import pytest

from src.bot.alarms import alarm_due
from src.errors import TransientError
from src.state.records import Request
from src.state.state_manager import ClaimedMessage
from tests.bot.outside import stands
from tests.bot.parts import Parts, attempt, failed, request

JOB = attempt(1).job_name
ENDED = "2026-01-15T12:40:00Z"


def answered(parts: Parts, **fields: Any) -> tuple[ClaimedMessage, Request]:
    """A request whose answer was posted just now; the fields are changed after it."""
    claimed, one = parts.replied()
    for name, value in fields.items():
        setattr(one, name, value)
    return claimed, one


@pytest.mark.parametrize(
    ("fields", "seconds", "status", "audit"),
    [
        pytest.param({}, 0, None, False, id="its job is about to end: waited for"),
        pytest.param({}, 9.9, "InProgress", False, id="for ten seconds"),
        pytest.param({}, 10, "InProgress", True, id="then it is kept without its end"),
        pytest.param({}, 0, "Completed", True, id="it has ended: kept with its end"),
        pytest.param({"ended_at": ENDED}, 0, None, True, id="its end is noted already: kept"),
        pytest.param({"done": ["reply", "audit"]}, 60, "InProgress", False, id="kept without its end: not again"),
        pytest.param({"done": ["reply", "audit"]}, 60, "Failed", True, id="until that is known"),
        pytest.param(
            {"done": ["reply", "audit"], "ended_at": ENDED}, 60, "Failed", False, id="kept with its end: done"
        ),
        pytest.param({"done": ["reply", "audit"]}, 86_400, None, False, id="a job that nobody knows: a day"),
        pytest.param({"done": ["reply", "audit"]}, 86_401, None, True, id="then it is kept as unknown"),
    ],
)
def test_when_the_audit_record_is_written(
    fields: dict[str, Any], seconds: float, status: str | None, audit: bool
) -> None:
    parts = Parts()
    _, one = answered(parts, **fields)
    parts.clock.sleep(seconds)
    if status:
        parts.signals.statuses = {JOB: stands(JOB, status)}
    assert ("audit" in parts.answers.left(one)) is audit


def test_while_an_answer_waits_for_the_channel_files_wait_a_second_and_what_is_not_posted_goes_on() -> None:
    parts = Parts(slack_post_interval=5.0)
    claimed, one = answered(parts)
    parts.notifier.reserve_post(claimed)  # somebody else's turn
    parts.answers.follow_up(claimed, one)
    assert (one.done, one.not_before) == (["reply", "link"], 0.0)
    parts.answers.follow_up(claimed, one)
    assert (one.done, one.not_before) == (["reply", "link"], parts.clock.now + 1)


@pytest.mark.parametrize(
    ("one", "left"),
    [
        pytest.param(request(reply="answer"), ["report", "link"], id="an answer: the report, its link's record"),
        pytest.param(request(reply="failure"), ["dm", "link"], id="a failure: a direct message"),
        pytest.param(request(reply="failure", done=["dm"]), ["link"], id="that was sent instead of the reply"),
        pytest.param(request(reply="refused"), ["link"], id="a refusal: no more words"),
        pytest.param(request(reply="not_verify"), ["link"], id="no Verify query"),
        pytest.param(request(reply="repeat"), ["link"], id="a repeat"),
        pytest.param(
            request(reply="answer", progress_begun=True), ["progress", "report", "link"],
            id="first the progress message goes",
        ),
    ],
)  # fmt: skip
def test_what_follows_each_reply(one: Request, left: list[str]) -> None:
    assert [step for step in Parts().answers.left(one) if step != "audit"] == left


def test_of_a_reply_without_an_execution_nothing_is_audited() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="replying", reply="not_verify", attempts=[]))
    [one] = claimed.record.requests
    parts.answers.reply(claimed, one)
    parts.clock.sleep(60)
    assert parts.answers.left(one) == ["link"]
    assert not parts.answers.mark_due(claimed)
    parts.answers.follow_up(claimed, one)
    assert parts.saved(claimed).requests[0].state == "settled"
    assert parts.answers.mark_due(claimed)


ALL: Any = {"done": ["reply", "report", "link"]}


@pytest.mark.parametrize(
    ("fields", "seconds", "status", "due"),
    [
        pytest.param(ALL, 0, None, False, id="its job is about to end: not yet"),
        pytest.param(ALL, 10, None, False, id="the audit record is still to be written"),
        pytest.param({"done": [*ALL["done"], "audit"]}, 10, None, True, id="only the job's end is left"),
        pytest.param(ALL, 0, "Completed", False, id="the audit record with its end is still to be written"),
        pytest.param({"done": ["reply"], "state": "settled"}, 0, None, True, id="settled"),
        pytest.param({"done": ["reply"], "state": "replying"}, 60, None, False, id="not answered yet"),
    ],
)
def test_when_a_message_gets_its_mark(fields: dict[str, Any], seconds: float, status: str | None, due: bool) -> None:
    parts = Parts()
    claimed, _ = answered(parts, **fields)
    parts.clock.sleep(seconds)
    if status:
        parts.signals.statuses = {JOB: stands(JOB, status)}
    assert parts.answers.mark_due(claimed) is due


def test_a_mark_does_not_wait_for_what_failed() -> None:
    parts = Parts()
    claimed, one = answered(parts, **ALL)
    parts.signals.statuses = {JOB: stands(JOB, "Completed")}
    parts.bucket.before_put = _s3_takes_no_audit
    assert not parts.answers.mark_due(claimed)
    claimed.snapshot()
    with pytest.raises(TransientError):
        parts.answers.follow_up(claimed, one)
    claimed.rollback()  # as whoever took the step does
    assert parts.answers.mark_due(claimed)


def _s3_takes_no_audit(key: str) -> None:
    if "/audit/" in key:
        raise TransientError("S3 is away")


@pytest.mark.parametrize(
    ("one", "due"),
    [
        pytest.param(failed(1, "No memory."), True, id="a failure that was told"),
        pytest.param(failed(1, "No memory.", requester_mends=True), False, id="one that the requester can fix"),
        pytest.param(failed(1, "No memory.").model_copy(update={"state": "replying"}), False, id="not told yet"),
        pytest.param(failed(1, "No memory.").model_copy(update={"done": ["alarm"]}), False, id="on-call was told"),
        pytest.param(request(state="answered", reply="answer"), False, id="an answer"),
    ],
)
def test_of_what_on_call_is_still_to_be_told(one: Request, due: bool) -> None:
    assert alarm_due(one) is due


@pytest.mark.parametrize(
    ("replies", "mark"),
    [
        pytest.param(["answer"], "white_check_mark", id="answered"),
        pytest.param(["repeat", "answer"], "white_check_mark", id="answered, and pointed to an answer"),
        pytest.param(["answer", "failure"], "x", id="one failed"),
        pytest.param(["refused"], "x", id="refused"),
        pytest.param(["not_verify"], "x", id="no Verify query"),
    ],
)
def test_which_mark_a_message_gets(replies: list[Any], mark: str) -> None:
    parts = Parts()
    claimed = parts.claimed(*(request(n, state="settled", reply=reply) for n, reply in enumerate(replies, 1)))
    parts.answers.mark(claimed, claimed.record.requests[0])
    assert parts.slack.calls == [f"react {mark}"]
    assert parts.saved(claimed).mark == mark


def test_an_answer_that_reached_nobody_is_marked_as_none() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="settled", reply="answer", unreached="deleted: thread_not_found"))
    parts.answers.mark(claimed, claimed.record.requests[0])
    assert parts.slack.calls == ["react x"]
