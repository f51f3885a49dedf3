"""Keeps posts to the rate that Slack takes: about one a second in a channel.

https://docs.slack.dev/apis/web-api/rate-limits/
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class RateLimiter:
    """Spaces posts to one channel by `interval` seconds; 0 does not space them."""

    def __init__(self, interval: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def wait(self, channel: str) -> None:
        """Wait for this caller's turn; turns come in the order of the calls."""
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
