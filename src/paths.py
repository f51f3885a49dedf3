"""Every S3 key and job name, made in one place.

The job writes under `outputs/` with the same names: sagemaker/run_notebook.py holds its own copy, because either
side is deployed without the other; a test holds the two to each other.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime

ROOT = "credits-automation"
JOB_NAME_PREFIX = "credits-automation-"
OPEN_PREFIX = f"{ROOT}/state/open/"
EXECUTIONS_PREFIX = f"{ROOT}/state/executions/"
AUDIT_PREFIX = f"{ROOT}/audit/"
CURSOR = f"{ROOT}/state/cursor.json"
PROCESSED_MESSAGES = f"{ROOT}/state/processed_messages.json"
READER = f"{ROOT}/state/reader.json"
"""Which reader of SQL the jobs have."""

CHANNEL_ID, SLACK_TS = "[CDG][A-Z0-9]{1,30}", r"[12][0-9]{9}\.[0-9]{6}"
"""Slack's names of a channel and of a message in it, as regular expressions."""

NO_EXECUTION = "20000101_000000_00000000"
"""An id that no execution has: to ask what is answered of a job that does not exist."""

NO_WINDOW = "no-window"
UNREACHED = ".unreached"

_EXECUTION_ID = re.compile(r"[0-9]{8}_[0-9]{6}_[0-9a-f]{8}")
_INDEX_NAME = re.compile(rf"(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{NO_WINDOW})_({_EXECUTION_ID.pattern})")
_MARKER = re.compile(f"({CHANNEL_ID})-({SLACK_TS})")


def new_execution_id(now: datetime, token: str | None = None) -> str:
    """UTC second and 8 hex digits: `20260115_123456_3fa94c01`; sorts by time, unique across bots."""
    return f"{now.astimezone(UTC):%Y%m%d_%H%M%S}_{token or secrets.token_hex(4)}"


def is_execution_id(text: str) -> bool:
    """Whether a text has an execution id's form, with a date that the calendar has."""
    if not _EXECUTION_ID.fullmatch(text):
        return False
    try:
        execution_date(text)
    except ValueError:
        return False
    return True


def execution_date(execution_id: str) -> date:
    """The UTC date an execution id was made on."""
    return datetime.strptime(execution_id[:8], "%Y%m%d").replace(tzinfo=UTC).date()


def job_name(execution_id: str) -> str:
    """The processing job's name: within SageMaker's 63 characters of `[a-zA-Z0-9-]`."""
    return JOB_NAME_PREFIX + execution_id.replace("_", "-")


def execution_id_of(job_name: str) -> str | None:
    """The execution id a job name was made from, or None for somebody else's job."""
    candidate = job_name.removeprefix(JOB_NAME_PREFIX).replace("-", "_")
    return candidate if job_name.startswith(JOB_NAME_PREFIX) and is_execution_id(candidate) else None


@dataclass(frozen=True)
class ExecutionPaths:
    """The keys of one execution."""

    execution_id: str

    @property
    def input_prefix(self) -> str:
        return f"{ROOT}/inputs/{self.execution_id}/"

    @property
    def query(self) -> str:
        return f"{self.input_prefix}query.sql"

    @property
    def output_prefix(self) -> str:
        return f"{ROOT}/outputs/{self.execution_id}/"

    @property
    def result(self) -> str:
        return f"{self.output_prefix}result.json"

    @property
    def error(self) -> str:
        return f"{self.output_prefix}error.json"

    @property
    def check(self) -> str:
        return f"{self.output_prefix}check.json"

    @property
    def progress(self) -> str:
        return f"{self.output_prefix}progress.json"

    @property
    def notebook(self) -> str:
        return f"{self.output_prefix}notebook_output.ipynb"

    @property
    def report(self) -> str:
        return f"{self.output_prefix}report.html"

    @property
    def picture(self) -> str:
        return f"{self.output_prefix}breakdown.png"

    @property
    def record(self) -> str:
        return f"{EXECUTIONS_PREFIX}{self.execution_id}.json"

    @property
    def audit(self) -> str:
        return f"{AUDIT_PREFIX}{execution_date(self.execution_id):%Y/%m/%d}/{self.execution_id}.json"


def doctor_object(token: str, what: str) -> str:
    """The key of an object that the doctor writes as a test, and deletes."""
    return f"{ROOT}/state/doctor/{token}-{what}.json"


def message_record(channel: str, ts: str) -> str:
    """The state record of one Slack message; `ts` is Slack's, seconds since 1970 with a fraction."""
    posted = datetime.fromtimestamp(int(ts.split(".", maxsplit=1)[0]), UTC)
    return f"{ROOT}/state/messages/{posted:%Y-%m-%d}/{channel}-{ts}.json"


def open_marker(channel: str, ts: str) -> str:
    """The key of a message's marker, which is there while the message has work left."""
    return f"{OPEN_PREFIX}{channel}-{ts}"


def message_of_marker(key: str) -> tuple[str, str] | None:
    """(channel, ts) of an open marker's key; None for a key that names no message."""
    found = _MARKER.fullmatch(key.removeprefix(OPEN_PREFIX))
    return (found[1], found[2]) if found else None


def lease(owner: str) -> str:
    """The lease one running bot holds on its records."""
    return f"{ROOT}/state/leases/{owner}.json"


def link_record(digest: str) -> str:
    """Which execution last answered a link with this SQL (`digest`: hex SHA-256)."""
    return f"{ROOT}/state/links/{digest}.json"


def account_index_prefix(account_sid: str) -> str:
    """All recommendations of an account, in one list."""
    return f"{ROOT}/index/account/{account_sid}/"


def account_index(account_sid: str, fraud_end: str | None, execution_id: str) -> str:
    """One recommendation: an account, the last day of its window (ISO), its execution.

    One without a window sorts behind all that have one: every list that begins at a day has it.
    """
    return f"{account_index_prefix(account_sid)}{fraud_end or NO_WINDOW}_{execution_id}"


def reached_nobody(index_key: str) -> str:
    """The key beside a recommendation that says that nobody got its answer."""
    return f"{index_key}{UNREACHED}"


def indexed_execution(index_key: str) -> str | None:
    """The execution of a recommendation's key in the account index; None for any other key."""
    found = _INDEX_NAME.fullmatch(index_key.rsplit("/", 1)[1])
    return found[1] if found else None
