"""Results of a company's own notebook, before every reader: each shows what there is, none fails."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.aws.outcomes import canned_result
from sandbox.aws.script import scripted
from sandbox.client import Sandbox
from sandbox.slack.page import render_page
from src import compare, console_links, paths, policy, runs
from src.bot.by_hand import print_result
from src.config import load_settings
from src.execution.results import checked_result
from src.executor import is_account
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.clocks import MovedClock
from tests.executors.results import ACCOUNT, PLANS_TEN
from tests.history.test_policy_command import candidate

NOT_SHOWN = re.compile(r"\b(None|nan|NaN|NaT|null)\b")
LEAST: dict[str, Any] = {"credit_amount": 12.5, "output_df": [], "timestamp": "2026-01-15 12:34:56"}
OPTIONAL = ("account_sid", "fraud_start", "fraud_end", "fraud_total", "mrr", "summary")
OF_OURS = ("policy_version", "parent_account_sid", "account_name", "fraud_attempts", "scope", "schema_version")


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    return [nested(depth - 1)] if depth else 1


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
    "small sums": {**PLANS_TEN, "credit_amount": 0.005, "fraud_total": 1e-9, "mrr": 1e-300},
    "a window before all days": {**PLANS_TEN, "fraud_start": "0000-01-01", "fraud_end": "9999-12-31"},
    "an end before its start": {**PLANS_TEN, "fraud_start": "2025-12-01", "fraud_end": "2025-07-01"},
    "texts of every kind": {
        **PLANS_TEN,
        "account_sid": "=1+1\t\u0000\u202e*x* <!channel> `",
        "parent_account_sid": '\r\n"quoted", \u0000',
        "account_name": "é" * 100_000,
        "policy_version": "[red]{}%s",
    },
    "numbers beyond all columns": {**PLANS_TEN, "policy_version": 10**400, "fraud_attempts": 10**400},
    "deep values": {**PLANS_TEN, "policy_version": nested(90), "summary": {"a": nested(90)}},
}


@dataclass(frozen=True)
class Answered:
    """A message that was answered with one of the results."""

    ts: str
    execution_id: str
    result: dict[str, Any]


@pytest.fixture(scope="module")
def harness() -> Iterator[BotHarness]:
    """A bot that is configured for a company's own notebook."""
    with Sandbox.start(jobs="scripted", presto="none") as box, pytest.MonkeyPatch.context() as patch:
        own = {"NOTEBOOK": "Mine.ipynb", "TICK_BUDGET_SECONDS": "5", "SLACK_POST_INTERVAL": "0"}
        for name, value in {**box.env, **own, "MAX_CONCURRENT_JOBS": "100"}.items():
            patch.setenv(name, value)
        yield BotHarness(box, MovedClock(time.time()))
        assert box.aws.refused() == []


@pytest.fixture(scope="module")
def answers(harness: BotHarness) -> dict[str, Answered]:
    """Of every result, by its name: each of an account of its own, where it is of one."""
    messages = {name: harness.post(harness.query(scripted(VERIFY, "none after 36000"))) for name in RESULTS}
    harness.tick()
    found = {}
    for number, (name, ts) in enumerate(messages.items()):
        execution_id = harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]
        result = {**RESULTS[name], "execution_id": execution_id}
        if result.get("account_sid") == ACCOUNT:
            result["account_sid"] = f"AC{number:032x}"
        files = paths.ExecutionPaths(execution_id)
        left = {files.result: json.dumps(result), files.report: "<p>report</p>", files.notebook: "{}"}
        harness.box.aws.put_objects(objects=left)
        found[name] = Answered(ts, execution_id, result)
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()
    return found


@pytest.fixture(params=RESULTS)
def one(request: pytest.FixtureRequest, answers: dict[str, Answered]) -> Answered:
    return answers[request.param]


def amount(result: Mapping[str, Any]) -> str:
    cents = Decimal(str(result["credit_amount"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{cents:,} {result.get('currency', 'USD')}"


def shown_by(
    command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], *words: str, code: int = 0
) -> str:
    """What a command prints, where that is its exit code."""
    assert command(list(words)) == code, capsys.readouterr()
    out = capsys.readouterr().out
    assert "--json" in words or NOT_SHOWN.search(out) is None, out
    assert "NaN" not in out
    return out


def rows_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, Any]]:
    """What `runs` says with --json, by execution."""
    return {row["execution_id"]: row for row in json.loads(shown_by(runs.main, capsys, *words, "--json"))}


