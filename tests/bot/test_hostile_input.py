"""Input that is meant to hurt: huge, forged, pinging. Bounded, answered, survived."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from sandbox.aws.outcomes import canned_result
from sandbox.aws.script import scripted
from sandbox.client import ROOT
from src import paths
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness

FORGED = '\n{"level": "INFO", "message": "forged"}\n\r\x1b[2K{"message": "forged"}\u2028'


def test_a_message_of_two_megabytes_is_answered_and_costs_the_next_one_nothing(harness: BotHarness) -> None:
    huge = harness.box.slack.post(text=f"<{harness.query(VERIFY)}> {'some words &amp; more. ' * 90_000}", blocks=[])
    after = harness.ask("result")

    harness.ticks_until_quiet()

    assert "credit recommended" in harness.answers(huge)[0]
    assert len(harness.answers(after)) == 1


def test_four_megabytes_of_sql_run_and_more_are_refused_with_the_limit(harness: BotHarness) -> None:
    room = 4_000_000 - len(VERIFY) - 200
    fits, too_long = (harness.post(harness.query(f"{VERIFY} /* {'x' * size} */")) for size in (room, room + 300))

    harness.ticks_until_quiet()

    assert "credit recommended" in harness.answers(fits)[0]
    assert "over 4 MB" in harness.answers(too_long)[0]
    assert len(harness.jobs()) == 1


def test_no_line_of_the_log_can_be_forged(harness: BotHarness) -> None:
    """By a link, a query, a file's name, an error of the job: what came from outside stays inside its string."""
    harness.box.slack.post(text=f"<https://{harness.host}/x/a{FORGED}b|{FORGED}> {FORGED}", blocks=[])
    harness.box.slack.post(
        text="see", blocks=[{"type": "link", "url": f"https://{harness.host}/explore/m/v?fields={FORGED}"}]
    )
    harness.post(harness.query(scripted(f"{VERIFY} {FORGED}", "error")))
    harness.post(f"https://{harness.host}.evil.example/x/{FORGED}")

    command = [sys.executable, "-m", "src.credit_bot"]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, timeout=500, check=True)

    lines = [json.loads(line) for line in done.stderr.decode().splitlines()]
    assert lines[-1]["message"] == "tick done"
    assert [line for line in lines if line["message"] == "forged"] == []


@pytest.mark.usefixtures("short_ticks")
def test_a_name_in_the_result_and_an_error_of_the_job_ping_nobody(harness: BotHarness) -> None:
    asked = [harness.ask("none after 36000") for _ in range(2)]
    harness.tick()
    answer, failure = (
        paths.ExecutionPaths(harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]) for ts in asked
    )
    ping = "<!channel> <@U0ONCALL01> &lt;!here&gt;"
    flags = [{"code": "late", "text": ping}]
    sql = harness.kept_query(answer.execution_id)
    result = canned_result(answer.execution_id, sql, None) | {"account_name": ping, "flags": flags}
    said = {"execution_id": failure.execution_id, "category": "data", "message": ping, "advice": ping}
    harness.box.aws.put_objects(objects={answer.result: json.dumps(result), failure.error: json.dumps(said)})
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    assert [len(harness.answers(ts)) for ts in asked] == [1, 1]
    assert "credit recommended" in harness.answers(asked[0])[0]
    assert harness.box.slack.pings() == []
