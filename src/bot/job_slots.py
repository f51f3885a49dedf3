"""Decides which messages may start a job next when more are ready than jobs may run at once. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

Key = tuple[str, str]
"""Channel and time stamp of a message."""


@dataclass(frozen=True)
class Share:
    """One message's jobs now; `ready`: it would start one now; `to_come`: it will, once its SQL is known."""

    key: Key
    jobs: int
    ready: bool
    to_come: bool = False


def may_start(most: int, shares: Iterable[Share]) -> Collection[Key]:
    """Return the messages that may start one job each now. most: jobs at once; shares: oldest message first.

    Messages under a quarter of `most` go first, oldest first; what these leave, now or in a moment, goes to those with
    the fewest jobs.
    """
    shares, quarter = list(shares), max(1, most // 4)
    free = max(0, most - sum(share.jobs for share in shares))
    within = [share for share in shares if share.jobs < quarter]
    first = [share.key for share in within if share.ready]
    kept = sum(1 for share in within if share.to_come and not share.ready)
    over = sorted((share for share in shares if share.ready and share.jobs >= quarter), key=lambda share: share.jobs)
    left = max(0, free - len(first) - kept)
    return {*first[:free], *[share.key for share in over][:left]}
