"""The answer, and what follows it: message, report, records, the job's end, the mark on the message."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from .. import paths
from ..errors import ConfigurationError, ResultError, StateConflict, StateUnreadable, TransientError
from ..executor import CreditResult
from ..slack.errors import MessageGone
from ..state.audit import AuditTrail
from ..state.records import UNANSWERED, Request, SideEffect
from ..state.state_manager import ClaimedMessage, StateManager
from ..times import iso, seconds_of
from .delivery import Delivery, note_unreached
from .failures import failure_of
from .link_register import LinkRegister
from .notifier import Notifier, Unreached
from .put_off import PutOff
from .transitions import Results, Signals, begin_failure

log = logging.getLogger("credits")

POSTED: frozenset[SideEffect] = frozenset({"report", "picture"})
"""A file in the thread counts as a post."""
END_EXPECTED = 10.0
"""Seconds after the reply within which a job that has left its result usually ends: its audit is then written once."""
TURN = 1.0
"""Seconds before a post that had no turn asks for one again."""
NOT_NOTED = (
    f"Messages answered meanwhile are missing in {paths.PROCESSED_MESSAGES}: before the earlier bot comes back, "
    "add their time stamps by hand (they are the ends of the names under state/messages/)."
)
OUT_OF_SIGHT = 24 * 3600.0
"""An answered request whose job the service does not know is settled after so many seconds."""


class AnswerSteps:
    """Each is found done, not done again, where a bot died in it."""

    def __init__(
        self,
        *,
        state: StateManager,
        links: LinkRegister,
        notifier: Notifier,
        audit: AuditTrail,
        signals: Signals,
        results: Results,
        clock: Callable[[], float],
        picture: bool = False,
    ) -> None:
        self._state = state
        self._links = links
        self._notifier = notifier
        self._delivery = Delivery(state, notifier, clock)
        self._audit = audit
        self._signals = signals
        self._results = results
        self._clock = clock
        self._picture = picture
        self._end_expected_until: dict[str, float] = {}
        self._put_off = PutOff(clock)
        self.counts: Counter[str] = Counter()
        self.cost_usd_estimate = 0.0

    def reply(self, claimed: ClaimedMessage, request: Request) -> None:
        """Post the reply, or find the one a bot that died has posted."""
        self._state.check_lease(claimed)
        try:
            result = self._results.if_answered(request)
        except ResultError as error:
            self._result_was_changed(claimed, request, error)
            return
        if result is not None and request.earlier is None:  # an earlier release saved it as replying
            request.earlier = self._audit.recommend(claimed.record, result, claimed.problems.append)
            self._state.save(claimed)
        try:
            request.reply_ts = self._delivery.reach(claimed, request, result)
        except (MessageGone, Unreached) as error:
            note_unreached(claimed, request, error)
            self._audit.reached_nobody(request.earlier)
        self._replied(claimed, request)

    def _result_was_changed(self, claimed: ClaimedMessage, request: Request, error: ResultError) -> None:
        """Since a bot that died read it: what that has posted stands; where it has posted nothing, nothing is paid."""
        request.reply_ts = self._notifier.find_reply(claimed, request) if claimed.recovered or request.tries else None
        if request.reply_ts is None:
            self._audit.reached_nobody(request.earlier)
            begin_failure(self._state, claimed, request, failure_of(error))
            return
        claimed.problems.append(str(error))
        self._replied(claimed, request)

    def _replied(self, claimed: ClaimedMessage, request: Request) -> None:
        request.state = "answered"
        request.done.append("reply")
        request.tries = 0
        if request.execution:
            self._end_expected_until[request.execution.execution_id] = self._clock() + END_EXPECTED
        self._state.save(claimed)
        self.counts[_counted_as(request)] += 1
        with suppress(StateConflict, TransientError):  # the mark comes later, and does it again
            self._note_for_the_earlier_bot(claimed)

    def follow_up(self, claimed: ClaimedMessage, request: Request) -> None:
        """The next of the steps after the reply; at last settle. Files wait until no answer waits for the channel.

        One that fails is put behind the others. What was done is saved once nothing else can be done now: whoever takes
        the message over looks for each before it does it.
        """
        due = self._due(claimed, request)
        step = self._may_be_taken(due, claimed)
        if due and step is None:
            request.not_before = self._clock() + TURN
            return
        with self._put_off.where_it_fails(*_name(claimed, request, step)):
            if step is not None:
                self._run_side_effect(step, claimed, request)
                if step not in request.done:
                    request.done.append(step)
            if self._is_through(request):
                request.state = "failed" if request.reply in {"failure", "refused"} else "settled"
                self._results.forget(request)
                self._state.save(claimed)
            elif not self._due(claimed, request) and not self._end_is_expected(request):
                self._state.save(claimed)

    def _may_be_taken(self, due: list[SideEffect], claimed: ClaimedMessage) -> SideEffect | None:
        if not due or due[0] not in POSTED or self._notifier.may_post_now(claimed):
            return next(iter(due), None)
        return next((step for step in due if step not in POSTED), None)

    def left(self, request: Request) -> list[SideEffect]:
        """What is still to be done after the reply, the alarm aside; of the job's end once that is known."""
        answer: list[SideEffect] = ["report", "picture"] if self._picture else ["report"]
        own: dict[str, list[SideEffect]] = {"answer": answer, "failure": ["dm"]}
        steps: list[SideEffect] = [*own.get(request.reply or "", []), "link"]
        if request.progress_begun:
            steps.insert(0, "progress")
        left = [step for step in steps if step not in request.done]
        return [*left, "audit"] if self._has_to_be_kept(request) else left

    def _has_to_be_kept(self, request: Request) -> bool:
        """Whether the audit record is to be written: with the job's end, or without it where that is not near."""
        if request.execution is None:
            return False
        if self._end_is_known(request):
            return True
        return "audit" not in request.done and not self._end_is_expected(request)

    def _due(self, claimed: ClaimedMessage, request: Request) -> list[SideEffect]:
        """What can be tried now: those that failed last, and when their time has come."""
        due = [step for step in self.left(request) if self._may_be_tried(claimed, request, step, self._clock())]
        return sorted(due, key=lambda step: _name(claimed, request, step) in self._put_off)

    def _may_be_tried(self, claimed: ClaimedMessage, request: Request, step: SideEffect | None, by: float) -> bool:
        return self._put_off.until(*_name(claimed, request, step)) <= by

    def _is_through(self, request: Request) -> bool:
        """Whether it only has to be settled."""
        return not self.left(request) and not request.awaits_end and not self.alarm_due(request)

    def follow_up_due(self, claimed: ClaimedMessage, request: Request, by: float | None = None) -> bool:
        """Whether something can be done now, or by then."""
        by = by or self._clock()
        if self._is_through(request):
            return self._may_be_tried(claimed, request, None, by)
        return any(self._may_be_tried(claimed, request, step, by) for step in self.left(request))

    def mark_due(self, claimed: ClaimedMessage, by: float | None = None) -> bool:
        """Whether a message's mark can be set, now or by then: nothing is left but what failed, or ends later."""
        if claimed.record.mark is not None or self._put_off.until(*claimed.key) > (by or self._clock()):
            return False
        return all(request.ended or self._is_calm(claimed, request) for request in claimed.record.requests)

    def _is_calm(self, claimed: ClaimedMessage, request: Request) -> bool:
        if request.state in UNANSWERED or self._end_is_expected(request) or self._is_through(request):
            return False
        return all(_name(claimed, request, step) in self._put_off for step in self.left(request))

    def times_to_try_again(self) -> list[float]:
        """When what failed is due again, in seconds since 1970."""
        return self._put_off.times()

    def alarm_due(self, request: Request) -> bool:
        """Whether on-call is still to be told of this failure."""
        mine = request.failure is not None and not request.failure.requester_mends
        return mine and request.state == "answered" and "alarm" not in request.done

    def mark(self, claimed: ClaimedMessage, _: Request) -> None:
        """Show how the message ended: the last thing done but for what failed, once the earlier bot's list has it."""
        well = all(r.reply in {"answer", "repeat"} and r.unreached is None for r in claimed.record.requests)
        name: Literal["white_check_mark", "x"] = "white_check_mark" if well else "x"
        with self._put_off.where_it_fails(*claimed.key):
            self._notifier.mark(claimed, name)
            try:
                self._note_for_the_earlier_bot(claimed)
            except (StateConflict, TransientError) as error:
                claimed.problems.append(str(error))
                raise StateConflict(f"{error} The next look does it.") from error
            claimed.record.mark = name
            self._state.save(claimed)

    def _note_for_the_earlier_bot(self, claimed: ClaimedMessage) -> None:
        """A list that cannot be written at all costs nobody an answer: on-call is told what to do about it."""
        try:
            self._state.note_processed(claimed, self._clock())
        except (ConfigurationError, StateUnreadable) as error:
            if (problem := f"{error} {NOT_NOTED}") not in claimed.problems:
                claimed.problems.append(problem)

    def _end_is_expected(self, request: Request) -> bool:
        """Whether the job's end is not known yet, but should be any moment now."""
        if request.execution is None or not request.awaits_end or self._end_is_known(request):
            return False
        return self._clock() < self._end_expected_until.get(request.execution.execution_id, 0.0)

    def _end_is_known(self, request: Request) -> bool:
        """Whether the job's end can be noted: the service has told of it, or never will."""
        return request.awaits_end and (self._signals.end_of(request) is not None or self._out_of_sight(request))

    def _out_of_sight(self, request: Request) -> bool:
        created = request.attempts[-1].created_at
        return created is not None and self._clock() - seconds_of(created) > OUT_OF_SIGHT

    def _run_side_effect(self, step: SideEffect, claimed: ClaimedMessage, request: Request) -> None:
        if step in {"dm", "report", "picture"}:
            self._state.check_lease(claimed)
        match step:
            case "progress":
                self._notifier.remove_progress(claimed, request)
            case "dm":
                self._notifier.tell_requester(claimed, request)
            case "report":
                self._notifier.attach_report(claimed, request)
            case "picture":
                self._notifier.attach_picture(claimed, request)
            case "link":
                self._links.finish(claimed, request, self._still_there(claimed, request))
            case "audit":
                self._keep(claimed, request)

    def _still_there(self, claimed: ClaimedMessage, request: Request) -> CreditResult | None:
        """The result that was answered; None, and on-call is told, where it is another by now, or gone."""
        try:
            return self._results.if_answered(request)
        except ResultError as error:
            if (problem := str(error)) not in claimed.problems:
                claimed.problems.append(problem)
            return None

    def _keep(self, claimed: ClaimedMessage, request: Request) -> None:
        """Write the audit record, with the job's end where that is known."""
        status = self._signals.end_of(request) if request.awaits_end else None
        if status is not None:
            request.status = status["status"]
            request.started_at = status["started_at"]
            request.ended_at = status["ended_at"] or iso(self._clock())
            request.cost = self._audit.cost(status)
        elif self._end_is_known(request):
            request.status, request.ended_at = "unknown", iso(self._clock())
        self._audit.write(claimed.record, request, self._still_there(claimed, request))
        if status is None:
            return
        self.cost_usd_estimate += (request.cost and request.cost.usd) or 0.0
        if request.reply == "answer" and status["status"] != "Completed":
            claimed.problems.append(f"{status['job_name']} has a valid result but ended as {status['status']}")


def _counted_as(request: Request) -> Literal["answered", "failed", "refused"]:
    if request.reply == "failure" or request.unreached:
        return "failed"
    return "refused" if request.reply == "refused" else "answered"


def _name(claimed: ClaimedMessage, request: Request, step: SideEffect | None) -> tuple[str, ...]:
    return *claimed.key, request.key, step or "settle"
