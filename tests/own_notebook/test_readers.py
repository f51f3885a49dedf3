"""Results of the company's own notebook, before every reader: each shows what there is, none fails."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.aws.outcomes import canned_result
from sandbox.slack.page import render_page
from src import paths, policy, runs
from src.bot.by_hand import print_result
from src.comparison.cases import Case
from src.comparison.page import row, said_of, write_page
from src.comparison.sides import _answered
from src.comparison.verdict import Comparison
from src.config import load_settings
from src.execution.results import checked_result
from src.executor import CreditResult
from tests.bot.conftest import harness, scripted_box
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.history.test_policy_command import candidate

__all__ = ["harness", "scripted_box"]

pytestmark = pytest.mark.usefixtures("own_notebook")

ACCOUNT = "AC" + "5" * 32
NOT_SHOWN = re.compile(r"\b(None|nan|NaN|NaT|null)\b")
LEAST: dict[str, Any] = {"credit_amount": 12.5, "output_df": [], "timestamp": "2026-01-15 12:34:56"}
PLANS_TEN = {
    "credit_amount": 4948.80,
    "account_sid": ACCOUNT,
    "fraud_start": "2025-07-01",
    "fraud_end": "2025-09-30",
    "fraud_total": 9218.18,
    "mrr": 3,
    "timestamp": "2026-01-15T12:34:56Z",
    "output_df": [{"mode": "max", "credit": 4948.80}],
    "summary": {"days": 92},
}
OPTIONAL = ("account_sid", "fraud_start", "fraud_end", "fraud_total", "mrr", "summary")
OF_OURS = ("policy_version", "parent_account_sid", "account_name", "fraud_attempts", "scope", "schema_version")

RESULTS: dict[str, dict[str, Any]] = {
    "the plan's ten": PLANS_TEN,
    "the least": LEAST,
    "nothing known": {**LEAST, **dict.fromkeys(OPTIONAL)},
    "nothing to pay": {**LEAST, "credit_amount": 0},
    "an account of another kind": {**PLANS_TEN, "account_sid": "customer 4711"},
    "half a window": {**PLANS_TEN, "fraud_end": None},
    "a day that is none": {**PLANS_TEN, "fraud_end": "2025-09-31"},
    "another currency": {**PLANS_TEN, "currency": "EUR"},
    "flags": {**PLANS_TEN, "flags": [{"code": "late", "text": "The last day was not over.", "since": 3}]},
    "odd columns": {
        **LEAST,
        "output_df": [{"": 1, "a b": "x", "<@U0>": None, "c" * 300: 1e-9}, {"other": [1, {"d": None}]}],
    },
    "rows of nothing": {**LEAST, "output_df": [{}, {"a": None}]},
    "a thousand rows": {**LEAST, "output_df": [{"day": n, "usd": n / 7, "what": {"deep": [n]}} for n in range(1000)]},
    "columns called as ours": {
        **PLANS_TEN,
        "output_df": [dict.fromkeys(canned_result("", "", None)["output_df"][0], "x")],
    },
    "keys of ours that mean something else": {**PLANS_TEN, **{key: ["a", {"b": 1}] for key in OF_OURS}},
    "keys of ours that are numbers": {**PLANS_TEN, **dict.fromkeys(OF_OURS, 7.5)},
    "a policy of the company's own": {
        **PLANS_TEN,
        "policy_version": "winter",
        "region": {"name": "EMEA"},
        "profile": "acme/3",
    },
    "a provenance of its own": {**PLANS_TEN, "provenance": {"queries": "three", "by": None, "image": None}},
    "large sums": {**PLANS_TEN, "credit_amount": 1e15, "fraud_total": 1e15, "mrr": -1e15},
}


@pytest.fixture
def own_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot is configured for it."""
    monkeypatch.setenv("NOTEBOOK", "Mine.ipynb")
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "60")


@pytest.fixture(params=RESULTS)
def result(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = RESULTS[request.param]
    return found


def answer(harness: BotHarness, result: dict[str, Any]) -> tuple[str, str]:
    """A message that was answered by a job with this result: its time stamp and its execution."""
    ts = harness.post(harness.query(f"{VERIFY} /* script: none after 36000 */"))
    harness.tick()
    execution_id = harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]
    content = json.dumps({**result, "execution_id": execution_id})
    files = paths.ExecutionPaths(execution_id)
    harness.box.aws.put_objects(objects={files.result: content, files.report: "<p>report</p>", files.notebook: "{}"})
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()
    return ts, execution_id


def amount(result: dict[str, Any]) -> str:
    return f"{result['credit_amount']:,.2f} {result.get('currency', 'USD')}"


