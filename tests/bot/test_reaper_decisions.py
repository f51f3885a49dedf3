"""Which running jobs are stopped: only those whose record in this bucket shows that nobody waits for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src import paths
from src.errors import TransientError
from src.state.lease import DURATION
from src.state.records import ExecutionRecord
from src.times import iso
from tests.bot.outside import stands
from tests.bot.parts import TS, Parts, attempt, request

ID, JOB = attempt(1).execution_id, attempt(1).job_name


class ListedJobs:
    """SageMaker's list of running jobs, a page for each of `pages`."""

    def __init__(self, *pages: list[str]) -> None:
        self._pages = pages
        self.asked: list[dict[str, Any]] = []

    def list_processing_jobs(self, **arguments: Any) -> dict[str, Any]:
        self.asked.append(arguments)
        number = int(arguments.get("NextToken", "0"))
        more = {"NextToken": str(number + 1)} if number + 1 < len(self._pages) else {}
        return {"ProcessingJobSummaries": [{"ProcessingJobName": name} for name in self._pages[number]], **more}


def record(parts: Parts, **fields: Any) -> None:
    """The execution's record in the bucket."""
    given: dict[str, Any] = {"purpose": "message", "channel": "C1", "ts": TS, "request_key": "k1", **fields}
    made = ExecutionRecord(execution_id=ID, job_name=JOB, created_at=iso(parts.clock.now), **given)
    parts.state.begin_execution(made)


def dead_bots(parts: Parts, state: Any = "running", number: int = 1) -> None:
    """A message whose request is in this state, of a bot whose lease has run out."""
    gone = Parts(bucket=parts.bucket)
    gone.claimed(request(number, state=state))
    parts.clock.sleep(DURATION)


def living_bots(parts: Parts, state: Any = "answered") -> None:
    Parts(bucket=parts.bucket).claimed(request(1, state=state))


def no_message(parts: Parts) -> None:
    """Its record was deleted."""


@pytest.mark.parametrize(
    ("message", "stopped_because"),
    [
        pytest.param(no_message, "its message's record is gone", id="no message: stopped"),
        pytest.param(living_bots, None, id="a bot that lives has the message: left"),
        pytest.param(lambda parts: dead_bots(parts, "submitting"), None, id="its bot died, it waits to be run: left"),
        pytest.param(lambda parts: dead_bots(parts, "running"), None, id="its bot died, it runs: left"),
        pytest.param(lambda parts: dead_bots(parts, "replying"), None, id="its bot died, it replies: left"),
        pytest.param(
            lambda parts: dead_bots(parts, "answered"), "its message was answered without it", id="answered: stopped"
        ),
        pytest.param(
            lambda parts: dead_bots(parts, "running", 2), "its message was answered without it",
            id="another execution took its place: stopped",
        ),
    ],
)  # fmt: skip
def test_a_job_of_a_message(message: Any, stopped_because: str | None) -> None:
    parts = Parts()
    record(parts)
    message(parts)
    told = parts.reap(ListedJobs([JOB]))
    assert told == ([f"{JOB} was stopped: {stopped_because}."] if stopped_because else [])
    assert parts.executor.stopped == ([JOB] if stopped_because else [])


@pytest.mark.parametrize(
    ("purpose", "seconds_left", "stopped"),
    [
        pytest.param("script", 1.0, False, id="a script that lives"),
        pytest.param("script", 0.0, False, id="to its last second"),
        pytest.param("script", -1.0, True, id="a script that is gone"),
        pytest.param("link", -1.0, True, id="--link that is gone"),
        pytest.param("check", -1.0, True, id="the doctor's"),
        pytest.param("script", None, False, id="a script that gives no sign of life"),
    ],
)
def test_a_job_of_a_command(purpose: str, seconds_left: float | None, stopped: bool) -> None:
    parts = Parts()
    until = None if seconds_left is None else parts.clock.now + seconds_left
    record(parts, purpose=purpose, channel=None, ts=None, lease_until=until)
    told = parts.reap(ListedJobs([JOB]))
    assert ["the command that started it is gone" in one for one in told] == [True] * stopped
    assert parts.executor.stopped == [JOB] * stopped


