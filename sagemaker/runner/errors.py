"""Every way a job ends without a result, by what its reader can do; each has a category and an exit code.

JobError
├── ClaimError            10 the query is refused before anything runs
├── SettingError          12 a setting, secret, bucket or credential is missing or wrong
├── OutOfReach            13 what the job needs is busy or away: the same run may succeed later
├── TooSlow               15 over the job's time
├── Stopped               16 SIGTERM: somebody stopped the job
├── NotebookFailed        17 an error in a cell, or a notebook that cannot be run: its owner fixes it
├── KernelDied            18 the kernel died (out of memory, killed)
└── OutputError           19 the outputs could not be uploaded

A notebook's own errors may say more than "an error in a cell": one that has `category` and `message` (and `advice`,
`retry_helps`) is told as it says; its `detail` goes to the job's log alone. Its categories are these, `data` (11: rows
that no credit may be computed from) and `query` (14: the warehouse refused a query).
"""

from __future__ import annotations

from typing import ClassVar

EXIT_CODES = {
    "claim": 10,
    "data": 11,
    "setting": 12,
    "warehouse": 13,
    "query": 14,
    "timeout": 15,
    "stopped": 16,
    "notebook": 17,
    "kernel": 18,
    "output": 19,
}
"""By category; 1 for any other."""
WHOEVER = "Tell whoever looks after the notebook"
"""How the advice begins if the requester can fix nothing."""


class JobError(Exception):
    """The root. `message` says what happened to what; `advice` what to do next: both are posted in Slack, so neither
    holds a secret or a value of somebody's table. `detail` may hold values, and goes to the job's log alone.
    """

    category: ClassVar[str] = "error"
    retry_helps: ClassVar[bool] = False

    def __init__(self, message: str, advice: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.detail = detail


class ClaimError(JobError):
    """The query is missing, twice there, or not text."""

    category = "claim"


class SettingError(JobError):
    """A setting, secret, bucket or credential is missing or wrong; the message names it."""

    category = "setting"


class OutOfReach(JobError):
    """What the job needs is busy or away, after the retries."""

    category = "warehouse"
    retry_helps = True


class TooSlow(JobError):
    """Over the job's time limit."""

    category = "timeout"
    retry_helps = True


class Stopped(JobError):
    """Somebody stopped the job."""

    category = "stopped"
    retry_helps = True


class NotebookFailed(JobError):
    """The notebook cannot be run as it is, or what it left cannot be used."""

    category = "notebook"


class KernelDied(JobError):
    """The kernel ended by itself."""

    category = "kernel"
    retry_helps = True


class OutputError(JobError):
    """The outputs could not be uploaded."""

    category = "output"
    retry_helps = True
