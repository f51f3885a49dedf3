"""`python -m src.runs` over what ticks have left."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from src import paths, runs
from tests.tick.harness import BotHarness


@pytest.fixture
def past(harness: BotHarness) -> BotHarness:
    """Three answered executions and a failed one."""
    for outcome in ("result", "result", "error", "result"):
        harness.ask(outcome)
    harness.tick()
    return harness


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert runs.main([*arguments, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_the_latest_executions_come_first(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    found = listed(capsys, "list", "--count", "3")
    ids = [run["execution_id"] for run in found]
    assert len(ids) == 3
    assert ids == sorted(ids, reverse=True)


def test_failures_and_answers_can_be_told_apart(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(listed(capsys, "search", "--outcome", "answer")) == 3
    [failed] = listed(capsys, "search", "--outcome", "failure")
    assert failed["credit_amount"] is None
    assert failed["failure"]


def test_an_accounts_executions_are_found_by_one_list(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    account = listed(capsys, "search", "--outcome", "answer")[0]["account_sid"]
    past.box.clear_calls()
    assert len(listed(capsys, "search", "--account", account)) == 1
    assert past.box.count_calls()["s3.ListObjectsV2"] == 1
    assert listed(capsys, "search", "--account", "AC" + "0" * 32) == []


def test_amounts_and_windows_bound_a_search(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    run = listed(capsys, "search", "--outcome", "answer")[0]
    above = str(run["credit_amount"] + 0.01)
    assert listed(capsys, "search", "--min-amount", above) == []
    assert len(listed(capsys, "search", "--window", run["fraud_end"], run["fraud_end"])) == 3
    assert listed(capsys, "search", "--window", "1999-01-01", "1999-12-31") == []


def test_the_export_has_a_row_an_execution(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["export"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["outcome"] for row in rows].count("answer") == 3
    assert list(rows[0]) == list(runs.COLUMNS)


def test_a_cell_that_looks_like_a_formula_is_defused(harness: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    harness.box.slack.add_user(user_id="=1+1", name="formula")
    harness.box.slack.post(user="=1+1", text=f"<{harness.query('SELECT 1 FROM authy.verification_usage')}>")
    harness.tick()
    assert runs.main(["export"]) == 0
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["requester"] == "'=1+1"


def test_cost_is_summed_by_day_requester_and_account(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["cost", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    total = report["total_usd_estimate"]
    for by in ("day", "requester", "account"):
        assert sum(report[f"by {by}"].values()) == pytest.approx(total, abs=0.001)
    assert report["prices_as_of"]


def test_one_execution_is_shown_with_links_to_its_files(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    execution_id = listed(capsys, "list")[0]["execution_id"]
    assert runs.main(["show", execution_id]) == 0
    shown = capsys.readouterr().out
    assert execution_id in shown
    assert "X-Amz-Signature" in shown


def test_an_execution_that_never_was_is_not_found(harness: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["show", "20200101_000000_00000000"]) == 1
    assert "no audit record" in capsys.readouterr().err


def test_a_changed_audit_record_is_named_by_verify(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    execution_id = next(run["execution_id"] for run in listed(capsys, "search", "--outcome", "failure"))
    bot = past.bot()
    key, bucket = paths.ExecutionPaths(execution_id).audit, bot.settings.s3_output_bucket
    found = bot.clients.s3.get_object(Bucket=bucket, Key=key)
    body = found["Body"].read().replace(b"U0DANA0001", b"U0DANA0002")
    assert runs.main(["verify", execution_id]) == 0

    bot.clients.s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=found["Metadata"])

    assert runs.main(["verify", execution_id]) == 1
    assert key in capsys.readouterr().out
