"""What is recorded after a reply: the job's end and its cost, when the record is saved, what on-call hears once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from src import paths
from src.execution.job_status import job_status
from src.executor import JobStatus
from src.slack.errors import MessageGone
from src.state.lease import DURATION, LeaseLost
from src.state.records import Request
from src.state.state_manager import ClaimedMessage
from src.times import iso
from tests.bot.parts import Parts, attempt, failed
from tests.clocks import A_DAY_IN_JANUARY

JOB = attempt(1).job_name
STARTED, ENDED = A_DAY_IN_JANUARY + 60, A_DAY_IN_JANUARY + 660


def ended(status: str) -> JobStatus:
    """A job that ran ten minutes from a minute after its creation."""
    created, started, end = (datetime.fromtimestamp(at, UTC) for at in (A_DAY_IN_JANUARY, STARTED, ENDED))
    return job_status(
        job_name=JOB, job_arn="arn", status=status, now=ENDED, limit=1800, created=created, started=started, ended=end
    )


def follow_up(parts: Parts, claimed: ClaimedMessage, one: Request) -> None:
    """Every step that is due."""
    for _ in range(10):
        if not one.ended and parts.answers.follow_up_due(claimed, one):
            parts.answers.follow_up(claimed, one)


def audit(parts: Parts) -> dict[str, Any]:
    [body] = (body for key, body in parts.bucket.objects.items() if key.startswith(paths.AUDIT_PREFIX))
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize(
    ("status", "seconds", "fields", "kept", "problems"),
    [
        pytest.param("Completed", 0, {}, ("Completed", iso(STARTED), iso(ENDED), 660.0), [], id="it completed"),
        pytest.param(
            "Failed", 0, {}, ("Failed", iso(STARTED), iso(ENDED), 660.0),
            [f"{JOB} has a valid result but ended as Failed"], id="it failed after its result: on-call hears",
        ),
        pytest.param(
            "Failed", 0, {"reply": "failure"}, ("Failed", iso(STARTED), iso(ENDED), 660.0), [],
            id="that it failed was said",
        ),
        pytest.param("InProgress", 10, {}, (None, None, None, None), [], id="it has not ended in ten seconds"),
        pytest.param(
            "Failed", 0, {"status": "Completed", "ended_at": iso(ENDED)}, ("Completed", None, iso(ENDED), None), [],
            id="its end was noted before",
        ),
    ],
)  # fmt: skip
def test_the_audit_record_has_the_jobs_end_and_its_cost(
    status: str, seconds: float, fields: dict[str, Any], kept: tuple[Any, ...], problems: list[str]
) -> None:
    parts = Parts(slack_post_interval=0)
    claimed, one = parts.replied(**fields)
    parts.clock.sleep(seconds)
    parts.signals.statuses = {JOB: ended(status)}
    follow_up(parts, claimed, one)
    record = audit(parts)
    cost = record["cost_estimate"]
    assert (record["job_status"], record["started_at"], record["ended_at"], cost and cost["seconds"]) == kept
    assert parts.answers.cost_usd_estimate == (cost["usd"] if cost else 0.0)
    assert (cost is None) is (parts.answers.cost_usd_estimate == 0.0)
    assert claimed.problems == problems
    assert (record["result"] is None) is (record["outcome"] == "failure")


@pytest.mark.parametrize(
    ("seconds", "saved"),
    [
        pytest.param(0, [], id="the audit record comes within seconds, and is saved with them"),
        pytest.param(10, [["reply", "report", "link", "audit"]], id="only the job's end is left: once, with them all"),
    ],
)
def test_what_was_done_after_a_reply_is_saved_once_nothing_else_can_be_done_now(
    seconds: float, saved: list[list[str]]
) -> None:
    parts = Parts(slack_post_interval=0)
    claimed, one = parts.replied()
    parts.clock.sleep(seconds)
    record, seen = paths.message_record(*claimed.key), []
    parts.bucket.before_put = lambda key: seen.append(list(one.done)) if key == record else None
    follow_up(parts, claimed, one)
    assert seen == saved


@pytest.mark.parametrize(
    ("fields", "refusal", "counted_as"),
    [
        pytest.param({"reply": "not_verify"}, [], "answered", id="no Verify query"),
        pytest.param({"reply": "refused", "failure": failed(1, "No days.").failure}, [], "refused", id="a refusal"),
        pytest.param({"reply": "failure", "failure": failed(1, "No memory.").failure}, [], "failed", id="a failure"),
        pytest.param({}, [], "answered", id="an answer"),
        pytest.param({}, [MessageGone("gone", "thread_not_found")], "failed", id="an answer that reached nobody"),
    ],
)
def test_what_a_reply_counts_as(fields: dict[str, Any], refusal: list[Any], counted_as: str) -> None:
    parts = Parts(slack_post_interval=0)
    parts.slack.refuses["post_reply"] = refusal
    parts.replied(**fields)
    assert parts.answers.counts == {counted_as: 1}


def test_a_result_that_changed_after_its_answer_is_told_of_once_and_not_recorded() -> None:
    parts = Parts(slack_post_interval=0)
    claimed, one = parts.replied()
    parts.results.forget(one)
    parts.leave_result(one, "b" * 64)
    parts.signals.statuses = {JOB: ended("Completed")}
    follow_up(parts, claimed, one)
    [problem] = claimed.problems
    assert "changed after it was read" in problem
    assert (audit(parts)["outcome"], audit(parts)["result"]) == ("answer", None)


def test_an_earlier_bots_list_that_cannot_be_read_is_told_of_once() -> None:
    parts = Parts(slack_post_interval=0)
    parts.store.put_bytes(paths.PROCESSED_MESSAGES, b"{")
    claimed, one = parts.replied()
    parts.signals.statuses = {JOB: ended("Completed")}
    follow_up(parts, claimed, one)
    parts.answers.mark(claimed, one)
    assert ["add their time stamps by hand" in problem for problem in claimed.problems] == [True]


def test_who_has_lost_the_message_to_another_bot_posts_no_file_in_it() -> None:
    parts = Parts(slack_post_interval=0)
    claimed, one = parts.replied()
    parts.clock.sleep(DURATION)
    with pytest.raises(LeaseLost):
        parts.answers.follow_up(claimed, one)
    assert one.done == ["reply"]


def test_the_earlier_bots_list_has_a_message_as_soon_as_its_reply_is_saved() -> None:
    parts = Parts(slack_post_interval=0)
    parts.store.put_bytes(paths.PROCESSED_MESSAGES, b"[]")
    claimed, _ = parts.replied()
    assert parts.bucket.objects[paths.PROCESSED_MESSAGES] == f'["{claimed.record.ts}"]'.encode()
