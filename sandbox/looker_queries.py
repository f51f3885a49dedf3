"""Looker's SQL for a query of the explore verify/usage, in the form it has for Presto: filters, totals, pivots.

As in Looker, a field or a filter that the explore does not have is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

DIMENSIONS = {
    "usage.account_sid": "usage.account_sid ",
    "usage.service_sid": "usage.service_sid ",
    "usage.country_iso": "usage.country_iso ",
    "usage.mcc": "usage.mcc ",
    "usage.currency": "usage.currency ",
    "usage.usage_date": "(DATE_FORMAT(usage.usage_date , '%Y-%m-%d'))",
}
MEASURES = {
    "usage.total_amount": "COALESCE(SUM(usage.amount ), 0)",
    "usage.total_attempts": "COALESCE(SUM(usage.attempts ), 0)",
}
YESNO = {"usage.is_fraud": "usage.is_fraud "}

_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_YEAR = re.compile(r"(\d{4})")


class UnknownFilter(ValueError):
    """A filter expression that this Looker cannot read."""


def sql_of(query: Mapping[str, Any]) -> str:
    """The SQL of a query object. Raises UnknownFilter."""
    fields = [field for field in query.get("fields") or () if field in DIMENSIONS | MEASURES]
    pivots = [pivot for pivot in query.get("pivots") or () if pivot in fields]
    rows = _select(query, fields, order=not pivots)
    text = _pivoted(rows, fields, pivots, query) if pivots else f"{rows}{_limit(query)}"
    if query.get("total") or query.get("row_total") or query.get("subtotals"):
        measures = [field for field in fields if field in MEASURES]
        text += "\n\n-- sql for creating the total and/or determining pivot columns\n"
        text += f"{_select(query, measures, order=False)}\nLIMIT 1"
    return text


def _select(query: Mapping[str, Any], fields: list[str], *, order: bool) -> str:
    columns = ",\n".join(f'    {(DIMENSIONS | MEASURES)[field]} AS "{field}"' for field in fields)
    conditions = [found for name, value in (query.get("filters") or {}).items() if (found := _condition(name, value))]
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    grouped = sum(field in DIMENSIONS for field in fields)
    group = "\nGROUP BY\n    " + ",\n    ".join(map(str, range(1, grouped + 1))) if grouped else ""
    ordered = "\nORDER BY\n    1" if order and grouped else ""
    return f"SELECT\n{columns}\nFROM authy.verification_usage  AS usage{where}{group}{ordered}"


def _limit(query: Mapping[str, Any]) -> str:
    limit = str(query.get("limit") or 500)
    return "" if limit == "-1" else f"\nLIMIT {limit}"


def _pivoted(rows: str, fields: list[str], pivots: list[str], query: Mapping[str, Any]) -> str:
    by = ", ".join(f'CASE WHEN "{pivot}" IS NULL THEN 1 ELSE 0 END, "{pivot}"' for pivot in pivots)
    others = [field for field in fields if field in DIMENSIONS and field not in pivots]
    quoted = [f'"{field}"' for field in others]
    partition = f"PARTITION BY {', '.join(quoted)}" if others else ""
    order = ", ".join([*quoted, "z__pivot_col_rank"])
    columns = query.get("column_limit") or 50
    return (
        "SELECT * FROM (\n"
        "SELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) as z___pivot_row_rank, RANK() OVER (PARTITION BY "
        "z__pivot_col_rank ORDER BY z___min_rank) as z__pivot_col_ordering, CASE WHEN z___min_rank = z___rank THEN 1 "
        "ELSE 0 END AS z__is_highest_ranked_cell FROM (\n"
        f"SELECT *, MIN(z___rank) OVER ({partition}) as z___min_rank FROM (\n"
        f"SELECT *, RANK() OVER (ORDER BY {order}) AS z___rank FROM (\n"
        f"SELECT *, DENSE_RANK() OVER (ORDER BY {by}) AS z__pivot_col_rank FROM (\n"
        f"{rows}) ww\n) bb WHERE z__pivot_col_rank <= 16384\n) aa\n) xx\n) zz\n"
        f" WHERE (z__pivot_col_rank <= {columns} OR z__is_highest_ranked_cell = 1) AND (z___pivot_row_rank <= "
        f"{query.get('limit') or 500} OR z__pivot_col_ordering = 1) ORDER BY z___pivot_row_rank"
    )


def _condition(name: str, value: str) -> str:
    expression = str(value).strip()
    if not expression:
        return ""
    if name == "usage.usage_date":
        start, end = _window(expression)
        column = "( usage.usage_date )"
        return f"((({column} >= ((TIMESTAMP '{start}')) AND {column} < ((TIMESTAMP '{end}')))))"
    if name in YESNO:
        return f"({YESNO[name]})" if expression.lower() in ("yes", "true") else f"NOT COALESCE({YESNO[name]}, FALSE)"
    return _text_condition(f"({DIMENSIONS[name]})", expression) if name in DIMENSIONS else ""


def _text_condition(column: str, expression: str) -> str:
    wanted = [_quoted(item.strip()) for item in expression.split(",")]
    return f"{column} = {wanted[0]}" if len(wanted) == 1 else f"{column} IN ({', '.join(wanted)})"


def _quoted(text: str) -> str:
    return "'" + text.strip('"').replace("'", "''") + "'"


def _window(expression: str) -> tuple[date, date]:
    first, to, last = expression.partition(" to ")
    start, end = _period(first)
    return (start, _period(last)[0]) if to else (start, end)


def _period(text: str) -> tuple[date, date]:
    """The half-open range of days that a day, a month or a year is."""
    if found := _DAY.fullmatch(text.strip()):
        day = date(int(found[1]), int(found[2]), int(found[3]))
        return day, day + timedelta(days=1)
    if found := _MONTH.fullmatch(text.strip()):
        month = date(int(found[1]), int(found[2]), 1)
        return month, (month + timedelta(days=31)).replace(day=1)
    if found := _YEAR.fullmatch(text.strip()):
        return date(int(found[1]), 1, 1), date(int(found[1]) + 1, 1, 1)
    raise UnknownFilter(f"The sandbox's Looker knows no date filter {text!r}: give a day, a month, a year, or A to B.")