def test_the_thread_says_the_amount_first_and_what_else_there_is(harness: BotHarness, one: Answered) -> None:
    [said] = harness.answers(one.ts)

    assert amount(one.result) in said.split("\n")[0]
    assert NOT_SHOWN.search(said) is None, said
    assert said.endswith(f"execution {one.execution_id}")
    assert not one.result.get("fraud_start") or one.result["fraud_start"] in said
    assert not is_account(one.result.get("account_sid") or "") or one.result["account_sid"] in said


def test_the_thread_links_to_report_and_notebook_and_holds_the_report(harness: BotHarness, one: Answered) -> None:
    [said] = harness.answers(one.ts)

    files = paths.ExecutionPaths(one.execution_id)
    for key in (files.report, files.notebook):
        page = console_links.s3_object("us-east-1", harness.box.env["S3_OUTPUT_BUCKET"], key)
        assert page.replace("&", "&amp;") in said
    thread = harness.box.slack.thread(ts=one.ts)
    attached = [file["name"] for message in thread for file in message.get("files", [])]
    assert attached == [f"credit-report-{one.execution_id}.html"]


def test_the_thread_looks_so_in_a_terminal_and_in_the_sandboxs_page(harness: BotHarness, one: Answered) -> None:
    thread = harness.box.slack.thread(ts=one.ts)

    for page in (harness.box.slack.render(ts=one.ts), render_page(thread, channel="credits")):
        assert amount(one.result) in page
        assert NOT_SHOWN.search(page) is None, page


def test_nobody_is_pinged_and_on_call_is_told_of_nothing(harness: BotHarness, answers: dict[str, Answered]) -> None:
    assert harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"]) == []
    assert harness.box.slack.pings() == []


def test_audit_record_and_index_have_it(harness: BotHarness, one: Answered) -> None:
    key = paths.ExecutionPaths(one.execution_id).audit
    record = json.loads(harness.content(key))

    assert (record["purpose"], record["outcome"], record["result_profile"]) == ("message", "answer", "")
    assert record["result"] == one.result
    indexed = [key for key in harness.keys(f"{paths.ROOT}/index/") if one.execution_id in key]
    assert len(indexed) == is_account(one.result.get("account_sid") or "")


@pytest.mark.parametrize("words", ["list", "search --state answered", "search --min-amount 0"])
def test_lists_show_every_one(answers: dict[str, Answered], capsys: pytest.CaptureFixture[str], words: str) -> None:
    printed, rows = shown_by(runs.main, capsys, *words.split()), rows_of(capsys, *words.split())

    for one in answers.values():
        assert one.execution_id in printed
        assert rows[one.execution_id]["credit_amount"] == one.result["credit_amount"]


def test_one_execution_is_shown_whole(one: Answered, capsys: pytest.CaptureFixture[str]) -> None:
    assert one.execution_id in shown_by(runs.main, capsys, "show", one.execution_id)
    assert json.loads(shown_by(runs.main, capsys, "show", one.execution_id, "--json"))["result"] == one.result


