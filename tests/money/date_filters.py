"""400 date filters as Looker and its authors write them, always the same; their windows are counted by two engines.

Shapes adapted from SQL that Looker made for Presto, Athena and Trino: see test_windows.py for the sources.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from verify_credit.looker_sql import read_claim

from tests.money.ledger import ACCOUNT

FIRST, LAST = date(2011, 1, 1), date(2028, 12, 31)
"""The days of the calendar that the engines filter."""
HEAD = f"SELECT usage_date FROM authy.verification_usage WHERE account_sid = '{ACCOUNT}' AND is_fraud AND "
TODAY = "CAST(CAST(DATE_TRUNC('DAY', NOW()) AS DATE) AS TIMESTAMP)"
Window = tuple[int, str, str]
"""How many days; the first and the last."""


class Filter(NamedTuple):
    """One filter, and the day it is run on."""

    kind: str
    text: str
    as_of: date


def filters(number: int = 400, seed: int = 18) -> list[Filter]:
    """So many, no two the same, of all kinds in turn."""
    kinds, chosen = itertools.cycle(KINDS), random.Random(seed)
    found: dict[Filter, None] = {}
    while len(found) < number:
        found[_filter(next(kinds), chosen)] = None
    return list(found)


def read(one: Filter) -> tuple[Window, str]:
    """The window that our reader finds; the filter as it is run."""
    claim = read_claim(HEAD + one.text, as_of=one.as_of)
    window = (claim.end - claim.start).days, claim.fraud_start.isoformat(), claim.fraud_end.isoformat()
    return window, claim.sql_as_run.partition(" AND is_fraud AND ")[2]


def counted(predicates: Sequence[str], ask: Callable[[str], Mapping[str, Any]], batch: int = 40) -> list[Window]:
    """The windows that an engine counts in authy.calendar; `ask` gives the one row that answers a query."""
    found: list[Window] = []
    for start in range(0, len(predicates), batch):
        some = predicates[start : start + batch]
        inner = ", ".join(f"({predicate}) AS p{place}" for place, predicate in enumerate(some))
        outer = ", ".join(
            f"COUNT_IF(p{n}) AS n{n}, MIN(IF(p{n}, usage_date)) AS a{n}, MAX(IF(p{n}, usage_date)) AS z{n}"
            for n in range(len(some))
        )
        row = ask(f"WITH days AS (SELECT usage_date, {inner} FROM authy.calendar) SELECT {outer} FROM days")
        found += [(int(row[f"n{n}"]), str(row[f"a{n}"]), str(row[f"z{n}"])) for n in range(len(some))]
    return found


def _filter(kind: str, chosen: random.Random) -> Filter:
    as_of = date(2020, 1, 1) + timedelta(days=chosen.randrange(2500))
    if chosen.random() < 0.2:  # where months end and leap days are
        as_of = chosen.choice([date(2024, 2, 29), date(2023, 3, 31), date(2025, 12, 31), date(2021, 1, 3)])
    return Filter(kind, KINDS[kind](chosen, as_of), as_of)


# What the kinds are made of


def _between(first: str, after: str) -> str:
    return f"((( usage_date ) >= (({first})) AND ( usage_date ) < (({after}))))"


def _some_back(unit: str, begin: str, chosen: random.Random, most: int, step: int = 1) -> str:
    """`n UNITs ago for m UNITs`, as Looker nests it."""
    back = chosen.randrange(most)
    first = f"DATE_ADD('{unit}', -{back * step}, {begin})"
    return _between(first, f"DATE_ADD('{unit}', {chosen.randint(1, back + 1) * step}, {first})")


def _day(chosen: random.Random, as_of: date) -> date:
    return as_of - timedelta(days=chosen.randrange(800))


def _plain(day: date) -> str:
    """One-digit months and days stay so."""
    return f"{day.year}-{day.month}-{day.day}"


def _week(begins: int, today: str) -> str:
    """`begins`: 0 is Sunday."""
    return f"DATE_TRUNC('DAY', DATE_ADD('day', (0 - MOD((DAY_OF_WEEK({today}) % 7) - {begins} + 7, 7)), {today}))"


def _weeks(chosen: random.Random, _as_of: date) -> str:
    today = chosen.choice([TODAY, "CAST(NOW() AS DATE)", "CURRENT_DATE"])
    return _some_back("week", _week(chosen.randrange(7), today), chosen, 60)


def _quarters(chosen: random.Random, _as_of: date) -> str:
    return _some_back("month", f"DATE_TRUNC('QUARTER', DATE_TRUNC('QUARTER', {TODAY}))", chosen, 8, step=3)


def _fiscal_quarters(chosen: random.Random, _as_of: date) -> str:
    offset = chosen.choice([-2, -1, 1, 2])
    begin = f"DATE_ADD('month', {offset}, DATE_TRUNC('QUARTER', DATE_ADD('month', {-offset}, {TODAY})))"
    return _some_back("month", begin, chosen, 8, step=3)


def _to_date(chosen: random.Random, _as_of: date) -> str:
    unit = chosen.choice(["YEAR", "QUARTER", "MONTH", "WEEK"])
    after = chosen.choice(["DATE_ADD('second', 1, DATE_TRUNC('SECOND', NOW()))", "DATE_TRUNC('HOUR', NOW())"])
    return f"usage_date >= DATE_TRUNC('{unit}', NOW()) AND usage_date <= {after}"


def _on(chosen: random.Random, as_of: date) -> str:
    """A day, month or year, spelled out."""
    unit, day = chosen.choice(["day", "month", "year"]), _day(chosen, as_of)
    first = day.replace(month=1, day=1) if unit == "year" else day.replace(day=1) if unit == "month" else day
    return _between(f"TIMESTAMP '{first}'", f"DATE_ADD('{unit}', 1, TIMESTAMP '{first}')")


def _one_digit(chosen: random.Random, as_of: date) -> str:
    first = _day(chosen, as_of)
    last = first + timedelta(days=chosen.randrange(200))
    kind = chosen.choice(["TIMESTAMP", "DATE"])
    return f"date(usage_date) >= ({kind} '{_plain(first)}') and date(usage_date) <= (TIMESTAMP '{_plain(last)}')"


def _utc(chosen: random.Random, as_of: date) -> str:
    first = _day(chosen, as_of)
    forms = [
        "from_iso8601_timestamp('{}T00:00:00Z')",
        "from_iso8601_timestamp('{}T00:00:00.000+00:00')",
        "TIMESTAMP '{} 00:00:00 UTC'",
        "TIMESTAMP '{} 00:00:00Z'",
        "CAST('{} 00:00:00 +00:00' AS TIMESTAMP)",
    ]
    after = first + timedelta(days=chosen.randint(1, 200))
    return _between(chosen.choice(forms).format(first), chosen.choice(forms).format(after))


def _range(chosen: random.Random, as_of: date) -> str:
    first = _day(chosen, as_of)
    last = first + timedelta(days=chosen.randrange(200))
    forms = ["DATE '{}'", "DATE('{}')", "date_parse('{}', '%Y-%m-%d')", "from_iso8601_date('{}')"]
    low, high = (chosen.choice(forms).format(day) for day in (first, last))
    return chosen.choice([f"usage_date BETWEEN {low} AND {high}", f"{low} <= usage_date AND {high} >= usage_date"])


def _time_of_day(chosen: random.Random, as_of: date) -> str:
    first = _day(chosen, as_of)
    after = first + timedelta(days=chosen.randint(3, 90))
    low, high = chosen.choice([">", ">="]), chosen.choice(["<", "<="])
    hour = chosen.randrange(24)
    return (
        f"CAST(usage_date AS TIMESTAMP) {low} DATE_ADD('hour', {hour}, TIMESTAMP '{first}') "
        f"AND usage_date {high} TIMESTAMP '{after} {hour:02}:30:00.0004'"
    )


def _intervals(chosen: random.Random, _as_of: date) -> str:
    unit, number = chosen.choice(["DAY", "MONTH", "YEAR"]), chosen.randint(1, 4)
    first = f"CURRENT_DATE - INTERVAL '{number}' {unit} * 2"
    return f"usage_date > {first} AND usage_date <= CURRENT_DATE - INTERVAL '1' DAY"


def integer(chosen: random.Random, depth: int) -> str:
    """A whole number from an expression with each operator and sign in it."""
    if depth == 0:
        part = chosen.choice(["DAY_OF_WEEK", "DAY_OF_MONTH", "MONTH", "QUARTER", "DAY_OF_YEAR", "WEEK"])
        by_name = chosen.choice([f"{part}(CURRENT_DATE)", f"EXTRACT({part} FROM NOW())"])
        return chosen.choice([str(chosen.randint(0, 40)), f"(-{chosen.randint(1, 40)})", by_name])
    left, right, by = integer(chosen, depth - 1), integer(chosen, depth - 1), chosen.choice([2, 3, 7, -4])
    forms = ["({l} + {r})", "({l} - {r})", "MOD({l}, {by})", "({l} % ({by}))", "({l} / ({by}))", "-({l}) * 2 - {r}"]
    return chosen.choice(forms).format(l=left, r=right, by=by)


def _computed(chosen: random.Random, _as_of: date) -> str:
    first = f"DATE_ADD('day', MOD({integer(chosen, 2)}, 200) - 200, CURRENT_DATE)"
    return _between(first, f"DATE_ADD('week', {chosen.randint(1, 9)}, {first})")


def _cut(chosen: random.Random, as_of: date) -> str:
    """The column itself cut to months, or written as text."""
    first = _day(chosen, as_of).replace(day=1)
    last = (first + timedelta(days=31 * chosen.randint(1, 6))).replace(day=1)
    return chosen.choice(
        [
            f"(DATE_FORMAT(usage_date , '%Y-%m')) BETWEEN '{first:%Y-%m}' AND '{last:%Y-%m}'",
            f"(DATE_FORMAT(usage_date , '%Y-%m-%d')) BETWEEN '{first}' AND '{last}'",
            f"DATE_TRUNC('month', usage_date) >= DATE '{first}' AND DATE_TRUNC('month', usage_date) < DATE '{last}'",
            f"DATE_TRUNC('week', usage_date) > DATE '{first}' AND DATE_TRUNC('quarter', usage_date) <= DATE '{last}'",
            f"DATE_TRUNC('year', CAST(usage_date AS TIMESTAMP)) = DATE '{first.year}-01-01'",
        ]
    )


def _listed(chosen: random.Random, as_of: date) -> str:
    first = _day(chosen, as_of)
    days = [first + timedelta(days=n) for n in range(chosen.randint(1, 9))]
    chosen.shuffle(days)
    if chosen.random() < 0.5:
        listed = ", ".join(f"DATE '{day}'" for day in days)
        return f"usage_date IN ({listed})"
    return _any(f"usage_date = TIMESTAMP '{day}'" for day in days)


def _months(chosen: random.Random, as_of: date) -> str:
    """Several months chosen at once, in any order."""
    first = _day(chosen, as_of).replace(day=1)
    months = [f"DATE_ADD('month', {n}, TIMESTAMP '{first}')" for n in range(chosen.randint(2, 6))]
    chosen.shuffle(months)
    return _any(_between(month, f"DATE_ADD('month', 1, {month})") for month in months)


def _overlapping(chosen: random.Random, as_of: date) -> str:
    """ORs that overlap, one of which is empty, and an AND that cuts them."""
    day = _day(chosen, as_of)
    spans, start = [f"(usage_date > DATE '{day}' AND usage_date < DATE '{day}')"], day
    for _ in range(chosen.randint(2, 4)):
        after = start + timedelta(days=chosen.randint(2, 60))
        spans.append(_between(f"DATE '{start}'", f"DATE '{after}'"))
        start = after - timedelta(days=chosen.randrange(2))
    chosen.shuffle(spans)
    return f"{_any(spans)} AND usage_date >= DATE '{day + timedelta(days=1)}'"


def _any(parts: Iterable[str]) -> str:
    return f"({' OR '.join(parts)})"


KINDS: dict[str, Callable[[random.Random, date], str]] = {
    "days": lambda chosen, _: _some_back("day", TODAY, chosen, 400),
    "weeks of any start day": _weeks,
    "months": lambda chosen, _: _some_back("month", f"DATE_TRUNC('MONTH', {TODAY})", chosen, 24),
    "quarters": _quarters,
    "fiscal quarters": _fiscal_quarters,
    "years": lambda chosen, _: _some_back("year", f"DATE_TRUNC('YEAR', {TODAY})", chosen, 3),
    "a period to date": _to_date,
    "a day, month or year": _on,
    "one-digit dates": _one_digit,
    "UTC": _utc,
    "a range": _range,
    "a time of day": _time_of_day,
    "intervals": _intervals,
    "computed numbers": _computed,
    "the column cut": _cut,
    "days in a list": _listed,
    "months chosen": _months,
    "ORs that overlap": _overlapping,
}
