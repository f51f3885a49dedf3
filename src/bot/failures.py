"""From an error, or a job's end, to what the record keeps of it: a cause, words for the requester, what helps."""

from __future__ import annotations

from ..errors import (
    CapacityError,
    ConfigurationError,
    CreditsError,
    ExecutionError,
    ExecutionLost,
    ExecutionTimedOut,
    JobFailure,
    RequestError,
    ResultError,
    TransientError,
)
from ..executor import JobStatus
from ..state.records import Failure

_REQUESTER_MENDS = {"claim", "data", "request"}


def failure_of(error: CreditsError) -> Failure:
    """How an error is kept and told."""
    if isinstance(error, ExecutionError) and error.failure:
        return _from_job(error.failure)
    for kind, category, advice, retry_helps in _KINDS:
        if isinstance(error, kind):
            return Failure(
                category=category,
                message=str(error),
                advice=advice,
                retry_helps=retry_helps,
                requester_mends=category in _REQUESTER_MENDS,
            )
    return Failure(category="bot", message=str(error), advice="Post the link again; if it fails again, tell on-call.")


def failure_of_status(status: JobStatus) -> Failure:
    """How a job's end without a result is kept and told."""
    said = status["failure_reason"] or status["exit_message"] or "the service gives no reason"
    minutes = status["elapsed_seconds"] / 60
    words = {
        "timed_out": (
            f"The execution took longer than it may ({minutes:.0f} minutes) and was stopped.",
            "Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
            True,
        ),
        "cancelled": ("The execution was stopped by the bot.", "Post the link again.", True),
        "stopped": ("Somebody stopped the execution in SageMaker.", "Post the link again.", True),
        "lost": (f"The platform lost the execution: {said}", "Post the link again in a few minutes.", True),
        "completed": (
            "The execution ended as Completed without leaving a valid result.json.",
            "Tell on-call: the job's log says more.",
            False,
        ),
    }
    message, advice, retry = words.get(
        status["outcome"], (f"The execution failed: {said}", "Tell on-call: the job's log says more.", False)
    )
    return Failure(category=status["outcome"], message=message, advice=advice, retry_helps=retry)


def _from_job(failure: JobFailure) -> Failure:
    return Failure(
        category=failure["category"],
        message=failure["message"],
        advice=failure["advice"],
        retry_helps=failure["retry_helps"],
        cell_title=failure["cell_title"],
        requester_mends=failure["category"] in _REQUESTER_MENDS,
    )


_KINDS: tuple[tuple[type[CreditsError], str, str, bool], ...] = (
    (RequestError, "request", "", False),
    (ConfigurationError, "setting", "Nothing you posted is wrong. On-call has been told.", False),
    (CapacityError, "capacity", "Post the link again later.", True),
    (TransientError, "unavailable", "Post the link again in a few minutes.", True),
    (ExecutionTimedOut, "timed_out", "Ask for a shorter window, or post the link again.", True),
    (ExecutionLost, "lost", "Post the link again in a few minutes.", True),
    (ResultError, "result", "Nothing you posted is wrong. On-call has been told.", False),
    (ExecutionError, "failed", "On-call has been told.", False),
)
