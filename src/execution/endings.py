"""What the end of a job without a result means, said once for a caller's error, an audit record and a thread."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from .. import paths
from ..errors import (
    CapacityError,
    CreditsError,
    ExecutionError,
    ExecutionFailed,
    ExecutionLost,
    ExecutionStopped,
    ExecutionTimedOut,
    JobFailure,
    ResultInvalid,
    ResultMissing,
)
from ..executor import JobStatus
from ..state.records import Failure

REQUESTER_MENDS = frozenset({"claim", "data", "request"})
"""Categories of failure that the author of the SQL can fix."""
_NO_MEMORY = re.compile(r"exit code:? ?137\b|SIGKILL")
_NO_IMAGE = re.compile(r"\bpull", re.IGNORECASE)
LOG_SAYS_MORE = "The job's log says more."


class Ending(NamedTuple):
    """`kind`: the error of this end; `what` happened, with the service's reason; `advice` for its starter."""

    kind: type[CreditsError]
    what: str
    advice: str
    retry_helps: bool


def ending_of(status: JobStatus) -> Ending:
    """What is said of a job with this status that has left neither a result nor an error of its own."""
    said = reason_of(status) or "the service gives no reason"
    match status["outcome"]:
        case "running":
            return Ending(ResultMissing, "The execution has no result yet: its job runs.", "Wait for its end.", True)
        case "timed_out":
            minutes = status["elapsed_seconds"] / 60
            what = f"The execution took longer than it may ({minutes:.0f} minutes) and was stopped."
            return Ending(
                ExecutionTimedOut, what, "Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.", True
            )
        case "cancelled":
            return Ending(
                ExecutionStopped,
                "The execution was stopped by the bot, or by whoever started it.",
                "Start it again.",
                True,
            )
        case "stopped":
            what = "Somebody else stopped the execution (in SageMaker, or on its machine)."
            return Ending(ExecutionStopped, what, "Start it again.", True)
        case "no_capacity":
            what = f"SageMaker had no machine for the execution: {said}"
            return Ending(CapacityError, what, "Start it again in some minutes.", True)
        case "completed":
            what = "The execution ended as Completed without leaving a valid result.json."
            return Ending(ResultMissing, what, LOG_SAYS_MORE, False)
        case "lost":
            return _lost(said)
        case _:
            return _failed(said)


def _lost(said: str) -> Ending:
    if _NO_IMAGE.search(said):
        advice = (
            "Correct SAGEMAKER_IMAGE_URI, or the access of the job's role and subnets to ECR: `credits doctor` looks."
        )
        return Ending(ExecutionLost, f"The job's image could not be pulled: {said}", advice, False)
    return Ending(ExecutionLost, f"The platform lost the execution: {said}", "Start it again.", True)


def _failed(said: str) -> Ending:
    if _NO_MEMORY.search(said):
        what = f"The execution was killed, most likely for want of memory: {said}"
        return Ending(
            ExecutionFailed, what, "Have SAGEMAKER_INSTANCE_TYPE made larger, or ask for a shorter window.", False
        )
    return Ending(ExecutionFailed, f"The execution failed: {said}", LOG_SAYS_MORE, False)


def error_of_end(
    execution_id: str, status: JobStatus | None, *, failure: JobFailure | None = None, place: str = "", note: str = ""
) -> CreditsError:
    """The error of an execution without a result.

    status: None where no job is known; failure: the job's own account; place: where its result should be; note: what
    else was found there.
    """
    whose: dict[str, Any] = {
        "execution_id": execution_id,
        "job_name": paths.job_name(execution_id),
        "job_arn": status["job_arn"] if status else None,
        "reason": reason_of(status) if status else None,
    }
    if failure is not None:
        whose["reason"] = failure["message"]
        return ExecutionFailed(f"{failure['message']} {failure['advice']}".strip(), failure=failure, **whose)
    if status is None:
        what = f"The execution left no result: there is no {place}, and no such job."
        return ResultMissing(_sentence(what, note, LOG_SAYS_MORE), **whose)
    if status["outcome"] == "completed":
        what = f"The execution ended as Completed and left no result: there is no {place}."
        return ResultMissing(_sentence(what, note, LOG_SAYS_MORE), **whose)
    ending = ending_of(status)
    return ending.kind(_sentence(ending.what, note, ending.advice), **whose)


def failure_of_end(error: CreditsError, status: JobStatus | None) -> Failure:
    """How the end of an execution is kept."""
    if isinstance(error, ExecutionError) and error.failure:
        return failure_of_job(error.failure)
    if isinstance(error, ResultInvalid):
        return Failure(category="result", message=error.message)
    if isinstance(error, ExecutionTimedOut) or status is None:
        return Failure(category="timed_out", message=error.message, retry_helps=True)
    ending = ending_of(status)
    return Failure(
        category=status["outcome"], message=ending.what, advice=ending.advice, retry_helps=ending.retry_helps
    )


def failure_of_job(failure: JobFailure) -> Failure:
    """The job's own account of its failure, as it is kept."""
    return Failure(
        category=failure["category"],
        message=failure["message"],
        advice=failure["advice"],
        retry_helps=failure["retry_helps"],
        cell_title=failure["cell_title"],
        requester_mends=failure["category"] in REQUESTER_MENDS,
    )


def reason_of(status: JobStatus) -> str | None:
    """The service's reason, and what the container said besides; None if neither said anything."""
    told = (status["failure_reason"], _said_by_container(status["exit_message"]))
    return " ".join(filter(None, told)) or None


def _said_by_container(text: str | None) -> str | None:
    """The message of our runner, which writes JSON. Other text may hold values, so it stays in the log."""
    try:
        said = json.loads(text or "")
    except ValueError:
        return None
    return str(said["message"]) if isinstance(said, dict) and "message" in said else None


def _sentence(*parts: str) -> str:
    said = (part.strip() for part in parts if part.strip())
    return " ".join(part if part[-1] in ".!?…)" else f"{part}." for part in said)