@pytest.mark.parametrize(
    ("job", "told"),
    [
        pytest.param(
            JOB, f"{JOB} runs without a record in this bucket; it was left alone.", id="another bucket's: told"
        ),
        pytest.param("credits-automation-by-hand", "", id="a name that no execution has: nothing"),
    ],
)
def test_a_job_without_a_record_is_never_stopped(job: str, told: str) -> None:
    parts = Parts()
    said = parts.reap(ListedJobs([job]))
    assert parts.executor.stopped == []
    assert len(said) == bool(told)
    assert all(told in one for one in said)


def test_a_job_that_was_stopped_already_or_has_its_result_is_left() -> None:
    parts = Parts()
    record(parts, stopped_because="over its time")
    assert parts.reap(ListedJobs([JOB])) == []
    parts = Parts()
    record(parts)
    parts.leave_result(request(1))
    assert parts.reap(ListedJobs([JOB])) == []
    assert parts.executor.stopped == []


def test_the_record_says_that_it_is_stopped_before_the_service_is_asked_and_how_it_ended_is_kept() -> None:
    parts = Parts()
    record(parts)
    parts.executor.statuses = {JOB: stands(JOB, "Stopping")}
    because: list[str | None] = []
    parts.executor.stop = lambda job_name: because.append(_record_of(parts).stopped_because)  # type: ignore[method-assign]

    parts.reap(ListedJobs([JOB]))

    assert because == ["abandoned: its message's record is gone"]
    [audit] = [json.loads(body) for body in parts.bucket.under("/audit/")]
    assert (audit["outcome"], audit["failure"]["category"]) == ("failure", "cancelled")
    assert audit["failure"]["retry_helps"] is True


def _record_of(parts: Parts) -> ExecutionRecord:
    found = parts.state.execution(ID)
    assert found is not None
    return found[0]


def test_a_job_that_another_bot_won_is_left_to_it() -> None:
    parts = Parts()
    record(parts)
    parts.executor.has_result = lambda *_, **__: _won_by_another(parts)  # type: ignore[method-assign]
    assert parts.reap(ListedJobs([JOB])) == []
    assert parts.executor.stopped == []


def _won_by_another(parts: Parts) -> bool:
    """Between the look at the record and the write of it."""
    found = parts.state.execution(ID)
    assert found is not None
    parts.state.replace_execution(found[0].model_copy(update={"stopped_because": "the other"}), found[1])
    return False


def test_only_old_jobs_are_looked_at_on_every_page() -> None:
    parts = Parts()
    record(parts)
    jobs = ListedJobs(["credits-automation-by-hand"], [JOB])
    assert len(parts.reap(jobs)) == 1
    assert [iso(asked["CreationTimeBefore"].timestamp()) for asked in jobs.asked] == [iso(parts.clock.now - 1200)] * 2
    assert [asked["StatusEquals"] for asked in jobs.asked] == ["InProgress"] * 2


def test_a_record_that_cannot_be_read_is_told_and_holds_up_no_other_job() -> None:
    parts = Parts()
    other = attempt(2)
    parts.store.put_bytes(paths.ExecutionPaths(other.execution_id).record, b"{")
    record(parts)
    told = parts.reap(ListedJobs([other.job_name, JOB]))
    assert [one.split()[0] for one in told] == [other.job_name, JOB]
    assert parts.executor.stopped == [JOB]


def test_a_service_that_is_away_costs_nothing_but_the_look() -> None:
    parts = Parts()
    record(parts)
    parts.executor.refuses = [TransientError("S3 is away")]
    assert parts.reap(ListedJobs([JOB])) == []
    assert parts.executor.stopped == []
