"""Only what is shown to be abandoned is stopped."""

from __future__ import annotations

import json
import threading
import time

import pytest

from sandbox.aws.script import scripted
from src import paths
from src.bot import reaper
from src.state.records import ExecutionRecord
from src.waiting import Waiter
from tests.bot.harness import TICK_EVERY, BotHarness, threaded


@pytest.fixture
def running(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> str:
    """A message whose job runs on after its tick."""
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "10")
    ts = harness.ask("result after 36000")
    harness.tick()
    return ts


def states(harness: BotHarness) -> list[str]:
    return [job["status"] for job in harness.jobs()]


def only_execution(harness: BotHarness) -> ExecutionRecord:
    [body] = harness.objects(paths.EXECUTIONS_PREFIX).values()
    return ExecutionRecord.model_validate_json(body)


def test_a_job_whose_message_still_waits_is_left_running(harness: BotHarness, running: str) -> None:
    harness.time.sleep(TICK_EVERY * 2)
    assert harness.bot().reaper.run() == []
    assert states(harness) == ["InProgress"]


def test_a_job_whose_message_record_is_gone_is_stopped_once(harness: BotHarness, running: str) -> None:
    bot = harness.bot()
    [key] = harness.objects(f"{paths.ROOT}/state/messages/")
    bot.services.clients.s3.delete_object(Bucket=bot.services.settings.s3_output_bucket, Key=key)
    harness.time.sleep(TICK_EVERY * 2)

    [said] = bot.reaper.run()

    assert "was stopped" in said
    assert states(harness) != ["InProgress"]
    assert (only_execution(harness).stopped_because or "").startswith("abandoned")
    assert bot.reaper.run() == []


def test_a_young_job_is_not_looked_at(harness: BotHarness, running: str) -> None:
    bot = harness.bot()
    [key] = harness.objects(f"{paths.ROOT}/state/messages/")
    bot.services.clients.s3.delete_object(Bucket=bot.services.settings.s3_output_bucket, Key=key)

    assert bot.reaper.run() == []
    assert states(harness) == ["InProgress"]


def test_a_job_without_a_record_is_reported_and_left_alone(harness: BotHarness, running: str) -> None:
    bot = harness.bot()
    [key] = harness.objects(paths.EXECUTIONS_PREFIX)
    bot.services.clients.s3.delete_object(Bucket=bot.services.settings.s3_output_bucket, Key=key)
    harness.time.sleep(TICK_EVERY * 2)

    [said] = bot.reaper.run()

    assert "without a record" in said
    assert states(harness) == ["InProgress"]


@pytest.mark.parametrize(("hours", "stopped"), [(0.5, False), (2, True)])
def test_a_commands_job_lives_as_long_as_its_lease(harness: BotHarness, hours: float, stopped: bool) -> None:
    bot = harness.bot()
    bot.services.executor.execute(scripted("SELECT 1 FROM authy.verification_usage", "result after 36000"))
    harness.time.sleep(hours * 3600)

    bot.reaper.run()

    assert (states(harness) != ["InProgress"]) == stopped
    kept = [json.loads(body) for body in harness.objects(paths.AUDIT_PREFIX).values()]
    assert [(record["purpose"], record["failure"]["category"]) for record in kept] == [
        ("script", "cancelled")
    ] * stopped


def test_a_job_another_bot_won_is_not_stopped_by_this_one(harness: BotHarness, running: str) -> None:
    bot = harness.bot()
    [key] = harness.objects(f"{paths.ROOT}/state/messages/")
    bot.services.clients.s3.delete_object(Bucket=bot.services.settings.s3_output_bucket, Key=key)
    harness.time.sleep(TICK_EVERY * 2)
    record = only_execution(harness)
    found = bot.services.state.execution(record.execution_id)
    assert found is not None
    bot.services.state.replace_execution(found[0].model_copy(update={"stopped_because": "another"}), found[1])

    assert bot.reaper.run() == []
    assert states(harness) == ["InProgress"]


@pytest.mark.heavy
def test_the_reaper_beside_a_bot_that_submits_stops_nothing_that_lives(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it looks at jobs of any age, all the time."""
    monkeypatch.setattr(reaper, "MIN_AGE", -60.0)
    waiting = Waiter()
    asked = [harness.ask("result after 0.5") for _ in range(30)]
    bot = harness.bot(pool=threaded(), waiting=waiting, clock=time.time)
    other = harness.bot(waiting=waiting, clock=time.time)
    working = threading.Thread(target=bot.run)
    working.start()
    said: list[str] = []
    while working.is_alive():
        said += other.reaper.run()

    assert said == []
    assert set(states(harness)) == {"Completed"}
    assert [len(harness.answers(ts)) for ts in asked] == [1] * 30
