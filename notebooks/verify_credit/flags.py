"""What the calculation found doubtful, in words a reader can check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fractions import Fraction

from .claim import Claim, Flag
from .days import FraudGuard, InsideChange
from .evidence import Evidence
from .lines import Line
from .policy import UNKNOWN

MOST_OF_ONE_CODE = 20


def flags_of(claim: Claim, evidence: Evidence, lines: tuple[Line, ...], guard: FraudGuard) -> Iterator[Flag]:
    """The flags of a calculation, at most MOST_OF_ONE_CODE of a code, the last saying how many were left out."""
    if not any(line.attempts for line in lines):
        yield Flag(
            "no_fraud",
            f"No fraud attempts from {claim.fraud_start} to {claim.fraud_end}: nothing to credit. Check that "
            "account and dates of the link are the ones meant.",
        )
    yield from _unknown_mode(lines)
    yield from _bounded(_changes_inside_days(lines, guard))
    yield from _bounded(_averaged(lines))
    yield from _bounded(_no_cost(lines))
    yield from _bounded(_unknown_mccs(lines, evidence))


def usd(amount: Fraction) -> str:
    """`1,801.58 USD`, for texts."""
    return f"{float(amount):,.2f} USD"


def _bounded(flags: Iterable[Flag]) -> Iterator[Flag]:
    every = list(flags)
    yield from every[:MOST_OF_ONE_CODE]
    if len(every) > MOST_OF_ONE_CODE:
        left_out = len(every) - MOST_OF_ONE_CODE
        yield Flag(every[0].code, f"... and {left_out} more of this kind.")


def _unknown_mode(lines: tuple[Line, ...]) -> Iterator[Flag]:
    unknown = [line for line in lines if line.mode == UNKNOWN]
    if unknown:
        yield Flag(
            "mode_unknown",
            f"No Fraud Guard setting covers {_days(unknown)}: {sum(line.attempts for line in unknown):,} attempts, "
            f"{usd(_charged(unknown))}, get no credit until somebody has reviewed them.",
        )


def _changes_inside_days(lines: tuple[Line, ...], guard: FraudGuard) -> Iterator[Flag]:
    groups: dict[tuple[date, str, tuple[str, ...]], list[InsideChange]] = {}
    services = sorted({line.service_sid for line in lines}, key=str)
    for change in guard.changes_inside_days(services):
        groups.setdefault((change.day, change.counted_as, change.later), []).append(change)
    for (day, mode, later), changes in sorted(groups.items()):
        changed = {change.service_sid for change in changes}
        amount = _charged(line for line in lines if line.day == day and line.service_sid in changed)
        yield Flag(
            "changed_inside_day",
            f"Fraud Guard changed inside {day} (UTC) from {mode} to {', then '.join(later)}: the whole day counts as "
            f"{mode}, with {usd(amount)} of it. Check how much of that came after the change.",
        )


def _averaged(lines: tuple[Line, ...]) -> Iterator[Flag]:
    for place, members in _by(lines, lambda line: line.place if line.averaged else None):
        yield Flag(
            "cost_averaged",
            f"{place}: no provider cost of its own and no default of the country on {_days(members)}; the mean of the "
            f"country's costs was taken for {sum(line.attempts for line in members):,} attempts. Check what was paid "
            "there.",
        )


def _no_cost(lines: tuple[Line, ...]) -> Iterator[Flag]:
    for place, members in _by(lines, lambda line: line.place if line.provider_cost is None else None):
        modes = ", ".join(sorted({line.mode for line in members}))
        yield Flag(
            "cost_unknown",
            f"{place}: no provider cost on {_days(members)}, so that of mode {modes} is unknown; the credit does not "
            "depend on it.",
        )


def _unknown_mccs(lines: tuple[Line, ...], evidence: Evidence) -> Iterator[Flag]:
    for place, members in _by(lines, lambda line: None if line.mcc in evidence.known_mccs else line.place):
        yield Flag(
            "mcc_unknown",
            f"{place} is not in verify.mcc_codes: {usd(_charged(members))} of it stay in all sums. Check that the code "
            "is right.",
        )


def _by(lines: Iterable[Line], key: Callable[[Line], str | None]) -> list[tuple[str, list[Line]]]:
    """Lines by key, sorted; those with the key None left out."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        group = key(line)
        if group is not None:
            groups.setdefault(group, []).append(line)
    return sorted(groups.items())


def _charged(lines: Iterable[Line]) -> Fraction:
    return sum((line.charged for line in lines), Fraction(0))


def _days(lines: Iterable[Line]) -> str:
    days = sorted({line.day for line in lines})
    return str(days[0]) if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
