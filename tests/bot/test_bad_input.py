"""Bad input as whoever posted it sees it: links in, one tick with jobs that really run, a line in each thread."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_ACCOUNT_SID, SAMPLE_SQL

EURO_ACCOUNT = "AC" + "e" * 32
EURO_SERVICE = "VA" + "1" * 32
EURO_USAGE = f"('{EURO_ACCOUNT}', '{EURO_SERVICE}', DATE '2025-07-10', 'NG', '621', true, 10, 5, 'EUR')"
AMOUNT = "SUM(verification_usage.amount)"
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]  # ten jobs at once, on whatever machine this is

# case: (SQL, what the line in the thread begins with, what it tells to do)
BAD: dict[str, tuple[str, str, str]] = {
    "no SQL": ("", "Looker has no SQL for this link", "post its link"),
    "not Verify": ("SELECT 1 FROM sales.orders", "Not a Verify query", "Post the link of a query on authy."),
    "two statements": (f"{SAMPLE_SQL.strip()}; DROP TABLE x", "The SQL has 2 statements", "Leave out all but one."),
    "a missing column": (
        SAMPLE_SQL.replace("total_amount", "sum_of_all"),
        "The Looker query has no column amount",
        "it returned verification_usage.usage_date, verification_usage.total_attempts, verification_usage.sum_of_all",
    ),
    "an answer cut off": (
        SAMPLE_SQL.replace("LIMIT 5000", "LIMIT 10"),
        "The Looker query returned 10 rows, its LIMIT",
        "Raise the row limit in Looker above 10",
    ),
    "two accounts": (
        SAMPLE_SQL.replace(f"= '{SAMPLE_ACCOUNT_SID}'", f"IN ('{SAMPLE_ACCOUNT_SID}', '{EURO_ACCOUNT}')"),
        f"The SQL is about {SAMPLE_ACCOUNT_SID}, {EURO_ACCOUNT}",
        "Filter by one account_sid.",
    ),
    "no fraud filter": (
        SAMPLE_SQL.replace("AND verification_usage.is_fraud = true", ""),
        "The SQL has no is_fraud = true",
        "Add that filter in Looker.",
    ),
    "an open window": (
        SAMPLE_SQL.replace("AND verification_usage.usage_date < DATE '2025-10-01'", ""),
        "The SQL's window is open: it names no last day.",
        "Give usage_date a last day in Looker.",
    ),
    "an unknown predicate": (
        SAMPLE_SQL.replace("GROUP BY 1", "AND carrier = 'x' GROUP BY 1"),
        "The SQL filters by carrier = 'x'",
        "Leave it out: a claim is filtered by the usage table's own account_sid",
    ),
    "totals that differ": (
        SAMPLE_SQL.replace(AMOUNT, f"{AMOUNT} * 2"),
        "The Looker query's totals are 18,436.36",
        "Look for a join that multiplies or drops rows",
    ),
    "NaN": (
        SAMPLE_SQL.replace(AMOUNT, f"{AMOUNT} * CAST('NaN' AS DOUBLE)"),
        "Looker query row 1: verification_usage.total_amount is NaN",
        "Open the query in Looker and look at that row",
    ),
    "a foreign currency": (
        SAMPLE_SQL.replace(SAMPLE_ACCOUNT_SID, EURO_ACCOUNT),
        f"usage row 1 (2025-07-10, {EURO_SERVICE}, NG, 621): currency is EUR, not USD.",
        "ask the owner of the table, or narrow the Looker query",
    ),
}
WITHOUT_A_JOB = {"no SQL", "not Verify"}


class Told(NamedTuple):
    """What one tick made of all of it: each case's thread, and how many jobs it started."""

    threads: dict[str, list[dict[str, Any]]]
    jobs: int


@pytest.fixture(scope="module")
def told(sandbox: Sandbox) -> Told:
    sandbox.presto.execute(sql=f"INSERT INTO authy.verification_usage VALUES {EURO_USAGE}")
    jobs_before = len(sandbox.aws.jobs())
    host = sandbox.env["LOOKER_HOSTS"].split(",")[0]
    posted: dict[str, str] = {}
    for number, (name, (sql, _, _)) in enumerate(BAD.items()):
        sandbox.looker.add_query(slug=f"badinput{number:04d}", sql=sql)
        posted[name] = sandbox.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/badinput{number:04d}>")
    environment = {**os.environ, **sandbox.env, "SLACK_POST_INTERVAL": "0"}
    command = [sys.executable, "-m", "src.credit_bot"]
    tick = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert tick.returncode == 0, tick.stderr
    threads = {name: sandbox.slack.thread(ts=ts) for name, ts in posted.items()}
    return Told(threads, len(sandbox.aws.jobs()) - jobs_before)


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_gets_one_line_that_names_it_and_says_what_to_do(told: Told, name: str) -> None:
    _, what, advice = BAD[name]
    [line] = [message["text"] for message in told.threads[name][1:]]
    assert line.removeprefix("No recommendation: ").startswith(what)
    assert advice in line
    assert "Traceback" not in line


def test_no_job_is_started_for_what_is_no_verify_query(told: Told) -> None:
    assert told.jobs == len(BAD) - len(WITHOUT_A_JOB)
