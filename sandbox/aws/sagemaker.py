"""SageMaker's four calls on processing jobs, over jobs that really run."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from sandbox.aws.errors import AwsError
from sandbox.aws.jobs import DEFAULT_MAX_RUNTIME, ENDED_STATUSES, Job, JobStore, Runner

PAGE = 10
"""Jobs on one page of ListProcessingJobs, if the request says nothing."""
_DESCRIBED = (
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "RoleArn",
    "ExperimentConfig",
)
_SORT_KEYS: dict[str, Callable[[Job], Any]] = {
    "Name": lambda job: (job.name,),
    "CreationTime": lambda job: (job.created, job.name),
    "Status": lambda job: (job.status, job.name),
}


class SageMaker:
    """Answers as JSON values. Every method takes the call's parameters and raises AwsError."""

    def __init__(self, store: JobStore, runner: Runner) -> None:
        self._store = store
        self._runner = runner
        self.operations: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
            "CreateProcessingJob": self.create,
            "DescribeProcessingJob": self.describe,
            "ListProcessingJobs": self.list,
            "StopProcessingJob": self.stop,
        }

    def create(self, request: dict[str, Any], region: str) -> dict[str, Any]:
        """CreateProcessingJob: the job is InProgress and its runner at work."""
        job = self._store.create(request, region)
        self._runner.start(job)
        return {"ProcessingJobArn": job.arn}

    def describe(self, request: dict[str, Any], _region: str) -> dict[str, Any]:
        """DescribeProcessingJob."""
        job = self._known(request, "Could not find requested job with name: {name}")
        return _present(
            {name: job.request[name] for name in _DESCRIBED if name in job.request}
            | _row(job)
            | {
                "StoppingCondition": job.request.get("StoppingCondition")
                or {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME},
                "ProcessingStartTime": job.started,
            }
        )

    def list(self, request: dict[str, Any], _region: str) -> dict[str, Any]:
        """ListProcessingJobs: filtered, sorted, a page at a time."""
        key = _SORT_KEYS[request.get("SortBy") or "CreationTime"]
        descending = request.get("SortOrder") == "Descending"
        found = sorted((job for job in self._store.all() if _fits(job, request)), key=key, reverse=descending)
        if request.get("NextToken"):
            last = _position(request["NextToken"])
            found = [job for job in found if (key(job) < last if descending else key(job) > last)]
        size = request.get("MaxResults") or PAGE
        answer: dict[str, Any] = {"ProcessingJobSummaries": [_present(_row(job)) for job in found[:size]]}
        return answer | ({"NextToken": _token(key(found[size - 1]))} if len(found) > size else {})

    def stop(self, request: dict[str, Any], _region: str) -> dict[str, Any]:
        """StopProcessingJob: Stopping now, Stopped when its container has ended."""
        job = self._known(request, "Could not find job to update with name: {name}")
        if self._store.stopping(job):
            self._runner.stop(job)
        elif job.status in ENDED_STATUSES:
            raise AwsError(
                "ValidationException",
                f"The request was rejected because the processing job is in status {job.status}.",
            )
        return {}

    def _known(self, request: dict[str, Any], otherwise: str) -> Job:
        job = self._store.get(request["ProcessingJobName"])
        if job is None:
            raise AwsError("ValidationException", otherwise.format(name=request["ProcessingJobName"]))
        return job


def _row(job: Job) -> dict[str, Any]:
    return {
        "ProcessingJobName": job.name,
        "ProcessingJobArn": job.arn,
        "CreationTime": job.created,
        "ProcessingEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "ProcessingJobStatus": job.status,
        "FailureReason": job.failure_reason,
        "ExitMessage": job.exit_message,
    }


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _fits(job: Job, request: dict[str, Any]) -> bool:
    return (
        request.get("StatusEquals") in (None, job.status)
        and (request.get("NameContains") or "") in job.name
        and _between(job.created, request.get("CreationTimeAfter"), request.get("CreationTimeBefore"))
        and _between(job.modified, request.get("LastModifiedTimeAfter"), request.get("LastModifiedTimeBefore"))
    )


def _between(moment: float, after: float | None, before: float | None) -> bool:
    return (after is None or moment > after) and (before is None or moment < before)


def _token(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _position(token: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(token)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise AwsError("ValidationException", "The NextToken is not one that was given out.") from error
