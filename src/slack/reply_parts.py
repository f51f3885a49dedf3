"""A result's facts and its breakdown by mode, in words and in columns. Pure; values are not escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ..executor import CreditResult, ModeRow
from .text import DASH

CENT = Decimal("0.01")
MAX_ROWS = 12
PHONE = 36
"""Characters of fixed width that a phone 360 pixels wide shows in a line of a thread."""


@dataclass(frozen=True)
class ModeTable:
    """The breakdown: aligned rows, narrow enough for a phone, and a sentence a mode."""

    rows: list[str]
    spoken: list[str]


def money(amount: float | Decimal | None) -> str:
    """USD with thousands separators and two digits: 4,948.80; a dash for None."""
    if amount is None:
        return DASH
    try:
        return f"{Decimal(str(amount)).quantize(CENT, ROUND_HALF_UP):,f}"
    except InvalidOperation:
        return DASH


def percent(rate: float | None) -> str:
    """A rate between 0 and 1 as 75 %; a dash for None."""
    return DASH if rate is None else f"{Decimal(str(rate)) * 100:.0f} %"


def days(first: str, last: str) -> str:
    """A window, both days in it."""
    return first if first == last else f"{first} to {last}"


def duration(seconds: float) -> str:
    """`2 min 10 s`, `45 s`."""
    whole = max(int(seconds), 0)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def facts(result: CreditResult) -> list[tuple[str, str]]:
    """The lines under the amount: name and value."""
    currency = result["currency"]
    found = [
        ("Account", result["account_name"] or ""),
        ("Account SID", result["account_sid"]),
        ("Parent account", _parent(result)),
        ("Window", days(result["fraud_start"], result["fraud_end"])),
        ("Only", _filters(result["scope"])),
        ("Charged for fraud", _charged(result)),
        ("MRR", f"{money(result['mrr'])} {currency}" if result["mrr"] is not None else "not known"),
    ]
    return [(name, value) for name, value in found if value]


def mode_table(result: CreditResult) -> ModeTable:
    """The breakdown by Fraud Guard mode, with a row for all where there are several."""
    rows = result["output_df"][:MAX_ROWS]
    cells = [_cells(row) for row in rows]
    if len(rows) != 1:
        cells.append(_total(result))
    return ModeTable(_aligned([("Mode", "Charged", "Credit", "Blocked"), *cells]), [_spoken(row) for row in rows])


def _parent(result: CreditResult) -> str:
    parent = result["parent_account_sid"]
    return "" if parent == result["account_sid"] else parent


def _filters(scope: dict[str, Any]) -> str:
    named = (("services", scope.get("services")), ("countries", scope.get("countries")), ("MCCs", scope.get("mccs")))
    return "; ".join(f"{name} {_some(values)}" for name, values in named if values)


def _some(values: Sequence[object]) -> str:
    more = f" and {len(values) - 8} more" if len(values) > 8 else ""
    return ", ".join(map(str, values[:8])) + more


def _charged(result: CreditResult) -> str:
    attempts = result["fraud_attempts"]
    if not attempts:
        return "nothing: the query found no fraud in this window"
    return f"{money(result['fraud_total'])} {result['currency']} for {attempts:,} attempts"


def _cells(row: ModeRow) -> tuple[str, str, str, str]:
    return row["mode"][:12], money(row["charged"]), money(row["credit"]), percent(row["block_rate"])


def _total(result: CreditResult) -> tuple[str, str, str, str]:
    summary = result["summary"]
    return "all", money(result["fraud_total"]), money(result["credit_amount"]), percent(summary.get("block_rate"))


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    gap = "  " if sum(widths) + 6 <= PHONE else " "
    return [
        gap.join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _spoken(row: ModeRow) -> str:
    return (
        f"{row['mode']}: {money(row['credit'])} of {money(row['charged'])} charged for {row['attempts']:,} attempts; "
        f"{row['blocked']:,} blocked ({percent(row['block_rate'])})"
    )
