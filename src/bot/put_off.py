"""Remembers the side effects that failed, and when each may be tried again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import Interrupted, StateConflict
from ..state.lease import LeaseLost

TAKE_OVER_PAUSE = 10.0
"""Seconds after which a call that may have been carried out shows in Slack or S3."""

Name = tuple[str, ...]
"""Names a side effect: channel, ts, request, side effect."""


class PutOff:
    """Kept in memory: a new tick tries each at once. `clock`: seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries: Counter[Name] = Counter()
        self._until: dict[Name, float] = {}

    @contextmanager
    def where_it_fails(self, *name: str) -> Iterator[None]:
        """Put off the side effect named if the block fails; the error is raised on."""
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
        """Return whether the last try failed."""
        return name in self._until

    def until(self, *name: str) -> float:
        """Return when it may be tried again, in seconds since 1970; 0 if it has not failed."""
        return self._until.get(name, 0.0)

    def times(self) -> list[float]:
        """Return when each may be tried again, in seconds since 1970."""
        return list(self._until.values())


def pause_after(tries: int) -> float:
    """Return seconds to wait: 5, 10, 20 … at most 300, of which a random half at most is taken off."""
    longest: float = min(300.0, 5.0 * 2 ** min(tries, 10))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 (jitter, not a secret)