def test_every_hash_is_taken_anew_and_the_credit_is_said_not_to_be(
    answers: dict[str, Answered], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [one.execution_id for one in answers.values()]

    said = shown_by(runs.main, capsys, "verify", *ids)

    assert [line.strip() for line in said.splitlines() if "DIFFERS" in line] == []
    assert said.count("as recorded\n  The notebook is the company's own") == len(ids)


def test_its_files_are_brought(one: Answered, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shown_by(runs.main, capsys, "get", one.execution_id, str(tmp_path / "got"))
    assert json.loads((tmp_path / "got" / "result.json").read_text()) == one.result


def test_searches_find_it_by_the_keys_that_it_has(
    answers: dict[str, Answered], capsys: pytest.CaptureFixture[str]
) -> None:
    during = rows_of(capsys, "search", "--window", "2025-09-01", "2025-12-31")

    for one in answers.values():
        start, end = one.result.get("fraud_start"), one.result.get("fraud_end")
        overlaps = bool(start and end and start <= "2025-12-31" and end >= "2025-09-01")
        assert (one.execution_id in during) == overlaps
        if is_account(sid := one.result.get("account_sid") or ""):
            found = rows_of(capsys, "search", "--account", sid)
            assert set(found) == {one.execution_id}


def test_an_export_as_csv_holds_it(answers: dict[str, Answered], capsys: pytest.CaptureFixture[str]) -> None:
    lines = {line["execution_id"]: line for line in csv.DictReader(StringIO(shown_by(runs.main, capsys, "export")))}

    for one in answers.values():
        assert float(lines[one.execution_id]["credit_amount"]) == pytest.approx(one.result["credit_amount"], abs=0.005)
        assert not any(text.startswith(("=", "+", "@", "\t", "\r")) for text in lines[one.execution_id].values())


def test_an_export_as_parquet_holds_it(
    answers: dict[str, Answered], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "runs.parquet"
    shown_by(runs.main, capsys, "export", "--format", "parquet", "--output", str(file))

    found = duckdb.sql(f"SELECT execution_id, credit_amount, fraud_start, fraud_end::VARCHAR FROM '{file}'").fetchall()
    amounts = {execution_id: float(credit) for execution_id, credit, *_ in found}
    ends = {execution_id: end for execution_id, *_, end in found}
    for name, one in answers.items():
        assert amounts[one.execution_id] == pytest.approx(one.result["credit_amount"], abs=0.005)
        expected = None if name == "a day that is none" else one.result.get("fraud_end")
        assert ends[one.execution_id] == expected


def test_costs_are_summed_for_every_account(answers: dict[str, Answered], capsys: pytest.CaptureFixture[str]) -> None:
    said = shown_by(runs.main, capsys, "cost")
    report = json.loads(shown_by(runs.main, capsys, "cost", "--json"))

    assert f"{len(answers)} executions" in said
    assert sum(group["executions"] for group in report["by_account"]) == len(answers)


def test_a_what_if_says_of_each_why_it_is_not_computed(
    answers: dict[str, Answered], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("what-if", str(candidate(tmp_path)))
    assert "the company's own" in shown_by(policy.main, capsys, *words, code=1)
    executions = json.loads(shown_by(policy.main, capsys, *words, "--json", code=1))["executions"]

    assert {told["execution_id"] for told in executions} == {one.execution_id for one in answers.values()}
    assert all("the company's own" in told["problem"] for told in executions)


@pytest.mark.parametrize(("other", "code"), [("the same", 0), ("ours", 1)])
def test_a_comparison_holds_them_to_themselves_and_to_ours(
    harness: BotHarness,
    answers: dict[str, Answered],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    other: str,
    code: int,
) -> None:
    by_sql = {harness.kept_query(one.execution_id): one.result for one in answers.values()}

    def executors(*_: object) -> compare.Executors:
        ours = canned_result("", VERIFY, None)
        return {"old": Kept(by_sql), "new": Kept(by_sql if other == "the same" else dict.fromkeys(by_sql, ours))}

    words = [one.execution_id for one in answers.values()]
    page, state = tmp_path / "page.html", tmp_path / "state.jsonl"

    def command(words: list[str]) -> int:
        return compare.main([*words, "--html", str(page), "--state", str(state)], make_executors=executors)

    printed = shown_by(command, capsys, *words, code=code)
    cases = json.loads(shown_by(command, capsys, *words, "--json", code=code))["cases"]

    assert {case["what"]: case["old"] for case in cases} == {
        one.execution_id: pytest.approx(one.result["credit_amount"], abs=0.005) for one in answers.values()
    }
    assert {case["verdict"] for case in cases} == ({"equal"} if other == "the same" else {"DIFFERS"})
    assert all(len(case["said"]) < 60 for case in cases)
    for word in words:
        assert word in printed
        assert word in page.read_text()


class Kept:
    """An executor whose executions have all ended, each with the result that its SQL has here."""

    def __init__(self, results: Mapping[str, Mapping[str, Any]]) -> None:
        self._results = results
        self._asked: dict[str, str] = {}

    def execute(self, sql: str, *, execution_id: str) -> dict[str, str]:
        self._asked[execution_id] = sql
        return {"job_name": execution_id}

    def wait_for_completion(self, _job_name: str) -> dict[str, Any]:
        return {"outcome": "completed", "elapsed_seconds": 1.0}

    def get_results(self, execution_id: str) -> dict[str, Any]:
        return {**self._results[self._asked[execution_id]], "execution_id": execution_id}


def test_a_command_by_hand_prints_it(one: Answered, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.dumps(one.result).encode()
    print_result(load_settings(), checked_result(content, one.execution_id, "result.json"), as_json=False)

    printed = capsys.readouterr().out
    assert amount(one.result) in printed
    assert NOT_SHOWN.search(printed) is None
