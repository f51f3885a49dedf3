"""Sums what executions cost, estimated from their jobs' times, with the month's forecast and the fixed costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .. import paths, prices
from ..config import Settings
from .columns import COLUMNS, is_refused, seconds, usd
from .reader import Record

PACE_DAYS = 30
"""Days whose costs the month's forecast goes on with."""


@dataclass
class Sum:
    """Executions, the hours of their jobs and their estimated USD; `unpriced`: how many have no estimate.

    refused: claims that no job was started for, which cost nothing.
    """

    executions: int = 0
    refused: int = 0
    hours: float = 0.0
    usd_estimate: float = 0.0
    unpriced: int = 0

    def add(self, record: Record) -> None:
        """Add an execution."""
        if is_refused(record):
            self.refused += 1
            return
        amount = usd(record)
        self.executions += 1
        self.hours += (seconds(record) or 0.0) / 3600
        self.usd_estimate += amount or 0.0
        self.unpriced += amount is None

    def as_json(self) -> dict[str, float]:
        """Return the figures; hours and USD rounded to 4 places."""
        return {
            "executions": self.executions,
            "refused": self.refused,
            "hours": round(self.hours, 4),
            "usd_estimate": round(self.usd_estimate, 4),
            "unpriced": self.unpriced,
        }


def _day(record: Record) -> date:
    return paths.execution_date(record["execution_id"])


KEYS: dict[str, Callable[[Record], Any]] = {
    "day": _day,
    "requester": COLUMNS["requester"].of,
    "account": COLUMNS["account_sid"].of,
}


def first_day_needed(first: date, today: date) -> date:
    """Return the earliest day that a report from `first` on needs: for the month, and for the pace of its forecast."""
    return min(first, today.replace(day=1), today - timedelta(days=PACE_DAYS))


def cost_report(records: Sequence[Record], first: date, last: date, today: date, settings: Settings) -> dict[str, Any]:
    """Make the report of `runs cost` from the records from `first_day_needed` on."""
    wanted = [record for record in records if first <= _day(record) <= last]
    return {
        "since": first.isoformat(),
        "until": last.isoformat(),
        **{f"by_{name}": _sums(wanted, name) for name in KEYS},
        "total": _sum(wanted).as_json(),
        "month": _month(records, today),
        "fixed": prices.fixed_costs(settings),
        "prices_as_of": prices.PRICES_AS_OF,
    }


def _sums(records: Iterable[Record], name: str) -> list[dict[str, Any]]:
    """Order days by date, everything else by cost, the dearest first."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[str(KEYS[name](record) or "unknown")].append(record)
    rows = [{name: group, **_sum(members).as_json()} for group, members in groups.items()]
    return sorted(rows, key=lambda row: row["day"] if name == "day" else (-row["usd_estimate"], row[name]))


def _sum(records: Iterable[Record]) -> Sum:
    total = Sum()
    for record in records:
        total.add(record)
    return total


def _month(records: Iterable[Record], today: date) -> dict[str, Any]:
    """Return what this month's jobs have cost so far, and will have cost by its end at the last days' pace."""
    first = today.replace(day=1)
    left = ((first + timedelta(days=32)).replace(day=1) - today).days - 1
    recent = [record for record in records if today - timedelta(days=PACE_DAYS) <= _day(record) < today]
    so_far = _sum(record for record in records if first <= _day(record) <= today).usd_estimate
    days = max(((today - min(map(_day, recent))).days if recent else 0), 1)
    pace = _sum(recent).usd_estimate / days if recent else so_far
    return {
        "month": f"{today:%Y-%m}",
        "so_far_usd_estimate": round(so_far, 4),
        "usd_a_day_estimate": round(pace, 4),
        "forecast_usd_estimate": round(so_far + pace * left, 4),
    }
