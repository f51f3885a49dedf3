"""What is audited is what was answered, whatever has become of result.json since."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.aws.outcomes import canned_result
from sandbox.aws.script import scripted
from src import paths, runs
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.bot.test_killed_everywhere import A_PROCESS_DIES, Died, calls_of_a_tick, deaths
from tests.conftest import Figure

CHANGED = "changed in between"


@pytest.fixture(autouse=True)
def ticks_as_long_as_a_message_taken_over_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "20")


def ask(harness: BotHarness) -> tuple[str, str]:
    """A message whose job has left its result: its time stamp and its execution."""
    ts = harness.post(harness.query(scripted(VERIFY, "none after 36000")))
    harness.tick()
    execution_id = harness.record(ts)["requests"][0]["attempts"][0]["execution_id"]
    leave(harness, execution_id, {})
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    return ts, execution_id


def leave(harness: BotHarness, execution_id: str, change: Mapping[str, Any]) -> str:
    """result.json, changed so; its SHA-256."""
    result = {**canned_result(execution_id, harness.kept_query(execution_id), None), **change}
    body = json.dumps(result, default=str)
    harness.box.aws.put_objects(objects={paths.ExecutionPaths(execution_id).result: body})
    return hashlib.sha256(body.encode()).hexdigest()


def change(harness: BotHarness, execution_id: str) -> str:
    """Another result that keeps every rule; its SHA-256."""
    return leave(
        harness, execution_id, {"flags": [{"code": "changed", "text": CHANGED}], "timestamp": "2026-01-15T00:00:00Z"}
    )


def digest(harness: BotHarness, execution_id: str) -> str:
    return hashlib.sha256(harness.objects(paths.ExecutionPaths(execution_id).result).popitem()[1]).hexdigest()


def audit(harness: BotHarness) -> dict[str, Any]:
    [body] = harness.objects(paths.AUDIT_PREFIX).values()
    found: dict[str, Any] = json.loads(body)
    return found


def told(harness: BotHarness) -> str:
    """What on-call was told."""
    return "\n".join(message["text"] for message in harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"]))


def test_a_result_changed_before_its_reply_is_posted_is_no_answer(harness: BotHarness) -> None:
    ts, execution_id = ask(harness)
    harness.box.faults.add("error_5xx", service="slack", operation="chat.postMessage")
    harness.tick()
    assert harness.record(ts)["requests"][0]["state"] == "replying"
    harness.box.faults.clear()
    change(harness, execution_id)
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    [said] = harness.answers(ts)
    assert said.startswith("No recommendation:")
    assert "was changed after it was read" in said
    assert "was changed after it was read" in told(harness)
    assert audit(harness)["result"] is None
    entry, unreached = sorted(harness.objects(f"{paths.ROOT}/index/"))
    assert unreached == paths.reached_nobody(entry)  # no later answer counts it


def test_a_result_changed_after_its_answer_is_not_audited_and_on_call_is_told(
    harness: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    ts, execution_id = ask(harness)
    answered = digest(harness, execution_id)
    harness.box.faults.add("error_5xx", service="s3", operation="PutObject", path="*/audit/*")
    harness.tick()
    assert "credit recommended" in harness.answers(ts)[0]
    harness.box.faults.clear()
    change(harness, execution_id)
    harness.time.sleep(TICK_EVERY)

    harness.ticks_until_quiet()

    kept = audit(harness)
    assert (kept["outcome"], kept["result"], kept["result_sha256"]) == ("answer", None, answered)
    assert "was changed after it was read" in told(harness)
    assert runs.main(["verify", execution_id]) == 1
    assert "result.json is not what was recorded" in capsys.readouterr().out


def test_the_audit_record_has_the_hash_of_the_result_that_was_answered(harness: BotHarness) -> None:
    _, execution_id = ask(harness)
    answered = digest(harness, execution_id)
    harness.ticks_until_quiet()

    assert audit(harness)["result_sha256"] == answered
    assert audit(harness)["result"]["flags"] == []


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
def test_wherever_a_process_died_and_whatever_result_json_is_then_the_audit_is_of_what_was_answered(
    harness: BotHarness, figure: Figure
) -> None:
    ask(harness)
    every_death = deaths(calls_of_a_tick(harness))
    ends = dict.fromkeys(("as it was", "as it became", "no answer"), 0)
    for dying in every_death:
        harness.box.reset()
        ts, execution_id = ask(harness)
        first = digest(harness, execution_id)
        with contextlib.suppress(Died):
            harness.tick(calls=dying.log)
        second = change(harness, execution_id)
        harness.time.sleep(TICK_EVERY)
        harness.ticks_until_quiet()

        [said] = harness.answers(ts)
        kept = audit(harness)
        if said.startswith("No recommendation"):
            ends["no answer"] += 1
            assert kept["result"] is None, dying
        else:
            changed = CHANGED in said
            assert harness.box.slack.dms(user="U0SUPPORT1") == [], dying  # nobody hears both that there is and is not
            ends["as it became" if changed else "as it was"] += 1
            assert kept["result_sha256"] == (second if changed else first), dying
            assert kept["result"] is None or (kept["result"]["flags"] != []) is changed, dying
    assert all(ends.values())
    figure(f"result.json changed after a death: {len(every_death)} deaths, {ends}")
