"""What each end of a job means to a caller, to a record, and to whoever asks whether trying again helps."""

from __future__ import annotations

from typing import Any

import pytest

from src.errors import (
    CapacityError,
    CreditsError,
    ExecutionFailed,
    ExecutionLost,
    ExecutionStopped,
    ExecutionTimedOut,
    JobFailure,
    ResultInvalid,
    ResultMissing,
)
from src.execution.endings import ending_of, error_of_end, failure_of_end, failure_of_job, reason_of
from src.executor import JobStatus, Outcome

ID = "20260115_123456_3fa94c01"


def stood(outcome: Outcome, reason: str | None = None, exit_message: str | None = None) -> JobStatus:
    return JobStatus(
        job_name="job",
        job_arn="arn",
        status="Failed",
        outcome=outcome,
        failure_reason=reason,
        exit_message=exit_message,
        created_at=None,
        started_at=None,
        ended_at=None,
        elapsed_seconds=1800.0,
    )


ENDINGS: list[Any] = [
    pytest.param("running", None, ResultMissing, "its job runs", True, id="it runs"),
    pytest.param("timed_out", None, ExecutionTimedOut, "longer than it may (30 minutes)", True, id="over its time"),
    pytest.param("cancelled", None, ExecutionStopped, "stopped by the bot", True, id="stopped by us"),
    pytest.param("stopped", None, ExecutionStopped, "Somebody else stopped", True, id="stopped by others"),
    pytest.param("no_capacity", "none left", CapacityError, "no machine for the execution: none left", True,
                 id="no machine"),
    pytest.param("completed", None, ResultMissing, "without leaving a valid result.json", False, id="no result"),
    pytest.param("lost", "InternalError", ExecutionLost, "The platform lost the execution: InternalError", True,
                 id="lost by the platform"),
    pytest.param("lost", "Cannot pull image", ExecutionLost, "image could not be pulled: Cannot pull", False,
                 id="its image cannot be pulled"),
    pytest.param("failed", "exit code: 1", ExecutionFailed, "The execution failed: exit code: 1", False, id="failed"),
    pytest.param("failed", "exit code: 137", ExecutionFailed, "want of memory: exit code: 137", False, id="no memory"),
    pytest.param("failed", "exit code: 1370", ExecutionFailed, "The execution failed", False, id="another exit code"),
    pytest.param("failed", None, ExecutionFailed, "the service gives no reason", False, id="failed without a reason"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "reason", "kind", "what", "retry_helps"), ENDINGS)
def test_an_end_without_a_result(
    outcome: Outcome, reason: str | None, kind: type[CreditsError], what: str, retry_helps: bool
) -> None:
    ending = ending_of(stood(outcome, reason))
    assert (ending.kind, ending.retry_helps) == (kind, retry_helps)
    assert what in ending.what
    error = error_of_end(ID, stood(outcome, reason))
    assert type(error) is kind
    assert (error.execution_id, error.job_arn, error.reason) == (ID, "arn", reason)


@pytest.mark.parametrize(("outcome", "reason", "kind", "what", "retry_helps"), ENDINGS)
def test_what_is_kept_of_it_says_the_same(
    outcome: Outcome, reason: str | None, kind: type[CreditsError], what: str, retry_helps: bool
) -> None:
    status = stood(outcome, reason)
    kept = failure_of_end(error_of_end(ID, status), status)
    assert kept.category == outcome
    assert what in kept.message
    assert kept.retry_helps is retry_helps


def account(category: str, *, retry_helps: bool = False) -> JobFailure:
    """What a job says of its own failure."""
    return JobFailure(
        execution_id=ID,
        category=category,
        message="Two accounts.",
        advice="Name one.",
        retry_helps=retry_helps,
        cell_title="Query",
        traceback=[],
        timestamp="",
    )


@pytest.mark.parametrize(
    ("category", "requester_mends"),
    [("claim", True), ("data", True), ("request", True), ("warehouse", False), ("bot", False), ("setting", False)],
)
@pytest.mark.parametrize("retry_helps", [True, False])
def test_the_jobs_own_account_counts_before_the_services(
    category: str, requester_mends: bool, retry_helps: bool
) -> None:
    said = account(category, retry_helps=retry_helps)
    error = error_of_end(ID, stood("failed", "exit code: 137"), failure=said)
    assert (type(error), error.message, error.reason) == (ExecutionFailed, "Two accounts. Name one.", "Two accounts.")
    for kept in (failure_of_job(said), failure_of_end(error, stood("failed"))):
        assert (kept.category, kept.requester_mends, kept.retry_helps) == (category, requester_mends, retry_helps)
        assert (kept.message, kept.advice, kept.cell_title) == ("Two accounts.", "Name one.", "Query")


@pytest.mark.parametrize(
    ("error", "status", "category", "retry_helps"),
    [
        pytest.param(ResultInvalid("of other SQL"), stood("completed"), "result", False, id="an invalid result"),
        pytest.param(ExecutionTimedOut("900 s"), stood("cancelled"), "timed_out", True, id="the caller waited no more"),
        pytest.param(ResultMissing("none"), None, "timed_out", True, id="nobody knows the job"),
    ],
)
def test_an_end_that_the_service_does_not_tell(
    error: CreditsError, status: JobStatus | None, category: str, retry_helps: bool
) -> None:
    kept = failure_of_end(error, status)
    assert (kept.category, kept.message, kept.retry_helps) == (category, error.message, retry_helps)


def test_of_a_job_that_nobody_knows_it_is_said_where_its_result_should_be() -> None:
    error = error_of_end(ID, None, place="s3://b/result.json", note="There is a result.txt.")
    assert type(error) is ResultMissing
    assert "s3://b/result.json" in error.message
    assert "There is a result.txt." in error.message


@pytest.mark.parametrize(
    ("reason", "exit_message", "told"),
    [
        (None, None, None),
        ("exit code: 1", None, "exit code: 1"),
        ("exit code: 1", '{"message": "No rows."}', "exit code: 1 No rows."),
        (None, '{"message": "No rows."}', "No rows."),
        ("exit code: 1", "SELECT secret", "exit code: 1"),
        ("exit code: 1", '["SELECT secret"]', "exit code: 1"),
        ("exit code: 1", '{"other": "SELECT secret"}', "exit code: 1"),
    ],
)
def test_of_what_a_container_said_only_our_runners_sentence_is_passed_on(
    reason: str | None, exit_message: str | None, told: str | None
) -> None:
    assert reason_of(stood("failed", reason, exit_message)) == told
