"""Which bot may work on what: a running bot renews one object; a bot that stops renewing may be taken over from.

Wall clocks of two bots may differ by less than SAFETY seconds.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from .. import paths
from ..errors import CreditsError, StateUnreadable, TransientError
from ..times import iso
from .object_store import ObjectStore
from .records import Lease

DURATION = 120.0
"""Seconds that a lease holds after its last renewal: a bot that dies is taken over from so much later."""
RENEW_EVERY = 30.0
"""Seconds: three renewals may fail before the lease runs out."""
TRY_EVERY = 5.0
"""Seconds after a failed renewal until the next try."""
SAFETY = 30.0
"""Seconds: longer than one outside call with its time limits, and than the difference of two bots' clocks."""


class LeaseLost(CreditsError):
    """Too little of the lease is left for an outside call; the record's next owner goes on."""


class LeaseKeeper:
    """This bot's lease, acquired once there is work to own: an idle tick writes none. `clock`: seconds since 1970."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._owner = ""
        self._renewed_at = float("-inf")
        self._tried_at = float("-inf")
        self._unbelievable: dict[str, str] = {}

    def acquire(self) -> str:
        """Take a lease unless one is held; the name under which records are owned now."""
        with self._lock:
            if self._seconds_left() <= 0:
                self._owner = secrets.token_hex(8)
                self._renew()
            return self._owner

    @property
    def renewal_due_at(self) -> float:
        """When `keep` is to be called at the latest (seconds on the clock); infinite where no lease is held."""
        with self._lock:
            return self._due_at() if self._is_held() else float("inf")

    def keep(self) -> None:
        """Renew the lease if a renewal is due. Raises as ObjectStore."""
        with self._lock:
            if self._is_held() and self._clock() >= self._due_at():
                self._renew()

    def check(self, owner: str) -> None:
        """Raise LeaseLost unless `owner` is still us, with time enough left for one outside call."""
        with self._lock:
            if owner != self._owner or self._seconds_left() < SAFETY:
                raise LeaseLost("This bot was held up for longer than its lease; the record is left to the next tick.")

    def is_live(self, owner: str) -> bool:
        """Whether the owner's lease still holds, by its object; one that is unbelievable is noted and does not."""
        if not owner:
            return False
        if owner == self._owner:
            return self._seconds_left() > 0
        key = paths.lease(owner)
        try:
            found = self._store.get(key, Lease)
        except StateUnreadable as error:
            self._unbelievable[key] = str(error)
            return False
        if found is None:
            return False
        if found[0].renewed_at > self._clock() + DURATION + SAFETY:  # less: a bot that lives, whose clock is ahead
            self._unbelievable[key] = _of_the_future(key, found[0].renewed_at)
            return False
        return self._clock() < found[0].renewed_at + DURATION

    def take_unbelievable(self) -> dict[str, str]:
        """Hand over the unbelievable leases met since the last call: key → what is wrong, for on-call."""
        met, self._unbelievable = self._unbelievable, {}
        return met

    def release(self) -> None:
        """Delete the lease, so that the next tick need not wait until it runs out; it does so if S3 is out of reach."""
        with self._lock:
            if self._owner:
                try:
                    self._store.delete(paths.lease(self._owner))
                except TransientError:
                    return
                finally:
                    self._owner = ""
                    self._renewed_at = float("-inf")

    def _is_held(self) -> bool:
        return bool(self._owner) and self._seconds_left() > 0

    def _due_at(self) -> float:
        return max(self._renewed_at + RENEW_EVERY, self._tried_at + TRY_EVERY)

    def _seconds_left(self) -> float:
        return self._renewed_at + DURATION - self._clock()

    def _renew(self) -> None:
        now = self._tried_at = self._clock()
        record = Lease(owner=self._owner, renewed_at=now)
        self._store.put_bytes(paths.lease(self._owner), record.model_dump_json().encode())
        self._renewed_at = now


def _of_the_future(key: str, renewed_at: float) -> str:
    return (
        f"{key} was renewed at {iso(renewed_at)}, which is still to come; what its bot had in hand is taken over. "
        "Set the clocks of the machines that the bot runs on, or delete the object where somebody changed it."
    )
