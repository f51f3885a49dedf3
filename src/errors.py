"""Every error that this project's bot raises, by what its reader can do about it.

    CreditsError
    ├── ConfigurationError     an engineer fixes a setting, a secret, a permission; names it
    │   └── UnexpectedAnswer   AWS refused with a code that is not listed in aws.py; has the code and AWS's words
    ├── RequestError           the requester fixes what they posted
    │   ├── LinkError          the Looker link: unknown host, dashboard, deleted look, not found
    │   └── QueryError         the SQL: empty, too long, not a Verify query
    ├── ExecutionError         one execution ended without an answer; its record says why
    │   ├── ExecutionFailed    the job ran and failed (`failure` holds its error.json)
    │   ├── ExecutionTimedOut  over its time
    │   ├── ExecutionStopped   stopped: by us (cancelled) or by others
    │   ├── ExecutionLost      the platform lost it: image pull, instance failure
    │   ├── ExecutionUnknown   no job of that name or execution of that id
    │   └── ResultError        there is a job, and no result.json that can be read
    │       ├── ResultMissing  there is none
    │       └── ResultInvalid  not JSON, breaks the schema, or is another execution's
    ├── TransientError         nobody need act: the same call later may succeed
    │   └── CapacityError      account quota or no instances: wait, for minutes
    ├── Interrupted            the process was told to end: the next tick goes on
    └── StateError             the bot's own records
        ├── StateConflict      another writer was first: read again
        └── StateUnreadable    a record is not what was written; names its key

An error of one part alone is defined there, under one of these: slack/errors.py (PermanentSlackError, below it all
that Slack refuses; SlackUnavailable), looker/client.py, state/lease.py, state/state_manager.py, bot/claims.py,
bot/notifier.py and recheck/saved_rows.py. Not a CreditsError: HttpRefusal and ConnectionLost (looker/api.py), which
Looker's client translates, and NotMade (checks/findings.py), which ends one check.

Foreign errors (botocore, slack_sdk, looker_sdk, requests) are translated where they come in and chained.
"""

from __future__ import annotations

from typing import TypedDict


class JobFailure(TypedDict):
    """What the job says of its own failure: the content of `error.json` (written by sagemaker/run_notebook.py)."""

    execution_id: str
    category: str
    message: str
    advice: str
    retry_helps: bool
    cell_title: str | None
    traceback: list[str]
    timestamp: str


class CreditsError(Exception):
    """The root. `str(error)` is for people: what happened, to what, what to do; it never holds a secret.

    Where it is about one execution, its id, job and the service's `reason` are attributes, and the text ends with id
    and job ARN; `message` is the same without these.
    """

    def __init__(
        self,
        message: str = "",
        *,
        execution_id: str | None = None,
        job_name: str | None = None,
        job_arn: str | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.execution_id = execution_id
        self.job_name = job_name
        self.job_arn = job_arn
        self.reason = reason

    def __str__(self) -> str:
        told = {"execution": self.execution_id, "job": self.job_arn or self.job_name}
        whose = ", ".join(f"{what} {name}" for what, name in told.items() if name)
        return f"{self.message} ({whose})" if whose else self.message


class ConfigurationError(CreditsError):
    """A setting, secret or permission is missing or wrong; the message names it."""


class UnexpectedAnswer(ConfigurationError):
    """AWS refused a call with a code that aws.py does not list. `said`: the service's own sentence, bounded."""

    def __init__(self, doing: str, *, code: str, said: str) -> None:
        super().__init__(f"AWS refused {doing}: {code}: {said}")
        self.code = code
        self.said = said


class RequestError(CreditsError):
    """What was posted cannot be answered; the message says how to fix it."""


class LinkError(RequestError):
    """The Looker link cannot be turned into SQL."""


class QueryError(RequestError):
    """The SQL cannot be run: empty, too long, or not a Verify query."""


class ExecutionError(CreditsError):
    """One execution ended without an answer."""

    def __init__(
        self,
        message: str,
        *,
        execution_id: str | None = None,
        job_name: str | None = None,
        job_arn: str | None = None,
        reason: str | None = None,
        failure: JobFailure | None = None,
    ) -> None:
        super().__init__(message, execution_id=execution_id, job_name=job_name, job_arn=job_arn, reason=reason)
        self.failure = failure


class ExecutionFailed(ExecutionError):
    """The job ran and failed; `failure` is its own account, where it left one."""


class ExecutionTimedOut(ExecutionError):
    """The job was over its time, and was stopped."""


class ExecutionStopped(ExecutionError):
    """The job was stopped before it had a result."""


class ExecutionLost(ExecutionError):
    """The platform lost the job before the notebook could fail; a new execution may well succeed."""


class ExecutionUnknown(ExecutionError):
    """There is no such job, or no such execution."""


class ResultError(ExecutionError):
    """The execution has no result that can be read."""


class ResultMissing(ResultError):
    """There is no result.json."""


class ResultInvalid(ResultError):
    """result.json is not JSON, breaks the schema, or belongs to another execution."""


class TransientError(CreditsError):
    """The same call may succeed later; `retry_after`: the seconds that the service asks to wait, if it does."""

    retry_after: float | None = None


class CapacityError(TransientError):
    """The account's quota is used up, or no instance is to be had: wait for minutes, not seconds."""


class Interrupted(CreditsError):
    """The process was told to end; nothing is lost, the next tick goes on."""


class StateError(CreditsError):
    """The bot's own records in S3."""


class StateConflict(StateError):
    """Another writer changed the record first."""


class StateUnreadable(StateError):
    """An object is not what this code writes; the message names it. `key`: the record's, where it is one."""

    def __init__(self, message: str, *, key: str = "") -> None:
        super().__init__(message)
        self.key = key
