"""Every way a job ends without a result, by what its reader can do; each has a category and an exit code.

JobError
├── ClaimError            10 the Looker SQL is refused before anything runs (not one SELECT, open window, ...)
├── DataError             11 the warehouse's rows are refused (totals differ, NaN, foreign currency, ...)
├── SettingError          12 a setting, secret, bucket or credential is missing or wrong
├── WarehouseUnavailable  13 Presto is busy or out of reach: the same run may succeed later
├── QueryFailed           14 Presto refused or failed a query: syntax, unknown table, limits
├── TooSlow               15 over the query's or the job's time
├── Stopped               16 SIGTERM: somebody stopped the job
├── NotebookFailed        17 any other error in a cell: a bug in the notebook
├── KernelDied            18 the kernel died (out of memory, killed)
└── OutputError           19 the outputs could not be made, validated or uploaded
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class JobError(Exception):
    """The root. `str(error)` says what happened to what; `advice` what to do next: both are posted in Slack, so neither
    holds a secret or a value of an answer. `detail` may hold values: it goes to the job's log and the saved notebook.
    """

    category: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    retry_helps: ClassVar[bool] = False

    def __init__(self, message: str, advice: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.detail = detail

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: the sentences that the requester is told, and the detail for the analyst."""
        return [line for line in (self.message, self.advice, self.detail) if line]


class ClaimError(JobError):
    """The Looker SQL is refused by name, before anything runs on Presto.

    so_far: the part of the scope that was read, in the form of Claim.scope(); certain: whether the same reader would
    refuse it in any session of Presto and with any depth of stack.
    """

    category = "claim"
    exit_code = 10
    so_far: Mapping[str, object] = MappingProxyType({})
    certain: bool = True


class DataError(JobError):
    """Rows that no credit may be computed from; the message names row and column."""

    category = "data"
    exit_code = 11


class SettingError(JobError):
    """A setting, secret, bucket or credential is missing or wrong; the message names it."""

    category = "setting"
    exit_code = 12


class WarehouseUnavailable(JobError):
    """Presto is busy or out of reach, after the retries."""

    category = "warehouse"
    exit_code = 13
    retry_helps = True


class QueryFailed(JobError):
    """Presto refused or failed a query."""

    category = "query"
    exit_code = 14


class TooSlow(JobError):
    """Over a query's time limit or the job's."""

    category = "timeout"
    exit_code = 15
    retry_helps = True


class Stopped(JobError):
    """Somebody stopped the job."""

    category = "stopped"
    exit_code = 16
    retry_helps = True


class NotebookFailed(JobError):
    """An error in a cell that is none of the above."""

    category = "notebook"
    exit_code = 17


class KernelDied(JobError):
    """The kernel ended by itself."""

    category = "kernel"
    exit_code = 18
    retry_helps = True


class OutputError(JobError):
    """The outputs could not be made, validated or uploaded."""

    category = "output"
    exit_code = 19
    retry_helps = True
