"""Steps after an answer that failed: each is put behind the others, and not tried again before its time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import Interrupted, StateConflict
from ..state.lease import LeaseLost

TAKE_OVER_PAUSE = 10.0
"""Seconds after which what may have been carried out can be found outside."""

Name = tuple[str, ...]
"""Of a message's step: channel, ts, request, step."""


class PutOff:
    """In memory: a new tick tries each at once. clock: seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries: Counter[Name] = Counter()
        self._until: dict[Name, float] = {}

    @contextmanager
    def where_it_fails(self, *name: str) -> Iterator[None]:
        """What is done here is put off where it fails; whatever it raised goes on."""
        try:
            yield
        except (StateConflict, LeaseLost, Interrupted):
            raise
        except Exception:
            self._until[name] = self._clock() + max(TAKE_OVER_PAUSE, pause_after(self._tries[name]))
            self._tries[name] += 1
            raise
        self._until.pop(name, None)

    def __contains__(self, name: Name) -> bool:
        """Whether its last try failed."""
        return name in self._until

    def until(self, *name: str) -> float:
        """When it may be tried again; 0 where it has not failed."""
        return self._until.get(name, 0.0)

    def times(self) -> list[float]:
        """When each may be tried again."""
        return list(self._until.values())


def pause_after(tries: int) -> float:
    """Growing and jittered: 5, 10, 20 ... at most 300 seconds, half of it by chance."""
    longest: float = min(300.0, 5.0 * 2 ** min(tries, 10))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 (jitter, not a secret)
