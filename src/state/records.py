"""What the bot remembers: one record a Slack message, one a link in it, one an execution.

A request's state only moves forward:

    new → submitting → running → replying → answered → settled
     └──────────┴──────────┴────────┘  └──→ failed

Each state is written *before* the outside step it names is taken: `submitting` before the job is created,
`replying` before the reply is posted. Whoever finds a record in such a state looks outside first.
Times are ISO 8601 UTC; money is USD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from ..outside_text import OutsideText
from .recommendations import Earlier

State = Literal["new", "submitting", "running", "replying", "answered", "settled", "failed"]
ReplyKind = Literal["answer", "failure", "not_verify", "repeat", "refused"]
LinkState = Literal["running", "answered", "failed"]
Purpose = Literal["message", "link", "script", "compare"]
"""What an execution is for: an answer in Slack, `--link`, a script or `credits run`, `credits compare`."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Step = Literal["reply", "progress", "dm", "report", "picture", "audit", "link", "alarm", "reaction"]

ENDED: frozenset[State] = frozenset({"settled", "failed"})
UNANSWERED: frozenset[State] = frozenset({"new", "submitting", "running", "replying"})


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True, defer_build=True)


class Failure(_Record):
    """Why there is no answer, in words for the requester, and how to treat it."""

    category: OutsideText
    message: OutsideText
    advice: OutsideText = ""
    retry_helps: bool = False
    cell_title: OutsideText | None = None
    requester_mends: bool = False


class Attempt(_Record):
    """One execution tried for a request; the last one counts, the earlier ones say why they were replaced."""

    execution_id: str
    job_name: str
    job_arn: str | None = None
    created_at: str | None = None
    replaced_because: OutsideText | None = None


class Cost(_Record):
    """An estimate: end − start × the instance's price."""

    instance_type: str
    seconds: float
    usd: float | None


class Request(_Record):
    """One link of a message."""

    key: str
    link: OutsideText
    state: State = "new"
    attempts: list[Attempt] = Field(default_factory=list)
    sql_digest: str | None = None
    reply: ReplyKind | None = None
    reply_ts: str | None = None
    earlier: Earlier | None = None
    points_to: str | None = None
    points_to_running: bool = False
    failure: Failure | None = None
    alarm: str | None = None
    done: list[Step] = Field(default_factory=list)
    tries: int = 0
    not_before: float = 0.0
    waiting_since: float | None = None
    told_waiting: bool = False
    progress_begun: bool = False
    progress_ts: str | None = None
    status: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    cost: Cost | None = None

    @property
    def execution(self) -> Attempt | None:
        """The attempt that counts."""
        return self.attempts[-1] if self.attempts else None

    @property
    def awaits_end(self) -> bool:
        """Whether it has a job that is not known to have ended."""
        return self.execution is not None and self.execution.created_at is not None and self.ended_at is None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class MessageRecord(_Record):
    """One Slack message that holds at least one Looker link."""

    schema_version: Literal[1] = 1
    channel: str
    ts: str
    user: OutsideText | None
    user_is_bot: bool = False
    digest: str
    duplicates: int = 0
    owner: str = ""
    nonce: str = ""
    seen_at: str
    mark: Literal["white_check_mark", "x"] | None = None
    requests: list[Request]

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do for the whole message."""
        return self.mark is not None and all(request.ended for request in self.requests)


@dataclass(frozen=True)
class Origin:
    """What executions are started for, and by which link where it is one."""

    purpose: Purpose
    link: str | None = None


class ExecutionRecord(_Record):
    """Whose an execution is: written before its job is created, read by whoever ends it and by the reaper.

    purpose: `check` is the doctor's job, which answers nobody; `command` what scripts' were called before.
    result_profile: what was demanded of the result; None: as the settings say. max_runtime in seconds.
    """

    schema_version: Literal[1] = 1
    execution_id: str
    job_name: str
    purpose: Purpose | Literal["check", "command"]
    asid: str | None = None
    link: OutsideText | None = None
    result_profile: str | None = None
    max_runtime: int | None = None
    channel: str | None = None
    ts: str | None = None
    request_key: str | None = None
    replaces: str | None = None
    created_at: str
    lease_until: float | None = None
    stopped_because: str | None = None
    nonce: str = ""


class LinkRecord(_Record):
    """Which request has a link's SQL in hand, so that asking twice is pointed to the first."""

    schema_version: Literal[1] = 1
    channel: str
    ts: str
    request_key: str
    execution_id: str | None = None
    state: LinkState = "running"
    only_on: str | None = None
    nonce: str = ""


class Lease(_Record):
    """A running bot's sign of life."""

    owner: str
    renewed_at: float


class Cursor(_Record):
    """A hint that saves calls: which messages of the look-back already have a record (ts → digest of their links)."""

    schema_version: Literal[1] = 1
    channel_name: str = ""
    channel_id: str = ""
    known: dict[str, str] = Field(default_factory=dict)
    nonce: str = ""
