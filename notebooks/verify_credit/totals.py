"""Control totals: amount and attempts as the Looker query itself gives them, held against the warehouse's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .claim import Claim
from .errors import DataError
from .rows import Row, Values

AMOUNT_NAMES = (
    "amount",
    "total_amount",
    "sum_amount",
    "sum_of_amount",  # Looker names a custom measure so
    "amount_usd",
    "total_amount_usd",
    "sum_of_amount_usd",
    "fraud_amount",
    "charged",
)
ATTEMPTS_NAMES = (
    "attempts",
    "total_attempts",
    "sum_attempts",
    "sum_of_attempts",
    "fraud_attempts",
    "verification_attempts",
)
_HALF_A_CENT = Fraction(1, 200)
_ADVICE = "Open the query in Looker and look at that row: amount and attempts must be plain sums."


@dataclass(frozen=True)
class Totals:
    """Sums over the whole scope; `amount` in USD."""

    amount: Fraction
    attempts: int


def control_totals(claim: Claim, rows: Sequence[Values]) -> Totals:
    """The totals of the Looker query's rows.

    Raises DataError for an answer as long as the LIMIT, a column that is missing or there twice, and values that are no
    amounts or counts.
    """
    _refuse_cut_off(claim, len(rows))
    if not rows:
        return Totals(Fraction(0), 0)
    amount, attempts = _column(rows[0], AMOUNT_NAMES), _column(rows[0], ATTEMPTS_NAMES)
    if _is_empty_sum(rows, amount, attempts):
        return Totals(Fraction(0), 0)
    numbered = [Row("Looker query", number, values, advice=_ADVICE) for number, values in enumerate(rows, start=1)]
    lines = [_line(row, amount, attempts) for row in numbered]
    return Totals(sum((line.amount for line in lines), Fraction(0)), sum(line.attempts for line in lines))


def check_totals(claim: Claim, control: Totals, warehouse: Totals) -> None:
    """Raises DataError, naming both, unless amounts agree to the cent and attempts exactly."""
    if abs(control.amount - warehouse.amount) < _HALF_A_CENT and control.attempts == warehouse.attempts:
        return
    raise DataError(
        f"The Looker query's totals are {_text(control)}, those of authy.verification_usage for the same scope "
        f"({claim.account_sid}, {claim.fraud_start} to {claim.fraud_end}) {_text(warehouse)}.",
        "Look for a join that multiplies or drops rows, or a filter outside of WHERE, in the Looker query; its amount "
        "and attempts must be plain sums.",
    )


def _refuse_cut_off(claim: Claim, count: int) -> None:
    if claim.limit is not None and count >= claim.limit:
        raise DataError(
            f"The Looker query returned {count} rows, its LIMIT: the answer may be cut off.",
            f"Raise the row limit in Looker above {claim.limit}, or take the LIMIT out, and post the new link.",
        )


def _column(values: Values, names: tuple[str, ...]) -> str:
    """The column whose last part is one of the names; the earlier name wins."""
    for name in names:
        found = [column for column in values if column.rsplit(".", 1)[-1].strip().lower() == name]
        if len(found) > 1:
            raise DataError(
                f"The Looker query has several columns for {names[0]}: {', '.join(found)}.",
                f"Keep one of them, or name the right one {names[0]}.",
            )
        if found:
            return found[0]
    raise DataError(
        f"The Looker query has no column {names[0]} (or {', '.join(names[1:])}); it returned {', '.join(values)}.",
        f"Add the sum of {names[0]} to the Looker query under that name.",
    )


def _is_empty_sum(rows: Sequence[Values], amount: str, attempts: str) -> bool:
    """Return whether this is SQL's sum over no rows: one row of NULL."""
    return len(rows) == 1 and rows[0].get(amount) is None and rows[0].get(attempts) in (None, 0, "0")


def _line(row: Row, amount: str, attempts: str) -> Totals:
    line = Totals(row.amount(amount), row.count(attempts))
    if line.amount and not line.attempts:
        raise row.refuse(attempts, "is 0, its amount is not")
    return line


def _text(totals: Totals) -> str:
    return f"{float(totals.amount):,.4f} USD and {totals.attempts:,} attempts"
