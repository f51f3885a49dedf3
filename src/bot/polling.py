"""Decides when a tick looks at Slack, at open messages, at its jobs' results and statuses. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ..execution.base_executor import STATUS_EVERY
from ..state.records import Request

Look = Literal["slack", "open", "results", "status"]

RESULT_EVERY = 1.0
"""Seconds: an answer waits for this look; it is one HEAD a job."""
SETTLE_EVERY = 1.0
"""Seconds between two statuses while an answered request waits for its job's end."""
SLACK_EVERY = 20.0
"""Seconds: conversations.history may be called about 50 times a minute by a whole workspace's app."""
OPEN_EVERY = 60.0
"""Seconds: another bot's lease runs out after 120."""


class LookTimes:
    """When each look was last made; times are seconds since 1970."""

    def __init__(self) -> None:
        self._looked_at: dict[Look, float] = {}

    def due_at(self, look: Look, requests: Iterable[Request]) -> float:
        """Return when a look is due; at once if it was never made. requests: those in hand."""
        return self._looked_at.get(look, float("-inf")) + _seconds_between(look, requests)

    def note(self, look: Look, now: float) -> None:
        """Note that a look was made."""
        self._looked_at[look] = now


def is_settling(request: Request) -> bool:
    """Return whether a request is answered and its job's end is not known yet."""
    return request.state == "answered" and request.awaits_end


def has_job(request: Request) -> bool:
    """Return whether a request's job may have news: it runs, or its end is awaited."""
    return is_settling(request) or (request.state == "running" and request.awaits_end)


def _seconds_between(look: Look, requests: Iterable[Request]) -> float:
    """Return the seconds between two looks: a status is polled every second while an end is awaited."""
    if look == "status":
        return SETTLE_EVERY if any(map(is_settling, requests)) else STATUS_EVERY
    return {"slack": SLACK_EVERY, "results": RESULT_EVERY, "open": OPEN_EVERY}[look]
