"""The sandbox's SageMaker in this process, in the place of a boto3 client; its jobs do as a test says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from sandbox.aws.errors import AwsError
from sandbox.aws.jobs import ACCOUNT, ENDED_STATUSES, Job, JobStore, Status
from sandbox.aws.sagemaker import SageMaker
from src.execution.service_limits import breaks_limits

REGION = "us-east-1"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/"
_MEMBERS = {
    "FailureReason": "failure_reason",
    "ExitMessage": "exit_message",
    "ProcessingStartTime": "started",
    "ProcessingEndTime": "ended",
}


def refusal(code: str, message: str = "", operation: str = "CreateProcessingJob") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def lost_answer() -> BotoConnectionError:
    return BotoConnectionError(error="reset by peer")


class IdleRunner:
    """Runs nothing: jobs stay InProgress until `set_job_state`."""

    overtime_status: Status = "Stopped"

    def start(self, job: Job) -> None:
        job.started = job.created

    def stop(self, job: Job) -> None: ...

    def end_all(self) -> None: ...


class FakeSageMaker:
    """The four calls that the executor makes, counted by boto3's names, with the service's own errors."""

    def __init__(self, client: Any, clock: Callable[[], float]) -> None:
        self.meta = client.meta
        self._clock = clock
        self._store = JobStore(clock)
        self._service = SageMaker(self._store, IdleRunner())
        self.calls: Counter[str] = Counter()
        self.unknown_as = "ResourceNotFound"
        self._faults: dict[str, list[tuple[Exception, bool]]] = {}
        self.watch: Callable[[str], None] = lambda operation: None

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Every job by name: what its request said, and its status."""
        return {job.name: {**job.request, "ProcessingJobStatus": job.status} for job in self._store.all()}

    def fail(self, operation: str, error: Exception, *, times: int = 1, after: bool = False) -> None:
        """The next calls raise; `after`: once the work is done, as when an answer is lost."""
        self._faults.setdefault(operation, []).extend([(error, after)] * times)

    def set_job_state(self, name: str, status: Status, **more: Any) -> None:
        """Other members by their own names; an ended job ends now unless ProcessingEndTime is given."""
        job = self._store.get(name)
        assert job is not None
        job.status, job.modified = status, self._clock()
        if status in ENDED_STATUSES:
            job.ended = self._clock()
        for member, value in more.items():
            if member in _MEMBERS:
                setattr(job, _MEMBERS[member], value.timestamp() if isinstance(value, datetime) else value)
            else:
                job.request[member] = value

    def add_ended(self, number: int) -> None:
        """Jobs that began and ended just now."""
        now = self._clock()
        for index in range(number):
            name = f"credits-automation-20990101-000000-{index:08x}"
            self._store.add(Job(name, ARN + name, {}, created=now, status="Completed", started=now, ended=now))

    def create_processing_job(self, **request: Any) -> dict[str, Any]:
        return self._call("create_processing_job", request)

    def describe_processing_job(self, **request: Any) -> dict[str, Any]:
        return self._call("describe_processing_job", request)

    def stop_processing_job(self, **request: Any) -> dict[str, Any]:
        return self._call("stop_processing_job", request)

    def list_processing_jobs(self, **request: Any) -> dict[str, Any]:
        return self._call("list_processing_jobs", request)

    def _call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls[name] += 1
        self.watch(name)
        error, after = self._faults[name].pop(0) if self._faults.get(name) else (None, False)
        if error is not None and not after:
            raise error
        answer = self._answer("".join(word.title() for word in name.split("_")), request)
        if error is not None:
            raise error
        return answer

    def _answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        faults = breaks_limits(self, operation, request)
        if faults:
            raise refusal("ValidationException", str(faults[0]), operation)
        try:
            answer = self._service.operations[operation](_on_the_wire(request), REGION)
        except AwsError as error:
            unknown = "Could not find" in error.message
            raise refusal(self.unknown_as if unknown else error.code, error.message, operation) from error
        parsed: dict[str, Any] = _off_the_wire(answer)
        return parsed


def _on_the_wire(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value.timestamp() if isinstance(value, datetime) else value for name, value in request.items()}


def _off_the_wire(value: Any, name: str = "") -> Any:
    """As botocore reads it: times are datetimes."""
    if isinstance(value, dict):
        return {key: _off_the_wire(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_off_the_wire(one) for one in value]
    return datetime.fromtimestamp(value, UTC) if name.endswith("Time") else value
