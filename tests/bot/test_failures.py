"""What a requester is told, and whether posting the link again helps, for each error and each end of a job."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from src.bot.failures import failure_of, failure_of_status
from src.errors import (
    CapacityError,
    ConfigurationError,
    ExecutionFailed,
    ExecutionLost,
    ExecutionStopped,
    ExecutionTimedOut,
    JobFailure,
    LinkError,
    QueryError,
    ResultInvalid,
    StateUnreadable,
    TransientError,
    UnexpectedAnswer,
)
from src.executor import JobStatus, Outcome

AGAIN, LATER, MINUTES = "Post the link again.", "Post the link again later.", "Post the link again in a few minutes."
NOT_YOURS = "Nothing you posted is wrong."
SHORTER = "Ask for a shorter window, or post the link again."


@pytest.mark.parametrize(
    ("error", "category", "advice", "retry_helps", "requester_mends"),
    [
        (LinkError("said"), "request", "", False, True),
        (QueryError("said"), "request", "", False, True),
        (ConfigurationError("said"), "setting", NOT_YOURS, False, False),
        (CapacityError("said"), "capacity", LATER, True, False),
        (TransientError("said"), "unavailable", MINUTES, True, False),
        (ExecutionTimedOut("said"), "timed_out", SHORTER, True, False),
        (ExecutionLost("said"), "lost", MINUTES, True, False),
        (ResultInvalid("said"), "result", NOT_YOURS, False, False),
        (ExecutionFailed("said"), "failed", "", False, False),
        (ExecutionStopped("said"), "failed", "", False, False),
        (StateUnreadable("said"), "bot", AGAIN, False, False),
    ],
    ids=lambda said: type(said).__name__ if isinstance(said, Exception) else "",
)
def test_of_an_error(error: Any, category: str, advice: str, retry_helps: bool, requester_mends: bool) -> None:
    failure = failure_of(error)
    assert (failure.category, failure.message, failure.advice) == (category, "said", advice)
    assert (failure.retry_helps, failure.requester_mends) == (retry_helps, requester_mends)


def test_of_a_code_that_is_not_listed_it_is_a_setting_of_ours() -> None:
    failure = failure_of(UnexpectedAnswer("a read", code="Odd", said="no"))
    assert (failure.category, failure.advice, failure.retry_helps) == ("setting", NOT_YOURS, False)


def test_of_a_job_that_says_itself_why_it_failed_it_is_what_that_says() -> None:
    said: JobFailure = {
        "execution_id": "20260115_123456_3fa94c01",
        "category": "data",
        "message": "No rows.",
        "advice": "Ask for other days.",
        "retry_helps": True,
        "cell_title": None,
        "traceback": [],
        "timestamp": "2026-01-15T12:34:56Z",
    }
    failure = failure_of(ExecutionFailed("The execution failed", failure=said))
    assert (failure.category, failure.message, failure.advice) == ("data", "No rows.", "Ask for other days.")
    assert (failure.retry_helps, failure.requester_mends) == (True, True)


LOG = "The job's log says more."
ENDS: dict[Outcome, tuple[str, bool]] = {
    "running": (MINUTES, True),
    "completed": (LOG, False),
    "failed": (LOG, False),
    "timed_out": ("Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.", True),
    "cancelled": (AGAIN, True),
    "stopped": (AGAIN, True),
    "no_capacity": (LATER, True),
    "lost": (MINUTES, True),
}


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_of_a_job_that_ended_without_a_result(outcome: Outcome) -> None:
    status = JobStatus(
        job_name="job",
        job_arn="arn",
        status="Failed",
        outcome=outcome,
        failure_reason=None,
        exit_message=None,
        created_at=None,
        started_at=None,
        ended_at=None,
        elapsed_seconds=1800.0,
    )
    failure = failure_of_status(status)
    assert failure.category == outcome
    assert (failure.advice, failure.retry_helps, failure.requester_mends) == (*ENDS[outcome], False)
