"""One run's steps, in memory: each is done once, and what they leave is in the folder that was asked for."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from verify_credit import run as of_a_run
from verify_credit.credentials import Credentials
from verify_credit.presto import QueryResult
from verify_credit.result import sha256
from verify_credit.run import Run

from tests.money.ledger import ACCOUNT, Ledger

EXECUTION = "20260115_123456_3fa94c01"


class Presto:
    """Answers with a ledger's rows, and counts how often it is asked."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked: list[str] = []

    def run_all(self, queries: Mapping[str, str], on_done: Callable[[QueryResult], None]) -> Mapping[str, QueryResult]:
        self.asked += queries
        rows = self._ledger.rows
        found = {name: QueryResult(name, sql, f"q-{name}", (), rows[name], 0.1, 1) for name, sql in queries.items()}
        for result in found.values():
            on_done(result)
        return found


@pytest.fixture
def ledger() -> Ledger:
    return Ledger().set("max", "2025-01-01").use("2025-07-10", 100, "50.00").cost("0.1").block("2025-07-11", 7)


@pytest.fixture
def presto(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Presto:
    """What the run asks; the process stands in a folder of its own."""
    presto = Presto(ledger)
    monkeypatch.setattr(of_a_run, "load_credentials", lambda _name: Credentials("host", 443, "user", "not shown"))
    monkeypatch.setattr(of_a_run, "Warehouse", lambda _credentials: presto)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return presto


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_result_report_and_data_are_left_in_the_workdir_and_nothing_elsewhere(
    presto: Presto, ledger: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert Run(ledger.sql, execution_id=EXECUTION, workdir=str(folder)).finish() == folder

    data = [f"data/{name}{ending}" for name in sorted(ledger.rows) for ending in (".jsonl.gz", ".sql")]
    assert files_of(tmp_path) == sorted(
        f"out/{name}" for name in [*data, "progress.json", "report.html", "result.json"]
    )
    result = json.loads((folder / "result.json").read_text())
    assert (result["credit_amount"], result["account_sid"], result["mrr"]) == (50.0, ACCOUNT, 3.0)
    assert (result["policy_version"], result["execution_id"]) == ("2025-1", EXECUTION)
    assert result["provenance"]["report_sha256"] == sha256((folder / "report.html").read_bytes())
    progress = json.loads((folder / "progress.json").read_text())
    assert (progress["done"], progress["total"], progress["waiting_for"]) == (8, 8, [])


def test_without_a_workdir_a_new_folder_is_made_and_nothing_is_left_where_the_process_stands(
    presto: Presto, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    folders = {Run(ledger.sql).finish() for _ in range(2)}
    assert {folder.parent for folder in folders} == {tmp_path / "temporary"}
    assert len(folders) == 2
    assert files_of(tmp_path / "here") == []


def test_each_query_runs_once_however_often_a_step_is_called(presto: Presto, ledger: Ledger, tmp_path: Path) -> None:
    run = Run(ledger.sql, execution_id=EXECUTION, workdir=str(tmp_path))
    assert run.query() is run.query()
    assert run.decide() is run.decide()
    assert run.read_claim() is run.read_claim()
    run.finish()
    assert sorted(presto.asked) == sorted(ledger.rows)


@pytest.mark.parametrize("picture", [True, False])
def test_the_picture_is_left_where_it_is_wanted_alone(
    presto: Presto, ledger: Ledger, tmp_path: Path, picture: bool
) -> None:
    folder = Run(ledger.sql, execution_id=EXECUTION, workdir=str(tmp_path / "out"), picture=picture).finish()
    assert ("breakdown.png" in files_of(folder)) is picture
