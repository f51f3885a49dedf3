"""On-call hears of what failed: one message a cause and tick, however many requesters it cost an answer."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable

from ..errors import Interrupted, StateConflict, TransientError
from ..state.lease import LeaseLost
from ..state.records import Request
from ..state.state_manager import ClaimedMessage, StateManager
from .answer_steps import AnswerSteps
from .notifier import Notifier

log = logging.getLogger("credits")

AGAIN_AFTER = 10.0
"""Seconds before a message that may have been posted is looked for, and posted where it is not there."""

Failed = tuple[ClaimedMessage, Request]
Drop = Callable[[ClaimedMessage], None]


class Alarms:
    """Which message tells of a failure is saved before it is sent: whoever goes on finds it under that key.

    drop: what to do with a message that another bot has by now; clock: seconds since 1970.
    """

    def __init__(
        self,
        *,
        answers: AnswerSteps,
        notifier: Notifier,
        state: StateManager,
        clock: Callable[[], float],
        drop: Drop,
    ) -> None:
        self._answers = answers
        self._notifier = notifier
        self._state = state
        self._clock = clock
        self._drop = drop
        self._keys: dict[str, str] = {}
        self._tried: set[str] = set()
        self._sent: set[str] = set()
        self._not_before = 0.0

    def tell(self, messages: Iterable[ClaimedMessage]) -> bool:
        """Tell of every failure that nobody was told of yet; whether there was one, and it is told now."""
        if self._clock() < self._not_before:
            return False
        due = [(claimed, r) for claimed in messages for r in claimed.record.requests if self._answers.alarm_due(r)]
        groups: dict[str, list[Failed]] = {}
        for failed in due:
            if self._is_named(*failed):
                groups.setdefault(failed[1].alarm or "", []).append(failed)
        told = [self._tell_of(key, group) for key, group in groups.items()]
        return any(told)

    def _is_named(self, claimed: ClaimedMessage, request: Request) -> bool:
        """Whether the record says which message tells of it; one message a cause."""
        if request.alarm is not None:
            return True
        request.alarm = self._keys.setdefault(cause_of(request), _key(claimed, request))
        return self._saved(claimed)

    def _tell_of(self, key: str, group: list[Failed]) -> bool:
        try:
            if key not in self._sent:
                self._send(key, group)
        except (TransientError, Interrupted) as error:
            log.error("on-call not told yet: %s", error)
            self._not_before = self._clock() + AGAIN_AFTER
            return False
        except LeaseLost as error:
            log.info("left for now: %s", error)
            for claimed, _ in group:
                self._drop(claimed)
            return False
        except Exception as error:  # as in MessageProcessor.run_step; and no tick fails for what on-call was to be told
            log.error("on-call cannot be told of: %s", cause_of(group[0][1]), exc_info=error)
        for claimed, request in group:
            request.done.append("alarm")
            self._saved(claimed)
        return True

    def _send(self, key: str, group: list[Failed]) -> None:
        check_first = key in self._tried or any(claimed.recovered for claimed, _ in group)
        self._tried.add(key)
        self._notifier.alarm(key, cause_of(group[0][1]), group, check_first=check_first)
        self._sent.add(key)

    def _saved(self, claimed: ClaimedMessage) -> bool:
        try:
            self._state.save(claimed)
        except (StateConflict, TransientError) as error:
            log.info("left for now: %s", error)
            self._drop(claimed)
            return False
        return True


def cause_of(request: Request) -> str:
    """What failures are told of together for."""
    return request.failure.message if request.failure else ""


def _key(claimed: ClaimedMessage, request: Request) -> str:
    name = "\n".join([cause_of(request), *claimed.key, request.key])
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:24]
