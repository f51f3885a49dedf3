"""The tick's loop: looks, schedules the steps that are due, keeps the lease, and decides when to stop.

Steps run in a pool, one at a time for each message.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ..errors import CreditsError, Interrupted, StateConflict, TransientError
from ..logs import log_context
from ..slack.errors import TokenRefused
from ..state.lease import LeaseLost
from ..state.records import UNANSWERED
from ..state.state_manager import ClaimedMessage
from .adoption import Adoption
from .alarms import Alarms
from .display import Display
from .in_hand import InHand
from .inbox import Inbox
from .job_slots import Key, Share, may_start
from .job_watch import JobWatch
from .message_processor import MessageProcessor, PendingStep
from .notifier import Notifier
from .polling import Look, LookTimes, has_job, is_settling
from .services import Services
from .work_pool import REACT

log = logging.getLogger("credits")

SETTLE_GRACE = 15.0
"""Seconds after the last step for which a tick waits for the ends of answered requests' jobs: most come in time."""
SHORTEST_PAUSE = 0.05
"""Seconds: what is due by a clock that has not moved on must not keep the loop spinning."""
CLOSING = 5.0
"""Seconds for the steps being run to finish once the loop has ended."""


@dataclass
class Summary:
    """What a tick did, for its last log line and its metrics. Counts are of requests; `seen` is of messages."""

    seen: int
    answered: int
    failed: int
    refused: int
    running: int
    waiting: int
    seconds: float
    cost_usd_estimate: float
    problems: int


