"""Takes over the messages that earlier ticks, or bots that died, left open; clears markers without a record."""

from __future__ import annotations

import logging
from collections.abc import Container

from .. import paths
from ..errors import CreditsError, StateConflict, StateUnreadable, TransientError
from ..state.lease import SAFETY
from ..state.state_manager import ClaimedMessage, NoRecord
from ..times import iso, seconds_of
from .damage import DamageReport
from .inbox import Inbox
from .services import Services

log = logging.getLogger("credits")

BETWEEN_TWO_WRITES = 3600.0
"""Seconds, far more than a living bot takes between writing a message's marker and its record."""
LONGEST_PAUSE = 3600.0
"""Seconds, longer than this bot ever pauses between two tries of a step."""

Key = tuple[str, str]
"""Channel and time stamp of a message."""


class Adoption:
    """Claims open messages. An object that cannot be read costs its own message alone, and on-call is told of it."""

    def __init__(self, services: Services, inbox: Inbox, damage: DamageReport) -> None:
        self._settings = services.settings
        self._state = services.state
        self._lease = services.lease
        self._pool = services.pool
        self._clock = services.clock
        self._inbox = inbox
        self._damage = damage
        self._is_first_look = True
        self._orphans: set[Key] = set()
        self.problems: list[str] = []

    @property
    def damaged(self) -> int:
        """How many objects could not be read so far."""
        return len(self._damage)

    def take_over(self, in_hand: Container[Key]) -> list[ClaimedMessage]:
        """Claim every open message that is not in hand and whose bot's lease has run out."""
        found = self._pool.map(self._claim, [key for key in self._left_open() if key not in in_hand])
        return [claimed for claimed in found if claimed is not None]

    def tell_of_damage(self) -> None:
        """Tell on-call of what could not be read; then take away the markers that nothing belongs to."""
        for lease, what in self._lease.take_unbelievable().items():
            self._damage.add(lease, what)
        self._damage.tell()
        for message in [one for one in self._orphans if self._damage.is_told(paths.open_marker(*one))]:
            self._orphans.discard(message)
            try:
                self._state.forget(*message)
            except CreditsError as error:
                log.warning("left for now: %s", error)

    def _left_open(self) -> list[Key]:
        """List the open messages. Raises TransientError at the first look only: later the tick has other work."""
        first, self._is_first_look = self._is_first_look, False
        try:
            messages, nameless = self._state.open_markers()
        except TransientError as error:
            if first:
                raise
            log.warning("open messages not looked for: %s", error)
            return []
        for key in nameless:
            self._damage.add(key, f"{key} names no message (channel id, hyphen, time stamp): delete it.")
        return messages

    def _claim(self, key: Key) -> ClaimedMessage | None:
        try:
            self._lease.keep()
            claimed = self._state.claim(*key)
            return self._without_times_to_come(claimed) if claimed else None
        except NoRecord:
            self._without_record(key)
        except StateUnreadable as error:
            if error.key:
                self._damage.add(error.key, str(error), key)
            else:  # the earlier bot's list
                self.problems.append(str(error))
        except TransientError as error:
            log.warning("left for now: %s", error)
        except CreditsError as error:
            self.problems.append(str(error))
        except Exception as error:  # (a bug here must cost one message an answer, not all of them)
            log.error("unexpected error", exc_info=error)
            self.problems.append(
                f"{paths.open_marker(*key)} was not taken up ({type(error).__name__}); see the bot's log."
            )
        return None

    def _without_record(self, key: Key) -> None:
        if self._inbox.is_in_window(key[1], margin=BETWEEN_TWO_WRITES):
            self._inbox.begin_again(key[1])
            return
        marker, hours = paths.open_marker(*key), self._settings.lookback_hours
        self._orphans.add(key)
        self._damage.add(
            marker,
            f"{marker} is of a message that has no record and is not of the last {hours} hours (LOOKBACK_HOURS): it "
            "was not answered in full, and is left at that. Where an answer is still wanted, post its link again.",
            key,
        )

    def _without_times_to_come(self, claimed: ClaimedMessage) -> ClaimedMessage | None:
        """Set times far in the future to now, so that nothing waits for ever; save that, or each tick would do it."""
        now, before = self._clock(), claimed.record.model_copy(deep=True)
        for request in claimed.record.requests:
            if request.not_before > now + LONGEST_PAUSE:
                request.not_before = 0.0
            request.waiting_since = _past(request.waiting_since, now)
            request.refused_since = _past(request.refused_since, now)
            for attempt in request.attempts:
                if attempt.created_at is not None and seconds_of(attempt.created_at) > now + SAFETY:
                    attempt.created_at = iso(now)
        if claimed.record == before:
            return claimed
        try:
            self._state.save(claimed)
        except StateConflict as error:
            log.info("left for now: %s", error)
            return None
        return claimed


def _past(moment: float | None, now: float) -> float | None:
    return None if moment is None else min(moment, now)
