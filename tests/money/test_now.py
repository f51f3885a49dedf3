"""Which words of a SQL are the day of the execution, and which only look so."""

from __future__ import annotations

from datetime import date

import pytest
from verify_credit.looker_sql.authors_text import Text
from verify_credit.looker_sql.now import without_now
from verify_credit.looker_sql.parsing import DIALECT

DAY, MOMENT = "DATE '2026-01-15'", "TIMESTAMP '2026-01-15 00:00:00'"


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ("NOW()", MOMENT),
        ("now ( )", MOMENT),
        ("CURRENT_TIMESTAMP", MOMENT),
        ("CURRENT_TIMESTAMP(3)", MOMENT),
        ("LOCALTIMESTAMP", MOMENT),
        ("CURRENT_DATE", DAY),
        ("current_date - 1", f"{DAY} - 1"),
        ("NOW", "NOW"),
        ("'NOW()'", "'NOW()'"),
        ('"CURRENT_DATE"', '"CURRENT_DATE"'),
        ('"current_timestamp"', '"current_timestamp"'),
        ("u.current_date", "u.current_date"),
        ("current_date.u", "current_date.u"),
        ("u.now()", "u.now()"),
        ("NOW(), CURRENT_DATE", f"{MOMENT}, {DAY}"),
    ],
)
def test_now_and_its_like_become_the_day_of_the_execution(written: str, run: str) -> None:
    sql = f"SELECT {written} FROM t"
    edits = without_now(DIALECT.tokenize(sql), date(2026, 1, 15))
    assert Text(sql, tuple(edits)).as_run == f"SELECT {run} FROM t"
