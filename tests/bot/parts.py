"""The bot's parts, each made when first asked for, on a bucket, a Slack and jobs in memory.

The one place of the tests without a sandbox that knows what their constructors take.
"""

from __future__ import annotations

from dataclasses import replace
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
from src.bot.progress_message import ProgressMessages
from src.bot.reaper import Reaper
from src.bot.result_check import ResultCheck
from src.bot.services import Services
from src.bot.transitions import Results, Signals
from src.bot.work_pool import InlinePool
from src.calls import CallLog
from src.config import BotSettings
from src.executor import ReadResult
from src.notebook_choice import OUR_PROFILE
from src.state.audit import AuditTrail
from src.state.job_reader import JobReader
from src.state.lease import LeaseKeeper
from src.state.records import Attempt, Failure, MessageRecord, Request
from src.state.state_manager import ClaimedMessage, StateManager
from src.times import iso
from tests.bot.outside import CountedWaiting, FakeExecutor, FakeSlack, QueuePool
from tests.clocks import A_DAY_IN_JANUARY, MovedClock
from tests.state.memory_bucket import NAME, MemoryBucket, clients_on, store_on

ACCOUNT = "AC" + "1" * 32
SQL = f"SELECT 1 FROM authy.verification_usage WHERE account_sid = '{ACCOUNT}'"
LINK = "https://looker.example/x/slug000001"
ON_CALL = "U0ONCALL"
TS = "1768480000.000100"
"""Of a message eight minutes before the clock's first moment."""


class Parts:
    """One bot's. Give a second one the first one's `bucket` and `slack`: another bot beside it."""

    def __init__(self, *, bucket: MemoryBucket | None = None, slack: FakeSlack | None = None, **settings: Any) -> None:
        self.bucket = bucket or MemoryBucket()
        self.slack = slack or FakeSlack()
        self.executor = FakeExecutor()
        self.clock = MovedClock()
        self.pool = QueuePool()
        self.waiting = CountedWaiting(self.clock.sleep)
        self.signals = Signals()
        self.dropped: list[ClaimedMessage] = []
        usual = {"slack_channel": "#credits", "slack_error_user": ON_CALL, "looker_hosts": ("looker.example",)}
        self.settings = BotSettings(s3_output_bucket=NAME, **{**usual, **settings})
        store = store_on(self.bucket)
        lease = LeaseKeeper(store, self.clock)
        self.services = Services(
            settings=self.settings,
            clock=self.clock,
            waiting=self.waiting,
            pool=self.pool,
            calls=CallLog(),
            clients=clients_on(self.bucket),
            store=store,
            lease=lease,
            state=StateManager(store, lease),
            audit=AuditTrail(store, self.settings),
            executor=self.executor,
            slack=cast("Any", self.slack),
            looker=cast("Any", None),  # never asked
        )
        self.store, self.lease, self.state, self.audit = store, lease, self.services.state, self.services.audit

    @cached_property
    def inline(self) -> Services:
        """The same with a pool that does each task at once."""
        return replace(self.services, pool=InlinePool())

    @cached_property
    def notifier(self) -> Notifier:
        return Notifier(self.services)

    @cached_property
    def damage(self) -> DamageReport:
        return DamageReport(self.services, self.notifier)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.inline, self.damage)

    @cached_property
    def adoption(self) -> Adoption:
        return Adoption(self.inline, self.inbox, self.damage)

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
            self.services, links=self.links, notifier=self.notifier, signals=self.signals, results=self.results
        )

    @cached_property
    def executions(self) -> ExecutionSteps:
        """Its Looker and its reader of SQL are never asked."""
        return ExecutionSteps(
            self.services,
            links=self.links,
            first_look=FirstLook(self.settings, cast("Any", None), JobReader(self.store, "image", self.clock)),
            notifier=self.notifier,
            signals=self.signals,
            results=self.results,
        )

    @cached_property
    def alarms(self) -> Alarms:
        return Alarms(self.services, self.notifier, self.dropped.append)

    @cached_property
    def job_watch(self) -> JobWatch:
        return JobWatch(self.services, self.signals)

    @cached_property
    def progress(self) -> ProgressMessages:
        return ProgressMessages(self.services, self.notifier)

    def reap(self, sagemaker: Any) -> list[str]:
        """What the reaper says of the jobs that this client of SageMaker lists."""
        self.services.clients.sagemaker = sagemaker
        return Reaper(self.services).run()

    # What they work on

    def claimed(self, *requests: Request, ts: str = TS, **more: Any) -> ClaimedMessage:
        """A message with these requests that this bot has begun."""
        given = {"user": "U0SUPPORT1", "digest": "d", "seen_at": iso(self.clock.now), **more}
        claimed = self.state.add(MessageRecord(channel="C1", ts=ts, requests=list(requests), **given))
        assert claimed is not None
        return claimed

    def replied(self, **fields: Any) -> tuple[ClaimedMessage, Request]:
        """A message whose one request has had its reply just now: an answer, if the fields say no other."""
        claimed = self.claimed(request(**{"state": "replying", "reply": "answer", **fields}))
        [one] = claimed.record.requests
        self.leave_result(one)
        self.answers.reply(claimed, one)
        return claimed, one

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


def attempt(number: int = 1, created_at: float | None = A_DAY_IN_JANUARY) -> Attempt:
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
