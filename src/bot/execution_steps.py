"""The steps before the answer: get a link's SQL, start an execution for it, collect its end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from .. import paths
from ..errors import ExecutionError
from ..executor import JobStatus
from ..logs import log_context
from ..looker.links import LookerLink, allowed_hosts, parse_link
from ..retries import CAPACITY_PAUSE
from ..slack.errors import PermanentSlackError
from ..state.records import Attempt, ExecutionRecord, Failure, LinkRecord, ReplyKind, Request
from ..state.state_manager import ClaimedMessage, link_digest
from ..times import iso, seconds_of
from .failures import failure_of, failure_of_status
from .first_look import FirstLook
from .link_register import LinkRegister
from .notifier import Notifier
from .result_check import doubt_of
from .services import Services
from .transitions import Results, Signals, begin_failure, begin_refusal, begin_reply

log = logging.getLogger("credits")

MAX_LOST = 1
"""Executions of one request that are started anew because the platform lost the job."""
OVERTIME = 600.0
"""Seconds over SAGEMAKER_MAX_RUNTIME, for the start of the machine, after which the bot stops a job."""
TELL_WAITING_AFTER = 600.0
"""Seconds of waiting after which the thread is told of it."""
GIVE_UP_WAITING_AFTER = 6 * 3600.0
"""Seconds without a machine after which the request fails."""
NO_CAPACITY = "no capacity: "
"""How `replaced_because` begins where a job had no machine: that does not count as lost."""


class ExecutionSteps:
    """Resolves, starts and collects executions; saves the request's state before and after each call outside."""

    def __init__(
        self,
        services: Services,
        *,
        links: LinkRegister,
        first_look: FirstLook,
        notifier: Notifier,
        signals: Signals,
        results: Results,
    ) -> None:
        self._settings = services.settings
        self._hosts = allowed_hosts(services.settings.looker_hosts, services.settings.lookersdk_base_url)
        self._executor = services.executor
        self._looker = services.looker
        self._state = services.state
        self._audit = services.audit
        self._clock = services.clock
        self._links = links
        self._first_look = first_look
        self._notifier = notifier
        self._signals = signals
        self._results = results
        self._queries: dict[tuple[str, str, str], str] = {}

    def resolved(self, claimed: ClaimedMessage, request: Request) -> bool:
        """Return whether the link's SQL is known, and only an execution is missing."""
        return _key(claimed, request) in self._queries

    def resolve(self, claimed: ClaimedMessage, request: Request) -> None:
        """Get the link's SQL and choose an execution's id for it, or begin the reply that says why there is none: the
        SQL is no Verify query, is in hand already, or would be refused by the job.

        A message that lost its record and has its reply is left at that: another execution would put a second amount
        into the records.
        """
        if claimed.recovered and not request.attempts and (ts := self._posted_before(claimed, request)):
            request.reply, request.reply_ts, request.state = "repeat", ts, "answered"
            request.done.append("reply")
            self._state.save(claimed)
            return
        link = parse_link(request.link, self._hosts)
        sql = self._looker.sql(link)
        if not self._executor.is_verify_query(sql):
            self._reply_without_execution(claimed, request, "not_verify")
            return
        holder = self._links.claim(claimed, request, link, sql)
        if holder is None:
            self._begin_execution(claimed, request, link, sql)
        else:
            self._point_to(claimed, request, holder)

    def _point_to(self, claimed: ClaimedMessage, request: Request, holder: LinkRecord) -> None:
        request.points_to = f"{holder.channel}:{holder.ts}"
        request.points_to_running = holder.state == "running"
        self._reply_without_execution(claimed, request, "repeat")

    def _reply_without_execution(self, claimed: ClaimedMessage, request: Request, kind: ReplyKind) -> None:
        """Begin a reply without a job; forget an id that was chosen for an earlier SQL and that no job has."""
        request.attempts = [attempt for attempt in request.attempts if attempt.created_at is not None]
        begin_reply(self._state, claimed, request, kind)

    def _begin_execution(self, claimed: ClaimedMessage, request: Request, link: LookerLink, sql: str) -> None:
        """Choose and save the execution's id, whose day NOW() means to bot and job; then take the first look."""
        if request.execution is None:
            request.attempts.append(self._new_attempt())
        self._state.save(claimed)
        if refusal := self._first_looked(request, link, sql):
            self._refuse(claimed, request, sql, refusal)
        else:
            self._queries[_key(claimed, request)] = sql

    def _first_looked(self, request: Request, link: LookerLink, sql: str) -> Failure | None:
        """Note what the SQL asks for; return the refusal if no job is to be started for it."""
        execution_id = request.attempts[-1].execution_id
        with log_context(execution_id=execution_id):
            request.understood, refusal = self._first_look.at(sql, execution_id, link)
        return refusal

    def _refuse(self, claimed: ClaimedMessage, request: Request, sql: str, refusal: Failure) -> None:
        """Keep the SQL that is refused before a job, and begin the reply that says why."""
        self._audit.keep_query(request.attempts[-1].execution_id, sql)
        begin_refusal(self._state, claimed, request, refusal)
        log.info("refused before a job: %s", refusal.category)

    def _posted_before(self, claimed: ClaimedMessage, request: Request) -> str | None:
        try:
            return self._notifier.find_reply(claimed, request)
        except PermanentSlackError as error:  # looked for again before it is posted
            log.warning("not known whether there is a reply: %s", error)
            return None

    def submit(self, claimed: ClaimedMessage, request: Request) -> None:
        """Start the request's execution. Idempotent: after a crash the same id adopts the job that is there."""
        if request.execution is None:
            request.attempts.append(self._new_attempt())
        if request.state == "new":
            request.state = "submitting"
            self._state.save(claimed)
        with log_context(execution_id=request.attempts[-1].execution_id):
            self._start(claimed, request, request.attempts[-1])

    def _start(self, claimed: ClaimedMessage, request: Request, attempt: Attempt) -> None:
        sql = self._sql_of(claimed, request)
        if sql is None:
            return
        self._state.begin_execution(self._execution_record(claimed, request, attempt))
        job = self._executor.execute(sql, execution_id=attempt.execution_id)
        attempt.job_arn = job["job_arn"]
        attempt.created_at = iso(self._clock())
        request.state = "running"
        request.tries = 0
        self._state.save(claimed)
        self._queries.pop(_key(claimed, request), None)
        log.info("job started", extra={"fields": {"job_arn": job["job_arn"]}})

    def has_news(self, request: Request) -> bool:
        """Return whether the request's job has a result, has ended, or is over its time."""
        execution = request.execution
        return execution is not None and (
            execution.execution_id in self._signals.results
            or self._signals.end_of(request) is not None
            or self._overdue(execution)
        )

    def has_answer(self, request: Request) -> bool:
        """Return whether a valid result was read: from then on nothing that fails makes the request a failure."""
        return self._results.is_read(request)

    def collect(self, claimed: ClaimedMessage, request: Request) -> None:
        """Take the job's result, its end without one, or stop it if it is over its time."""
        execution_id = request.attempts[-1].execution_id
        status = self._signals.end_of(request)
        if execution_id in self._signals.results or (status and self._left_result(execution_id, status)):
            self._collect_result(claimed, request)
        elif status is not None:
            self._collect_end(claimed, request, status)
        else:
            self._stop_overdue(claimed, request)

    def wait_for_capacity(self, claimed: ClaimedMessage, request: Request, reason: str) -> None:
        """Wait a minute for a machine; tell the thread once that takes long, fail after GIVE_UP_WAITING_AFTER."""
        request.not_before = self._clock() + CAPACITY_PAUSE
        waited = self._waited(request)
        if waited >= GIVE_UP_WAITING_AFTER:
            begin_failure(self._state, claimed, request, _never_any_room(reason, waited))
        else:
            self._say_it_waits(claimed, request)

    def has_to_wait(self, request: Request) -> bool:
        """Return whether it is still to be noted, or told, that a request waits for earlier ones' jobs to end."""
        noted = request.waiting_since is not None
        return not noted or (not request.told_waiting and self._waited(request) >= TELL_WAITING_AFTER)

    def wait_for_turn(self, claimed: ClaimedMessage, request: Request) -> None:
        """Note since when the request waits for a free job slot; tell the thread once it takes long."""
        self._say_it_waits(claimed, request)

    def _waited(self, request: Request) -> float:
        return self._clock() - (request.waiting_since or self._clock())

    def _say_it_waits(self, claimed: ClaimedMessage, request: Request) -> None:
        request.waiting_since = request.waiting_since or self._clock()
        waited = self._waited(request)
        tell = waited >= TELL_WAITING_AFTER and not request.told_waiting
        request.told_waiting = request.told_waiting or tell
        self._state.save(claimed)
        if tell:
            self._notifier.waiting(claimed, request, round(waited / 60))

    def _left_result(self, execution_id: str, status: JobStatus) -> bool:
        return self._executor.has_result(execution_id, completed=status["status"] == "Completed")

    def _collect_result(self, claimed: ClaimedMessage, request: Request) -> None:
        try:
            result = self._results.of(request)
        except ExecutionError as error:
            begin_failure(self._state, claimed, request, failure_of(error))
            return
        if doubt := doubt_of(result):
            claimed.problems.append(f"{result['execution_id']}: {doubt}")
        request.earlier = self._audit.recommend(claimed.record, result, claimed.problems.append)
        begin_reply(self._state, claimed, request, "answer")

    def _collect_end(self, claimed: ClaimedMessage, request: Request, status: JobStatus) -> None:
        said = status["failure_reason"] or "the service gives no reason"
        if status["outcome"] == "no_capacity":
            self._replace(request, f"{NO_CAPACITY}{said}")
            self.wait_for_capacity(claimed, request, said)
        elif status["outcome"] == "lost" and _lost(request) < MAX_LOST:
            self._replace(request, said)
            self._state.save(claimed)
        else:
            begin_failure(self._state, claimed, request, self._failure(request.attempts[-1].execution_id, status))

    def _failure(self, execution_id: str, status: JobStatus) -> Failure:
        try:
            self._executor.get_results(execution_id)
        except ExecutionError as error:
            return failure_of(error) if error.failure else failure_of_status(status)
        return failure_of_status(status)

    def _stop_overdue(self, claimed: ClaimedMessage, request: Request) -> None:
        self._executor.stop(request.attempts[-1].job_name)
        minutes = (self._settings.sagemaker_max_runtime + OVERTIME) / 60
        failure = Failure(
            category="timed_out",
            message=f"The execution had no result after {minutes:.0f} minutes and was stopped.",
            advice="Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
            retry_helps=True,
        )
        begin_failure(self._state, claimed, request, failure)

    def _overdue(self, attempt: Attempt) -> bool:
        if attempt.created_at is None:
            return False
        return self._clock() - seconds_of(attempt.created_at) > self._settings.sagemaker_max_runtime + OVERTIME

    def _sql_of(self, claimed: ClaimedMessage, request: Request) -> str | None:
        """Return the SQL for the job; None if Looker gives another by now that is refused or in hand already."""
        link = parse_link(request.link, self._hosts)
        known = self._queries.get(_key(claimed, request)) or self._audit.saved_query(request)
        if known is not None and link_digest(link.canonical, known) == request.sql_digest:
            return known
        sql = self._looker.sql(link)
        if link_digest(link.canonical, sql) == request.sql_digest:
            return sql
        holder = self._links.renew(claimed, request, link, sql)
        self._state.save(claimed)
        if holder is not None:
            self._point_to(claimed, request, holder)
            return None
        if refusal := self._first_looked(request, link, sql):
            self._refuse(claimed, request, sql, refusal)
            return None
        return sql

    def _replace(self, request: Request, why: str) -> None:
        """Put another execution in the place of one whose job's name is used up."""
        request.attempts[-1].replaced_because = why
        request.attempts.append(self._new_attempt())
        request.state = "submitting"

    def _new_attempt(self) -> Attempt:
        execution_id = paths.new_execution_id(datetime.fromtimestamp(self._clock(), UTC))
        return Attempt(execution_id=execution_id, job_name=paths.job_name(execution_id))

    def _execution_record(self, claimed: ClaimedMessage, request: Request, attempt: Attempt) -> ExecutionRecord:
        return ExecutionRecord(
            execution_id=attempt.execution_id,
            job_name=attempt.job_name,
            purpose="message",
            channel=claimed.record.channel,
            ts=claimed.record.ts,
            request_key=request.key,
            result_profile=self._settings.demanded_profile,
            max_runtime=self._settings.sagemaker_max_runtime,
            replaces=request.attempts[-2].execution_id if len(request.attempts) > 1 else None,
            created_at=iso(self._clock()),
        )


def _lost(request: Request) -> int:
    """Count the executions replaced because the platform lost them; waiting for capacity does not count."""
    return sum(1 for a in request.attempts if a.replaced_because and not a.replaced_because.startswith(NO_CAPACITY))


def _never_any_room(reason: str, waited: float) -> Failure:
    return Failure(
        category="capacity",
        message=f"There was no machine for {waited / 3600:.0f} hours: {reason}",
        advice="Post the link again later.",
        retry_helps=True,
    )


def _key(claimed: ClaimedMessage, request: Request) -> tuple[str, str, str]:
    return claimed.record.channel, claimed.record.ts, request.key
