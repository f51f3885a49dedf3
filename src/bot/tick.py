"""The tick's loop: what is read, which step is due, when to look at the jobs, when to stop.

Steps run in a pool, one at a time for each message; the loop itself only looks, schedules and keeps the lease.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ..config import BotSettings
from ..errors import CreditsError, Interrupted, StateConflict, TransientError
from ..logs import log_context
from ..slack.errors import TokenRefused
from ..state.lease import LeaseKeeper, LeaseLost
from ..state.records import UNANSWERED, Request
from ..state.state_manager import ClaimedMessage, StateManager
from ..waiting import Waiting
from .adoption import Adoption, Key
from .alarms import Alarms
from .answer_steps import AnswerSteps
from .damage import DamageReport
from .inbox import Inbox
from .job_slots import Share, may_start
from .job_watch import JobWatch
from .message_processor import MessageProcessor, PendingStep
from .notifier import Notifier
from .progress import Progress
from .work_pool import REACT, WorkPool

log = logging.getLogger("credits")

RESULT_EVERY = 1.0
STATUS_EVERY = 30.0
SETTLE_EVERY = 1.0
SLACK_EVERY = 20.0
SETTLE_GRACE = 15.0
OPEN_EVERY = 60.0
CLOSING = 5.0
WITH_A_JOB = frozenset({"submitting", "running"})
_EVERY = {"slack": SLACK_EVERY, "results": RESULT_EVERY, "open": OPEN_EVERY}
"""Seconds between two looks at the same; of a job's status it depends on what is waited for."""


@dataclass
class Summary:
    """What a tick did, for its last log line and its metrics."""

    seen: int = 0
    answered: int = 0
    failed: int = 0
    refused: int = 0
    running: int = 0
    waiting: int = 0
    seconds: float = 0.0
    cost_usd_estimate: float = 0.0
    problems: int = 0


