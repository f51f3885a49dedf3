"""What becomes of a request whose job has a result, has ended without one, or is over its time."""

from __future__ import annotations

from typing import Any

import pytest

from src import paths
from src.errors import ResultMissing
from src.executor import ReadResult
from src.notebook_choice import OUR_PROFILE
from src.state.records import Request
from tests.bot.outside import stands
from tests.bot.parts import Parts, attempt, request

JOB = attempt(1).job_name
OVER = 1800 + 600
"""SAGEMAKER_MAX_RUNTIME as it is set here, and ten minutes for start and end; seconds."""


def collected(status: str | None = None, reason: str | None = None, **fields: Any) -> tuple[Parts, Request]:
    """The request as it is saved after its job's news; status: how the service says that it ended."""
    parts = Parts(sagemaker_max_runtime=1800)
    claimed = parts.claimed(request(**{"state": "running", **fields}))
    if status:
        parts.signals.statuses = {JOB: stands(JOB, status, reason)}
        parts.executor.has_result = lambda *_, **__: False  # type: ignore[method-assign]
        parts.executor.results[attempt(1).execution_id] = ResultMissing("none")
    parts.executions.collect(claimed, claimed.record.requests[0])
    return parts, parts.saved(claimed).requests[0]


REPLACED = attempt(9).model_copy(update={"replaced_because": "InternalServerError"})
NO_ROOM = attempt(9).model_copy(update={"replaced_because": "no capacity: none left"})


@pytest.mark.parametrize(
    ("status", "reason", "before", "state", "attempts", "category"),
    [
        pytest.param("Failed", "AlgorithmError: 1", [], "replying", 1, "failed", id="it failed: said"),
        pytest.param("Completed", None, [], "replying", 1, "completed", id="completed without a result: said"),
        pytest.param("Stopped", None, [], "replying", 1, "stopped", id="somebody stopped it: said"),
        pytest.param("Failed", "InternalServerError", [], "submitting", 2, None, id="the platform lost it: once more"),
        pytest.param("Failed", "InternalServerError", [REPLACED], "replying", 2, "lost", id="lost twice: said"),
        pytest.param(
            "Failed", "InternalServerError", [NO_ROOM], "submitting", 3, None, id="no machine before, lost now"
        ),
        pytest.param(
            "Failed", "CapacityError: none", [REPLACED], "submitting", 3, None, id="no machine: as often as may"
        ),
    ],
)
def test_an_end_without_a_result(
    status: str, reason: str | None, before: list[Any], state: str, attempts: int, category: str | None
) -> None:
    _, saved = collected(status, reason, attempts=[*before, attempt(1)])
    assert (saved.state, len(saved.attempts)) == (state, attempts)
    assert (saved.failure.category if saved.failure else None) == category
    if state == "submitting":
        assert str(reason) in str(saved.attempts[-2].replaced_because)


@pytest.mark.parametrize(
    ("seconds", "news"),
    [(OVER, False), (OVER + 1, True)],
    ids=["at its limit and ten minutes: not yet", "over them"],
)
def test_a_job_is_over_its_time(seconds: float, news: bool) -> None:
    parts = Parts(sagemaker_max_runtime=1800)
    parts.clock.sleep(seconds)
    assert parts.executions.has_news(request(state="running")) is news


@pytest.mark.parametrize(
    ("one", "seen"),
    [
        pytest.param(request(state="running"), True, id="its result was seen"),
        pytest.param(request(2, state="running"), False, id="another's result was seen"),
        pytest.param(request(state="running", attempts=[]), False, id="it has no execution"),
        pytest.param(request(2, state="running", attempts=[attempt(2, None)]), False, id="it has no job yet"),
    ],
)
def test_a_result_that_was_seen_is_news(one: Request, seen: bool) -> None:
    parts = Parts()
    parts.signals.results = {attempt(1).execution_id}
    parts.clock.sleep(60)
    assert parts.executions.has_news(one) is seen


def test_a_job_over_its_time_is_stopped_and_posting_it_again_may_help() -> None:
    parts, saved = collected()
    assert parts.executor.stopped == [JOB]
    assert (saved.state, saved.reply) == ("replying", "failure")
    why = saved.failure
    assert why is not None
    assert (why.category, why.retry_helps, why.requester_mends) == ("timed_out", True, False)
    assert why.message == "The execution had no result after 40 minutes and was stopped."


def test_a_result_is_answered_with_what_the_account_was_recommended_before() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    [one] = claimed.record.requests
    parts.leave_result(one)
    parts.signals.results = {attempt(1).execution_id}
    parts.executions.collect(claimed, one)
    saved = parts.saved(claimed).requests[0]
    assert (saved.state, saved.reply, saved.result_sha256) == ("replying", "answer", "a" * 64)
    assert saved.earlier is not None
    assert saved.earlier.entry in parts.bucket.objects
    assert parts.slack.said == []


def test_a_result_that_is_none_is_said_to_be_none() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    [one] = claimed.record.requests
    parts.leave_result(one, account_sid="AC" + "2" * 32)
    parts.signals.results = {attempt(1).execution_id}
    parts.executions.collect(claimed, one)
    saved = parts.saved(claimed).requests[0]
    assert (saved.state, saved.reply, saved.earlier) == ("replying", "failure", None)
    assert saved.failure is not None
    assert saved.failure.category == "result"


@pytest.mark.parametrize(("profile", "noted"), [(OUR_PROFILE, True), ("", False)])
def test_which_reader_the_jobs_have_is_noted_of_results_of_our_notebook(profile: str, noted: bool) -> None:
    parts, one = Parts(), request(state="running")
    parts.leave_result(one)
    read = parts.executor.results[attempt(1).execution_id]
    assert isinstance(read, ReadResult)
    parts.executor.results[attempt(1).execution_id] = read._replace(profile=profile)

    parts.results.of(one)

    assert (paths.READER in parts.store.keys(paths.READER)) is noted
