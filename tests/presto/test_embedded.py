"""The embedded Presto where DuckDB would answer otherwise. `make test-presto` holds it against the real one."""

from __future__ import annotations

from typing import Any

import pytest
from verify_credit.errors import QueryFailed
from verify_credit.looker_sql import Session, read_claim
from verify_credit.totals import Totals, control_totals

from sandbox.warehouse import OTHER_ACCOUNT_SID
from tests.canary import CARD
from tests.money.ledger import AS_OF
from tests.money.shapes import ACCEPTED, DAILY
from tests.presto.conftest import Server

HONEST = f"FROM verification_usage WHERE account_sid = '{OTHER_ACCOUNT_SID}'"


def asked(server: Server, sql: str) -> tuple[tuple[str, ...], list[Any]]:
    """The types, and the one row's values."""
    answer = server.warehouse(attempts=1).run_all({"looker": sql})["looker"]
    [row] = answer.rows
    return tuple(kind for _, kind in answer.columns), list(row.values())


@pytest.mark.parametrize(
    ("sql", "kinds", "values"),
    [
        ("SELECT 7/2 AS a, -7/2 AS b", ("integer", "integer"), [3, -3]),
        (f"SELECT SUM(attempts)/7 AS a {HONEST}", ("bigint",), [385]),
        ("SELECT 1/3.0 AS a", ("decimal(12,1)",), ["0.3"]),
        (f"SELECT SUM(amount)/SUM(attempts) AS a {HONEST}", ("decimal(38,4)",), ["0.1000"]),
        (f"SELECT 1.0*SUM(amount)/NULLIF(SUM(attempts), 0) AS a {HONEST}", ("decimal(38,5)",), ["0.10000"]),
        (f"SELECT AVG(amount) AS a, AVG(attempts) AS b {HONEST}", ("decimal(18,4)", "double"), ["90.0000", 900.0]),
        ("SELECT CAST(1 AS DOUBLE)/4 AS a", ("double",), [0.25]),
        ("SELECT DATE_TRUNC('month', DATE '2025-07-15') AS a", ("date",), ["2025-07-01"]),
        ("SELECT DATE_ADD('day', 1, DATE '2025-07-15') AS a", ("date",), ["2025-07-16"]),
        ("SELECT DATE '2025-07-15' - INTERVAL '1' MONTH AS a", ("date",), ["2025-06-15"]),
        ("SELECT DATE_ADD('day', 7/2, DATE_ADD('day', -7/2, DATE '2025-07-15')) AS a", ("date",), ["2025-07-15"]),
        ("SELECT EXTRACT(DOW FROM DATE '2025-07-06') AS a", ("bigint",), [7]),
        ("SELECT EXTRACT(DAY_OF_YEAR FROM DATE '2025-02-01') AS a", ("bigint",), [32]),
        (
            "SELECT DATE_ADD('day', EXTRACT(DAY_OF_WEEK FROM NOW()) * 0, DATE '2025-07-06') AS a",
            ("date",),
            ["2025-07-06"],
        ),
        ("SELECT TIMESTAMP '2025-07-15 01:02:03.456789' AS a", ("timestamp",), ["2025-07-15 01:02:03.456"]),
        ("SELECT NULL AS a", ("unknown",), [None]),
    ],
)
def test_it_computes_as_presto_does(server: Server, sql: str, kinds: tuple[str, ...], values: list[Any]) -> None:
    assert asked(server, sql) == (kinds, values)


