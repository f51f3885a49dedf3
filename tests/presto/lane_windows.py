"""What our reader computes from dates is what the real Presto does: windows, texts and whole numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlglot
from verify_credit.errors import QueryFailed
from verify_credit.looker_sql.dates import moment
from verify_credit.looker_sql.integers import whole

from sandbox.client import Sandbox
from tests.money.date_filters import FIRST, LAST, counted, filters, integer, read
from tests.presto.real import Real

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def calendar(real_box: Sandbox) -> Iterator[Real]:
    """With a table of days."""
    real_box.reset()
    real_box.presto.execute(
        sql="CREATE TABLE hive.authy.calendar AS SELECT day AS usage_date FROM "
        f"UNNEST(SEQUENCE(DATE '{FIRST}', DATE '{LAST}', INTERVAL '1' DAY)) AS days (day)"
    )
    yield Real(real_box)
    real_box.reset()


def row_of(real: Real, sql: str) -> dict[str, Any]:
    """The one row that answers it. A warehouse of its own: one that was refused asks no more."""
    [row] = real.warehouse(attempts=1).run_all({"asked": sql})["asked"].rows
    return dict(row)


def test_400_filters_at_random_have_the_windows_that_presto_counts(calendar: Real) -> None:
    some = filters()
    windows, predicates = zip(*(read(one) for one in some), strict=True)

    counts = counted(predicates, lambda sql: row_of(calendar, sql))

    differing = [one for one, ours, theirs in zip(some, windows, counts, strict=True) if ours != theirs]
    assert (len(counts), differing) == (400, [])


def test_whole_numbers_are_divided_and_signed_as_presto_does(calendar: Real) -> None:
    """CURRENT_DATE and NOW() are the same day to both here."""
    chosen = random.Random(7)
    written = [
        integer(chosen, 3).replace("CURRENT_DATE", "DATE '2024-02-29'").replace("NOW()", "TIMESTAMP '2021-01-03'")
        for _ in range(150)
    ]
    ours = [whole(sqlglot.parse_one(one, read="presto"), moment) for one in written]

    row = row_of(calendar, "SELECT " + ", ".join(f"{one} AS n{place}" for place, one in enumerate(written)))

    assert [row[f"n{place}"] for place in range(len(written))] == ours
    assert min(ours) < 0 < max(ours)


TEXTS = [
    "TIMESTAMP '2025-7-31'", "TIMESTAMP '2025-7-3 1:2:3'", "TIMESTAMP '2025-07-03 01:02'", "DATE '2025-7-1'",
    "DATE ' 2025-07-01 '", "TIMESTAMP '2025-07-03 01:02:03.123456789'", "TIMESTAMP '2025-07-03 01:02:03Z'",
    "TIMESTAMP '2025-07-03 01:02:03 UTC'", "TIMESTAMP '2025-07-03 01:02:03 GMT'", "TIMESTAMP '2025-7-3 Z'",
    "TIMESTAMP '2025-07-03 01:02:03.1 +00:00'", "TIMESTAMP '2025-07-03 01:02:03-00:00'",
    "CAST('2025-7-1' AS TIMESTAMP)",
    "CAST('2025-07-01 23:00:00 UTC' AS TIMESTAMP WITH TIME ZONE)", "CAST('2025-07-01 00:00 Z' AS TIMESTAMP)",
    "from_iso8601_date('2025-7-1')", "from_iso8601_timestamp('2025-07-01')", "from_iso8601_timestamp('2025-07-01T')",
    "from_iso8601_timestamp('2025-07-01T1:2:3Z')", "from_iso8601_timestamp('2025-07-01T10:11:12.1234567+00:00')",
    "date_parse('2025-7-1', '%Y-%m-%d')", "date_parse('20250701', '%Y%m%d')", "date_parse('2025-07', '%Y-%m')",
    "date_parse('2025-07-01T00:01:02Z', '%Y-%m-%dT%H:%i:%sZ')", "date_parse('1/7/2025 5', '%e/%c/%Y %k')",
    "DATE_TRUNC('second', TIMESTAMP '2025-07-01 01:02:03.9')", "CAST(DATE '2025-07-01' AS TIMESTAMP WITH TIME ZONE)",
    "DATE '2025-01-31' + INTERVAL '2' MONTH * 3", "DATE '2025-01-31' - 2 * INTERVAL '24' HOUR",
    "LAST_DAY_OF_MONTH(TIMESTAMP '2024-02-10 10:00:00')", "DATE_ADD('quarter', -MOD(5, -3), DATE '2025-05-31')",
]  # fmt: skip


def test_dates_written_in_every_form_are_the_moments_that_presto_reads(calendar: Real) -> None:
    ours = [moment(sqlglot.parse_one(one, read="presto")).replace(tzinfo=None) for one in TEXTS]

    columns = ", ".join(f"CAST({one} AS TIMESTAMP) AS t{place}" for place, one in enumerate(TEXTS))
    row = row_of(calendar, f"SELECT {columns}")

    theirs = [datetime.fromisoformat(str(row[f"t{place}"])) for place in range(len(TEXTS))]
    assert list(zip(TEXTS, theirs, strict=True)) == list(zip(TEXTS, ours, strict=True))


@pytest.mark.parametrize(
    "expression",
    [
        "TIMESTAMP '2025-07-01T00:00:00Z'",
        "'2025-07-01'",
        "DATE '2025-07-01 10:00:00'",
        "DATE_ADD('hour', 1, DATE '2025-07-01')",
        "DATE '2025-07-01' - INTERVAL '1' HOUR",
        "DATE '2025-07-01' - INTERVAL '1' WEEK",
        "DATE_ADD('day', '1', DATE '2025-07-01')",
        "DATE_ADD('day', 1.5, DATE '2025-07-01')",
        "DATE_ADD('day', MOD(1, 0), DATE '2025-07-01')",
    ],
)
def test_what_is_refused_is_refused_by_presto_too(calendar: Real, expression: str) -> None:
    with pytest.raises(QueryFailed):
        row_of(calendar, f"SELECT COUNT(*) AS n FROM authy.calendar WHERE usage_date >= {expression}")


def test_what_presto_reads_otherwise_than_it_looks_is_what_we_refuse(calendar: Real) -> None:
    row = row_of(calendar, "SELECT YEAR(from_iso8601_date('20250701')) AS y, YEAR(date_parse('01', '%d')) AS d")
    assert row == {"y": 20250701, "d": 2000}
