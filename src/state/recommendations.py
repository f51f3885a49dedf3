"""What was recommended for an account before: what its index says of each, and which are named beside another. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .. import paths
from ..executor import CreditResult, is_account
from ..untrusted_text import UntrustedText

NEAR_DAYS = 31
"""At most so many days lie between two windows that are told of together; windows that overlap or adjoin have none."""
MAX_SHOWN = 5
"""Earlier recommendations that an answer names; it sums them all."""
MAX_VALUES = 200
"""Values kept of each filter: a SQL may hold thousands."""

Window = tuple[date, date]
"""First and last day, both in it."""


class IndexEntry(BaseModel):
    """One recommendation of an account, answered in a thread; a filter is None where there was none, or none kept."""

    model_config = ConfigDict(defer_build=True)

    execution_id: str
    account_sid: str
    fraud_start: date | None
    fraud_end: date | None
    credit_amount: Annotated[float, Field(allow_inf_nan=False)]
    currency: str
    channel: str
    ts: str
    services: list[UntrustedText] | None = None
    countries: list[UntrustedText] | None = None
    mccs: list[UntrustedText] | None = None

    @property
    def key(self) -> str:
        """Where in the index it belongs."""
        last = self.window[1].isoformat() if self.window else None
        return paths.account_index(self.account_sid, last, self.execution_id)

    @property
    def window(self) -> Window | None:
        """None where it is not known: a company's own notebook need not say."""
        first, last = self.fraud_start, self.fraud_end
        return (first, last) if first and last and first <= last else None

    @property
    def filters(self) -> dict[str, list[str] | None]:
        """What of the account it is for."""
        return {"services": self.services, "countries": self.countries, "mccs": self.mccs}


class Earlier(BaseModel):
    """What an answer says of the account's earlier recommendations, saved before it is posted: then it stays so.

    entry: the key of the one that says it; None where no index has it. count: all whose windows are near this one's,
    those without a window among them; sums: of all of these, by currency, as decimal text; window_known: whether this
    one's is, else all of the account's are counted; unreadable: how many entries could not be read, and are in neither;
    latest: at most MAX_SHOWN, the latest first.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid")

    entry: str | None = None
    count: int = 0
    sums: dict[str, str] = Field(default_factory=dict)
    window_known: bool = True
    without_window: int = 0
    unreadable: int = 0
    latest: list[IndexEntry] = Field(default_factory=list)


def are_near(one: Window | None, other: Window | None) -> bool:
    """Whether two windows overlap, adjoin, or have at most NEAR_DAYS days between them; one not known may be any."""
    if one is None or other is None:
        return True
    return (max(one[0], other[0]) - min(one[1], other[1])).days - 1 <= NEAR_DAYS


def told_of(entry: IndexEntry, found: Iterable[IndexEntry], unreadable: int = 0) -> Earlier:
    """Count and sum, for the answer of `entry`, the entries found that are near its window."""
    near = [one for one in found if are_near(one.window, entry.window)]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in near:
        sums[one.currency] += Decimal(str(one.credit_amount))
    return Earlier(
        entry=entry.key,
        count=len(near),
        sums={currency: f"{sums[currency]:.2f}" for currency in sorted(sums)},
        window_known=entry.window is not None,
        without_window=sum(one.window is None for one in near),
        unreadable=unreadable,
        latest=sorted(near, key=lambda one: one.execution_id, reverse=True)[:MAX_SHOWN],
    )


def is_indexed(result: CreditResult) -> bool:
    """Whether a result is entered in its account's index: it says the account's SID."""
    return is_account(result.get("account_sid") or "")


def has_window(result: CreditResult) -> bool:
    """Whether a result says its first and its last day."""
    return bool(result.get("fraud_start") and result.get("fraud_end"))


def index_entry(channel: str, ts: str, result: CreditResult) -> IndexEntry:
    """What the account index says of a result that was answered in this thread."""
    scope = result.get("scope")
    kept = scope if isinstance(scope, dict) else {}  # another notebook may call anything so
    return IndexEntry(
        execution_id=result["execution_id"],
        account_sid=result.get("account_sid") or "",
        fraud_start=_day(result.get("fraud_start")),
        fraud_end=_day(result.get("fraud_end")),
        credit_amount=result["credit_amount"],
        currency=result.get("currency") or "USD",
        channel=channel,
        ts=ts,
        services=_values(kept.get("services")),
        countries=_values(kept.get("countries")),
        mccs=_values(kept.get("mccs")),
    )


def _day(text: str | None) -> date | None:
    """None for a day that the calendar does not have: another notebook's dates have the form alone."""
    with suppress(ValueError):
        return date.fromisoformat(text) if text else None
    return None


def _values(named: object) -> list[str] | None:
    return [str(value)[:100] for value in named[:MAX_VALUES]] if isinstance(named, list) and named else None
