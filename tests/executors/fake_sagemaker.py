"""A SageMaker whose jobs do what a test says: the four calls the executor makes, with the service's own errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from src.execution.service_limits import breaks_limits

ARN = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/"


def refusal(code: str, message: str = "", operation: str = "CreateProcessingJob") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def lost_answer() -> BotoConnectionError:
    return BotoConnectionError(error="reset by peer")


class FakeSageMaker:
    """Takes the place of a boto3 client. Its jobs start InProgress and stay so until `set_job_state`."""

    def __init__(self, client: Any, clock: Callable[[], float]) -> None:
        self.meta = client.meta
        self._clock = clock
        self.jobs: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.unknown_as = "ResourceNotFound"
        self._faults: dict[str, list[tuple[Exception, bool]]] = {}
        self.watch: Callable[[str], None] = lambda operation: None

    def fail(self, operation: str, error: Exception, *, times: int = 1, after: bool = False) -> None:
        """The next calls raise; `after`: once the work is done, as when an answer is lost."""
        self._faults.setdefault(operation, []).extend([(error, after)] * times)

    def set_job_state(self, name: str, status: str, **more: Any) -> None:
        """Other members by their own names; an ended job ends now unless ProcessingEndTime is given."""
        job = self.jobs[name]
        job.setdefault("ProcessingStartTime", job["CreationTime"])
        if status in {"Completed", "Failed", "Stopped"}:
            job["ProcessingEndTime"] = self._now()
        job.update({"ProcessingJobStatus": status, **more})

    def add_ended(self, number: int) -> None:
        """Jobs of earlier days and of today, all ended."""
        for index in range(number):
            name = f"credits-automation-20990101-000000-{index:08x}"
            self.jobs[name] = self._job(name, {}, "Completed")

    def create_processing_job(self, **request: Any) -> dict[str, Any]:
        return self._call("create_processing_job", lambda: self._create(request))

    def describe_processing_job(self, **request: str) -> dict[str, Any]:
        return self._call("describe_processing_job", lambda: dict(self._find(request["ProcessingJobName"])))

    def stop_processing_job(self, **request: str) -> dict[str, Any]:
        return self._call("stop_processing_job", lambda: self._stop(request["ProcessingJobName"]))

    def list_processing_jobs(self, **request: Any) -> dict[str, Any]:
        return self._call("list_processing_jobs", lambda: self._list(request))

    def _call(self, operation: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self.calls[operation] += 1
        self.watch(operation)
        error, after = self._faults[operation].pop(0) if self._faults.get(operation) else (None, False)
        if error is not None and not after:
            raise error
        answer = work()
        if error is not None:
            raise error
        return answer

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        faults = breaks_limits(self, "CreateProcessingJob", request)
        if faults:
            raise refusal("ValidationException", str(faults[0]))
        name = request["ProcessingJobName"]
        if name in self.jobs:
            raise refusal("ResourceInUse", f"Job name must be unique: {name}")
        self.jobs[name] = self._job(name, request, "InProgress")
        return {"ProcessingJobArn": ARN + name}

    def _job(self, name: str, request: dict[str, Any], status: str) -> dict[str, Any]:
        own = {"ProcessingJobName": name, "ProcessingJobArn": ARN + name, "ProcessingJobStatus": status}
        return {**request, **own, "CreationTime": self._now()}

    def _find(self, name: str) -> dict[str, Any]:
        if name not in self.jobs:
            raise refusal(self.unknown_as, f"Could not find processing job {name}", "DescribeProcessingJob")
        return self.jobs[name]

    def _stop(self, name: str) -> dict[str, Any]:
        job = self._find(name)
        if job["ProcessingJobStatus"] != "InProgress":
            raise refusal("ValidationException", "The job is in a state that cannot be stopped", "StopProcessingJob")
        job["ProcessingJobStatus"] = "Stopping"
        return {}

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        rows = [
            {name: value for name, value in job.items() if name in _ROW}
            for job in sorted(self.jobs.values(), key=lambda job: job["CreationTime"], reverse=True)
            if asked["NameContains"] in job["ProcessingJobName"]
            and job["CreationTime"] > asked["CreationTimeAfter"]
            and asked.get("StatusEquals") in {None, job["ProcessingJobStatus"]}
        ]
        start, size = int(asked.get("NextToken", 0)), asked["MaxResults"]
        page: dict[str, Any] = {"ProcessingJobSummaries": rows[start : start + size]}
        if start + size < len(rows):
            page["NextToken"] = str(start + size)
        return page

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


_ROW = {
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
}