def shown_by(command: Any, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints, where that is its exit code."""
    assert command(list(arguments)) == code, capsys.readouterr()
    out = capsys.readouterr().out
    assert NOT_SHOWN.search(out) is None or arguments[-1] == "--json", out
    assert "NaN" not in out
    return out


def test_the_thread_says_the_amount_first_and_what_else_there_is(harness: BotHarness, result: dict[str, Any]) -> None:
    ts, execution_id = answer(harness, result)

    [said] = harness.answers(ts)
    assert amount(result) in said.split("\n")[0]
    assert execution_id in said
    assert NOT_SHOWN.search(said) is None, said
    for name in ("fraud_start", "account_sid"):
        assert not result.get(name) or result[name] in said
    thread = harness.box.slack.thread(ts=ts)
    for page in (harness.box.slack.render(ts=ts), render_page(thread, channel="credits")):
        assert amount(result) in page
        assert NOT_SHOWN.search(page) is None, page
    assert [file["name"] for message in thread for file in message.get("files", [])] == [
        f"credit-report-{execution_id}.html"
    ]
    assert harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"]) == []
    assert harness.box.slack.pings() == []


def test_every_command_shows_it(
    harness: BotHarness, result: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, execution_id = answer(harness, result)

    for told in (("list",), ("search", "--state", "answered"), ("search", "--min-amount", "0")):
        assert execution_id in shown_by(runs.main, capsys, *told)
        [one] = json.loads(shown_by(runs.main, capsys, *told, "--json"))
        assert one["credit_amount"] == result["credit_amount"]
    assert execution_id in shown_by(runs.main, capsys, "show", execution_id)
    shown = json.loads(shown_by(runs.main, capsys, "show", execution_id, "--json"))
    assert shown["result"] == {**result, "execution_id": execution_id}
    verified = shown_by(runs.main, capsys, "verify", execution_id)
    assert verified.startswith(f"{execution_id}: as recorded")
    assert "The notebook is the company's own" in verified
    assert "estimate" in shown_by(runs.main, capsys, "cost")
    assert execution_id in shown_by(
        policy.main, capsys, "what-if", str(candidate(tmp_path)), code=1
    )  # and why it is not computed
    what_if = shown_by(policy.main, capsys, "what-if", str(candidate(tmp_path)), "--json", code=1)
    assert "the company's own" in json.loads(what_if)["executions"][0]["problem"]


def test_exports_hold_it(
    harness: BotHarness, result: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, execution_id = answer(harness, result)

    [line] = csv.DictReader(StringIO(shown_by(runs.main, capsys, "export")))
    assert (line["execution_id"], float(line["credit_amount"])) == (execution_id, result["credit_amount"])
    file = tmp_path / "runs.parquet"
    shown_by(runs.main, capsys, "export", "--format", "parquet", "--output", str(file))
    assert duckdb.sql(f"SELECT execution_id, credit_amount::DOUBLE FROM '{file}'").fetchall() == [
        (execution_id, float(result["credit_amount"]))
    ]


def test_it_is_found_by_the_keys_that_it_has(
    harness: BotHarness, result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    _, execution_id = answer(harness, result)

    def finds(*arguments: str) -> bool:
        return execution_id in shown_by(runs.main, capsys, "search", *arguments)

    has_window = bool(result.get("fraud_start") and result.get("fraud_end"))
    assert finds("--window", "2025-09-01", "2025-12-31") == has_window
    assert finds("--account", ACCOUNT) == (has_window and result.get("account_sid") == ACCOUNT)
    assert not finds("--account", "AC" + "6" * 32)


def test_a_comparison_and_the_command_line_show_it(
    harness: BotHarness, result: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine, ours = (_valid(one) for one in (result, canned_result("", VERIFY, None)))
    print_result(load_settings(), mine, as_json=False)
    printed = capsys.readouterr().out
    assert amount(result) in printed
    assert NOT_SHOWN.search(printed) is None
    for other, verdict in ((mine, "equal"), (ours, "DIFFERS")):
        comparison = Comparison(Case("one", "SELECT 1"), _answered(mine, 1.0), _answered(other, 2.0))
        assert row(comparison, 0)[-1] == verdict or result["credit_amount"] == 4948.8  # type: ignore[arg-type]
        assert len(said_of(comparison, 0)) < 60  # type: ignore[arg-type]
        write_page(tmp_path / "page.html", [comparison], 1)  # type: ignore[arg-type]


def _valid(result: dict[str, Any]) -> CreditResult:
    execution_id = "20260115_123456_3fa94c01"
    return checked_result(json.dumps({**result, "execution_id": execution_id}).encode(), execution_id, "result.json")


def test_the_next_claim_for_an_account_that_an_own_notebook_names_is_told_of_it(harness: BotHarness) -> None:
    _, first = answer(harness, {**PLANS_TEN, "currency": "EUR"})
    ts, _ = answer(harness, {**PLANS_TEN, "fraud_start": "2025-09-30", "fraud_end": "2025-10-31"})

    [said] = harness.answers(ts)
    assert "Recommended before, for this account and overlapping days" in said
    assert "4,948.80 EUR for 2025-07-01 to 2025-09-30" in said
    assert first in said


@pytest.mark.parametrize("without", ["account_sid", "fraud_start", "fraud_end"])
def test_a_result_without_account_or_window_is_nobodys_earlier_one(harness: BotHarness, without: str) -> None:
    answer(harness, {name: value for name, value in PLANS_TEN.items() if name != without})
    ts, _ = answer(harness, PLANS_TEN)

    [said] = harness.answers(ts)
    assert "Recommended before" not in said
    assert len(harness.objects(f"{paths.ROOT}/index/")) == 1
