"""What both executors do alike: begin an execution, wait for its end, read its result.

A backend fills in how a job is started, looked at, stopped and heard.
"""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from .. import paths
from ..aws import AwsClients
from ..config import Settings, load_executor_settings
from ..errors import (
    CreditsError,
    ExecutionError,
    ExecutionTimedOut,
    ExecutionUnknown,
    ResultError,
    TransientError,
)
from ..executor import CreditResult, Executor, JobInfo, JobStatus, ReadResult
from ..state.object_store import ObjectStore
from ..state.records import Origin
from .endings import error_of_end
from .execution_book import START_SECONDS, ExecutionBook
from .job_status import ENDED_STATUSES
from .results import ResultReader, is_whole
from .submission import Submission, make_check, make_submission

if TYPE_CHECKING:
    import boto3

log = logging.getLogger("credits")

RESULT_EVERY = 2.0
STATUS_EVERY = 30.0
"""A status costs a call; NotebookExecutor, where it costs none, asks each time it looks for the result."""
SETTLE_SECONDS = 10.0
ERRORS_IN_A_ROW = 10
SCRIPT = Origin("script")


@dataclass
class _Wait:
    """One wait for one job, in the clock's seconds."""

    job_name: str
    began: float
    timeout: float
    status: JobStatus | None = None
    status_due: float = 0.0
    settle_until: float | None = None
    read: ReadResult | None = None
    invalid: ResultError | None = None
    errors: int = 0

    @property
    def deadline(self) -> float:
        return self.began + self.timeout


