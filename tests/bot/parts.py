"""The bot's parts, each made when first asked for, on a bucket, a Slack and jobs in memory.

The one place of the tests without a sandbox that knows what their constructors take.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from sandbox.aws.outcomes import canned_result
from src import paths
from src.bot.adoption import Adoption
from src.bot.alarms import Alarms
from src.bot.answer_steps import AnswerSteps
from src.bot.claims import Claimed
from src.bot.damage import DamageReport
from src.bot.delivery import Delivery
from src.bot.execution_steps import ExecutionSteps
from src.bot.first_look import FirstLook
from src.bot.inbox import Inbox
from src.bot.job_watch import JobWatch
from src.bot.link_register import LinkRegister
from src.bot.notifier import Notifier
from src.bot.reaper import Reaper
from src.bot.result_check import ResultCheck
from src.bot.status_message import StatusMessages
from src.bot.transitions import Results, Signals
from src.bot.usual_time import UsualTime
from src.bot.work_pool import InlinePool
from src.config import BotSettings
from src.executor import ReadResult
from src.history.reader import History
from src.notebook_choice import OUR_PROFILE
from src.slack.rate_limiter import RateLimiter
from src.state.audit import AuditTrail
from src.state.audit_record import AuditWriter
from src.state.job_reader import JobReader
from src.state.lease import LeaseKeeper
from src.state.records import Attempt, Failure, MessageRecord, Request
from src.state.state_manager import ClaimedMessage, StateManager
from src.times import iso
from tests.bot.outside import CountedWaiting, FakeExecutor, FakeSlack, QueuePool
from tests.conftest import FakeClock
from tests.state.memory_bucket import NAME, MemoryBucket, clients_on, store_on

ACCOUNT = "AC" + "1" * 32
SQL = f"SELECT 1 FROM authy.verification_usage WHERE account_sid = '{ACCOUNT}'"
LINK = "https://looker.example/x/slug000001"
ON_CALL = "U0ONCALL"
TS = "1768480000.000100"
"""Of a message eight minutes before FakeClock's first moment."""


