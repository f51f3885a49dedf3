"""One message's way from a link to an answer: the next step of each of its requests, one at a time.

Before each step outside, the record says that it is about to be taken (src/records.py). A step that fails for now
leaves the record where it is, with a time before which it is not tried again.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from src import paths
from src.audit import AuditTrail
from src.config import Settings
from src.errors import (
    CapacityError,
    CreditsError,
    ExecutionError,
    Interrupted,
    StateConflict,
    TransientError,
)
from src.executor import CreditResult, Executor, JobStatus
from src.failures import failure_of, failure_of_status
from src.lease import LeaseLost
from src.looker_client import LookerClient
from src.message_parser import LookerLink, allowed_hosts, parse_link
from src.notifier import Notifier
from src.records import UNANSWERED, Attempt, ExecutionRecord, Failure, LinkRecord, ReplyKind, Request
from src.state_manager import Held, StateManager, link_digest
from src.work_pool import AFTER, ANSWER, REACT, SUBMIT

log = logging.getLogger("credits")

MAX_TRIES = 6
MAX_EXECUTIONS = 2
CAPACITY_PAUSE = 60.0
TELL_WAITING_AFTER = 600.0
TAKE_OVER_PAUSE = 10.0
OVERTIME = 600.0

Clock = Callable[[], float]
Step = Callable[[Held, Request], None]


@dataclass
class Signals:
    """What the poller has seen of the jobs."""

    results: set[str] = field(default_factory=set)
    statuses: dict[str, JobStatus] = field(default_factory=dict)


@dataclass(frozen=True)
class Next:
    """A step that can be taken now."""

    urgency: int
    request: Request
    step: Step


class MessageProcessor:
    """Takes the steps. Nothing here loops or waits; the tick decides when the next step is due."""

    def __init__(
        self,
        settings: Settings,
        *,
        executor: Executor,
        looker: LookerClient,
        state: StateManager,
        notifier: Notifier,
        audit: AuditTrail,
        signals: Signals,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._hosts = allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url)
        self._executor = executor
        self._looker = looker
        self._state = state
        self._notifier = notifier
        self._audit = audit
        self._signals = signals
        self._clock = clock
        self._queries: dict[tuple[str, str, str], str] = {}
        self._results: dict[str, CreditResult] = {}
        self.counts: Counter[str] = Counter()
        self.cost_usd = 0.0

    # Which step is next

    def next_step(self, held: Held, *, slot_free: bool) -> Next | None:
        """The most urgent step of a message that can be taken now, or None."""
        if held.record.mark is None and all(request.ended for request in held.record.requests):
            return Next(REACT, held.record.requests[0], self.mark)
        ready = [
            found for request in held.record.requests if (found := self._next_of(held, request, slot_free=slot_free))
        ]
        return min(ready, key=lambda found: found.urgency, default=None)

    def _next_of(self, held: Held, request: Request, *, slot_free: bool) -> Next | None:
        if request.ended or self._clock() < request.not_before:
            return None
        match request.state:
            case "new" if slot_free or self._key(held, request) not in self._queries:
                return Next(SUBMIT, request, self.submit if self._key(held, request) in self._queries else self.resolve)
            case "submitting":
                return Next(SUBMIT, request, self.submit)
            case "running" if self._has_news(request):
                return Next(ANSWER, request, self.collect)
            case "replying":
                return Next(ANSWER, request, self.reply)
            case "answered":
                return Next(AFTER, request, self.follow_up) if self._follow_up_due(request) else None
        return None

    def unanswered(self, held: Held, deadline: float) -> bool:
        """Whether this message may still get an answer, or what follows one, before the deadline."""
        return any(self._more_to_come(request, deadline) for request in held.record.requests)

    def settling(self, held: Held) -> bool:
        """Whether only the ends of its jobs are not known yet."""
        return any(r.state == "answered" and r.execution and not r.ended_at for r in held.record.requests)

    def alarm_due(self, request: Request) -> bool:
        """Whether on-call is still to be told of this failure."""
        return request.state == "answered" and self._alarms(request) and "alarm" not in request.done

    def _more_to_come(self, request: Request, deadline: float) -> bool:
        if request.ended or request.not_before > deadline:
            return False
        if request.state in UNANSWERED:
            return True
        return any(step not in request.done for step in self._steps_after(request))

    def running(self, held: Held) -> list[Request]:
        """Requests whose job is not known to have ended."""
        return [
            r for r in held.record.requests if r.execution and r.state in {"running", "answered"} and not r.ended_at
        ]

    def _has_news(self, request: Request) -> bool:
        execution = request.execution
        if execution is None:
            return False
        status = self._signals.statuses.get(execution.job_name)
        return execution.execution_id in self._signals.results or _is_over(status) or self._overdue(request)

    # Steps before the answer

    def resolve(self, held: Held, request: Request) -> None:
        """The link's SQL; answers at once where there is none, it is not a Verify query, or it is in hand already."""
        link = self._parse(request.link)
        sql = self._looker.sql(link)
        if not self._executor.is_verify_query(sql):
            self._begin_reply(held, request, "not_verify")
            return
        request.sql_digest = link_digest(link.canonical, sql)
        holder = self._state.claim_link(request.sql_digest, self._link_record(held, request, "running"))
        if holder is not None:
            request.points_to = f"{holder.channel}:{holder.ts}"
            self._begin_reply(held, request, "repeat")
            return
        self._queries[self._key(held, request)] = sql

    def submit(self, held: Held, request: Request) -> None:
        """Start the request's execution; the same id again after a crash adopts the job that is there."""
        if request.state == "new" or request.execution is None:
            request.attempts.append(self._new_attempt())
            request.state = "submitting"
            self._state.save(held)
        attempt = request.attempts[-1]
        self._state.begin_execution(self._execution_record(held, request, attempt))
        sql = self._sql_of(held, request)
        job = self._executor.execute(sql, execution_id=attempt.execution_id)
        attempt.job_arn = job["job_arn"]
        attempt.created_at = _iso(self._clock())
        request.state = "running"
        request.tries = 0
        request.waiting_since = None
        self._state.save(held)
        self._queries.pop(self._key(held, request), None)
        log.info("job started", extra={"fields": {"job_arn": job["job_arn"]}})

    def collect(self, held: Held, request: Request) -> None:
        """The job has a result, or has ended without one, or is over its time."""
        attempt = request.attempts[-1]
        status = self._signals.statuses.get(attempt.job_name)
        if attempt.execution_id in self._signals.results:
            self._collect_result(held, request)
        elif status is not None and _is_over(status):
            self._collect_end(held, request, status)
        else:
            self._stop_overdue(held, request)

    def _collect_result(self, held: Held, request: Request) -> None:
        try:
            self._result_of(request)
        except ExecutionError as error:
            self._begin_failure(held, request, failure_of(error))
            return
        self._begin_reply(held, request, "answer")

    def _collect_end(self, held: Held, request: Request, status: JobStatus) -> None:
        attempt = request.attempts[-1]
        if self._executor.has_result(attempt.execution_id):
            self._collect_result(held, request)
            return
        if status["outcome"] == "lost" and len(request.attempts) < MAX_EXECUTIONS:
            attempt.replaced_because = status["failure_reason"] or "lost by the platform"
            request.attempts.append(self._new_attempt())
            request.state = "submitting"
            self._state.save(held)
            return
        try:
            self._executor.get_results(attempt.execution_id)
        except ExecutionError as error:
            self._begin_failure(held, request, failure_of(error) if error.failure else failure_of_status(status))

    def _stop_overdue(self, held: Held, request: Request) -> None:
        attempt = request.attempts[-1]
        self._executor.stop(attempt.job_name)
        minutes = (self._settings.sagemaker_max_runtime + OVERTIME) / 60
        self._begin_failure(
            held,
            request,
            Failure(
                category="timed_out",
                message=f"The execution had no result after {minutes:.0f} minutes and was stopped.",
                advice="Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
                retry_helps=True,
            ),
        )

    # The answer, and what follows it

    def reply(self, held: Held, request: Request) -> None:
        """Post the reply, or find the one a bot that died has posted."""
        self._state.check_lease(held)
        result = self._result_of(request) if request.reply == "answer" else None
        request.reply_ts = self._notifier.reply(held, request, result)
        request.state = "answered"
        request.done.append("reply")
        request.tries = 0
        self._state.save(held)
        self.counts["failed" if request.reply == "failure" else "answered"] += 1

    def follow_up(self, held: Held, request: Request) -> None:
        """One of the steps after the reply: message, report, records; at last settle."""
        if "dm" not in request.done and request.reply == "failure":
            self._state.check_lease(held)
            self._notifier.tell_requester(held, request)
            request.done.append("dm")
        elif "report" not in request.done and request.reply == "answer":
            self._state.check_lease(held)
            self._notifier.attach_report(held, request)
            request.done.append("report")
        elif "link" not in request.done:
            self._finish_link(held, request)
            request.done.append("link")
        elif "audit" not in request.done and request.execution:
            self._audit.write(held.record, request, self._result_if_answered(request))
            request.done.append("audit")
        else:
            self._settle(held, request)
        self._state.save(held)

    def _follow_up_due(self, request: Request) -> bool:
        steps = self._steps_after(request)
        if any(step not in request.done for step in steps):
            return True
        execution = request.execution
        if execution is None or request.ended_at:
            return "alarm" in request.done or not self._alarms(request)
        return _is_over(self._signals.statuses.get(execution.job_name))

    def _steps_after(self, request: Request) -> list[str]:
        own = {"answer": ["report"], "failure": ["dm"]}.get(request.reply or "", [])
        return [*own, "link", *(["audit"] if request.execution else [])]

    def _alarms(self, request: Request) -> bool:
        return request.failure is not None and not request.failure.requester_mends

    def _settle(self, held: Held, request: Request) -> None:
        execution = request.execution
        status = self._signals.statuses.get(execution.job_name) if execution else None
        if status is not None:
            request.status = status["status"]
            request.started_at = status["started_at"]
            request.ended_at = status["ended_at"] or _iso(self._clock())
            request.cost = self._audit.cost(status)
            self.cost_usd += request.cost.usd or 0.0
            self._audit.write(held.record, request, self._result_if_answered(request))
            if request.reply == "answer" and status["status"] != "Completed":
                held.problems.append(f"{status['job_name']} has a valid result but ended as {status['status']}")
        if self._alarms(request) and "alarm" not in request.done:
            return
        request.state = "failed" if request.reply in {"failure", "refused"} else "settled"

    def mark(self, held: Held, _: Request) -> None:
        """Show how the message ended: the last thing done for it."""
        well = all(request.reply in {"answer", "repeat"} for request in held.record.requests)
        name: Literal["white_check_mark", "x"] = "white_check_mark" if well else "x"
        self._notifier.mark(held, name)
        held.record.mark = name
        self._state.save(held)

    def alarmed(self, held: Held, request: Request) -> None:
        """On-call was told of this failure."""
        request.done.append("alarm")
        self._state.save(held)

    # What goes wrong in a step

    def take(self, held: Held, step: Next) -> None:
        """Take a step; where it fails, put the record back as it was and note when, or how, to go on.

        Raises StateConflict and LeaseLost (another bot has the message), Interrupted.
        """
        before = held.record.model_copy(deep=True)
        try:
            step.step(held, step.request)
        except (StateConflict, LeaseLost, Interrupted):
            raise
        except Exception as error:  # noqa: BLE001 (a bug here must cost one message an answer, not all of them)
            held.record = before
            request = next(r for r in held.record.requests if r.key == step.request.key)
            self._failed_step(held, request, _known(error))

    def recover(self, held: Held) -> None:
        """A message taken over: a reply may be on its way right now, so look for it a little later."""
        for request in held.record.requests:
            if request.state == "replying":
                request.not_before = self._clock() + TAKE_OVER_PAUSE

    def _failed_step(self, held: Held, request: Request, error: CreditsError) -> None:
        """Again later, or an answer that says why not."""
        log.warning("step failed: %s", error)
        if request.state in {"replying", "answered"}:
            held.problems.append(str(error))
            request.not_before = self._clock() + _pause(request.tries)
            request.tries += 1
            return
        if isinstance(error, CapacityError):
            self._wait_for_capacity(held, request)
        elif isinstance(error, TransientError) and request.tries < MAX_TRIES:
            request.tries += 1
            request.not_before = self._clock() + _pause(request.tries)
        else:
            self._begin_failure(held, request, failure_of(error))

    # Small things

    def _wait_for_capacity(self, held: Held, request: Request) -> None:
        now = self._clock()
        request.waiting_since = request.waiting_since or now
        request.not_before = now + CAPACITY_PAUSE
        if now - request.waiting_since >= TELL_WAITING_AFTER and not request.told_waiting:
            request.told_waiting = True
            self._state.save(held)
            self._notifier.waiting(held, request, round((now - request.waiting_since) / 60))
        else:
            self._state.save(held)

    def _begin_failure(self, held: Held, request: Request, failure: Failure) -> None:
        request.failure = failure
        self._begin_reply(held, request, "refused" if failure.category == "request" else "failure")

    def _begin_reply(self, held: Held, request: Request, kind: ReplyKind) -> None:
        request.reply = kind
        request.state = "replying"
        request.tries = 0
        request.not_before = 0.0
        self._state.save(held)

    def _result_of(self, request: Request) -> CreditResult:
        execution_id = request.attempts[-1].execution_id
        if execution_id not in self._results:
            self._results[execution_id] = self._executor.get_results(execution_id)
        return self._results[execution_id]

    def _result_if_answered(self, request: Request) -> CreditResult | None:
        return self._result_of(request) if request.reply == "answer" else None

    def _parse(self, link: str) -> LookerLink:
        return parse_link(link, self._hosts)

    def _sql_of(self, held: Held, request: Request) -> str:
        known = self._queries.get(self._key(held, request)) or self._audit.saved_query(request)
        return known if known is not None else self._looker.sql(self._parse(request.link))

    def _finish_link(self, held: Held, request: Request) -> None:
        if request.sql_digest and request.reply in {"answer", "failure"}:
            state = "answered" if request.reply == "answer" else "failed"
            self._state.update_link(request.sql_digest, self._link_record(held, request, state))

    def _link_record(self, held: Held, request: Request, state: str) -> LinkRecord:
        execution = request.execution
        return LinkRecord.model_validate(
            {
                "channel": held.record.channel,
                "ts": held.record.ts,
                "request_key": request.key,
                "execution_id": execution.execution_id if execution else None,
                "state": state,
            }
        )

    def _execution_record(self, held: Held, request: Request, attempt: Attempt) -> ExecutionRecord:
        earlier = request.attempts[-2].execution_id if len(request.attempts) > 1 else None
        return ExecutionRecord(
            execution_id=attempt.execution_id,
            job_name=attempt.job_name,
            purpose="message",
            channel=held.record.channel,
            ts=held.record.ts,
            request_key=request.key,
            replaces=earlier,
            created_at=_iso(self._clock()),
        )

    def _new_attempt(self) -> Attempt:
        execution_id = paths.new_execution_id(datetime.fromtimestamp(self._clock(), UTC))
        return Attempt(execution_id=execution_id, job_name=paths.job_name(execution_id))

    def _overdue(self, request: Request) -> bool:
        created = request.attempts[-1].created_at
        if created is None:
            return False
        age = self._clock() - datetime.fromisoformat(created).timestamp()
        return age > self._settings.sagemaker_max_runtime + OVERTIME

    @staticmethod
    def _key(held: Held, request: Request) -> tuple[str, str, str]:
        return held.record.channel, held.record.ts, request.key


def _is_over(status: JobStatus | None) -> bool:
    return status is not None and status["status"] in {"Completed", "Failed", "Stopped"}


def _known(error: Exception) -> CreditsError:
    if isinstance(error, CreditsError):
        return error
    log.error("unexpected error", exc_info=error)
    return CreditsError(f"The bot met an error it does not know ({type(error).__name__}).")


def _pause(tries: int) -> float:
    """Growing and jittered: 5, 10, 20 ... at most 300 seconds, half of it by chance."""
    longest: float = min(300.0, 5.0 * 2**tries)
    return longest * (0.5 + random.random() / 2)  # noqa: S311 (jitter, not a secret)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
