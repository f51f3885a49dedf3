"""Processing jobs as SageMaker keeps them: a name is used once for ever, a status only moves forward."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sandbox.aws.errors import AwsError

Status = Literal["InProgress", "Stopping", "Completed", "Failed", "Stopped"]
ENDED_STATUSES = frozenset({"Completed", "Failed", "Stopped"})
ACCOUNT = "123456789012"
DEFAULT_MAX_RUNTIME = 86_400
"""SageMaker's limit in seconds, if the request has none."""
MAX_MESSAGE = 1024
"""Characters of FailureReason and ExitMessage that SageMaker keeps."""


@dataclass
class Job:
    """One processing job. Times are Unix times in seconds; `request` is what CreateProcessingJob was sent."""

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    status: Status = "InProgress"
    started: float | None = None
    ended: float | None = None
    modified: float = 0.0
    failure_reason: str | None = None
    exit_message: str | None = None
    stop_asked: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        environment: dict[str, str] = self.request.get("Environment") or {}
        return environment

    @property
    def max_runtime(self) -> float:
        """Seconds."""
        condition = self.request.get("StoppingCondition") or {}
        return float(condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME))


class Runner(Protocol):
    """What makes jobs run. `overtime_status` is how a job over its time ends."""

    overtime_status: Status

    def start(self, job: Job) -> None:
        """Begin a job that was just created; may end it before returning."""

    def stop(self, job: Job) -> None:
        """`job.stop_asked` was just set."""

    def end_all(self) -> None:
        """End every job's processes and forget the jobs."""


@dataclass(frozen=True)
class Quota:
    """How many jobs may run at once; None: any number. `limit` is what the refusal gives as the account's quota."""

    jobs: int | None = None
    limit: int = 20


class JobStore:
    """All jobs of the account. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._ended = threading.Condition(self._lock)
        self._jobs: dict[str, Job] = {}
        self._running = 0
        self.quota = Quota()

    def create(self, request: dict[str, Any], region: str) -> Job:
        """A new job, InProgress. Raises AwsError for a name that was ever used, and for a full quota."""
        name = str(request["ProcessingJobName"])
        arn = f"arn:aws:sagemaker:{region}:{ACCOUNT}:processing-job/{name}"
        with self._lock:
            if name in self._jobs:
                raise AwsError("ResourceInUse", f"Job name must be unique within an AWS account and region: {arn}")
            self._check_quota(request)
            now = self._clock()
            job = self._jobs[name] = Job(name, arn, request, created=now, modified=now)
            self._running += 1
            return job

    def add(self, job: Job) -> None:
        """A job of the past."""
        with self._lock:
            self._jobs[job.name] = job

    def get(self, name: str) -> Job | None:
        return self._jobs.get(name)

    def all(self) -> list[Job]:
        """Every job, in the order they were made."""
        with self._lock:
            return list(self._jobs.values())

    def clear(self) -> None:
        """No jobs, no quota."""
        with self._lock:
            self._jobs = {}
            self._running = 0
            self.quota = Quota()

    def began(self, job: Job) -> None:
        """Note that the job's container runs."""
        with self._lock:
            job.started = job.modified = self._clock()

    def stopping(self, job: Job) -> bool:
        """Mark a running job as being stopped; False where it has ended already."""
        with self._lock:
            if job.status in ENDED_STATUSES:
                return False
            job.status, job.modified = "Stopping", self._clock()
            job.stop_asked.set()
            return True

    def end(self, job: Job, status: Status, *, reason: str | None = None, message: str | None = None) -> None:
        """End the job; without effect if it has ended already. A job that was told to stop ends as Stopped."""
        with self._lock:
            if job.status in ENDED_STATUSES:
                return
            job.failure_reason = reason[:MAX_MESSAGE] if reason else None
            job.exit_message = message[:MAX_MESSAGE] if message else None
            job.ended = job.modified = self._clock()
            job.started = job.started or job.ended
            job.status = "Stopped" if job.stop_asked.is_set() else status
            self._running -= self._jobs.get(job.name) is job
            self._ended.notify_all()

    def wait(self, name: str, seconds: float) -> Job | None:
        """The job once it has ended, or as it is after `seconds`; None for no such job."""
        with self._ended:
            self._ended.wait_for(lambda: name in self._jobs and self._jobs[name].status in ENDED_STATUSES, seconds)
            return self._jobs.get(name)

    def _check_quota(self, request: dict[str, Any]) -> None:
        quota = self.quota
        if quota.jobs is None or self._running < quota.jobs:
            return
        kind = request["ProcessingResources"]["ClusterConfig"]["InstanceType"]
        raise AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{kind} for processing job usage' is {quota.limit} Instances, with "
            f"current utilization of {quota.limit} Instances and a request delta of 1 Instances. Please use AWS "
            "Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact "
            "AWS support to request an increase for this quota.",
        )
