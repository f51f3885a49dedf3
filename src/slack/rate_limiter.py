"""Slack takes about one post a second in a channel: whoever wants to post waits for its turn here.

https://docs.slack.dev/apis/web-api/rate-limits/
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class RateLimiter:
    """Spaces posts to one channel by `interval` seconds; 0 lets all through."""

    def __init__(self, interval: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def wait(self, channel: str) -> None:
        """Return when it is this caller's turn; turns are given in the order they are asked for."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(channel, 0.0))
            self._free_at[channel] = turn + self._interval
        if turn > now:
            self._sleep(turn - now)

    def reserve_if_free(self, channel: str) -> bool:
        """Reserve the next turn if nobody waits for one; return whether it was free. For what may be said later."""
        with self._lock:
            now = self._clock()
            if now < self._free_at.get(channel, 0.0):
                return False
            self._free_at[channel] = now + self._interval
            return True
