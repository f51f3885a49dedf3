"""Ticks with EXECUTOR=local: a job is a process of this machine, which may be gone by the next tick."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from sandbox.client import Sandbox
from src.bot.work_pool import ThreadedPool
from src.config import BotSettings
from src.execution.local_jobs import LocalJobs
from src.notebook_executor import NotebookExecutor
from tests.bot.harness import VERIFY, BotHarness
from tests.clocks import PatientClock
from tests.executors.conftest import until
from tests.executors.fake_job import ENTRYPOINT, told
from tests.executors.results import failure, valid_result


class Tick(Protocol):
    """One tick on the machine of this name; its time goes on while a job runs only where it is to leave it running."""

    def __call__(self, machine: str, *, leaves_running: bool = False) -> None: ...


@pytest.fixture
def harness(told_box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> BotHarness:
    told_box.reset()
    for name, value in {**told_box.env, "EXECUTOR": "local", "SLACK_POST_INTERVAL": "0"}.items():
        monkeypatch.setenv(name, value)
    return BotHarness(told_box, PatientClock(time.time()))


@pytest.fixture
def tick(harness: BotHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Tick]:
    """At the end nothing is left running on any machine."""
    executors: list[NotebookExecutor] = []

    def run(machine: str, *, leaves_running: bool = False) -> None:
        pool = ThreadedPool()

        def on_machine(settings: BotSettings, **parts: Any) -> NotebookExecutor:
            executors.append(
                NotebookExecutor(settings, entrypoint=ENTRYPOINT, jobs_dir=tmp_path / machine, grace=0.2, **parts)
            )
            return executors[-1]

        monkeypatch.setattr("src.bot.services.make_executor", on_machine)
        harness.time.at_work = lambda: not pool.idle() or (not leaves_running and _runs_a_job(tmp_path / machine))
        harness.bot(pool=pool).run()

    yield run
    for executor in executors:
        for name in [record["job_name"] for record in _execution_records(harness)]:
            executor.stop(name)


def _execution_records(harness: BotHarness) -> list[dict[str, Any]]:
    return [json.loads(body) for body in harness.objects("credits-automation/state/executions/").values()]


def _ask(harness: BotHarness, **todo: Any) -> str:
    return harness.post(harness.query(told(VERIFY, **todo)))


def _runs_a_job(machine: Path) -> bool:
    jobs = LocalJobs(machine, grace=0)
    return any((job := jobs.find(folder.name)) is not None and job.alive for folder in machine.glob("2*"))


def _switch_off(machine: Path) -> None:
    """Its jobs end where they are, and nothing is left of it."""
    [folder] = machine.iterdir()
    (folder / "stop").touch()
    until(lambda: not _runs_a_job(machine))
    machine.rename(machine.with_name("gone"))


FIRST_ASKED_FOR = f"AC{1:032x}"
"""The account of a harness's first query."""
PROVENANCE = valid_result("EXECUTION_ID")["provenance"] | {"sql_sha256": "SQL_SHA256"}
RESULT = {
    "result.json": valid_result("EXECUTION_ID") | {"provenance": PROVENANCE, "account_sid": FIRST_ASKED_FOR},
    "report.html": "<p>report</p>",
}


def test_a_local_job_is_answered_in_the_thread(harness: BotHarness, tick: Tick) -> None:
    ts = _ask(harness, leave=RESULT)
    tick("here")
    [answer] = harness.answers(ts)
    assert "4,948.80" in answer
    assert harness.jobs() == []


def test_a_local_failure_is_told_with_the_steps_in_its_log_and_nothing_else_of_it(
    harness: BotHarness, tick: Tick
) -> None:
    step = "2026-01-15T12:34:56 20260115_123456_3fa94c01 INFO 3 of 8 queries done"
    ts = _ask(harness, log=[step, "a line of whoever"], leave={"error.json": failure("EXECUTION_ID")}, exit=10)
    tick("here")
    assert len(harness.answers(ts)) == 1
    said = json.dumps(harness.box.slack.dms(user="U0SUPPORT1"))
    assert step in said
    assert "a line of whoever" not in said
    assert "The window of the query is open" in said


def test_a_job_the_tick_left_running_is_answered_by_the_next_on_the_same_machine(
    harness: BotHarness, tick: Tick, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "30")
    ts = _ask(harness, until=str(tmp_path / "go"), leave=RESULT)
    tick("here", leaves_running=True)
    assert harness.answers(ts) == []
    (tmp_path / "go").touch()
    tick("here")
    assert len(harness.answers(ts)) == 1
    assert len(_execution_records(harness)) == 1


def test_a_job_whose_machine_is_gone_is_run_once_more_and_answered_once(
    harness: BotHarness, tick: Tick, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "30")
    ts = _ask(harness, until=str(tmp_path / "go"), leave=RESULT)
    tick("a pod", leaves_running=True)
    assert harness.answers(ts) == []
    _switch_off(tmp_path / "a pod")
    (tmp_path / "go").touch()
    monkeypatch.setenv("TICK_BUDGET_SECONDS", "720")
    tick("the next pod")
    tick("the next pod")
    assert len(harness.answers(ts)) == 1
    first, second = sorted(_execution_records(harness), key=lambda record: record["created_at"])
    assert second["replaces"] == first["execution_id"]
