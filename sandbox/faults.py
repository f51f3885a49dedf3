"""Faults: one vocabulary for every service, chosen by service, operation, origin and path, seeded where by chance.

refuse      the connection is reset before anything is done
drop        the work is done, then the connection is reset without an answer
delay       `seconds` pass before the work is done
throttle    the service's own "too many requests"
error_5xx   the service's own server error
status      the service's own refusal with the given `status` (409, 412, 403, ...), `says` in its own words; Slack
            refuses with status 200, and `says` is its code
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Kind = Literal["refuse", "drop", "delay", "throttle", "error_5xx", "status"]


@dataclass(frozen=True)
class Fault:
    """What to do wrong, and to which calls. `service`, `operation`, `origin` and `path` are globs.

    holds: only calls whose body holds this text (`"blocks"`: Slack's messages that have some);
    probability: share of the selected calls that fail (a seeded sequence: the same seed, the same calls);
    in_a_row: how often one call may fail in succession, whatever other calls come between;
    nth: only the nth selected call, counted from 1; skip: leave the first ones alone; count: fail at most so many;
    seconds: the length of a delay, or the Retry-After of a throttle; status: the HTTP status of kind "status";
    says: the refusal's message, where it is not the usual one (AWS and Slack).
    """

    kind: Kind
    service: str = "*"
    operation: str = "*"
    origin: str = "*"
    path: str = "*"
    holds: str = ""
    probability: float = 1.0
    seed: int = 0
    in_a_row: int | None = None
    nth: int | None = None
    skip: int = 0
    count: int | None = None
    seconds: float = 1.0
    status: int = 500
    says: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"There is no fault {self.kind!r}: use one of {', '.join(get_args(Kind))}.")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"A probability lies between 0 and 1, not at {self.probability}.")

    def selects(self, service: str, operation: str, origin: str, path: str) -> bool:
        """Whether this fault is about such a call."""
        return (
            fnmatchcase(service, self.service)
            and fnmatchcase(operation, self.operation)
            and fnmatchcase(origin, self.origin)
            and fnmatchcase(path, self.path)
        )


@dataclass
class _Armed:
    fault: Fault
    chance: random.Random
    seen: int = 0
    struck: int = 0
    rows: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def strikes(self, *call: str) -> bool:
        self.seen += 1
        fault = self.fault
        chosen = self.chance.random() < fault.probability and self.rows[call] != fault.in_a_row
        if fault.nth is not None and self.seen != fault.nth:
            return False
        if self.seen <= fault.skip or (fault.count is not None and self.struck >= fault.count):
            return False
        self.struck += chosen
        self.rows[call] = self.rows[call] + 1 if chosen else 0
        return chosen


@dataclass
class Faults:
    """The faults that are switched on. Thread-safe; costs nothing while there are none."""

    _armed: dict[int, _Armed] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: int = 0

    def add(self, kind: Kind, **options: Any) -> int:
        """Switch a fault on; answers its number. Raises TypeError or ValueError for options that make no sense."""
        fault = Fault(kind, **options)
        with self._lock:
            self._last += 1
            self._armed[self._last] = _Armed(fault, random.Random(fault.seed))
            return self._last

    def remove(self, number: int) -> None:
        """Switch one fault off."""
        with self._lock:
            self._armed.pop(number, None)

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._armed.clear()

    def list(self) -> list[dict[str, Any]]:
        """Each fault with the calls it has seen and struck."""
        with self._lock:
            return [
                {"number": number, "seen": armed.seen, "struck": armed.struck, **asdict(armed.fault)}
                for number, armed in self._armed.items()
            ]

    def strike(
        self, service: str, operation: str, origin: str, path: str, body: Callable[[], bytes] = bytes
    ) -> Fault | None:
        """The fault this call meets, or None. The platform's own calls meet none."""
        if not self._armed or origin == "platform":
            return None
        with self._lock:
            for armed in self._armed.values():
                fault = armed.fault
                selected = fault.selects(service, operation, origin, path)
                if not selected or (fault.holds and fault.holds.encode() not in body()):
                    continue
                if armed.strikes(service, operation, path):
                    return fault
        return None
