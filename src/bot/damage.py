"""Tells on-call of objects in the bucket that the bot cannot read: of each once, however long it lies there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import CreditsError
from ..slack.errors import MessageGone, PermanentSlackError
from .notifier import Notifier
from .services import Services

log = logging.getLogger("credits")

BY_THEMSELVES = 5
"""Up to so many objects are told of in a direct message each; more are told of together in one."""
NAMED = 20
"""Objects that a message about many names; the log names the others."""
AGAIN_AFTER = 10.0
"""Seconds before telling is tried again."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with an object, and the message (channel, ts) that it is about, where it is about one."""

    key: str
    what: str
    message: tuple[str, str] | None = None


class DamageReport:
    """Collects damaged objects, from any thread, and tells on-call of each once."""

    def __init__(self, services: Services, notifier: Notifier) -> None:
        self._notifier = notifier
        self._slack = services.slack
        self._clock = services.clock
        self._lock = threading.Lock()
        self._found: dict[str, Damage] = {}
        self._told: set[str] = set()
        self._not_before = 0.0

    def __len__(self) -> int:
        return len(self._found)

    def add(self, key: str, what: str, message: tuple[str, str] | None = None) -> None:
        """Note an object for the next `tell`, once."""
        with self._lock:
            if key not in self._found:
                log.error("problem: %s", what)
                self._found[key] = Damage(key, what, message)

    def is_told(self, key: str) -> bool:
        """Return whether on-call was told of this object."""
        return key in self._told

    def tell(self) -> None:
        """Tell on-call of what was noted since the last call; if that fails, a later call does."""
        with self._lock:
            new = [damage for key, damage in sorted(self._found.items()) if key not in self._told]
        if not new or self._clock() < self._not_before:
            return
        try:
            for together in [[one] for one in new] if len(new) <= BY_THEMSELVES else [new]:
                about = [damage.key for damage in together]
                self._notifier.report_problems(self._lines(together), "damage", about=about)
                self._told.update(damage.key for damage in together)
        except CreditsError as error:
            log.error("on-call not told yet: %s", error)
            self._not_before = self._clock() + AGAIN_AFTER

    def _lines(self, damages: Sequence[Damage]) -> list[str]:
        more = len(damages) - NAMED
        named = [self._line(damage) for damage in damages[:NAMED]]
        return [*named, f"And {more} more objects: the bot's log names them."] if more > 0 else named

    def _line(self, damage: Damage) -> str:
        if damage.message is None:
            return damage.what
        try:
            return f"{damage.what} The message: {self._slack.permalink(*damage.message)}"
        except MessageGone:
            return f"{damage.what} The message was deleted."
        except PermanentSlackError:
            return damage.what
