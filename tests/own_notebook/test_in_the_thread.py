"""What a company's own notebook leaves, end to end to the thread; and that less than ours promises is not ours."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.outcomes import canned_result
from sandbox.aws.script import scripted
from src import paths, runs
from src.history.columns import COLUMNS
from tests.bot.conftest import harness
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.executors.results import PLANS_TEN

__all__ = ["harness"]

OPEN_ENDED = scripted(VERIFY, "none after 36000")
CONTRACT = {"credit_amount", "output_df", "execution_id", "timestamp"}


@pytest.fixture
def own_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot is configured for it."""
    monkeypatch.setenv("NOTEBOOK", "Mine.ipynb")
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "5")


def ask(harness: BotHarness) -> tuple[str, str]:
    """A message whose job runs on until it is ended: its time stamp and its execution."""
    ts = harness.post(harness.query(OPEN_ENDED))
    harness.tick()
    return ts, harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]


def end(harness: BotHarness, results: Mapping[str, Mapping[str, Any]]) -> None:
    """The executions leave these results, and end."""
    for execution_id, result in results.items():
        files = paths.ExecutionPaths(execution_id)
        left = {files.result: json.dumps(result), files.report: "<p>report</p>", files.notebook: "{}"}
        harness.box.aws.put_objects(objects=left)
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()


def answer(harness: BotHarness, result: Mapping[str, Any]) -> tuple[str, str]:
    ts, execution_id = ask(harness)
    end(harness, {execution_id: {**result, "execution_id": execution_id}})
    [said] = harness.answers(ts)
    return said, execution_id


@pytest.mark.usefixtures("own_notebook")
def test_the_plans_ten_fields_alone_are_answered(harness: BotHarness) -> None:
    said, execution_id = answer(harness, PLANS_TEN)

    assert len(PLANS_TEN) + len({"execution_id"}) == 10
    assert said.splitlines()[:5] == [
        "*4,948.80 USD credit recommended*",
        f"Account SID: {PLANS_TEN['account_sid']}",
        "Window: 2025-07-01 to 2025-09-30",
        "Charged for fraud: 9,218.18 USD",
        "MRR: 3.00 USD",
    ]
    assert execution_id in said


def test_one_key_taken_out_of_a_result_of_ours_is_no_answer_and_on_call_is_told_which(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "5")
    keys = sorted(canned_result("", VERIFY, None))
    messages = {key: harness.post(harness.query(OPEN_ENDED)) for key in keys}
    harness.tick()
    left = {}
    for key, ts in messages.items():
        execution_id = harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]
        whole = canned_result(execution_id, harness.kept_query(execution_id), None)
        left[execution_id] = {name: value for name, value in whole.items() if name != key}
    end(harness, left)

    for key, ts in messages.items():
        [said] = harness.answers(ts)
        assert said.startswith("No recommendation:")
        assert f"'{key}' is a required property" in said
        assert ("For a notebook of your own set NOTEBOOK, and leave RESULT_PROFILE unset" in said) == (
            key not in CONTRACT
        )
    on_call = harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])
    assert on_call
    assert harness.objects(f"{paths.ROOT}/index/") == {}


@pytest.mark.usefixtures("own_notebook")
def test_the_next_claim_for_an_account_that_an_own_notebook_names_is_told_of_it(harness: BotHarness) -> None:
    _, first = answer(harness, {**PLANS_TEN, "currency": "EUR"})
    said, _ = answer(harness, {**PLANS_TEN, "fraud_start": "2025-09-30", "fraud_end": "2025-10-31"})

    assert "1 earlier recommendation for this account within 31 days of this window, 4,948.80 EUR; not netted." in said
    assert "4,948.80 EUR for 2025-07-01 to 2025-09-30" in said
    assert first in said


@pytest.mark.usefixtures("own_notebook")
def test_a_result_without_account_is_nobodys_earlier_one(harness: BotHarness) -> None:
    answer(harness, {name: value for name, value in PLANS_TEN.items() if name != "account_sid"})
    said, _ = answer(harness, PLANS_TEN)

    assert "earlier recommendation" not in said
    assert len(harness.keys(f"{paths.ROOT}/index/")) == 1


@pytest.mark.usefixtures("own_notebook")
@pytest.mark.parametrize("without", ["fraud_start", "fraud_end"])
def test_a_result_without_a_window_is_counted_for_every_later_claim_and_counts_every_earlier_one(
    harness: BotHarness, without: str
) -> None:
    half = {name: value for name, value in PLANS_TEN.items() if name != without}
    answer(harness, half)
    later, _ = answer(harness, {**PLANS_TEN, "fraud_start": "2030-01-01", "fraud_end": "2030-01-31"})
    last, _ = answer(harness, half)

    assert "within 31 days of this window (1 of them: window not known), 4,948.80 USD; not netted." in later
    assert "• 4,948.80 USD, window not known" in later
    assert "2 earlier recommendations for this account (this one's window is not known: all are counted), 9,897" in last


@pytest.mark.usefixtures("own_notebook")
def test_while_it_runs_nobody_is_told_that_its_job_is_only_starting(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "200")
    ts, execution_id = ask(harness)
    assert harness.replies(ts) == ["Working: the job starts, or its notebook runs; 3 min 0 s."]

    end(harness, {execution_id: {**PLANS_TEN, "execution_id": execution_id}})

    assert [said.splitlines()[0] for said in harness.replies(ts)] == ["*4,948.80 USD credit recommended*"]


@pytest.mark.usefixtures("own_notebook")
def test_its_failure_is_told_in_the_thread_and_shown_by_every_command(
    harness: BotHarness, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ts = harness.ask("error")
    harness.tick()
    harness.ticks_until_quiet()
    [said] = harness.answers(ts)
    assert said.startswith("No recommendation: The query's rows name two accounts.")
    [told] = harness.box.slack.dms(user="U0SUPPORT1")
    assert "Failing step: Query the warehouse" in told["text"]

    def printed(*words: str) -> str:
        assert runs.main(list(words)) == 0, capsys.readouterr()
        return capsys.readouterr().out

    [failed] = json.loads(printed("search", "--state", "failed", "--json"))
    execution_id = failed["execution_id"]
    assert (failed["credit_amount"], failed["failure_category"]) == (None, "data")
    for words in (("list",), ("show", execution_id), ("verify", execution_id)):
        assert execution_id in printed(*words)
    [line] = csv.DictReader(StringIO(printed("export")))
    assert (line["credit_amount"], line["failure"]) == ("", "The query's rows name two accounts.")
    assert list(line) == list(COLUMNS)
    printed("export", "--format", "parquet", "--output", str(tmp_path / "runs.parquet"))
    assert "1 executions" in printed("cost")