class Tick:
    """One run of the bot over everything open and everything new."""

    def __init__(
        self,
        settings: BotSettings,
        *,
        inbox: Inbox,
        adoption: Adoption,
        damage: DamageReport,
        state: StateManager,
        lease: LeaseKeeper,
        processor: MessageProcessor,
        answers: AnswerSteps,
        notifier: Notifier,
        jobs: JobWatch,
        pool: WorkPool,
        clock: Callable[[], float],
        waiting: Waiting,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._adoption = adoption
        self._damage = damage
        self._state = state
        self._lease = lease
        self._processor = processor
        self._answers = answers
        self._notifier = notifier
        self._jobs = jobs
        self._pool = pool
        self._clock = clock
        self._waiting = waiting
        self._progress = progress
        self._messages: dict[Key, ClaimedMessage] = {}
        self._busy: set[Key] = set()
        self._lock = threading.Lock()
        self._problems: list[str] = []
        self._counts: Counter[str] = Counter()
        self._starting: set[tuple[str, str, str]] = set()
        self._looked_at: dict[str, float] = {}
        self._last_step = 0.0
        self._unread: CreditsError | None = None
        self._alarms = Alarms(answers=answers, notifier=notifier, state=state, clock=clock, drop=self._drop)

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
                self._progress.show([claimed.record for claimed in self._in_hand()])
                if self._quiet(deadline) and not self._alarms.tell(self._in_hand()) and self._clock() >= listen_until:
                    break
                if self._clock() >= deadline:
                    break
                self._waiting.pause(self._until_next_look(deadline))
        except Interrupted:
            log.info("told to end")
        finally:
            self._pool.close(CLOSING)

    # Looking

    def _look(self, listen_until: float) -> None:
        if self._messages:
            self._keep_lease()
        if self._is_due("open"):
            self._adopt()
        if self._is_due("slack") and (self._clock() < listen_until or not self._counts["reads"]):
            self._read_slack()
        self._adoption.tell_of_damage()
        running = [request for claimed in self._in_hand() for request in _with_jobs(claimed)]
        if running and self._is_due("results"):
            self._jobs.look_for_results(running)
        if running and self._is_due("status"):
            self._jobs.ask_for_statuses(running)

    def _keep_lease(self) -> None:
        """One that cannot be renewed runs out, and its messages are left to whoever has one."""
        try:
            self._lease.keep()
        except TransientError as error:
            log.warning("lease not renewed: %s", error)

    def _adopt(self) -> None:
        for claimed in self._adoption.take_over(self._messages):
            self._hold(claimed)
            if any(request.state in UNANSWERED for request in claimed.record.requests):
                self._pool.submit(REACT, partial(self._show_eyes, claimed))
        self._problems.extend(self._adoption.problems)
        self._adoption.problems.clear()

    def _hold(self, claimed: ClaimedMessage) -> None:
        self._processor.recover(claimed)
        with self._lock:
            self._messages[claimed.key] = claimed

    def _read_slack(self) -> None:
        self._counts["reads"] += 1
        try:
            new = self._inbox.read()
        except TransientError as error:
            self._problems.append(str(error))
            return
        except TokenRefused:
            raise
        except CreditsError as error:
            if not self._messages:
                raise
            self._unread = error
            self._problems.append(str(error))
            return
        self._unread = None
        self._problems.extend(self._inbox.problems)
        self._inbox.problems.clear()
        for claimed in new:
            self._hold(claimed)
            self._counts["seen"] += 1
            self._pool.submit(REACT, partial(self._show_eyes, claimed))

    def _show_eyes(self, claimed: ClaimedMessage) -> None:
        try:
            if claimed.key in self._messages:
                self._notifier.eyes(claimed)
        except (TransientError, Interrupted) as error:
            log.info("reaction not added: %s", error)

    def _status_every(self) -> float:
        """An answered request waits for its job's end: ask as often as for results; where all do, the tick waits."""
        states = [request.state for claimed in self._in_hand() for request in claimed.record.requests]
        if not any(state in UNANSWERED for state in states):
            return SETTLE_EVERY
        return RESULT_EVERY if any(_settling(claimed) for claimed in self._in_hand()) else STATUS_EVERY

    def _due_at(self, name: str) -> float:
        every = self._status_every() if name == "status" else _EVERY[name]
        return self._looked_at.get(name, float("-inf")) + every

    def _is_due(self, name: str) -> bool:
        now = self._clock()
        if now < self._due_at(name):
            return False
        self._looked_at[name] = now
        return True

    # Doing

    def _schedule(self) -> None:
        """Hand every step that is due to the pool, oldest message first."""
        while not self._waiting.stopped and (due := self._due()):
            for claimed, step in due:
                self._submit(claimed, step)

    def _due(self) -> list[tuple[ClaimedMessage, PendingStep]]:
        """A step for each message that has one now: a job where its turn has come, else what needs none."""
        messages = sorted(self._in_hand(), key=lambda claimed: claimed.record.ts)
        steps = {
            claimed.key: step
            for claimed in messages
            if claimed.key not in self._busy and (step := self._processor.next_step(claimed, slot_free=True))
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
        with self._lock:
            starting = set(self._starting)
        now = self._clock()
        shares = (
            Share(
                claimed.key,
                jobs=sum(r.state in WITH_A_JOB or (*claimed.key, r.key) in starting for r in claimed.record.requests),
                ready=claimed.key in ready,
                to_come=any(r.state == "new" and r.not_before <= now for r in claimed.record.requests),
            )
            for claimed in messages
        )
        return may_start(self._settings.max_concurrent_jobs, shares)

    def _submit(self, claimed: ClaimedMessage, step: PendingStep) -> None:
        with self._lock:
            self._busy.add(claimed.key)
            if step.starts_job:
                self._starting.add((*claimed.key, step.request.key))
        self._last_step = self._clock()
        self._pool.submit(step.urgency, lambda: self._run_step(claimed, step))

    def _run_step(self, claimed: ClaimedMessage, step: PendingStep) -> None:
        execution = step.request.execution
        with log_context(message=claimed.record.ts, execution_id=execution.execution_id if execution else None):
            try:
                self._processor.run_step(claimed, step)
                if claimed.record.ended:
                    self._state.close(claimed)
                    self._drop(claimed)
            except (StateConflict, LeaseLost, TransientError, Interrupted) as error:
                log.info("left for now: %s", error)
                self._drop(claimed)
            except CreditsError as error:
                claimed.problems.append(str(error))
                self._drop(claimed)
            except Exception as error:  # as in MessageProcessor.run_step, for what follows a failed step
                log.error("unexpected error", exc_info=error)
                claimed.problems.append(f"The bot met an error it does not know ({type(error).__name__}).")
                self._drop(claimed)
            finally:
                with self._lock:
                    self._busy.discard(claimed.key)
                    self._starting.discard((*claimed.key, step.request.key))
                self._waiting.wake()

    def _drop(self, claimed: ClaimedMessage) -> None:
        """Leave a message to the next look; unless it has been taken up anew already, with an edit's links."""
        with self._lock:
            if self._messages.get(claimed.key) is claimed:
                del self._messages[claimed.key]
            self._problems.extend(claimed.problems)
            claimed.problems.clear()

    # Ending

    def _quiet(self, deadline: float) -> bool:
        """Whether no step is being taken, due, or due before the deadline."""
        if self._busy or not self._pool.idle():
            return False
        if self._due():
            return False
        if any(self._processor.unanswered(claimed, deadline) for claimed in self._in_hand()):
            return False
        settling = any(_settling(claimed) for claimed in self._in_hand())
        return not (settling and self._clock() < self._last_step + SETTLE_GRACE)

    def _until_next_look(self, deadline: float) -> float:
        names = ["slack", "open", *(["results", "status"] if self._messages else [])]
        looks = [due for name in names if (due := self._due_at(name)) > self._clock()]
        paused = [due for due in self._processor.times_to_try_again(self._in_hand()) if due > self._clock()]
        renewal = [self._lease.renewal_due_at] if self._messages else []
        return max(0.05, min([deadline, *looks, *paused, *renewal]) - self._clock())

    def _finish(self, started: float) -> Summary:
        if not self._waiting.stopped:
            self._alarms.tell(self._in_hand())
        for claimed in self._in_hand():
            self._problems.extend(claimed.problems)
        self._tell_problems()
        requests = [request for claimed in self._in_hand() for request in claimed.record.requests]
        return Summary(
            seen=self._counts["seen"],
            answered=self._answers.counts["answered"],
            failed=self._answers.counts["failed"],
            refused=self._answers.counts["refused"],
            running=sum(1 for request in requests if request.state == "running"),
            waiting=sum(1 for request in requests if request.state in {"new", "submitting"}),
            cost_usd_estimate=self._answers.cost_usd_estimate,
            problems=len(self._problems) + len(self._damage),
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
        """Leave what this tick holds to the next one, whatever ended it."""
        try:
            self._lease.release()
        except CreditsError as error:
            log.warning("lease not released: %s", error)

    def _in_hand(self) -> list[ClaimedMessage]:
        with self._lock:
            return list(self._messages.values())


def _with_jobs(claimed: ClaimedMessage) -> list[Request]:
    return [r for r in claimed.record.requests if r.state in {"running", "answered"} and r.awaits_end]


def _settling(claimed: ClaimedMessage) -> bool:
    """Whether only the ends of its jobs are not known yet."""
    return any(request.state == "answered" and request.awaits_end for request in claimed.record.requests)