class Tick:
    """One run of the bot over everything open and everything new."""

    def __init__(
        self,
        services: Services,
        *,
        inbox: Inbox,
        adoption: Adoption,
        processor: MessageProcessor,
        jobs: JobWatch,
        notifier: Notifier,
        display: Display,
    ) -> None:
        self._settings = services.settings
        self._state = services.state
        self._lease = services.lease
        self._pool = services.pool
        self._clock = services.clock
        self._waiting = services.waiting
        self._inbox = inbox
        self._adoption = adoption
        self._processor = processor
        self._jobs = jobs
        self._notifier = notifier
        self._display = display
        self._in_hand = InHand()
        self._alarms = Alarms(services, notifier, self._in_hand.drop)
        self._looks = LookTimes()
        self._problems = self._in_hand.problems
        self._seen = 0
        self._has_read_slack = False
        self._last_step = 0.0
        self._unread: CreditsError | None = None

    def run(self, problems: Iterable[str] = ()) -> Summary:
        """Work until nothing is left to do, or the time is up; what is left is the next tick's.

        problems: what on-call is to be told besides what is found here. Raises what refuses the channel: at once where
        nothing is in hand, else once that is done.
        """
        started = self._clock()
        self._problems.extend(problems)
        listen_until = started + self._settings.listen_seconds
        deadline = max(listen_until, started + self._settings.tick_budget_seconds)
        try:
            self._work(listen_until, deadline)
            summary = self._finish(started)
        finally:
            self._release()
        if self._unread is not None:
            raise self._unread
        return summary

    def _work(self, listen_until: float, deadline: float) -> None:
        try:
            while not self._waiting.stopped:
                self._look(listen_until)
                self._schedule()
                self._display.show([claimed.record for claimed in self._in_hand.messages()])
                if self._is_over(listen_until, deadline):
                    break
                self._waiting.pause(self._until_next_look(deadline))
        except Interrupted:
            log.info("told to end")
        finally:
            self._pool.close(CLOSING)

    def _is_over(self, listen_until: float, deadline: float) -> bool:
        """Tell on-call of failures once nothing else is left; return whether the work is done or the time is up."""
        if self._is_quiet(deadline):
            told = self._alarms.tell(self._in_hand.messages())
            if not told and self._clock() >= listen_until:
                return True
        return self._clock() >= deadline

    # Looking

    def _look(self, listen_until: float) -> None:
        if self._in_hand:
            self._keep_lease()
        if self._take_turn("open"):
            self._adopt()
        if (self._clock() < listen_until or not self._has_read_slack) and self._take_turn("slack"):
            self._read_slack()
        self._adoption.tell_of_damage()
        with_jobs = [request for request in self._in_hand.requests() if has_job(request)]
        if with_jobs and self._take_turn("results"):
            self._jobs.look_for_results(with_jobs)
        if with_jobs and self._take_turn("status"):
            self._jobs.ask_for_statuses(with_jobs)

    def _take_turn(self, look: Look) -> bool:
        """Note that a look is made now if it is due; return whether it is."""
        now = self._clock()
        due = self._due_at(look) <= now
        if due:
            self._looks.note(look, now)
        return due

    def _due_at(self, look: Look) -> float:
        """Return when a look is due. What is in hand matters to one of them alone, and may be a thousand messages."""
        return self._looks.due_at(look, self._in_hand.requests() if look == "status" else ())

    def _keep_lease(self) -> None:
        """Renew the lease; one that cannot be renewed runs out, and its messages go to the bot that takes them over."""
        try:
            self._lease.keep()
        except TransientError as error:
            log.warning("lease not renewed: %s", error)

    def _adopt(self) -> None:
        for claimed in self._adoption.take_over(self._in_hand):
            self._take_in_hand(claimed)
            if any(request.state in UNANSWERED for request in claimed.record.requests):
                self._pool.submit(REACT, partial(self._show_eyes, claimed))
        self._problems.extend(self._adoption.problems)
        self._adoption.problems.clear()

    def _take_in_hand(self, claimed: ClaimedMessage) -> None:
        self._processor.recover(claimed)
        self._in_hand.add(claimed)

    def _read_slack(self) -> None:
        self._has_read_slack = True
        try:
            new = self._inbox.read()
        except TransientError as error:
            self._problems.append(str(error))
            return
        except TokenRefused:
            raise
        except CreditsError as error:
            if not self._in_hand:
                raise
            self._unread = error
            self._problems.append(str(error))
            return
        self._unread = None
        self._problems.extend(self._inbox.problems)
        self._inbox.problems.clear()
        for claimed in new:
            self._take_in_hand(claimed)
            self._seen += 1
            self._pool.submit(REACT, partial(self._show_eyes, claimed))

    def _show_eyes(self, claimed: ClaimedMessage) -> None:
        try:
            if claimed.key in self._in_hand:
                self._notifier.eyes(claimed)
        except (TransientError, Interrupted) as error:
            log.info("reaction not added: %s", error)

    # Doing

    def _schedule(self) -> None:
        """Submit every step that is due to the pool, oldest message first."""
        while not self._waiting.stopped and (due := self._due()):
            for claimed, step in due:
                self._submit(claimed, step)

    def _due(self) -> list[tuple[ClaimedMessage, PendingStep]]:
        """Return a step for each message that has one now; one that starts a job only if it is the message's turn."""
        messages = sorted(self._in_hand.messages(), key=lambda claimed: claimed.record.ts)
        steps = {
            claimed.key: step
            for claimed in messages
            if not self._in_hand.is_busy(claimed.key) and (step := self._processor.next_step(claimed, slot_free=True))
        }
        may = self._may_start(messages, {key for key, step in steps.items() if step.starts_job})
        due = []
        for claimed in messages:
            step = steps.get(claimed.key)
            if step and step.starts_job and claimed.key not in may:
                step = self._processor.next_step(claimed, slot_free=False)
            if step:
                due.append((claimed, step))
        return due

    def _may_start(self, messages: Iterable[ClaimedMessage], ready: Collection[Key]) -> Collection[Key]:
        if not ready:
            return ()
        now = self._clock()
        shares = (
            Share(
                claimed.key,
                jobs=self._in_hand.jobs(claimed),
                ready=claimed.key in ready,
                to_come=any(r.state == "new" and r.not_before <= now for r in claimed.record.requests),
            )
            for claimed in messages
        )
        return may_start(self._settings.max_concurrent_jobs, shares)

    def _submit(self, claimed: ClaimedMessage, step: PendingStep) -> None:
        self._in_hand.begin_step(claimed, step.request, starts_job=step.starts_job)
        self._last_step = self._clock()
        self._pool.submit(step.urgency, lambda: self._run_step(claimed, step))

    def _run_step(self, claimed: ClaimedMessage, step: PendingStep) -> None:
        execution = step.request.execution
        with log_context(message=claimed.record.ts, execution_id=execution.execution_id if execution else None):
            try:
                self._processor.run_step(claimed, step)
                if claimed.record.ended:
                    self._state.close(claimed)
                    self._in_hand.drop(claimed)
            except (StateConflict, LeaseLost, TransientError, Interrupted) as error:
                log.info("left for now: %s", error)
                self._in_hand.drop(claimed)
            except CreditsError as error:
                claimed.problems.append(str(error))
                self._in_hand.drop(claimed)
            except Exception as error:  # as in MessageProcessor.run_step, for what follows a failed step
                log.error("unexpected error", exc_info=error)
                claimed.problems.append(f"The bot met an error it does not know ({type(error).__name__}).")
                self._in_hand.drop(claimed)
            finally:
                self._in_hand.end_step(claimed, step.request)
                self._waiting.wake()

    # Ending

    def _is_quiet(self, deadline: float) -> bool:
        """Return whether no step is being run, is due, or comes due before the deadline."""
        if self._in_hand.is_busy() or not self._pool.idle() or self._due():
            return False
        if any(self._processor.unanswered(claimed, deadline) for claimed in self._in_hand.messages()):
            return False
        settling = any(map(is_settling, self._in_hand.requests()))
        return not (settling and self._clock() < self._last_step + SETTLE_GRACE)

    def _until_next_look(self, deadline: float) -> float:
        """Return seconds until something is due."""
        looks: list[Look] = ["slack", "open"]
        times = self._processor.times_to_try_again(self._in_hand.messages())
        if self._in_hand:
            looks += ["results", "status"]
            deadline = min(deadline, self._lease.renewal_due_at)
        times += map(self._due_at, looks)
        now = self._clock()
        return max(SHORTEST_PAUSE, min([deadline, *(time for time in times if time > now)]) - now)

    def _finish(self, started: float) -> Summary:
        if not self._waiting.stopped:
            self._alarms.tell(self._in_hand.messages())
        for claimed in self._in_hand.messages():
            self._problems.extend(claimed.problems)
        self._tell_problems()
        states = [request.state for request in self._in_hand.requests()]
        counts = self._processor.counts
        return Summary(
            seen=self._seen,
            answered=counts["answered"],
            failed=counts["failed"],
            refused=counts["refused"],
            running=states.count("running"),
            waiting=states.count("new") + states.count("submitting"),
            cost_usd_estimate=self._processor.cost_usd_estimate,
            problems=len(self._problems) + self._adoption.damaged,
            seconds=self._clock() - started,
        )

    def _tell_problems(self) -> None:
        for problem in dict.fromkeys(self._problems):
            log.error("problem: %s", problem)
        if self._waiting.stopped:
            return
        try:
            day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
            self._notifier.report_problems(self._problems, day)
        except CreditsError as error:  # the problems are in the log, and the tick has done its work
            log.error("on-call not told: %s", error)

    def _release(self) -> None:
        """Give up the lease, so that the next tick goes on at once."""
        try:
            self._lease.release()
        except CreditsError as error:
            log.warning("lease not released: %s", error)
