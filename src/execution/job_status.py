"""What a job's end means: the service's status, times and reason, turned into an outcome."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from ..executor import JobStatus, Outcome, Status
from ..times import iso

ENDED_STATUSES: frozenset[str] = frozenset({"Completed", "Failed", "Stopped"})
PLATFORM_REASONS = ("InternalServerError", "InternalError", "ServiceUnavailable")
"""Beginnings of a FailureReason that blames the platform; of the container's own failure it is `AlgorithmError`."""
_PLATFORM_WORDS = ("pull", "instance failure", "instance was terminated")
_CAPACITY_WORDS = ("capacityerror", "unable to provision", "insufficient capacity")


def job_status(
    *,
    job_name: str,
    job_arn: str,
    status: str,
    now: float,
    limit: float,
    created: datetime | None = None,
    started: datetime | None = None,
    ended: datetime | None = None,
    failure_reason: str | None = None,
    exit_message: str | None = None,
    stopped_by_us: bool = False,
) -> JobStatus:
    """The plain dict callers read. `now` in seconds since 1970, `limit` (MaxRuntimeInSeconds) in seconds."""
    over = (ended.timestamp() if ended else now) if status in ENDED_STATUSES else now
    ran = over - started.timestamp() if started else _since(created, over)
    return JobStatus(
        job_name=job_name,
        job_arn=job_arn,
        status=cast("Status", status),
        outcome=outcome_of(status, failure_reason, over_time=round(ran, 3) >= limit, stopped_by_us=stopped_by_us),
        failure_reason=failure_reason or None,
        exit_message=exit_message or None,
        created_at=_iso(created),
        started_at=_iso(started),
        ended_at=_iso(ended) if status in ENDED_STATUSES else None,
        elapsed_seconds=round(_since(created or started, over), 3),
    )


def outcome_of(status: str, failure_reason: str | None, *, over_time: bool, stopped_by_us: bool) -> Outcome:
    """What a status means. Stopped is never success; Failed and Stopped over the time limit are both timed out."""
    if status not in ENDED_STATUSES:
        return "running"
    if status == "Completed":
        return "completed"
    if over_time:
        return "timed_out"
    if stopped_by_us:
        return "cancelled"
    if status == "Stopped":
        return "stopped"
    return _why_failed((failure_reason or "").strip())


def _why_failed(reason: str) -> Outcome:
    """Who caused a failure: notebook or setting (failed), a shortage of machines (no_capacity), the platform (lost)."""
    said = reason.lower()
    if reason.startswith("AlgorithmError"):
        return "failed"
    if any(word in said for word in _CAPACITY_WORDS):
        return "no_capacity"
    lost = reason.startswith(PLATFORM_REASONS) or any(word in said for word in _PLATFORM_WORDS)
    return "lost" if lost else "failed"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment.timestamp())


def _since(moment: datetime | None, now: float) -> float:
    return max(0.0, now - moment.timestamp()) if moment else 0.0