class BaseExecutor(Executor):
    """`token` makes the 8 hex digits of a new execution id; `clock` is seconds since 1970.

    session: boto3's, for credentials other than the default ones; origin: what its executions are for.
    """

    status_every: ClassVar[float] = STATUS_EVERY

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clients: AwsClients | None = None,
        session: boto3.Session | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        token: Callable[[], str] | None = None,
        origin: Origin = SCRIPT,
    ) -> None:
        self._settings = settings or load_executor_settings()
        self._clients = clients or AwsClients(self._settings, session=session, sleep=sleep)
        self._clock = clock
        self._sleep = sleep
        self._token = token
        self._store = ObjectStore(self._clients, self._settings.s3_output_bucket)
        self._results = ResultReader(self._clients, self._settings.s3_output_bucket)
        self._book = ExecutionBook(self._store, self._settings, origin, clock)
        self._arns: dict[str, str] = {}

    # What a backend does

    @abstractmethod
    def _check(self, submission: Submission, /) -> None:
        """Raise ConfigurationError or QueryError for what could not be started; no calls."""

    @abstractmethod
    def _start(self, submission: Submission) -> str:
        """Start the job, or adopt the one of this name; its ARN."""

    @abstractmethod
    def _describe(self, job_name: str) -> JobStatus | None:
        """One job's status, or None where there is no such job."""

    @abstractmethod
    def _request_stop(self, job_name: str) -> None:
        """Ask for the end; silent where it has come, or there is no such job."""

    @property
    @abstractmethod
    def _instance_type(self) -> str:
        """Where its jobs run, for the estimate of what they cost."""

    # The contract

    def execute(self, looker_query: str, asid: str | None = None, *, execution_id: str | None = None) -> JobInfo:
        """See Executor. The query goes to inputs/{execution_id}/query.sql, whose it is to state/executions/."""
        return self._start_job(make_submission(self._settings, looker_query, asid, execution_id or self._new_id()))

    def start_check(self) -> JobInfo:
        """Start a job that looks at secret and Presto alone and leaves outputs/{id}/check.json. Raises as execute."""
        return self._start_job(make_check(self._settings, self._new_id()))

    def _start_job(self, submission: Submission) -> JobInfo:
        self._check(submission)
        self._book.begin(submission)
        self._store.put_bytes(paths.ExecutionPaths(submission.execution_id).query, submission.query, "application/sql")
        with self._told_of(submission.job_name):
            arn = self._arns[submission.job_name] = self._start(submission)
        return JobInfo(job_arn=arn, job_name=submission.job_name, execution_id=submission.execution_id)

    def wait_for_completion(self, job_name: str, timeout: float | None = None) -> JobStatus:
        """See Executor. Where a valid result is there `outcome` is completed, and the end is waited for SETTLE_SECONDS
        at most: `status` may still be InProgress.
        """
        with self._told_of(job_name):
            limit = self._book.limit_of(job_name) + START_SECONDS if timeout is None else timeout
            wait = _Wait(job_name, began=self._clock(), timeout=limit)
            while (answer := self._look(wait)) is None:
                if self._clock() >= wait.deadline:
                    raise self._give_up(wait)
                self._sleep(max(0.0, min(RESULT_EVERY, wait.deadline - self._clock())))
            self._keep(wait, answer)
            return answer

    def get_results(self, execution_id: str) -> CreditResult:
        """See Executor."""
        return self.read_result(execution_id).result

    def read_result(self, execution_id: str) -> ReadResult:
        """See Executor."""
        self._settings.require("s3_output_bucket")
        with self._told_of(paths.job_name(execution_id)):
            return self._read_result(execution_id)

    def _read_result(self, execution_id: str) -> ReadResult:
        profile = self._book.profile_of(execution_id)
        read = self._results.read(execution_id, profile)
        if read is not None and is_whole(read.result):
            return read
        status, unknown = self._ask_why(paths.job_name(execution_id))
        if status and status["status"] in ENDED_STATUSES:  # it may have come while we asked
            read = self._results.read(execution_id, profile)
        if read is not None and (is_whole(read.result) or _counts_now(status, unknown)):
            return read
        error = self._error_of(execution_id, status)
        if unknown is not None and not (isinstance(error, ExecutionError) and error.failure):
            raise unknown
        raise error from unknown

    def _error_of(self, execution_id: str, status: JobStatus | None) -> CreditsError:
        """Of an execution without a result, whose job stands so."""
        failure, note = self._results.failure(execution_id)
        place = self._results.place(execution_id)
        return error_of_end(execution_id, status, failure=failure, place=place, note=note)

    def _ask_why(self, job_name: str) -> tuple[JobStatus | None, CreditsError | None]:
        """How the job stands, or why that cannot be had: its own account of its failure may be there all the same."""
        try:
            status = self.poll([job_name]).get(job_name)
        except CreditsError as error:
            return None, error
        return self._seen(status), None

    def has_result(self, execution_id: str, *, completed: bool = False) -> bool:
        """See Executor."""
        return self._results.is_there(execution_id, completed=completed)

    def stop(self, job_name: str) -> None:
        """See Executor. The execution's record says that it was us, before the service is asked."""
        self._book.note_stop(job_name)
        self._request_stop(job_name)

    # Beginning

    def _new_id(self) -> str:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return paths.new_execution_id(now, self._token() if self._token else None)

    # Waiting

    def _look(self, wait: _Wait) -> JobStatus | None:
        """One look at result and status; the answer, or None to go on waiting."""
        try:
            if wait.settle_until is None and self._has_valid_result(wait):
                wait.settle_until = self._clock() + SETTLE_SECONDS
            if wait.settle_until is not None or self._clock() >= wait.status_due:
                self._ask(wait)
            wait.errors = 0
            return self._answer(wait)
        except TransientError as error:
            wait.errors += 1
            if wait.errors >= ERRORS_IN_A_ROW:
                raise
            log.warning("%s not looked at: %s", wait.job_name, error)
            return None

    def _ask(self, wait: _Wait) -> None:
        found = self.poll([wait.job_name]).get(wait.job_name)
        if found is None:
            raise ExecutionUnknown(f"There is no job {wait.job_name}.", **self._whose(wait.job_name))
        wait.status = self._seen(found)
        wait.status_due = self._clock() + self.status_every

    def _answer(self, wait: _Wait) -> JobStatus | None:
        status = wait.status
        if status is None:
            return None
        ended = status["status"] in ENDED_STATUSES
        if wait.settle_until is None and (not ended or not self._has_valid_result(wait)):
            return status if ended else None
        if not ended and wait.settle_until is not None and self._clock() < wait.settle_until:
            return None
        if status["status"] in {"Failed", "Stopped"}:
            log.error("%s has a valid result, but ended as %s", wait.job_name, status["status"])
        return {**status, "outcome": "completed"}

    def _has_valid_result(self, wait: _Wait) -> bool:
        """An invalid one is not looked at again: result.json is written once, as the last thing a job does."""
        execution_id = paths.execution_id_of(wait.job_name)
        completed = wait.status is not None and wait.status["status"] == "Completed"
        if wait.invalid or execution_id is None or not self.has_result(execution_id, completed=completed):
            return False
        try:
            wait.read = self.read_result(execution_id)
        except ResultError as error:
            log.warning("%s", error)
            wait.invalid = error
        return wait.read is not None

    def _give_up(self, wait: _Wait) -> ExecutionTimedOut:
        self.stop(wait.job_name)
        status, _ = self._ask_why(wait.job_name)
        error = ExecutionTimedOut(
            f"{wait.job_name} had no result after {wait.timeout:.0f} seconds, and was stopped. "
            "Ask for a shorter window, or wait longer.",
            **self._whose(wait.job_name),
            job_arn=status["job_arn"] if status else None,
            reason=f"no result after {wait.timeout:.0f} seconds",
        )
        if record := self._book.to_be_kept(wait.job_name):
            self._book.keep(record, error, status, self._instance_type)
        return error

    def _keep(self, wait: _Wait, status: JobStatus) -> None:
        """Keep how the execution ended, where it is ours to keep."""
        record = self._book.to_be_kept(wait.job_name)
        if record is not None:
            end = wait.read or wait.invalid or self._error_of(record.execution_id, status)
            self._book.keep(record, end, status, self._instance_type)

    # What an error says of whose it is

    def _seen(self, status: JobStatus | None) -> JobStatus | None:
        if status is not None:
            self._arns[status["job_name"]] = status["job_arn"]
        return status

    @contextmanager
    def _told_of(self, job_name: str) -> Iterator[None]:
        """An error from in here names the execution and its job: its text may be all that anybody is told."""
        try:
            yield
        except CreditsError as error:
            error.execution_id = error.execution_id or paths.execution_id_of(job_name)
            error.job_name = error.job_name or job_name
            error.job_arn = error.job_arn or self._arns.get(job_name)
            raise

    # The execution's record

    def _stopped_by_us(self, job_name: str) -> bool:
        found = self._book.find(job_name)
        return bool(found and found.stopped_because)

    @staticmethod
    def _whose(job_name: str) -> dict[str, Any]:
        return {"execution_id": paths.execution_id_of(job_name), "job_name": job_name}


def _counts_now(status: JobStatus | None, unknown: CreditsError | None) -> bool:
    """A notebook that puts its result there by itself may fail in a later cell. A job nobody knows says nothing."""
    return status["status"] == "Completed" if status else unknown is None
