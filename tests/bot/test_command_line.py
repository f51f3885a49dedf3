"""`python -m src.credit_bot` as it is started by hand and by Airflow; a process where its start or end is tried."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from sandbox.aws.script import scripted
from sandbox.client import ROOT
from sandbox.left_behind import LeftBehind
from src import credit_bot, paths
from tests.bot.harness import ACCOUNT, VERIFY, WITHOUT_FRAUD, BotHarness, make_known
from tests.commands.in_process import call

WRITES = ("Put", "Create", "Delete", "Stop", "chat.", "reactions.", "files.", "conversations.open")


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "src.credit_bot", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    done = call(credit_bot.main, *arguments, **environment)
    return done.returncode, done.stdout, done.stderr


def log_lines(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines()]


def test_a_tick_ends_with_a_summary_line_of_figures_and_calls(harness: BotHarness) -> None:
    ts = harness.ask("result")

    process = start()
    out, err = process.communicate(timeout=300)

    LeftBehind().keep([("a bot's output", f"{out}{err}".encode())])
    assert process.returncode == 0
    summary = log_lines(err)[-1]
    assert (summary["seen"], summary["answered"], summary["failed"]) == (1, 1, 0)
    assert summary["cost_usd_estimate"] >= 0
    assert {"s3", "sagemaker", "slack", "looker"} <= set(summary["calls"])
    assert len(harness.answers(ts)) == 1


def test_a_tick_without_a_link_imports_nothing_that_reads_a_sql(harness: BotHarness) -> None:
    harness.box.slack.post(user="U0SUPPORT1", text="Good morning")
    program = "import sys; from src.credit_bot import main; print(main([]), *sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    code, *modules = done.stdout.split()
    assert code == "0"
    assert {name.partition(".")[0] for name in modules}.isdisjoint({"sqlglot", "verify_credit"})


def test_by_hand_a_claim_that_its_job_would_refuse_starts_none_and_is_kept(harness: BotHarness) -> None:
    make_known(harness)
    link = harness.query(WITHOUT_FRAUD, ACCOUNT)

    code, out, err = run("--link", link)

    assert (code, out, harness.jobs()) == (1, "", [])
    assert "No recommendation: The SQL has no is_fraud = true" in err
    [audit] = harness.objects(paths.AUDIT_PREFIX).values()
    kept = json.loads(audit)
    assert (kept["outcome"], kept["purpose"], kept["link"]) == ("refused", "link", link)
    assert WITHOUT_FRAUD in harness.kept_query(kept["execution_id"])


def test_a_dry_run_says_which_claims_it_would_refuse(harness: BotHarness) -> None:
    make_known(harness)
    harness.post(harness.query(WITHOUT_FRAUD))

    code, out, _ = run("--dry-run")

    assert code == 0
    assert "would be refused: The SQL has no is_fraud = true" in out
    assert harness.objects(paths.AUDIT_PREFIX) == {}


def test_every_line_about_an_execution_carries_its_id(harness: BotHarness) -> None:
    ts = harness.ask("result")

    _, _, err = run()

    [execution] = harness.record(ts)["requests"][0]["attempts"]
    started = [line for line in log_lines(err) if line["message"] == "job started"]
    assert [line["execution_id"] for line in started] == [execution["execution_id"]]


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(harness: BotHarness) -> None:
    harness.ask("result")
    harness.post(harness.query("SELECT 1 FROM sales.orders"))
    harness.box.clear_calls()

    code, out, _ = run("--dry-run")

    assert code == 0
    assert "would run" in out
    assert "not a Verify query" in out
    assert [name for name in harness.box.count_calls() if name.split(".", 1)[1].startswith(WRITES)] == []


def test_one_link_is_answered_on_standard_output_without_slack(harness: BotHarness) -> None:
    link = harness.query(VERIFY)
    harness.box.clear_calls()

    code, out, err = run("--link", link)

    assert code == 0, err
    assert "credit recommended" in out
    assert re.search(
        r"^Report in S3: https://\S+&prefix=\S+report\.html · Notebook in S3: https://\S+$", out, re.MULTILINE
    )
    assert not re.search(r"&amp;|<http|\*", out)
    assert harness.box.count_calls(service="slack") == {}
    [execution_id] = harness.jobs_by_execution()
    assert json.loads(harness.content(paths.READER))["execution_id"] == execution_id


def test_one_link_that_fails_says_why_in_one_line(harness: BotHarness) -> None:
    code, _, err = run("--link", harness.query(scripted(VERIFY, "error")))

    assert code == 1
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_CHANNEL", "S3_OUTPUT_BUCKET", "SAGEMAKER_ROLE_ARN"])
def test_a_missing_setting_is_named_in_one_line(harness: BotHarness, name: str) -> None:
    code, _, err = run(**{name: ""})

    assert code == 2
    [line] = err.splitlines()
    assert name in line


def test_a_wrong_setting_is_named_in_one_line(harness: BotHarness) -> None:
    code, _, err = run(MAX_CONCURRENT_JOBS="many")

    assert code == 2
    [line] = err.splitlines()
    assert "MAX_CONCURRENT_JOBS" in line


def test_a_bucket_that_does_not_exist_is_named_in_one_line(harness: BotHarness) -> None:
    code, _, err = run(S3_OUTPUT_BUCKET="no-such-bucket-here")

    assert code == 2
    assert "S3_OUTPUT_BUCKET" in err
    assert "Traceback" not in err


ALONE = (pytest.mark.heavy, pytest.mark.alone)
IN_THE_END, TEN_SECONDS = 300, 10
"""What a busy machine is given, and what a tick is allowed: the second is for a machine that does nothing else."""


def check_told_to_end_it_ends(process: subprocess.Popen[str], within: float) -> None:
    """As a tick that was told to end."""
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=within)
    assert process.returncode == 143


@pytest.mark.parametrize("within", [IN_THE_END, pytest.param(TEN_SECONDS, marks=ALONE)])
def test_told_to_end_a_tick_ends_within_ten_seconds_and_the_next_goes_on(harness: BotHarness, within: float) -> None:
    ts = harness.ask("result after 1200")
    process = start(LISTEN_SECONDS="3600")
    while not harness.jobs():
        time.sleep(0.1)

    check_told_to_end_it_ends(process, within)

    harness.box.aws.finish_all()
    harness.ticks_until_quiet()
    assert "credit recommended" in harness.answers(ts)[0]
    assert len(harness.jobs()) == 1


@pytest.mark.parametrize(
    ("kind", "service", "operation", "within"),
    [
        pytest.param("delay", "s3", "*", TEN_SECONDS, marks=ALONE),
        pytest.param("delay", "slack", "conversations.history", TEN_SECONDS, marks=ALONE),
        pytest.param("throttle", "slack", "chat.postMessage", TEN_SECONDS, marks=ALONE),
        ("throttle", "slack", "chat.postMessage", IN_THE_END),
    ],
)
def test_told_to_end_while_a_call_hangs_a_tick_still_ends_within_ten_seconds_and_the_next_goes_on(
    harness: BotHarness, kind: str, service: str, operation: str, within: float
) -> None:
    ts = harness.ask("result")
    fault = harness.box.faults.add(kind, service=service, operation=operation, skip=4 * (service == "s3"), seconds=30)
    process = start()
    while not any(f["struck"] for f in harness.box.faults.list() if f["number"] == fault):
        time.sleep(0.1)

    check_told_to_end_it_ends(process, within)

    harness.box.faults.clear()
    harness.time.sleep(900)
    harness.ticks_until_quiet()
    assert len(harness.answers(ts)) == 1
    assert len(harness.jobs()) == 1


@pytest.mark.heavy
def test_a_listening_tick_answers_what_is_posted_while_it_listens(harness: BotHarness) -> None:
    process = start(LISTEN_SECONDS="600", TICK_BUDGET_SECONDS="600")
    while not harness.box.count_calls(operation="conversations.history"):
        time.sleep(0.1)
    ts = harness.ask("result")
    deadline = time.monotonic() + 300
    while not harness.answers(ts) and time.monotonic() < deadline:
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=IN_THE_END)

    assert len(harness.answers(ts)) == 1
