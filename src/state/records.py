"""What the bot remembers: one record a Slack message, one a link in it, one an execution.

A request's state only moves forward:

    new → submitting → running → replying → answered → settled
     └──────────┴──────────┴────────┘  └──→ failed

A new one has its execution's id once its SQL is in hand: the id's day is what NOW() in it means, to bot and job.

Each state is written *before* the outside step it names is taken: `submitting` before the job is created,
`replying` before the reply is posted. Whoever finds a record in such a state looks outside first.
Times are ISO 8601 UTC; money is USD. What a value may be: field_types.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from .. import paths
from ..untrusted_text import UntrustedText
from .field_types import (
    ChannelId,
    ExecutionId,
    IsoDate,
    IsoTime,
    LinksDigest,
    MessageName,
    Moment,
    Owner,
    Sha256,
    SlackTs,
    Tries,
)
from .recommendations import Earlier

State = Literal["new", "submitting", "running", "replying", "answered", "settled", "failed"]
ReplyKind = Literal["answer", "failure", "not_verify", "repeat", "refused"]
LinkState = Literal["running", "answered", "failed"]
Purpose = Literal["message", "link", "script", "compare"]
"""What an execution is for: an answer in Slack, `--link`, a script or `credits run`, `credits compare`."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
SideEffect = Literal["reply", "progress", "dm", "report", "picture", "audit", "link", "alarm"]

ENDED_STATES: frozenset[State] = frozenset({"settled", "failed"})
UNANSWERED: frozenset[State] = frozenset({"new", "submitting", "running", "replying"})


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True, defer_build=True)

    @property
    def own_key(self) -> str | None:
        """The one key under which it is believed; None where it does not say whose it is."""
        return None


class _Job(_Record):
    execution_id: ExecutionId
    job_name: str

    @model_validator(mode="after")
    def _are_one(self) -> Self:
        if self.job_name != paths.job_name(self.execution_id):
            raise ValueError("the job's name is another execution's")
        return self


class Failure(_Record):
    """Why there is no answer, in words for the requester, and how to treat it."""

    category: UntrustedText
    message: UntrustedText
    advice: UntrustedText = ""
    retry_helps: bool = False
    cell_title: UntrustedText | None = None
    requester_mends: bool = False


class Attempt(_Job):
    """One execution tried for a request; the last one counts, the earlier ones say why they were replaced."""

    job_arn: str | None = None
    created_at: IsoTime | None = None
    replaced_because: UntrustedText | None = None


class Cost(_Record):
    """An estimate: end − start × the instance's price."""

    instance_type: str
    seconds: FiniteFloat
    usd: FiniteFloat | None


class Understood(_Record):
    """What the bot's own reading of a SQL took it to ask for, as far as it was read; days inclusive, filters cut short.

    None: not read, or no such filter.
    """

    account_sid: UntrustedText | None = None
    fraud_start: IsoDate | None = None
    fraud_end: IsoDate | None = None
    services: list[UntrustedText] | None = None
    countries: list[UntrustedText] | None = None
    mccs: list[UntrustedText] | None = None


class Request(_Record):
    """One link of a message.

    refusal: Slack's code, where the thread does not take the reply; refused_since: seconds since 1970; directly: the
    thread is given up, the reply goes by direct message; unreached: why, where it reached nobody.
    """

    key: str
    link: UntrustedText
    state: State = "new"
    attempts: list[Attempt] = Field(default_factory=list)
    sql_digest: Sha256 | None = None
    understood: Understood | None = None
    reply: ReplyKind | None = None
    reply_ts: SlackTs | None = None
    result_sha256: Sha256 | None = None
    refusal: UntrustedText | None = None
    refused_since: Moment | None = None
    directly: bool = False
    unreached: UntrustedText | None = None
    earlier: Earlier | None = None
    points_to: MessageName | None = None
    points_to_running: bool = False
    failure: Failure | None = None
    alarm: str | None = None
    done: list[SideEffect] = Field(default_factory=list)
    tries: Tries = 0
    not_before: Moment = 0.0
    waiting_since: Moment | None = None
    told_waiting: bool = False
    progress_begun: bool = False
    progress_ts: SlackTs | None = None
    status: str | None = None
    started_at: IsoTime | None = None
    ended_at: IsoTime | None = None
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
        return self.state in ENDED_STATES


class MessageRecord(_Record):
    """One Slack message that holds at least one Looker link."""

    schema_version: Literal[1] = 1
    channel: ChannelId
    ts: SlackTs
    user: UntrustedText | None
    user_is_bot: bool = False
    digest: str
    duplicates: int = 0
    owner: Owner | Literal[""] = ""
    nonce: str = ""
    seen_at: IsoTime
    mark: Literal["white_check_mark", "x"] | None = None
    requests: list[Request] = Field(min_length=1)

    @property
    def own_key(self) -> str:
        return paths.message_record(self.channel, self.ts)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do for the whole message."""
        return self.mark is not None and all(request.ended for request in self.requests)


@dataclass(frozen=True)
class Origin:
    """What executions are started for, and by which link where it is one."""

    purpose: Purpose
    link: str | None = None


class ExecutionRecord(_Job):
    """Whose an execution is: written before its job is created, read by whoever ends it and by the reaper.

    purpose: `check` is the doctor's job, which answers nobody; `command` what scripts' were called before.
    result_profile: what was demanded of the result; None: as the settings say. max_runtime in seconds.
    """

    schema_version: Literal[1] = 1
    purpose: Purpose | Literal["check", "command"]
    asid: str | None = None
    link: UntrustedText | None = None
    result_profile: str | None = None
    max_runtime: int | None = None
    channel: ChannelId | None = None
    ts: SlackTs | None = None
    request_key: str | None = None
    replaces: ExecutionId | None = None
    created_at: IsoTime
    lease_until: Moment | None = None
    stopped_because: str | None = None
    nonce: str = ""

    @property
    def own_key(self) -> str:
        return paths.ExecutionPaths(self.execution_id).record


class LinkRecord(_Record):
    """Which request has a link's SQL in hand, so that asking twice is pointed to the first."""

    schema_version: Literal[1] = 1
    channel: ChannelId
    ts: SlackTs
    request_key: str
    execution_id: ExecutionId | None = None
    state: LinkState = "running"
    only_on: IsoDate | None = None
    nonce: str = ""


class ReaderRecord(_Record):
    """Which reader of SQL the jobs of an image have, by the last valid result of ours; None: it did not say.

    place: the image's URI, or `local`.
    """

    schema_version: Literal[1] = 1
    place: str
    reader_sha256: Sha256 | None
    execution_id: ExecutionId

    @property
    def own_key(self) -> str:
        return paths.READER


class Lease(_Record):
    """A running bot's sign of life."""

    owner: Owner
    renewed_at: Moment

    @property
    def own_key(self) -> str:
        return paths.lease(self.owner)


class Cursor(_Record):
    """A hint that saves calls: the channel's id, and when it was looked up (seconds since 1970); which messages of the
    look-back already have a record (ts → digest of their links).
    """

    schema_version: Literal[1] = 1
    channel_name: str = ""
    channel_id: ChannelId | Literal[""] = ""
    looked_up_at: Moment = 0.0
    known: dict[SlackTs, LinksDigest] = Field(default_factory=dict)
    nonce: str = ""
