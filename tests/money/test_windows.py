"""The window that date filters leave: Looker's shapes, what others write, and 400 at random counted by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.schema import MappingSchema
from verify_credit.claim import Claim
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import read_claim

from sandbox.presto.dialect import as_presto_means
from tests.money.date_filters import FIRST, HEAD, LAST, TODAY, counted, filters, read
from tests.money.ledger import AS_OF

CASES = Path(__file__).with_name("cases")
WEEK = f"DATE_TRUNC('DAY', DATE_ADD('day', (0 - MOD((DAY_OF_WEEK({TODAY}) % 7) - {{}} + 7, 7)), {TODAY}))"
MONDAY, SUNDAY = WEEK.format(1), WEEK.format(0)


def claim_of(text: str) -> Claim:
    return read_claim(HEAD + text, as_of=AS_OF)


def from_to(first: str, after: str) -> str:
    return f"((( usage_date ) >= (({first})) AND ( usage_date ) < (({after}))))"


def days(claim: Claim) -> tuple[str, str]:
    return claim.fraud_start.isoformat(), claim.fraud_end.isoformat()


@pytest.mark.parametrize("name", ["one_digit_month", "or_of_adjacent_months", "week_filter_last_week"])
def test_a_real_sql_has_the_window_that_stands_above_it(name: str) -> None:
    sql = (CASES / f"{name}.sql").read_text()
    [expected] = re.findall(r"window ([0-9-]+)\.\.([0-9-]+)", sql)
    assert days(read_claim(sql, as_of=AS_OF)) == expected


QUARTER = f"DATE_ADD('month', -15, DATE_TRUNC('QUARTER', DATE_TRUNC('QUARTER', {TODAY})))"
YEAR = f"DATE_ADD('year', -1, DATE_TRUNC('YEAR', {TODAY}))"
NEW_YEAR = "CAST('2025-01-01 00:00:00' AS TIMESTAMP)"
LAST_SECONDS = "DATE_ADD('second', -29, NOW())"
# IN_LOOKER: github ns-wkao/query-rewrite-custom, src/test/resources/test_cases/temporal/temporal_…
REAL = [
    # IN_LOOKER 037_looker_filter_last_4_weeks_match/query.sql
    ("last 4 weeks", from_to(f"DATE_ADD('week', -3, {MONDAY})", f"DATE_ADD('week', 4, DATE_ADD('week', -3, {MONDAY}))"),
     "2025-12-22", "2026-01-18"),
    # github tobymao/sqlglot, tests/dialects/test_duckdb.py: how Looker nests a week's beginning; here Sunday
    ("5 weeks ago, from Sunday", from_to(f"(DATE_ADD('week', -5, {SUNDAY}))", f"DATE_ADD('week', -4, {SUNDAY})"),
     "2025-12-07", "2025-12-13"),
    # IN_LOOKER 039_looker_filter_last_6_quarters_match/query.sql
    ("last 6 quarters", from_to(QUARTER, f"DATE_ADD('month', 18, DATE_TRUNC('QUARTER', {QUARTER}))"),
     "2024-10-01", "2026-03-31"),
    # IN_LOOKER 038_looker_filter_last_3_months_match/query.sql, and the same of years
    ("last 2 years", from_to(YEAR, f"DATE_ADD('year', 2, {YEAR})"), "2025-01-01", "2026-12-31"),
    # IN_LOOKER 041_looker_filter_asia_custom_range_no_match/query.sql: two filters, one with minutes
    ("days and a range with minutes",
     from_to(f"DATE_ADD('day', -6, {TODAY})", f"DATE_ADD('day', 7, DATE_ADD('day', -6, {TODAY}))")
     + " AND (((CAST(usage_date AS TIMESTAMP)) >= (TIMESTAMP '2026-01-10 03:30') "
     "AND (CAST(usage_date AS TIMESTAMP)) < (TIMESTAMP '2026-01-13 16:30')))", "2026-01-11", "2026-01-13"),
    # IN_LOOKER 036_looker_filter_last_30_seconds_no_match/query.sql
    ("last 30 seconds", from_to(LAST_SECONDS, f"DATE_ADD('second', 30, {LAST_SECONDS})"),
     "2026-01-15", "2026-01-15"),
    # github spothero/dbt_demo, dbt_demo/models/pipegen/pg_competitive_rate_segment_performance_presto.sql: plain days
    ("a week of plain days",
     from_to("DATE_ADD('week', -1, DATE_TRUNC('DAY', DATE_ADD('day', (0 - MOD((DAY_OF_WEEK(CAST(NOW() AS DATE)) % 7) "
             "- 1 + 7, 7)), CAST(NOW() AS DATE))))", "CAST(NOW() AS DATE)"), "2026-01-05", "2026-01-14"),
    # github apache/superset, tests/unit_tests/db_engine_specs/test_athena.py
    ("ISO text, with Z and without",
     from_to("from_iso8601_timestamp('2025-07-01T00:00:00.000000')", "from_iso8601_timestamp('2025-08-01T00:00:00Z')"),
     "2025-07-01", "2025-07-31"),
    # page "CUR Query Library Help", AWS Well-Architected Labs: six months after a moment
    ("CASTs and an interval", from_to(NEW_YEAR, f"{NEW_YEAR} + INTERVAL '6' month"), "2025-01-01", "2025-06-30"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "first", "last"), [case[1:] for case in REAL], ids=[case[0] for case in REAL])
def test_a_shape_found_elsewhere_has_its_window(text: str, first: str, last: str) -> None:
    assert days(claim_of(text)) == (first, last)


JULY = "(usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-08-01')"
SEPTEMBER = "usage_date BETWEEN DATE '2025-09-01' AND DATE '2025-09-30'"
WITH_GAPS = [
    (f"({JULY} OR ({SEPTEMBER}))", "leaves out 2025-08-01 to 2025-08-31,"),
    ("usage_date IN (DATE '2025-07-01', DATE '2025-07-03', DATE '2025-7-4')", "leaves out 2025-07-02,"),
    (
        f"usage_date IN ({', '.join(f'DATE {chr(39)}2025-07-{day:02}{chr(39)}' for day in range(1, 12, 2))})",
        "leaves out 2025-07-02, 2025-07-04, 2025-07-06 and 2 more,",
    ),
    (
        (
            "usage_date IN (DATE '2025-07-01', DATE '2025-07-02', DATE '2025-07-05') "
            "AND usage_date IN (DATE '2025-07-01', DATE '2025-07-05')"
        ),
        "leaves out 2025-07-02 to 2025-07-04,",
    ),
]


@pytest.mark.parametrize(("text", "words"), WITH_GAPS)
def test_a_window_with_gaps_is_refused_and_the_gaps_are_named(text: str, words: str) -> None:
    with pytest.raises(ClaimError) as raised:
        claim_of(text)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("unit", "last"),
    [("second", "2025-08-01"), ("minute", "2025-08-01"), ("hour", "2025-07-31"), ("day", "2025-07-31")],
)
def test_a_moment_is_cut_down_to_its_unit_and_the_last_day_is_the_one_before_it(unit: str, last: str) -> None:
    end = f"DATE_TRUNC('{unit}', TIMESTAMP '2025-08-01 00:30:00')"
    assert days(claim_of(from_to("DATE '2025-07-01'", end))) == ("2025-07-01", last)


@pytest.mark.parametrize(("unit", "number"), [("second", 86400), ("minute", 1440), ("hour", 24), ("day", 1)])
def test_a_days_worth_of_each_unit_is_a_day(unit: str, number: int) -> None:
    for more, last in ((0, "2025-07-31"), (1, "2025-08-01")):
        end = f"DATE_ADD('{unit}', {number + more}, TIMESTAMP '2025-07-31 00:00:00')"
        assert days(claim_of(from_to("DATE '2025-07-01'", end))) == ("2025-07-01", last)


@pytest.mark.parametrize(
    ("number", "later"),
    [
        ("(-1) / 1", -1),
        ("(-1) / (-1)", 1),
        ("1 / (-1)", -1),
        ("(-7) / 2", -3),
        ("7 / (-2)", -3),
        ("MOD(-1, 1)", 0),
        ("MOD(-7, 2)", -1),
        ("MOD(7, -2)", 1),
        ("(-1) % 2", -1),
    ],
)
def test_a_division_is_cut_off_towards_zero_and_its_rest_has_the_sign_of_what_was_divided(
    number: str, later: int
) -> None:
    day = (date(2025, 7, 10) + timedelta(days=later)).isoformat()
    assert days(claim_of(f"usage_date = DATE_ADD('day', {number}, DATE '2025-07-10')")) == (day, day)


def test_a_gap_that_another_filter_cuts_off_is_none() -> None:
    assert days(claim_of(f"({JULY} OR {SEPTEMBER}) AND usage_date < DATE '2025-08-15'")) == ("2025-07-01", "2025-07-31")


REFUSED = [
    ("a filter beside the dates", f"({JULY} AND mcc = '621' OR {SEPTEMBER})", "which a claim cannot hold"),
    ("is_fraud in one half", f"(({JULY} AND is_fraud) OR usage_date = DATE '2025-08-01')", "which a claim cannot hold"),
    ("an OR of nothing but truth", f"({JULY} OR 1 = 1)", "which a claim cannot hold"),
    ("an OR that is open", f"({JULY} OR usage_date > DATE '2025-07-15')", "names no last day"),
    ("an OR with IS NULL", f"({JULY} OR usage_date IS NULL)", "which a claim cannot hold"),
    ("NULL in a list", "usage_date IN (DATE '2025-07-01', NULL)", "NULL"),
    ("no day of a list", "usage_date IN (TIMESTAMP '2025-07-01 10:00:00')", "No day is 2025-07-01 10:00:00"),
    ("days that exclude each other", f"{JULY} AND {SEPTEMBER}", "begins 2025-09-01 and ends before 2025-08-01"),
    ("a day that ends before it begins", "usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-07-01'",
     "begins 2025-07-01 and ends before 2025-07-01"),
    ("no day in two lists", "usage_date IN (DATE '2025-07-01', DATE '2025-07-05') AND usage_date = DATE '2025-07-03'",
     "no day is in all"),
    ("another zone", "usage_date >= TIMESTAMP '2025-07-01 00:00:00 +02:00'", "has a time zone"),
    ("a zone by name", "usage_date >= TIMESTAMP '2025-07-01 00:00:00 Europe/London'", "has a time zone"),
    ("another zone in ISO text", "usage_date >= from_iso8601_timestamp('2025-07-01T00:00-07:00')", "has a time zone"),
    ("a T in a literal", "usage_date >= TIMESTAMP '2025-07-01T00:00:00Z'", "cannot be read"),
    ("text for a date", "usage_date >= '2025-07-01'", "text '2025-07-01' for a date"),
    ("a day that Presto takes for a year", "usage_date >= from_iso8601_date('20250701')", "cannot be read"),
    ("a cast to another type", "usage_date >= CAST('2025-07-01' AS VARCHAR)", "CAST('2025-07-01' AS VARCHAR)"),
    ("a cast to hundredths of seconds", "usage_date >= CAST('2025-07-01' AS TIMESTAMP(2))", "TIMESTAMP(2)"),
    ("a time in a date", "usage_date >= DATE '2025-07-01 10:00:00'", "cannot be read"),
    ("a cast that is NULL to Presto", "usage_date >= TRY_CAST('2025-07-01 10:00:00' AS DATE)", "cannot be read"),
    ("a day with more beside it", "usage_date >= DATE('2025-07-01', 'UTC')", "DATE('2025-07-01', 'UTC')"),
    ("a format without a year", "usage_date >= date_parse('01', '%d')", "cannot be read"),
    ("one field twice", "usage_date >= date_parse('2025 1 1', '%Y %d %d')", "cannot be read"),
    ("two digits of a year", "usage_date >= date_parse('25-07-01', '%y-%m-%d')", "cannot be read"),
    ("text that DATE_FORMAT never writes", "DATE_FORMAT(usage_date, '%Y-%m') >= '2025-7'", "which a claim cannot hold"),
    ("a name of a month", "DATE_FORMAT(usage_date, '%M') = 'July'", "which a claim cannot hold"),
    ("hours on a date", "usage_date >= DATE_ADD('hour', 1, DATE '2025-07-01')", "DATE_ADD"),
    ("hours of an interval on a date", "usage_date >= CURRENT_DATE - INTERVAL '1' HOUR", "INTERVAL"),
    ("a unit without quotes", "usage_date >= DATE_ADD(month, -1, CURRENT_DATE)", "without a unit in quotes"),
    ("a unit of several parts", "usage_date >= DATE_TRUNC('mon' || 'th', NOW())", "without a unit in quotes"),
    ("an interval of weeks", "usage_date >= CURRENT_DATE - INTERVAL '1' WEEK", "INTERVAL"),
    ("a step by a unit that is none", "usage_date >= DATE_ADD('decade', -1, CURRENT_DATE)", "DATE_ADD('decade'"),
    ("a cut to a unit that is none", "usage_date >= DATE_TRUNC('decade', CURRENT_DATE)", "DATE_TRUNC('decade'"),
    ("half a number in a cast", "usage_date >= DATE_ADD('day', CAST('1.5' AS INTEGER), CURRENT_DATE)", "'1.5'"),
    ("a number for a formatted month", "DATE_FORMAT(usage_date, '%Y-%m') >= 202507", "which a claim cannot hold"),
    ("text of no month", "DATE_FORMAT(usage_date, '%Y-%m') >= 'July'", "which a claim cannot hold"),
    ("a number too large", "usage_date >= DATE_ADD('day', 1000000, CURRENT_DATE)", "1000000"),
    ("a product too large", "usage_date >= DATE_ADD('day', 999999 * 999999, CURRENT_DATE)", "999999 * 999999"),
    ("one too large on the way", "usage_date >= DATE_ADD('day', 1000 * 1000 - 999999, CURRENT_DATE)", "1000 * 1000"),
    ("a rest of nothing", "usage_date >= DATE_ADD('day', MOD(1, 0), CURRENT_DATE)", "cannot be read"),
    ("a number of a row", "usage_date >= DATE_ADD('day', attempts, CURRENT_DATE)", "attempts"),
    ("a day of a row", "usage_date >= DATE_ADD('day', -DAY_OF_WEEK(usage_date), CURRENT_DATE)", "usage_date"),
    ("half a number", "usage_date >= DATE_ADD('day', 1.5, CURRENT_DATE)", "1.5"),
    ("a number in quotes", "usage_date >= DATE_ADD('day', '1', CURRENT_DATE)", "'1'"),
    ("after the last day there is", "usage_date > DATE '9999-12-31'", "names no last day"),
    ("two that are none", "usage_date >= TIMESTAMP '9999-12-31 10:00:00' AND usage_date < DATE '2025-07-01'",
     "window is empty"),
    ("beyond the calendar", "usage_date >= DATE_ADD('year', 99999, CURRENT_DATE)", "out of range"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_window_to_presto_and_us_alike_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ClaimError) as raised:
        claim_of(text)
    assert words in str(raised.value)
    assert raised.value.advice


def test_a_fraction_of_a_millisecond_is_cut_off_as_presto_does() -> None:
    claim = claim_of("usage_date >= TIMESTAMP '2025-07-01 00:00:00.0009' AND usage_date < DATE '2025-07-03'")
    assert (days(claim), claim.flags) == (("2025-07-01", "2025-07-02"), ())


def test_400_filters_at_random_have_the_windows_that_duckdb_counts() -> None:
    some = filters()
    windows, predicates = zip(*(read(one) for one in some), strict=True)

    counts = counted(predicates, _Calendar().ask)

    differing = [
        (one.text, ours, theirs) for one, ours, theirs in zip(some, windows, counts, strict=True) if ours != theirs
    ]
    assert (len(set(some)), differing) == (400, [])


class _Calendar:
    """A table of days in DuckDB, asked in Presto's SQL."""

    def __init__(self) -> None:
        self._schema = MappingSchema({"memory": {"authy": {"calendar": {"usage_date": "DATE"}}}}, dialect="duckdb")
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("CREATE SCHEMA authy")
        self._connection.execute(
            "CREATE TABLE authy.calendar AS SELECT CAST(day AS DATE) AS usage_date "
            f"FROM range(DATE '{FIRST}', DATE '{LAST}' + INTERVAL 1 DAY, INTERVAL 1 DAY) AS days (day)"
        )

    def ask(self, sql: str) -> Mapping[str, Any]:
        statement = sqlglot.parse_one(sql, read="presto")
        assert isinstance(statement, exp.Query)
        meant = as_presto_means(statement, self._schema, "memory", "authy")
        cursor = self._connection.execute(meant.sql(dialect="duckdb"))
        [row] = cursor.fetchall()
        return dict(zip((column[0] for column in cursor.description), row, strict=True))
