"""Translates an error, or a job's end, to the Failure that the record keeps: category, message, advice."""

from __future__ import annotations

from ..errors import (
    CapacityError,
    ConfigurationError,
    CreditsError,
    ExecutionError,
    ExecutionLost,
    ExecutionTimedOut,
    RequestError,
    ResultError,
    TransientError,
)
from ..execution.endings import LOG_SAYS_MORE, REQUESTER_MENDS, ending_of, failure_of_job
from ..executor import JobStatus, Outcome
from ..state.records import Failure

_LATER = "Post the link again in a few minutes."


def failure_of(error: CreditsError) -> Failure:
    """Return the Failure for an error."""
    if isinstance(error, ExecutionError) and error.failure:
        return failure_of_job(error.failure)
    for kind, category, advice, retry_helps in _KINDS:
        if isinstance(error, kind):
            return Failure(
                category=category,
                message=error.message,
                advice=advice,
                retry_helps=retry_helps,
                requester_mends=category in REQUESTER_MENDS,
            )
    return Failure(category="bot", message=error.message, advice="Post the link again.")


def failure_of_status(status: JobStatus) -> Failure:
    """Return the Failure for a job that ended without a result."""
    ending = ending_of(status)
    advice = _ADVICE[status["outcome"]] if ending.retry_helps else LOG_SAYS_MORE
    return Failure(category=status["outcome"], message=ending.what, advice=advice, retry_helps=ending.retry_helps)


_ADVICE: dict[Outcome, str] = {
    "running": _LATER,
    "timed_out": "Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
    "cancelled": "Post the link again.",
    "stopped": "Post the link again.",
    "lost": _LATER,
    "no_capacity": "Post the link again later.",
}
"""Advice to the requester, for outcomes after which posting the link again may help."""

_KINDS: tuple[tuple[type[CreditsError], str, str, bool], ...] = (
    (RequestError, "request", "", False),
    (ConfigurationError, "setting", "Nothing you posted is wrong.", False),
    (CapacityError, "capacity", "Post the link again later.", True),
    (TransientError, "unavailable", "Post the link again in a few minutes.", True),
    (ExecutionTimedOut, "timed_out", "Ask for a shorter window, or post the link again.", True),
    (ExecutionLost, "lost", "Post the link again in a few minutes.", True),
    (ResultError, "result", "Nothing you posted is wrong.", False),
    (ExecutionError, "failed", "", False),
)
