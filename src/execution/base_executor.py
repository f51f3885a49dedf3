"""What both executors do alike: begin an execution, wait for its end, read its result.

A backend fills in how a job is started, asked about and stopped, and how its log is read.
"""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

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
from ..executor import CreditResult, Each, JobExecutor, JobInfo, JobStatus, ReadResult, is_verify_query
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
"""Seconds between two looks for a result."""
STATUS_EVERY = 30.0
"""Seconds between two questions for a status: each costs a call."""
SETTLE_SECONDS = 10.0
"""What a job with a valid result is given to end."""
ERRORS_IN_A_ROW = 10
"""Looks that fail before a wait is given up."""
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


class Common(TypedDict, total=False):
    """What either executor may be made with besides its settings."""

    clients: AwsClients | None
    session: boto3.Session | None
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    origin: Origin


class BaseExecutor(JobExecutor):
    """`clock` is seconds since 1970; session: boto3's, for other than the default credentials; origin: what its
    executions are for.
    """

    status_every: ClassVar[float] = STATUS_EVERY
    """Seconds; 0 where a status costs no call."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clients: AwsClients | None = None,
        session: boto3.Session | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        origin: Origin = SCRIPT,
    ) -> None:
        self._settings = settings or load_executor_settings()
        self._clients = clients or AwsClients(self._settings, session=session, sleep=sleep)
        self._clock = clock
        self._sleep = sleep
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
        """Ask for the job's end; silent if it has ended, or there is no such job."""

    @property
    @abstractmethod
    def _instance_type(self) -> str:
        """Where its jobs run, for the estimate of what they cost."""

    @abstractmethod
    def poll(self, job_names: list[str], each: Each = map) -> dict[str, JobStatus]:
        """See JobExecutor."""

    @abstractmethod
    def log_tail(self, job_name: str, lines: int = 20) -> list[str]:
        """See JobExecutor."""

    # The contract

    def run(self, looker_query: str, asid: str | None = None, *, timeout: float | None = None) -> CreditResult:
        """See Executor."""
        job = self.execute(looker_query, asid)
        self.wait_for_completion(job["job_name"], timeout)
        return self.get_results(job["execution_id"])

    def is_verify_query(self, sql_query: str) -> bool:
        """See Executor."""
        return is_verify_query(sql_query)

    def execute(self, looker_query: str, asid: str | None = None, *, execution_id: str | None = None) -> JobInfo:
        """See Executor. Saves the query in inputs/{execution_id}/query.sql, and whose it is in state/executions/."""
        return self._start_job(make_submission(self._settings, looker_query, asid, execution_id or self._new_id()))

    def start_check(self) -> JobInfo:
        """Start a job that only checks its secret and Presto and writes outputs/{id}/check.json. Raises as execute."""
        return self._start_job(make_check(self._settings, self._new_id()))

    def _start_job(self, submission: Submission) -> JobInfo:
        self._check(submission)
        self._book.begin(submission)
        self._store.put_bytes(paths.ExecutionPaths(submission.execution_id).query, submission.query, "application/sql")
        with self._told_of(submission.job_name):
            arn = self._arns[submission.job_name] = self._start(submission)
        return JobInfo(job_arn=arn, job_name=submission.job_name, execution_id=submission.execution_id)

    def wait_for_completion(self, job_name: str, timeout: float | None = None) -> JobStatus:
        """See Executor. With a valid result `outcome` is completed. The job's end is then awaited for SETTLE_SECONDS at
        most, so that `status` may still be InProgress.
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
        """See JobExecutor."""
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
        """The error of an execution without a result; `status`: where its job stands."""
        failure, note = self._results.failure(execution_id)
        place = self._results.place(execution_id)
        return error_of_end(execution_id, status, failure=failure, place=place, note=note)

    def _ask_why(self, job_name: str) -> tuple[JobStatus | None, CreditsError | None]:
        """Where the job stands, or the error that says why that is not known: error.json may be there all the same."""
        try:
            status = self.poll([job_name]).get(job_name)
        except CreditsError as error:
            return None, error
        return self._seen(status), None

    def has_result(self, execution_id: str, *, completed: bool = False) -> bool:
        """See JobExecutor."""
        return self._results.is_there(execution_id, completed=completed)

    def stop(self, job_name: str) -> None:
        """See JobExecutor. Notes in the execution's record that it was us, before the service is asked."""
        self._book.note_stop(job_name)
        self._request_stop(job_name)

    # Beginning

    def _new_id(self) -> str:
        return paths.new_execution_id(datetime.fromtimestamp(self._clock(), UTC))

    # Waiting

    def _look(self, wait: _Wait) -> JobStatus | None:
        """Look once for result and status; return the answer, or None to go on waiting."""
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
        """Read the result if it is there. An invalid one is not read again: a job writes result.json once, last."""
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
        """Write the audit record of how the execution ended, unless that is the tick's task."""
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
        """Add the execution and its job to an error raised inside: its text may be all that anybody is told."""
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
    """Whether a result that the notebook wrote itself counts: a later cell may fail. Of an unknown job it does."""
    return status["status"] == "Completed" if status else unknown is None
