"""Slack's rate limits: about a post a second in a channel, fifty histories and fifty reactions a minute."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Limits:
    """Token buckets by method and subject; off until switched on. Not locked: its world's lock guards it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}
        self.on = False
        self.posts_per_second = 1.0
        self.per_minute = 50.0
        self.refused = 0

    def admit(self, method: str, channel: str) -> int:
        """Admit a call and return 0, or refuse it and return the whole seconds until it is allowed (Retry-After)."""
        if not self.on:
            return 0
        if method in ("chat.postMessage", "files.completeUploadExternal"):
            return self._take((method, channel), self.posts_per_second, burst=2.0)
        if method in ("conversations.history", "conversations.replies", "reactions.add", "reactions.remove"):
            return self._take(method, self.per_minute / 60, burst=self.per_minute)
        return 0

    def _take(self, name: Hashable, rate: float, burst: float) -> int:
        now = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        self.refused += 1
        return max(1, math.ceil((1 - bucket.tokens) / rate))

    def clear(self) -> None:
        """Forget what was used."""
        self._buckets.clear()
        self.refused = 0