def test_a_column_without_a_name_is_called_by_its_place(server: Server) -> None:
    answer = server.warehouse().run_all({"looker": "SELECT 1, 2 AS two, COUNT(*) FROM verification_usage"})["looker"]
    assert [name for name, _ in answer.columns] == ["_col0", "two", "_col2"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1/0 AS a", "DIVISION_BY_ZERO"),
        (f"SELECT SUM(amount)/0 AS a {HONEST}", "DIVISION_BY_ZERO"),
        ("SELECT CAST('abc' AS INTEGER) AS a", "INVALID_CAST_ARGUMENT"),
        ("SELECT SUM(x) AS s FROM (VALUES 9223372036854775807, 1) t(x)", "NUMERIC_VALUE_OUT_OF_RANGE"),
        (
            "SELECT 1 AS a FROM verification_usage WHERE usage_date >= '2025-07-01'",
            "cannot be applied to date, varchar",
        ),
        ("SELECT 1 AS a FROM verification_usage WHERE mcc IN (621)", "cannot be applied to varchar, int"),
        ("SELECT * FROM authy.nosuch", "Table hive.authy.nosuch does not exist"),
        ("SELECT * FROM nosuch.accounts", "Schema nosuch does not exist"),
        ("SELECT * FROM other.verify.accounts", "Catalog other does not exist"),
        ("SELECT nosuch FROM verification_usage", "Column 'nosuch' cannot be resolved"),
        ("SELECT nosuch(1) AS a", "Function nosuch not registered"),
        ("DROP TABLE verification_usage", "PERMISSION_DENIED"),
    ],
)
def test_it_refuses_what_presto_refuses_and_by_its_name(server: Server, sql: str, words: str) -> None:
    with pytest.raises(QueryFailed) as raised:
        server.warehouse().run_all({"looker": sql})
    assert words in f"{raised.value} {raised.value.detail}"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT 1 AS a,\n  SUM(amounts) AS b\nFROM verification_usage",
            "SYNTAX_ERROR, there is no such column, at line 2, column 7: amounts (query",
        ),
        (
            'SELECT u."amounts" AS b FROM verification_usage AS u',
            'SYNTAX_ERROR, there is no such column, at line 1, column 8: u."amounts" (query',
        ),
        ("SELECT nosuch(1) AS a", "SYNTAX_ERROR, there is no such function, at line 1, column 8: nosuch (query"),
        (
            "SELECT 1\nFROM authy.nosuch",
            "SYNTAX_ERROR, there is no such table: authy.nosuch (query",
        ),
        (f"SELECT CAST('{CARD}' AS BIGINT) AS a", "INVALID_CAST_ARGUMENT, a value cannot be converted (query"),
        ("DROP TABLE verification_usage", "PERMISSION_DENIED, access denied (query"),
    ],
)
def test_of_what_presto_refuses_the_name_the_place_and_the_authors_own_token_are_said(
    server: Server, sql: str, said: str
) -> None:
    with pytest.raises(QueryFailed) as raised:
        server.warehouse().run_all({"looker": sql})
    assert said in str(raised.value)
    assert CARD not in str(raised.value) + raised.value.advice
    assert raised.value.detail.startswith("Presto said of the looker query: ")


def test_what_it_cannot_do_fails_instead_of_running_for_ever(server: Server) -> None:
    """DuckDB gives a zone's time only where pytz is."""
    with pytest.raises(QueryFailed, match="looker"):
        server.warehouse().run_all({"looker": "SELECT valid_from AT TIME ZONE 'Asia/Tokyo' AS a FROM verify.accounts"})


def test_a_query_that_is_too_large_asks_for_a_shorter_window(server: Server) -> None:
    server.world.fail("EXCEEDED_LOCAL_MEMORY_LIMIT")
    with pytest.raises(QueryFailed, match="EXCEEDED_LOCAL_MEMORY_LIMIT") as raised:
        server.warehouse().run_all({"usage": "SELECT 1 AS one"})
    assert raised.value.advice.endswith("ask for a shorter window.")


@pytest.mark.parametrize("shape", [shape for shape, (sql, *_) in ACCEPTED.items() if "FROM_BASE" not in sql])
def test_every_shape_of_lookers_runs_and_gives_the_same_control_totals(server: Server, shape: str) -> None:
    def totals(sql: str) -> Totals:
        claim = read_claim(sql, as_of=AS_OF, session=Session("hive", "authy"))
        return control_totals(claim, server.warehouse(attempts=1).run_all({"looker": claim.sql_as_run})["looker"].rows)

    plain, shaped = totals(DAILY), totals(ACCEPTED[shape][0])
    assert plain.attempts > 0
    assert shaped == plain