class Parts:
    """One bot's. Give a second one the first one's `bucket` and `slack`: another bot beside it."""

    def __init__(self, *, bucket: MemoryBucket | None = None, slack: FakeSlack | None = None, **settings: Any) -> None:
        self.bucket = bucket or MemoryBucket()
        self.slack = slack or FakeSlack()
        self.executor = FakeExecutor()
        self.clock = FakeClock()
        self.pool = QueuePool()
        self.waiting = CountedWaiting()
        self.signals = Signals()
        self.dropped: list[ClaimedMessage] = []
        usual = {"slack_channel": "#credits", "slack_error_user": ON_CALL, "looker_hosts": ("looker.example",)}
        self.settings = BotSettings(s3_output_bucket=NAME, **{**usual, **settings})
        self.store = store_on(self.bucket)
        self.lease = LeaseKeeper(self.store, self.clock)
        self.state = StateManager(self.store, self.lease)
        self.audit = AuditTrail(self.store, self.settings)

    @cached_property
    def notifier(self) -> Notifier:
        return Notifier(
            self.settings,
            slack=cast("Any", self.slack),
            executor=self.executor,
            audit=self.audit,
            gate=RateLimiter(self.settings.slack_post_interval, self.clock, self.clock.sleep),
            check_lease=self.state.check_lease,
        )

    @cached_property
    def damage(self) -> DamageReport:
        return DamageReport(notifier=self.notifier, slack=cast("Any", self.slack), clock=self.clock)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(
            self.settings,
            slack=cast("Any", self.slack),
            state=self.state,
            pool=InlinePool(),
            damage=self.damage,
            clock=self.clock,
        )

    @cached_property
    def adoption(self) -> Adoption:
        return Adoption(
            self.settings,
            state=self.state,
            lease=self.lease,
            inbox=self.inbox,
            pool=InlinePool(),
            damage=self.damage,
            clock=self.clock,
        )

    @cached_property
    def links(self) -> LinkRegister:
        return LinkRegister(self.state, self.clock)

    @cached_property
    def results(self) -> Results:
        check = ResultCheck(self.settings, lambda sql, as_of: Claimed(ACCOUNT, "2025-07-01", "2025-09-30"))
        return Results(self.executor, self.audit, check, JobReader(self.store, "image", self.clock))

    @cached_property
    def delivery(self) -> Delivery:
        return Delivery(self.state, self.notifier, self.clock)

    @cached_property
    def answers(self) -> AnswerSteps:
        return AnswerSteps(
            state=self.state,
            links=self.links,
            notifier=self.notifier,
            audit=self.audit,
            signals=self.signals,
            results=self.results,
            clock=self.clock,
        )

    @cached_property
    def executions(self) -> ExecutionSteps:
        """Its Looker and its reader of SQL are never asked."""
        return ExecutionSteps(
            self.settings,
            executor=self.executor,
            looker=cast("Any", None),
            state=self.state,
            links=self.links,
            first_look=FirstLook(self.settings, cast("Any", None), JobReader(self.store, "image", self.clock)),
            notifier=self.notifier,
            audit=self.audit,
            signals=self.signals,
            results=self.results,
            clock=self.clock,
        )

    @cached_property
    def alarms(self) -> Alarms:
        return Alarms(
            answers=self.answers,
            notifier=self.notifier,
            state=self.state,
            clock=self.clock,
            drop=self.dropped.append,
        )

    @cached_property
    def job_watch(self) -> JobWatch:
        return JobWatch(executor=self.executor, signals=self.signals, pool=self.pool, waiting=self.waiting)

    @cached_property
    def statuses(self) -> StatusMessages:
        usual = UsualTime(History(self.store))
        return StatusMessages(store=self.store, state=self.state, notifier=self.notifier, usual=usual, clock=self.clock)

    def reap(self, sagemaker: Any) -> list[str]:
        """What the reaper says of the jobs that this client of SageMaker lists."""
        clients = clients_on(self.bucket)
        clients.sagemaker = sagemaker
        reaper = Reaper(
            self.settings,
            clients=clients,
            writer=AuditWriter(self.store),
            executor=self.executor,
            state=self.state,
            lease=self.lease,
            clock=self.clock,
        )
        return reaper.run()

    # What they work on

    def claimed(self, *requests: Request, ts: str = TS, **more: Any) -> ClaimedMessage:
        """A message with these requests that this bot has begun."""
        given = {"user": "U0SUPPORT1", "digest": "d", "seen_at": iso(self.clock.now), **more}
        claimed = self.state.add(MessageRecord(channel="C1", ts=ts, requests=list(requests), **given))
        assert claimed is not None
        return claimed

    def saved(self, claimed: ClaimedMessage) -> MessageRecord:
        """The message's record as it lies in the bucket."""
        found = self.state.read(*claimed.key)
        assert found is not None
        return found

    def leave_result(self, request: Request, sha256: str = "a" * 64, **changed: Any) -> None:
        """A valid result of the request's execution, with some fields changed, and the SQL that it is of."""
        execution_id = request.attempts[-1].execution_id
        self.audit.keep_query(execution_id, SQL)
        result: Any = {**canned_result(execution_id, SQL, None), **changed}
        self.executor.results[execution_id] = ReadResult(result, sha256, OUR_PROFILE)


def attempt(number: int = 1, created_at: float | None = FakeClock().now) -> Attempt:
    """An execution of the clock's first day; created_at: when its job was made, None: it has none yet."""
    execution_id = f"20260115_123456_{number:08x}"
    created = None if created_at is None else iso(created_at)
    return Attempt(execution_id=execution_id, job_name=paths.job_name(execution_id), created_at=created)


def request(number: int = 1, **fields: Any) -> Request:
    """One link, with an execution of its own."""
    return Request(**{"key": f"k{number}", "link": LINK, "attempts": [attempt(number)], **fields})


def failed(number: int, cause: str, **failure: Any) -> Request:
    """A request whose requester has been told that it failed for this cause."""
    why = Failure(category="failed", message=cause, **failure)
    return request(number, state="answered", reply="failure", failure=why)
