"""`python -m src.runs` over what ticks have left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src import paths, runs
from tests.bot.harness import BotHarness


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
    assert len(listed(capsys, "search", "--state", "answered")) == 3
    [failed] = listed(capsys, "search", "--state", "failed")
    assert (failed["credit_amount"], failed["failure_category"]) == (None, "data")


def test_what_runs_is_found_before_it_is_answered(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    past.ask("result after 100000")
    past.tick()
    [running] = listed(capsys, "search", "--state", "running")
    assert (running["state"], running["requester"]) == ("running", "U0SUPPORT1")
    assert running["execution_id"]
    assert listed(capsys, "search", "--state", "running", "--requester", "U0SOMEONE1") == []


def test_an_accounts_executions_are_found_by_one_list(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    account = listed(capsys, "search", "--state", "answered")[0]["account_sid"]
    past.box.clear_calls()
    assert len(listed(capsys, "search", "--account", account)) == 1
    assert past.box.count_calls()["s3.ListObjectsV2"] == 1
    assert listed(capsys, "search", "--account", "AC" + "0" * 32) == []


def test_asking_twice_shows_both_recommendations_of_the_account(
    harness: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    account = "AC" + "a" * 32
    for number in range(2):
        harness.post(harness.query(f"SELECT {number} FROM authy.verification_usage /* {account} */"))
        harness.tick()
    found = listed(capsys, "search", "--account", account)
    ids = [run["execution_id"] for run in found]
    assert len({*ids}) == 2
    assert runs.main(["show", max(ids)]) == 0
    assert "1, 4948.80 USD" in capsys.readouterr().out


def test_amounts_and_windows_bound_a_search(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    run = listed(capsys, "search", "--state", "answered")[0]
    above = str(run["credit_amount"] + 0.01)
    assert listed(capsys, "search", "--min-amount", above) == []
    assert len(listed(capsys, "search", "--window", run["fraud_end"], run["fraud_end"])) == 3
    assert listed(capsys, "search", "--window", "1999-01-01", "1999-12-31") == []


def test_a_table_for_people_is_as_wide_as_its_words_outside_a_terminal(
    past: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runs.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert sum("4,948.80" in line and "answered" in line for line in lines) == 3
    assert not any("\x1b" in line for line in lines)


def test_one_execution_is_shown_with_links_to_its_files(past: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    execution_id = listed(capsys, "list")[0]["execution_id"]
    assert runs.main(["show", execution_id]) == 0
    shown = capsys.readouterr().out
    assert execution_id in shown
    assert "X-Amz-Signature" in shown


def test_an_execution_that_never_was_is_not_found(harness: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["show", "20200101_000000_00000000"]) == 1
    assert "no audit record" in capsys.readouterr().err


def test_executions_of_long_ago_are_found_where_there_are_no_newer_ones(
    harness: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = ["20231231_120000_00000001", "20240229_120000_00000002", "20240301_120000_00000003"]
    objects = {paths.ExecutionPaths(name).audit: json.dumps({"execution_id": name}) for name in ids}
    harness.box.aws.put_objects(objects=objects)
    assert [run["execution_id"] for run in listed(capsys, "list")] == ids[::-1]
    assert [run["execution_id"] for run in listed(capsys, "list", "--count", "2")] == ids[:0:-1]
    found = listed(capsys, "search", "--since", "2024-02-01", "--until", "2024-02-29")
    assert [run["execution_id"] for run in found] == [ids[1]]
    assert len(listed(capsys, "search", "--since", "2023-12-31", "--until", "2024-03-01")) == 3
