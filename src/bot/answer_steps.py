"""Posts the answer and does what follows it: report, records, the job's end, the mark on the message."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from typing import Literal

from .. import paths
from ..errors import ConfigurationError, ResultError, StateConflict, StateUnreadable, TransientError
from ..executor import CreditResult
from ..slack.errors import MessageGone
from ..state.records import UNANSWERED, Request, SideEffect
from ..state.state_manager import ClaimedMessage
from ..times import iso, seconds_of
from .alarms import alarm_due
from .delivery import Delivery, note_unreached
from .failures import failure_of
from .link_register import LinkRegister
from .notifier import Notifier, Unreached
from .put_off import PutOff
from .services import Services
from .transitions import Results, Signals, begin_failure

log = logging.getLogger("credits")

POSTED: frozenset[SideEffect] = frozenset({"report", "picture"})
"""Side effects that count against Slack's one post a second in a channel."""
END_EXPECTED = 10.0
"""Seconds after the reply within which a job that has left its result usually ends: its audit is then written once."""
TURN = 1.0
"""Seconds until a post that could not reserve the channel tries again."""
NOT_NOTED = (
    f"Messages answered meanwhile are missing in {paths.PROCESSED_MESSAGES}: before the earlier bot comes back, "
    "add their time stamps by hand (they are the ends of the names under state/messages/)."
)
OUT_OF_SIGHT = 24 * 3600.0
"""Seconds after which an answered request is settled although the service does not know its job."""


class AnswerSteps:
    """Answers a request and does what follows. Steps are idempotent after a crash: what is done outside is looked for
    before it is done again.
    """

    def __init__(
        self, services: Services, *, links: LinkRegister, notifier: Notifier, signals: Signals, results: Results
    ) -> None:
        self._state = services.state
        self._audit = services.audit
        self._clock = services.clock
        self._picture = services.settings.slack_picture
        self._links = links
        self._notifier = notifier
        self._delivery = Delivery(services.state, notifier, services.clock)
        self._signals = signals
        self._results = results
        self._end_expected_until: dict[str, float] = {}
        self._put_off = PutOff(services.clock)
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
        """Handle a result.json that changed since a bot that died read it: keep the reply it posted, else fail."""
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
        """Run the next side effect after the reply, or settle the request once none is left.

        Files wait while an answer waits for the channel. A side effect that fails is put behind the others. The record
        is saved once nothing else can be done now: each is looked for outside before a later bot does it again.
        """
        due = self._due(claimed, request)
        step = self._next_to_run(due, claimed)
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

    def _next_to_run(self, due: list[SideEffect], claimed: ClaimedMessage) -> SideEffect | None:
        if not due or due[0] not in POSTED or self._notifier.reserve_post(claimed):
            return next(iter(due), None)
        return next((step for step in due if step not in POSTED), None)

    def left(self, request: Request) -> list[SideEffect]:
        """Return the side effects still to be done after the reply, in order; not the alarm, which is told together."""
        answer: list[SideEffect] = ["report", "picture"] if self._picture else ["report"]
        own: dict[str, list[SideEffect]] = {"answer": answer, "failure": ["dm"]}
        steps: list[SideEffect] = [*own.get(request.reply or "", []), "link"]
        if request.progress_begun:
            steps.insert(0, "progress")
        left = [step for step in steps if step not in request.done]
        return [*left, "audit"] if self._has_to_be_kept(request) else left

    def _has_to_be_kept(self, request: Request) -> bool:
        """Return whether to write the audit record: once the job's end is known, or if it is not expected soon."""
        if request.execution is None:
            return False
        if self._end_is_known(request):
            return True
        return "audit" not in request.done and not self._end_is_expected(request)

    def _due(self, claimed: ClaimedMessage, request: Request) -> list[SideEffect]:
        """Return the side effects that can be tried now; those that failed come last."""
        due = [step for step in self.left(request) if self._may_be_tried(claimed, request, step, self._clock())]
        return sorted(due, key=lambda step: _name(claimed, request, step) in self._put_off)

    def _may_be_tried(self, claimed: ClaimedMessage, request: Request, step: SideEffect | None, by: float) -> bool:
        return self._put_off.until(*_name(claimed, request, step)) <= by

    def _is_through(self, request: Request) -> bool:
        """Return whether nothing but settling is left to do."""
        return not self.left(request) and not request.awaits_end and not alarm_due(request)

    def follow_up_due(self, claimed: ClaimedMessage, request: Request, by: float | None = None) -> bool:
        """Return whether a side effect, or settling, can be done now or by then (seconds since 1970)."""
        by = by or self._clock()
        if self._is_through(request):
            return self._may_be_tried(claimed, request, None, by)
        return any(self._may_be_tried(claimed, request, step, by) for step in self.left(request))

    def mark_due(self, claimed: ClaimedMessage, by: float | None = None) -> bool:
        """Return whether the message's mark can be set by then: nothing is left but what failed or ends later."""
        if claimed.record.mark is not None or self._put_off.until(*claimed.key) > (by or self._clock()):
            return False
        return all(request.ended or self._is_calm(claimed, request) for request in claimed.record.requests)

    def _is_calm(self, claimed: ClaimedMessage, request: Request) -> bool:
        if request.state in UNANSWERED or self._end_is_expected(request) or self._is_through(request):
            return False
        return all(_name(claimed, request, step) in self._put_off for step in self.left(request))

    def times_to_try_again(self) -> list[float]:
        """Return when each failed side effect is due again, in seconds since 1970."""
        return self._put_off.times()

    def mark(self, claimed: ClaimedMessage, _: Request) -> None:
        """Mark the message with how it ended, and note it in the earlier bot's list."""
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
        """Note the message in the earlier bot's list; tell on-call what to do if that cannot be written at all."""
        try:
            self._state.note_processed(claimed, self._clock())
        except (ConfigurationError, StateUnreadable) as error:
            if (problem := f"{error} {NOT_NOTED}") not in claimed.problems:
                claimed.problems.append(problem)

    def _end_is_expected(self, request: Request) -> bool:
        """Return whether the job's end is not known yet and is expected within seconds."""
        if request.execution is None or not request.awaits_end or self._end_is_known(request):
            return False
        return self._clock() < self._end_expected_until.get(request.execution.execution_id, 0.0)

    def _end_is_known(self, request: Request) -> bool:
        """Return whether the job's end can be noted: the service told of it, or has long not known the job."""
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
        """Return the result that was answered; None, and a problem for on-call, if it has changed or is gone."""
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
