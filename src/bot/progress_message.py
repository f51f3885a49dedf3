"""Posts one message in the thread while a job takes long, edits it in place, and deletes it after the answer.

Recorded like every step: that it is about to be posted (progress_begun), where it is (progress_ts), that it is gone
("progress" among the steps done). No answer waits or fails for it.
"""

from __future__ import annotations

import logging

from ..errors import StateConflict, TransientError
from ..execution.job_progress import JobProgress, read_progress
from ..history.reader import History
from ..notebook_choice import OUR_PROFILE
from ..slack import reply as wording
from ..slack.errors import PermanentSlackError
from ..state.records import Request
from ..state.state_manager import ClaimedMessage
from ..times import seconds_of
from .notifier import Notifier
from .services import Services
from .usual_time import UsualTime

log = logging.getLogger("credits")

BEGIN_AFTER = 90.0
"""Seconds from the job's creation to its progress message: most answers are there before."""
EDIT_EVERY = 30.0
"""Seconds between two edits of one message."""
RESERVE_AGAIN_AFTER = 2.0
"""Seconds after which a post that had to stand back for an answer is tried again."""
NEVER = float("inf")


class ProgressMessages:
    """Posts, edits and saves each running request's progress message. Only our notebook says how far it is."""

    def __init__(self, services: Services, notifier: Notifier) -> None:
        self._tells = services.settings.demanded_profile == OUR_PROFILE
        self._store = services.store
        self._state = services.state
        self._clock = services.clock
        self._notifier = notifier
        self._usual = UsualTime(History(services.store))
        self._next: dict[str, float] = {}
        self._unsure: set[str] = set()

    def due(self, request: Request) -> bool:
        """Return whether a running request's message is to be posted, or edited, now."""
        execution = request.execution
        if execution is None or execution.created_at is None:
            return False
        now = self._clock()
        long = request.progress_begun or now - seconds_of(execution.created_at) >= BEGIN_AFTER
        return long and now >= self._next.get(execution.execution_id, 0.0)

    def say_progress(self, claimed: ClaimedMessage, request: Request) -> None:
        """Save that there will be a message, post it, or edit it: one of these each call."""
        if not request.progress_begun:
            request.progress_begun = True
            self._state.save(claimed)
            return
        execution_id = request.attempts[-1].execution_id
        if not self._notifier.reserve_post(claimed):
            self._next[execution_id] = self._clock() + RESERVE_AGAIN_AFTER
            return
        self._next[execution_id] = self._clock() + EDIT_EVERY
        try:
            self._show(claimed, request, execution_id)
        except PermanentSlackError as error:
            self._next[execution_id] = NEVER
            log.info("progress message given up: %s", error)

    def _show(self, claimed: ClaimedMessage, request: Request, execution_id: str) -> None:
        words = self._words(request)
        try:
            if request.progress_ts is not None:
                self._notifier.edit_progress(claimed, request.progress_ts, words)
                return
            look_first = execution_id in self._unsure
            self._unsure.add(execution_id)
            posted = self._notifier.post_progress(claimed, request, words, look_first=look_first)
        except TransientError as error:
            log.info("progress message left for now: %s", error)
            return
        self._save_place(claimed, request, posted)
        self._unsure.discard(execution_id)

    def _save_place(self, claimed: ClaimedMessage, request: Request, posted: str) -> None:
        """Save where the message was posted; delete it if another bot, which does not know of it, has the record."""
        request.progress_ts = posted
        try:
            self._state.save(claimed)
        except StateConflict:
            self._notifier.remove_progress(claimed, request)
            raise

    def _words(self, request: Request) -> wording.Message:
        execution = request.attempts[-1]
        at = read_progress(self._store, execution.execution_id) or JobProgress(0, 0)
        seconds = self._clock() - seconds_of(execution.created_at or "")
        usual = self._usual.seconds()
        return wording.progress(
            at.done,
            at.total,
            seconds,
            queries=at.waiting_for,
            usual_seconds=usual,
            tells=self._tells,
            understood=request.understood,
        )
