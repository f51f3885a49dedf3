"""What is asked of the jobs that run, how often, and what ends the tick's pause."""

from __future__ import annotations

import pytest

from src.errors import TransientError
from src.state.records import Request
from tests.bot.outside import stands
from tests.bot.parts import Parts, attempt, request

ID = attempt(1).execution_id
JOB = attempt(1).job_name


@pytest.mark.parametrize(
    ("one", "has_result", "refused", "seen"),
    [
        pytest.param(request(1, state="running"), True, False, True, id="its result is there: the pause ends"),
        pytest.param(request(1, state="running"), False, False, False, id="it is not: the pause goes on"),
        pytest.param(request(1, state="running"), True, True, False, id="S3 is away: the pause goes on"),
        pytest.param(request(1, state="answered"), True, False, False, id="it was answered: none is looked for"),
    ],
)
def test_a_result_that_is_seen_ends_the_pause(one: Request, has_result: bool, refused: bool, seen: bool) -> None:
    parts = Parts()
    if has_result:
        parts.leave_result(one)
    if refused:
        parts.executor.refuses = [TransientError("S3 is away")]
    parts.job_watch.look_for_results([one])
    parts.pool.work()
    assert (parts.signals.results, parts.waiting.wakes) == (({ID}, 1) if seen else (set(), 0))


@pytest.mark.parametrize(
    ("status", "refused", "known"),
    [
        pytest.param("Completed", False, True, id="it has ended"),
        pytest.param("InProgress", False, True, id="it runs"),
        pytest.param("Completed", True, False, id="the service is away"),
    ],
)
def test_a_status_that_is_known_ends_the_pause(status: str, refused: bool, known: bool) -> None:
    parts = Parts()
    parts.executor.statuses = {JOB: stands(JOB, status)}
    if refused:
        parts.executor.refuses = [TransientError("the service is away")]
    parts.job_watch.ask_for_statuses([request(1, state="running")])
    parts.pool.work()
    assert (set(parts.signals.statuses), parts.waiting.wakes) == (({JOB}, 1) if known else (set(), 0))


def test_a_result_is_looked_for_once_at_a_time_and_again_until_it_is_seen() -> None:
    parts = Parts()
    one = request(1, state="running")
    parts.job_watch.look_for_results([one])
    parts.job_watch.look_for_results([one])  # the first look is under way
    parts.pool.work()
    assert parts.executor.looks == [ID]

    parts.leave_result(one)
    parts.job_watch.look_for_results([one])
    parts.pool.work()
    parts.job_watch.look_for_results([one])  # seen by now
    parts.pool.work()
    assert parts.executor.looks == [ID, ID]


def test_a_look_that_failed_is_made_again() -> None:
    parts = Parts()
    parts.executor.refuses = [TransientError("S3 is away"), TransientError("the service is away")]
    one = request(1, state="running")
    for _ in range(2):
        parts.job_watch.look_for_results([one])
        parts.job_watch.ask_for_statuses([one])
        parts.pool.work()
    assert (parts.executor.looks, parts.executor.polls) == ([ID, ID], [[JOB], [JOB]])


def test_many_jobs_are_asked_for_together_each_once_at_a_time_and_not_after_its_end() -> None:
    parts = Parts()
    running = [request(number, state="running") for number in (1, 2, 3)]
    names = [attempt(number).job_name for number in (1, 2, 3)]
    parts.executor.statuses = {names[0]: stands(names[0], "Failed"), names[1]: stands(names[1], "InProgress")}
    parts.job_watch.ask_for_statuses(running[:2])
    parts.job_watch.ask_for_statuses(running)  # the first two are being asked for
    parts.pool.work()
    parts.job_watch.ask_for_statuses(running)
    parts.pool.work()
    assert parts.executor.polls == [names[:2], names[2:], names[1:]]


def test_the_jobs_of_no_request_are_asked_for_by_no_call() -> None:
    parts = Parts()
    parts.job_watch.ask_for_statuses([])
    assert parts.pool.queued == []


def test_of_a_request_whose_job_was_replaced_the_last_one_is_watched() -> None:
    parts = Parts()
    one = request(state="running", attempts=[attempt(1), attempt(2)])
    parts.job_watch.look_for_results([one])
    parts.job_watch.ask_for_statuses([one])
    parts.pool.work()
    assert parts.executor.looks == [attempt(2).execution_id]
    assert parts.executor.polls == [[attempt(2).job_name]]
