"""Registers which request has a query in hand, so that the same query posted again is pointed to its thread."""

from __future__ import annotations

from collections.abc import Callable

from .. import paths
from ..executor import CreditResult
from ..looker.links import LookerLink
from ..state.records import LinkRecord, LinkState, Request
from ..state.state_manager import ClaimedMessage, StateManager, link_digest
from ..times import utc_date

RELATIVE_DATES = "relative_dates"


class LinkRegister:
    """A query is free again when its request failed, its answer is in no thread, or the day of an answer to relative
    dates is over. `clock`: seconds since 1970.
    """

    def __init__(self, state: StateManager, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    def claim(self, claimed: ClaimedMessage, request: Request, link: LookerLink, sql: str) -> LinkRecord | None:
        """Take a query in hand and return None; or return the record of the request that has it."""
        request.sql_digest = link_digest(link.canonical, sql)
        mine = _record(claimed, request, "running")
        today = utc_date(self._clock()).isoformat()
        return self._state.claim_link(request.sql_digest, mine, today, claimed.problems)

    def renew(self, claimed: ClaimedMessage, request: Request, link: LookerLink, sql: str) -> LinkRecord | None:
        """Let go the SQL that Looker gave before, and claim another as `claim` does."""
        if request.sql_digest is not None:
            self._state.update_link(request.sql_digest, _record(claimed, request, "failed"))
        return self.claim(claimed, request, link, sql)

    def finish(self, claimed: ClaimedMessage, request: Request, result: CreditResult | None) -> None:
        """Register how the request that has the query ended. result: what it was answered with, if it was."""
        if request.sql_digest is None or request.reply == "repeat":
            return
        mine = _record(claimed, request, "answered" if result and request.reply_ts else "failed")
        if result and any(flag["code"] == RELATIVE_DATES for flag in result.get("flags", [])):
            mine.only_on = paths.execution_date(result["execution_id"]).isoformat()
        self._state.update_link(request.sql_digest, mine)


def _record(claimed: ClaimedMessage, request: Request, state: LinkState) -> LinkRecord:
    return LinkRecord(
        channel=claimed.record.channel,
        ts=claimed.record.ts,
        request_key=request.key,
        execution_id=request.execution.execution_id if request.execution else None,
        state=state,
    )
