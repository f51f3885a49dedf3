"""`python -m src.runs export`: files for finance."""

from __future__ import annotations

import csv
import io
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from src import runs
from src.history.columns import COLUMNS
from src.history.export import write_csv
from tests.bot.harness import BotHarness


@pytest.fixture
def past(harness: BotHarness) -> BotHarness:
    """An answered execution and a failed one."""
    harness.ask("result")
    harness.ask("error")
    harness.tick()
    return harness


def test_csv_has_a_row_an_execution(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["export"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sorted(row["state"] for row in rows) == ["answered", "failed"]
    assert list(rows[0]) == list(COLUMNS)


def test_a_file_is_written_where_one_is_named(
    past: BotHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runs.main(["export", "--output", str(tmp_path / "runs.csv")]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "2 executions" in said.err
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 3


def test_money_in_csv_has_its_decimals(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """As finance writes it: 4948.80, and not 4948.8."""
    assert runs.main(["export"]) == 0
    rows = {row["state"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}

    assert rows["answered"]["credit_amount"] == "4948.80"
    assert rows["answered"]["mrr"] == "3.00"
    assert rows["failed"]["credit_amount"] == ""


def test_a_cell_that_looks_like_a_formula_is_defused(harness: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    harness.box.slack.add_user(user_id="=1+1", name="formula")
    harness.box.slack.post(user="=1+1", text=f"<{harness.query('SELECT 1 FROM authy.verification_usage')}>")
    harness.tick()
    assert runs.main(["export"]) == 0
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["requester"] == "'=1+1"


@pytest.mark.parametrize(
    "begin", [*"=+-@\t\r\n\v \xa0\u3000\u200b\ufeff\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"]
)
def test_whatever_a_spreadsheet_may_take_for_the_begin_of_a_formula_is_defused(begin: str) -> None:
    out = io.StringIO(newline="")
    write_csv([{"execution_id": "x", "requester": f"{begin}=1+1"}], out)
    [row] = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert row["requester"] == f"'{begin}=1+1"


def test_parquet_keeps_money_exact_and_days_as_days(past: BotHarness, tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    assert runs.main(["export", "--format", "parquet", "--output", str(path)]) == 0
    with duckdb.connect() as connection:
        table = connection.execute(f"SELECT * FROM '{path}' ORDER BY state").fetchall()
        types = dict(connection.execute(f"SELECT name, logical_type FROM parquet_schema('{path}')").fetchall())
    answered, failed = (dict(zip(COLUMNS, row, strict=True)) for row in table)
    assert answered["credit_amount"] == Decimal("4948.80")
    assert answered["fraud_end"] == date(2025, 9, 30)
    assert isinstance(answered["requested_at"], datetime)
    assert (failed["state"], failed["credit_amount"]) == ("failed", None)
    assert "Decimal" in types["mrr"]


def test_parquet_of_no_executions_has_the_same_columns(harness: BotHarness, tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    assert runs.main(["export", "--format", "parquet", "--output", str(path), "--since", "2020-01-01"]) == 0
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    assert [row[0] for row in described] == list(COLUMNS)


def test_parquet_without_its_package_says_how_to_install_it(
    past: BotHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert runs.main(["export", "--format", "parquet", "--output", str(tmp_path / "runs.parquet")]) == 2
    assert "-r parquet-requirements.txt" in capsys.readouterr().err


def test_parquet_is_not_written_to_a_terminal(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["export", "--format", "parquet"]) == 2
    assert "--output FILE" in capsys.readouterr().err
