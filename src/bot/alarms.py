"""Tells on-call of failures: one message a cause and tick, however many requesters were left without an answer."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable

from ..errors import CreditsError, Interrupted, StateConflict, TransientError
from ..state.lease import LeaseLost
from ..state.records import Request
from ..state.state_manager import ClaimedMessage
from .notifier import Notifier
from .services import Services

log = logging.getLogger("credits")

AGAIN_AFTER = 10.0
"""Seconds until a message whose post failed is looked for in Slack, and posted if it is not there."""

Failed = tuple[ClaimedMessage, Request]
Drop = Callable[[ClaimedMessage], None]


class Alarms:
    """Saves which message tells of a failure before it sends it: the next bot finds it under that key.

    drop: what to do with a message that another bot has by now.
    """

    def __init__(self, services: Services, notifier: Notifier, drop: Drop) -> None:
        self._state = services.state
        self._clock = services.clock
        self._notifier = notifier
        self._drop = drop
        self._keys: dict[str, str] = {}
        self._tried: set[str] = set()
        self._sent: set[str] = set()
        self._not_before = 0.0

    def tell(self, messages: Iterable[ClaimedMessage]) -> bool:
        """Tell on-call of every failure not told of yet; return whether any was told."""
        if self._clock() < self._not_before:
            return False
        groups: dict[str, list[Failed]] = {}
        for claimed, request in [(c, r) for c in messages for r in c.record.requests if alarm_due(r)]:
            if request.alarm is not None or self._save_key(claimed, request):
                groups.setdefault(request.alarm or "", []).append((claimed, request))
        told = [self._tell_of(key, group) for key, group in groups.items()]
        return any(told)

    def _save_key(self, claimed: ClaimedMessage, request: Request) -> bool:
        """Save which message tells of it, one message a cause; return whether that was saved."""
        request.alarm = self._keys.setdefault(cause_of(request), _key(claimed, request))
        return self._save(claimed)

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
            self._save(claimed)
        return True

    def _send(self, key: str, group: list[Failed]) -> None:
        check_first = key in self._tried or any(claimed.recovered for claimed, _ in group)
        self._tried.add(key)
        self._notifier.alarm(key, cause_of(group[0][1]), group, check_first=check_first)
        self._sent.add(key)

    def _save(self, claimed: ClaimedMessage) -> bool:
        """Save the record; drop the message, and return False, where that cannot be done now."""
        try:
            self._state.save(claimed)
        except (StateConflict, TransientError) as error:
            log.info("left for now: %s", error)
        except CreditsError as error:
            claimed.problems.append(str(error))
        else:
            return True
        self._drop(claimed)
        return False


def alarm_due(request: Request) -> bool:
    """Return whether on-call is still to be told of this request's failure."""
    is_ours = request.failure is not None and not request.failure.requester_mends
    return is_ours and request.state == "answered" and "alarm" not in request.done


def cause_of(request: Request) -> str:
    """Return the cause by which failures are told of together."""
    return request.failure.message if request.failure else ""


def _key(claimed: ClaimedMessage, request: Request) -> str:
    name = "\n".join([cause_of(request), *claimed.key, request.key])
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:24]
