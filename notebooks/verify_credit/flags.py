"""What the calculation found doubtful, in words a reader can check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fractions import Fraction

from .claim import Claim, Flag
from .evidence import Evidence
from .fraud_guard import FraudGuard, InsideChange
from .policy import UNKNOWN
from .priced_rows import PricedRow

MOST_OF_ONE_CODE = 20
"""Flags of one code that a reader is shown."""


def flags_of(claim: Claim, evidence: Evidence, rows: tuple[PricedRow, ...], guard: FraudGuard) -> Iterator[Flag]:
    """Yield a calculation's flags: of each code at most MOST_OF_ONE_CODE, then one that counts those left out."""
    if not any(row.attempts for row in rows):
        yield Flag(
            "no_fraud",
            f"No fraud attempts from {claim.fraud_start} to {claim.fraud_end}: nothing to credit. Check that "
            "account and dates of the link are the ones meant.",
        )
    yield from _unknown_mode(rows)
    yield from _bounded(_changes_inside_days(rows, guard))
    yield from _bounded(_averaged(rows))
    yield from _bounded(_no_cost(rows))
    yield from _bounded(_unknown_mccs(rows, evidence))


def usd(amount: Fraction) -> str:
    """`1,801.58 USD`, for texts."""
    return f"{float(amount):,.2f} USD"


def _bounded(flags: Iterable[Flag]) -> Iterator[Flag]:
    every = list(flags)
    yield from every[:MOST_OF_ONE_CODE]
    if len(every) > MOST_OF_ONE_CODE:
        left_out = len(every) - MOST_OF_ONE_CODE
        yield Flag(every[0].code, f"... and {left_out} more of this kind.")


def _unknown_mode(rows: tuple[PricedRow, ...]) -> Iterator[Flag]:
    unknown = [row for row in rows if row.mode == UNKNOWN]
    if unknown:
        yield Flag(
            "mode_unknown",
            f"No Fraud Guard setting covers {_days(unknown)}: {sum(row.attempts for row in unknown):,} attempts, "
            f"{usd(_charged(unknown))}, get no credit until somebody has reviewed them.",
        )


def _changes_inside_days(rows: tuple[PricedRow, ...], guard: FraudGuard) -> Iterator[Flag]:
    groups: dict[tuple[date, str, tuple[str, ...]], list[InsideChange]] = {}
    services = sorted({row.service_sid for row in rows}, key=str)
    for change in guard.changes_inside_days(services):
        groups.setdefault((change.day, change.counted_as, change.later), []).append(change)
    for (day, mode, later), changes in sorted(groups.items()):
        changed = {change.service_sid for change in changes}
        amount = _charged(row for row in rows if row.day == day and row.service_sid in changed)
        yield Flag(
            "changed_inside_day",
            f"Fraud Guard changed inside {day} (UTC) from {mode} to {', then '.join(later)}: the whole day counts as "
            f"{mode}, with {usd(amount)} of it. Check how much of that came after the change.",
        )


def _averaged(rows: tuple[PricedRow, ...]) -> Iterator[Flag]:
    for place, members in _by(rows, lambda row: row.place if row.averaged else None):
        yield Flag(
            "cost_averaged",
            f"{place}: no provider cost of its own and no default of the country on {_days(members)}; the mean of the "
            f"country's costs was taken for {sum(row.attempts for row in members):,} attempts. Check what was paid "
            "there.",
        )


def _no_cost(rows: tuple[PricedRow, ...]) -> Iterator[Flag]:
    for place, members in _by(rows, lambda row: row.place if row.provider_cost is None else None):
        modes = ", ".join(sorted({row.mode for row in members}))
        yield Flag(
            "cost_unknown",
            f"{place}: no provider cost on {_days(members)}, so that of mode {modes} is unknown; the credit does not "
            "depend on it.",
        )


def _unknown_mccs(rows: tuple[PricedRow, ...], evidence: Evidence) -> Iterator[Flag]:
    for place, members in _by(rows, lambda row: None if row.mcc in evidence.known_mccs else row.place):
        yield Flag(
            "mcc_unknown",
            f"{place} is not in verify.mcc_codes: {usd(_charged(members))} of it stay in all sums. Check that the code "
            "is right.",
        )


def _by(rows: Iterable[PricedRow], key: Callable[[PricedRow], str | None]) -> list[tuple[str, list[PricedRow]]]:
    """Group rows by key, sorted; leave out those with the key None."""
    groups: dict[str, list[PricedRow]] = {}
    for row in rows:
        group = key(row)
        if group is not None:
            groups.setdefault(group, []).append(row)
    return sorted(groups.items())


def _charged(rows: Iterable[PricedRow]) -> Fraction:
    return sum((row.charged for row in rows), Fraction(0))


def _days(rows: Iterable[PricedRow]) -> str:
    days = sorted({row.day for row in rows})
    return str(days[0]) if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
