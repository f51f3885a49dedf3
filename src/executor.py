"""What an executor is: its methods, and the plain dicts they answer with.

executor.run(sql)["credit_amount"]        # or, step by step:

job = executor.execute(sql, asid)
status = executor.wait_for_completion(job["job_name"])
results = executor.get_results(job["execution_id"])
results["credit_amount"]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, NotRequired, Protocol, TypedDict

Status = Literal["InProgress", "Stopping", "Completed", "Failed", "Stopped"]
Outcome = Literal["running", "completed", "failed", "timed_out", "cancelled", "stopped", "no_capacity", "lost"]

MAX_QUERY_BYTES = 4_000_000
"""Bytes of a SQL in UTF-8."""


class JobInfo(TypedDict):
    """A started job."""

    job_arn: str
    job_name: str
    execution_id: str


class JobStatus(TypedDict):
    """Where a job stands. `status` is the service's word, `outcome` what it means: Stopped is never success.

    Times are ISO 8601 UTC or None; seconds are of wall time from creation to end (or to now).
    """

    job_name: str
    job_arn: str
    status: Status
    outcome: Outcome
    failure_reason: str | None
    exit_message: str | None
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    elapsed_seconds: float


class ModeRow(TypedDict):
    """One row of `output_df`: money in USD, block_rate and share between 0 and 1."""

    mode: str
    attempts: int
    blocked: int
    block_rate: float | None
    charged: float
    provider_cost: float | None
    share: float
    credit: float


class Flag(TypedDict):
    """Something that made the result doubtful, in words a reader can check."""

    code: str
    text: str


class CreditResult(TypedDict):
    """`result.json` as sagemaker/result.schema.json describes it: money in USD, dates ISO and inclusive.

    Four keys are there whatever notebook wrote it; further ones of a company's own may be, too. All are there, and
    the rows of output_df are ModeRow, where the profile verify_credit/1 was kept.
    """

    credit_amount: float
    output_df: list[dict[str, Any]]
    execution_id: str
    timestamp: str
    account_sid: NotRequired[str | None]
    fraud_start: NotRequired[str | None]
    fraud_end: NotRequired[str | None]
    fraud_total: NotRequired[float | None]
    mrr: NotRequired[float | None]
    summary: NotRequired[dict[str, Any] | None]
    currency: NotRequired[str]
    flags: NotRequired[list[Flag]]
    provenance: NotRequired[dict[str, Any]]
    profile: NotRequired[str]
    schema_version: NotRequired[str]
    policy_version: NotRequired[str]
    parent_account_sid: NotRequired[str]
    account_name: NotRequired[str | None]
    fraud_attempts: NotRequired[int]
    scope: NotRequired[dict[str, Any]]


class ReadResult(NamedTuple):
    """A result, the SHA-256 of the bytes of result.json that it was read from, the profile that was demanded of it."""

    result: CreditResult
    sha256: str
    profile: str


def is_verify_query(sql_query: str) -> bool:
    """True where the SQL speaks of Authy, the product's name in the warehouse, whatever its case."""
    return "authy" in sql_query.lower()


_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_ACCOUNT_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9]){_ACCOUNT.pattern}(?![A-Za-z0-9])")


def is_account(sid: str) -> bool:
    """Whether it has the form of an account's SID."""
    return _ACCOUNT.fullmatch(sid) is not None


def accounts_in(text: str) -> set[str]:
    """Every account's SID that stands in a text, by itself and not as part of a longer word."""
    return set(_ACCOUNT_IN_TEXT.findall(text))


def is_number(cell: object) -> bool:
    """Whether one can calculate with a cell of output_df."""
    return isinstance(cell, int | float) and not isinstance(cell, bool)


Each = Callable[[Callable[[str], JobStatus | None], Iterable[str]], Iterable[JobStatus | None]]
"""Asks for each job's status, in order: `map`, or what does the same side by side."""


class Executor(Protocol):
    """Runs the notebook for one Looker query. Both executors raise the same errors for the same causes."""

    def run(self, looker_query: str, asid: str | None = None, *, timeout: float | None = None) -> CreditResult:
        """Execute, wait, read: for code that was synchronous. Raises on anything but a result.

        As execute, wait_for_completion and get_results do; after a TransientError the job that it names may run on.
        """

    def execute(self, looker_query: str, asid: str | None = None, *, execution_id: str | None = None) -> JobInfo:
        """Start one execution and return at once.

        looker_query: the SQL, at most 4 MB in UTF-8; asid: the SID of the account it must be about, where known;
        execution_id: chosen and saved by a caller who may be killed: the same id again adopts the job.
        Raises QueryError, ConfigurationError, CapacityError, TransientError, ExecutionError.
        """

    def wait_for_completion(self, job_name: str, timeout: float | None = None) -> JobStatus:
        """Wait until the job has ended; `timeout` in seconds, by default its MaxRuntime and 15 minutes for the start.

        A failed or stopped job is returned, not raised. Over `timeout` the job is stopped and ExecutionTimedOut
        raised. Raises ExecutionUnknown for no such job, TransientError when the service stays out of reach. How the
        execution ended is kept in its audit record.
        """

    def get_results(self, execution_id: str) -> CreditResult:
        """The validated result.json. Where there is none, the error of how the job ended: ExecutionFailed with the
        job's own account of it, ExecutionTimedOut, ExecutionStopped, ExecutionLost, CapacityError; ResultMissing where
        it completed, runs on or is not known. Raises ResultInvalid, TransientError besides.
        """

    def is_verify_query(self, sql_query: str) -> bool:
        """Whether the notebook can say anything about this SQL."""


class JobExecutor(Executor, Protocol):
    """What the bot, which looks after many jobs at once, needs besides."""

    def read_result(self, execution_id: str) -> ReadResult:
        """As get_results, with the hash of what was read: what is audited is what was answered."""

    def poll(self, job_names: list[str], each: Each = map) -> dict[str, JobStatus]:
        """The status of many jobs by as few calls as the service allows; ended ones with their times.

        A name the service does not know is left out. each: how calls for one job each are made: one after the other,
        or side by side (WorkPool.map).
        """

    def has_result(self, execution_id: str, *, completed: bool = False) -> bool:
        """Whether the job has left its result.json: a cheap look, before asking for status.

        completed: whether the job is known to have ended as Completed. Until then a result counts only if the runner
        wrote it: after one that the notebook wrote itself, a cell may still fail.
        """

    def stop(self, job_name: str) -> None:
        """Ask for the job's end; silent where it has ended already."""

    def log_tail(self, job_name: str, lines: int = 20) -> list[str]:
        """The last log lines, oldest first. Raises TransientError or ConfigurationError where they cannot be had."""
