"""A result's facts and its breakdown by mode, in words and in columns. Pure; values are not escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import islice
from typing import Any, cast

from ..executor import CreditResult, ModeRow, is_number
from ..state.records import Understood
from .tables import MAX_COLUMNS, table
from .text import DASH, Block

CENT = Decimal("0.01")
MAX_ROWS = 12  # of the table
MAX_CELL = 24  # characters
MAX_NAME = 64  # characters
MAX_NAME_DIGITS = 4


@dataclass(frozen=True)
class Breakdown:
    """The notebook's table, and each row as a sentence under `title`; left_out: what the table does not show."""

    table: Block | None
    spoken: list[str]
    title: str
    left_out: str = ""


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


def currency_of(result: CreditResult) -> str:
    """The result's currency; USD if it names none."""
    return result.get("currency") or "USD"


def facts(result: CreditResult) -> list[tuple[str, str]]:
    """The lines under the amount: name and value, of what the notebook says."""
    found = [
        ("Account", _name(text_of(result, "account_name"))),
        ("Account SID", text_of(result, "account_sid")),
        ("Parent account", _parent(result)),
        ("Window", _window(result)),
        ("Only", only(result.get("scope"))),
        ("Charged for fraud", _charged(result)),
        ("MRR", _mrr(result)),
    ]
    return [(name, value) for name, value in found if value]


def only(scope: object) -> str:
    """The filters of a scope; "" if it has none, or is another notebook's own."""
    if not isinstance(scope, dict):
        return ""
    named = (("services", scope.get("services")), ("countries", scope.get("countries")), ("MCCs", scope.get("mccs")))
    return "; ".join(f"{name} {_some(values)}" for name, values in named if values and isinstance(values, list))


def understood_as(understood: Understood) -> str:
    """A claim in one line: account, window, filters, as far as they were read; "" if none was."""
    scope = understood.model_dump()
    parts = (understood.account_sid, _window(scope), only(scope))
    return ", ".join(part for part in parts if part)


def text_of(result: CreditResult, name: str) -> str:
    """A field of our profile; "" if it is no text: another notebook may use its name for anything."""
    found = result.get(name)
    return found if isinstance(found, str) else ""


def breakdown(result: CreditResult) -> Breakdown:
    """output_df; one of our notebook by Fraud Guard mode, with a row for all if there are several."""
    rows = result["output_df"][:MAX_ROWS]
    if not all(map(_is_mode_row, rows)) or "summary" not in result:
        return _any_table(rows, len(result["output_df"]))
    cells = [("Mode", "Charged", "Credit", "Blocked"), *(_cells(cast("ModeRow", row)) for row in rows)]
    bold = {0}
    if len(rows) != 1:
        bold.add(len(cells))
        cells.append(_total(result))
    spoken = [_spoken(cast("ModeRow", row)) for row in rows]
    return Breakdown(table(cells, right={1, 2, 3}, bold=bold), spoken, "By mode")


def _is_mode_row(row: dict[str, Any]) -> bool:
    numbers = ModeRow.__required_keys__ - {"mode", "block_rate", "provider_cost"}
    whole = row.keys() >= ModeRow.__required_keys__ and isinstance(row["mode"], str)
    return whole and all(is_number(row[name]) for name in numbers) and isinstance(row["block_rate"], int | float | None)


def _any_table(rows: Sequence[dict[str, Any]], whole: int) -> Breakdown:
    """The first columns that Slack takes; every value in the spoken rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = names[:MAX_COLUMNS]
    cells = [[_cell(name) for name in shown], *([_cell(row.get(name)) for name in shown] for row in rows)]
    numbers = {column for column, name in enumerate(shown) if _is_numeric([row.get(name) for row in rows])}
    more_rows = f"and {whole - len(rows)} more rows" if whole > len(rows) else ""
    more_columns = f"and {len(names) - len(shown)} more columns" if len(names) > len(shown) else ""
    spoken = [", ".join(f"{_cell(name)} {_cell(row[name])}" for name in row) or DASH for row in rows]
    return Breakdown(
        table(cells, right=numbers, bold={0}) if shown else None,
        [*spoken, *filter(None, [more_rows])],
        "Row",
        left_out=" ".join(filter(None, [more_rows, more_columns])),
    )


def _is_numeric(column: Sequence[object]) -> bool:
    """Whether all that stands in a column is numbers."""
    there = [value for value in column if value is not None]
    return bool(there) and all(map(is_number, there))


def _cell(value: object) -> str:
    words = " ".join(_words(value).split()) or DASH
    return words if len(words) <= MAX_CELL else f"{words[: MAX_CELL - 1]}…"


def _words(value: object) -> str:
    if value is None:
        return DASH
    if isinstance(value, float):
        return money(value) if 0.01 <= abs(value) < 1e15 or not value else f"{value:.2g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in islice(value.items(), MAX_CELL))
    return ", ".join(map(_words, value[:MAX_CELL])) if isinstance(value, list) else str(value)


def _name(name: str) -> str:
    """What looks like a customer's name: the warehouse may have anything there."""
    well = len(name) <= MAX_NAME and name.isprintable() and "@" not in name
    return name if well and sum(map(str.isdigit, name)) <= MAX_NAME_DIGITS else ""


def _window(result: Mapping[str, Any]) -> str:
    first, last = result.get("fraud_start"), result.get("fraud_end")
    return days(first, last) if first and last else f"from {first}" if first else f"to {last}" if last else ""


def _mrr(result: CreditResult) -> str:
    if "mrr" not in result:
        return ""
    mrr = result["mrr"]
    return "not known" if mrr is None else f"{money(mrr)} {currency_of(result)}"


def _parent(result: CreditResult) -> str:
    parent = text_of(result, "parent_account_sid")
    return "" if parent == result.get("account_sid") else parent


def _some(values: Sequence[object]) -> str:
    more = f" and {len(values) - 8} more" if len(values) > 8 else ""
    return ", ".join(map(str, values[:8])) + more


def _charged(result: CreditResult) -> str:
    total, attempts = result.get("fraud_total"), result.get("fraud_attempts")
    if attempts == 0 and total == 0:
        return "nothing: the query found no fraud in this window"
    if total is None:
        return ""
    return f"{money(total)} {currency_of(result)}" + (
        f" for {attempts:,} attempts" if attempts and is_number(attempts) else ""
    )


def _cells(row: ModeRow) -> tuple[str, str, str, str]:
    return row["mode"][:12], money(row["charged"]), money(row["credit"]), percent(row["block_rate"])


def _total(result: CreditResult) -> tuple[str, str, str, str]:
    summary = result.get("summary") or {}
    return "all", money(result.get("fraud_total")), money(result["credit_amount"]), percent(summary.get("block_rate"))


def _spoken(row: ModeRow) -> str:
    return (
        f"{row['mode']}: {money(row['credit'])} of {money(row['charged'])} charged for {row['attempts']:,} attempts; "
        f"{row['blocked']:,} blocked ({percent(row['block_rate'])})"
    )
