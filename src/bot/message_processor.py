"""Decides a message's next step on its way from link to answer, runs it, and handles its failure.

Before each step outside, the record says that it is about to be taken (state/records.py). A step that fails for now
leaves the record where it is, with a time before which it is not tried again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import CapacityError, CreditsError, Interrupted, StateConflict, TransientError
from ..slack.errors import PermanentSlackError
from ..state.lease import LeaseLost
from ..state.records import UNANSWERED, Request
from ..state.state_manager import ClaimedMessage
from .answer_steps import AnswerSteps
from .execution_steps import ExecutionSteps
from .failures import failure_of
from .progress_message import ProgressMessages
from .put_off import TAKE_OVER_PAUSE, pause_after
from .services import Services
from .transitions import begin_failure
from .work_pool import AFTER, ANSWER, REACT, RESOLVE, SUBMIT

log = logging.getLogger("credits")

MAX_TRIES = 6
"""Tries of a step that fails for now, before the request fails; after an answer, before on-call is told."""
NEXT_TICK = 900.0
"""Seconds until a reply that Slack refuses, until somebody fixes something, is tried again: about a tick."""

StepFunction = Callable[[ClaimedMessage, Request], None]


@dataclass(frozen=True)
class PendingStep:
    """A step that can be run now; `starts_job`: it needs a free job slot."""

    urgency: int
    request: Request
    run: StepFunction
    starts_job: bool = False


class MessageProcessor:
    """Decides and runs steps. Nothing here loops or waits: that is the tick's."""

    def __init__(
        self, services: Services, *, executions: ExecutionSteps, answers: AnswerSteps, progress: ProgressMessages
    ) -> None:
        self._state = services.state
        self._clock = services.clock
        self._executions = executions
        self._answers = answers
        self._progress = progress

    # Which step is next

    def next_step(self, claimed: ClaimedMessage, *, slot_free: bool) -> PendingStep | None:
        """Return the most urgent step of a message that can be run now, or None. Changes nothing."""
        if self._answers.mark_due(claimed):
            return PendingStep(REACT, claimed.record.requests[0], self._answers.mark)
        ready = [
            found
            for request in claimed.record.requests
            if (found := self._next_of(claimed, request, slot_free=slot_free))
        ]
        return min(ready, key=lambda found: found.urgency, default=None)

    def _next_of(self, claimed: ClaimedMessage, request: Request, *, slot_free: bool) -> PendingStep | None:
        if request.ended or self._clock() < request.not_before:
            return None
        match request.state:
            case "new":
                return self._next_of_new(claimed, request, slot_free=slot_free)
            case "submitting":
                return PendingStep(SUBMIT, request, self._executions.submit)
            case "running":
                return self._next_of_running(request)
            case "replying":
                return PendingStep(ANSWER, request, self._answers.reply)
            case "answered" if self._answers.follow_up_due(claimed, request):
                return PendingStep(AFTER, request, self._answers.follow_up)
        return None

    def _next_of_new(self, claimed: ClaimedMessage, request: Request, *, slot_free: bool) -> PendingStep | None:
        if not self._executions.resolved(claimed, request):
            return PendingStep(RESOLVE, request, self._executions.resolve)
        if slot_free:
            return PendingStep(SUBMIT, request, self._executions.submit, starts_job=True)
        if self._executions.has_to_wait(request):
            return PendingStep(AFTER, request, self._executions.wait_for_turn)
        return None

    def _next_of_running(self, request: Request) -> PendingStep | None:
        if self._executions.has_news(request):
            return PendingStep(ANSWER, request, self._executions.collect)
        return PendingStep(AFTER, request, self._progress.say_progress) if self._progress.due(request) else None

    def unanswered(self, claimed: ClaimedMessage, deadline: float) -> bool:
        """Return whether the message may get an answer, or a side effect after it, before the deadline."""
        more = any(self._more_to_come(claimed, request, deadline) for request in claimed.record.requests)
        return more or self._answers.mark_due(claimed, by=deadline)

    def _more_to_come(self, claimed: ClaimedMessage, request: Request, deadline: float) -> bool:
        if request.ended or request.not_before > deadline:
            return False
        return request.state in UNANSWERED or self._answers.follow_up_due(claimed, request, by=deadline)

    @property
    def counts(self) -> Counter[str]:
        """Requests replied to so far: `answered`, `failed`, `refused`."""
        return self._answers.counts

    @property
    def cost_usd_estimate(self) -> float:
        """USD of the jobs whose end was noted so far."""
        return self._answers.cost_usd_estimate

    def times_to_try_again(self, messages: Iterable[ClaimedMessage]) -> list[float]:
        """Return when each step that failed or had to wait is due again, in seconds since 1970."""
        paused = [request.not_before for claimed in messages for request in claimed.record.requests]
        return [*paused, *self._answers.times_to_try_again()]

    # Running it

    def run_step(self, claimed: ClaimedMessage, step: PendingStep) -> None:
        """Run a step; if it fails, roll the record back and note when to try again, or what to reply.

        Raises StateConflict and LeaseLost (another bot has the message), Interrupted.
        """
        claimed.snapshot()
        try:
            step.run(claimed, step.request)
        except (StateConflict, LeaseLost, Interrupted):
            raise
        except Exception as error:  # noqa: BLE001 (a bug here must cost one message an answer, not all of them)
            claimed.rollback()
            request = next(r for r in claimed.record.requests if r.key == step.request.key)
            self._failed_step(claimed, request, _known(error))

    def recover(self, claimed: ClaimedMessage) -> None:
        """Put off the replies of a message taken over: one may be on its way, and is found a little later."""
        for request in claimed.record.requests:
            if claimed.recovered and request.state == "replying":
                request.not_before = self._clock() + TAKE_OVER_PAUSE

    def _failed_step(self, claimed: ClaimedMessage, request: Request, error: CreditsError) -> None:
        """Note when to try the step again, or begin the reply that says why there is no answer."""
        log.warning("step failed: %s", error)
        if request.state not in UNANSWERED:  # what follows an answer puts itself off
            self._count_a_try(claimed, request, error)
        elif request.state == "replying" or self._executions.has_answer(request):
            pause = max(TAKE_OVER_PAUSE, pause_after(request.tries))
            request.not_before = self._clock() + (NEXT_TICK if isinstance(error, PermanentSlackError) else pause)
            self._count_a_try(claimed, request, error)
        elif isinstance(error, CapacityError):
            self._executions.wait_for_capacity(claimed, request, str(error))
        elif isinstance(error, TransientError) and request.tries < MAX_TRIES:
            request.tries += 1
            request.not_before = self._clock() + pause_after(request.tries)
        else:
            begin_failure(self._state, claimed, request, failure_of(error))

    def _count_a_try(self, claimed: ClaimedMessage, request: Request, error: CreditsError) -> None:
        if request.tries >= MAX_TRIES or not isinstance(error, TransientError):
            claimed.problems.append(str(error))
        request.tries += 1


def _known(error: Exception) -> CreditsError:
    if isinstance(error, CreditsError):
        return error
    log.error("unexpected error", exc_info=error)
    return CreditsError(f"The bot met an error it does not know ({type(error).__name__}).")
