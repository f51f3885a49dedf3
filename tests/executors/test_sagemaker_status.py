"""What becomes of a job: its outcome, how little is asked to know it, and what a service in trouble changes."""

from __future__ import annotations

from typing import Any

import pytest

from src import paths
from src.errors import (
    ConfigurationError,
    ExecutionTimedOut,
    ExecutionUnknown,
    TransientError,
)
from src.execution.endings import reason_of
from src.executor import JobStatus
from src.state.records import ExecutionRecord
from tests.executors.conftest import SQL, Installation
from tests.executors.fake_sagemaker import lost_answer, refusal
from tests.executors.results import failure, valid_result

UNKNOWN = "credits-automation-20260115-123456-00000000"


def _started(installation: Installation, number: int = 1) -> list[str]:
    return [installation.executor.execute(SQL)["job_name"] for _ in range(number)]


def _status(installation: Installation, name: str) -> JobStatus:
    return installation.executor.poll([name])[name]


def _later(installation: Installation, seconds: float, then: Any) -> None:
    """Something that happens while the executor sleeps."""
    due = installation.clock.now + seconds
    pending = [then]

    def watch(operation: str) -> None:
        if pending and installation.clock.now >= due:
            pending.pop()()

    installation.service.watch = watch


@pytest.mark.parametrize(
    ("status", "ran", "reason", "outcome"),
    [
        ("Completed", 10, None, "completed"),
        ("Completed", 1800, None, "completed"),
        ("Failed", 10, "AlgorithmError: See job logs for more information, exit code: 12", "failed"),
        ("Failed", 10, None, "failed"),
        ("Failed", 1800, "AlgorithmError: exit code: 16", "timed_out"),
        ("Stopped", 1800, None, "timed_out"),
        ("Stopped", 10, None, "stopped"),
        ("Stopped", 1799, None, "stopped"),
        ("Failed", 10, "CapacityError: Unable to provision requested ML compute capacity", "no_capacity"),
        ("Failed", 10, "InternalServerError: We encountered an internal error. Please try again.", "lost"),
        ("Failed", 10, "ClientError: Cannot pull image", "lost"),
        ("Failed", 10, "AlgorithmError: could not pull the data", "failed"),
        ("Failed", 10, "ClientError: Data download failed: AccessDenied", "failed"),
    ],
)
def test_the_outcome_says_what_the_services_word_means(
    installation: Installation, status: str, ran: float, reason: str | None, outcome: str
) -> None:
    [name] = _started(installation)
    installation.clock.sleep(ran)
    installation.service.set_job_state(name, status, **({"FailureReason": reason} if reason else {}))
    found = _status(installation, name)
    assert (found["status"], found["outcome"], found["failure_reason"]) == (status, outcome, reason)
    assert found["elapsed_seconds"] == ran


@pytest.mark.parametrize("status", ["Stopped", "Failed"])
def test_a_job_we_stopped_is_cancelled(installation: Installation, status: str) -> None:
    [name] = _started(installation)
    installation.executor.stop(name)
    installation.service.set_job_state(name, status)
    assert _status(installation, name)["outcome"] == "cancelled"


def test_the_jobs_own_limit_counts_not_todays_setting(installation: Installation) -> None:
    [name] = _started(installation)
    installation.clock.sleep(700)
    installation.service.set_job_state(name, "Stopped", StoppingCondition={"MaxRuntimeInSeconds": 600})
    assert _status(installation, name)["outcome"] == "timed_out"


def test_an_ended_job_tells_its_times_and_exit_message(installation: Installation) -> None:
    [name] = _started(installation)
    installation.clock.sleep(61.5)
    installation.service.set_job_state(name, "Failed", ExitMessage="no such table", FailureReason="AlgorithmError")
    found = _status(installation, name)
    assert found["exit_message"] == "no such table"
    assert (found["started_at"], found["ended_at"]) == ("2026-01-15T12:34:56.000Z", "2026-01-15T12:35:57.500Z")


@pytest.mark.parametrize(
    ("said", "told"),
    [('{"category": "data", "message": "usage row 3: amount is NULL."}', True), ("ValueError: 4111-1111", False)],
)
def test_of_what_a_container_said_only_our_runners_words_are_passed_on(
    installation: Installation, said: str, told: bool
) -> None:
    """Anybody else's may hold values of a table."""
    [name] = _started(installation)
    installation.service.set_job_state(name, "Failed", ExitMessage=said, FailureReason="AlgorithmError")
    reason = reason_of(_status(installation, name)) or ""
    assert "AlgorithmError" in reason
    assert ("usage row 3" in reason) == told
    assert "4111" not in reason


@pytest.mark.parametrize(("running", "pages"), [(1, 1), (100, 1), (101, 2)])
def test_running_jobs_cost_one_list_page_for_each_hundred_and_no_describe(
    installation: Installation, running: int, pages: int
) -> None:
    names = _started(installation, running)
    installation.service.add_ended(500)
    installation.service.calls.clear()
    found = installation.executor.poll(names)
    assert {status["outcome"] for status in found.values()} == {"running"}
    assert sorted(found) == sorted(names)
    assert installation.service.calls == {"list_processing_jobs": pages}


def test_an_end_costs_one_describe(installation: Installation) -> None:
    names = _started(installation, 5)
    installation.service.set_job_state(names[2], "Completed")
    installation.service.calls.clear()
    found = installation.executor.poll(names)
    assert [found[name]["status"] for name in names] == ["InProgress", "InProgress", "Completed", *["InProgress"] * 2]
    assert installation.service.calls == {"list_processing_jobs": 1, "describe_processing_job": 1}


def test_nothing_to_ask_for_costs_nothing(installation: Installation) -> None:
    assert installation.executor.poll([]) == {}
    assert not installation.service.calls


@pytest.mark.parametrize("code", ["ResourceNotFound", "ValidationException"])
def test_an_unknown_job_is_left_out_of_a_poll_and_an_error_to_wait_for(installation: Installation, code: str) -> None:
    [name] = _started(installation)
    installation.service.unknown_as = code
    assert list(installation.executor.poll([name, UNKNOWN])) == [name]
    with pytest.raises(ExecutionUnknown, match=UNKNOWN):
        installation.executor.wait_for_completion(UNKNOWN)


@pytest.mark.parametrize("code", ["ResourceNotFound", "ValidationException"])
def test_stopping_what_has_ended_or_never_was_is_silent(installation: Installation, code: str) -> None:
    [name] = _started(installation)
    installation.service.set_job_state(name, "Completed")
    installation.service.unknown_as = code
    installation.executor.stop(name)
    installation.executor.stop(UNKNOWN)
    assert _status(installation, name)["outcome"] == "completed"


def test_a_stop_is_recorded_before_the_service_is_asked(installation: Installation) -> None:
    [name] = _started(installation)
    key = paths.ExecutionPaths(paths.execution_id_of(name) or "").record
    seen: list[ExecutionRecord] = []
    installation.service.watch = lambda _: seen.append(ExecutionRecord.model_validate_json(installation.object(key)))
    installation.executor.stop(name)
    assert [record.stopped_because for record in seen] == ["stopped by the bot"]


def test_a_stop_that_is_refused_says_why(installation: Installation) -> None:
    [name] = _started(installation)
    installation.service.fail("stop_processing_job", refusal("AccessDeniedException", "", "StopProcessingJob"))
    with pytest.raises(ConfigurationError, match="StopProcessingJob"):
        installation.executor.stop(name)


# Waiting


def test_waiting_looks_for_the_result_every_2_seconds_and_for_status_every_30(installation: Installation) -> None:
    [name] = _started(installation)
    installation.service.calls.clear()
    _later(installation, 89, lambda: installation.service.set_job_state(name, "Failed"))
    began = installation.clock.now
    assert installation.executor.wait_for_completion(name)["outcome"] == "failed"
    assert installation.clock.now - began == 90
    assert installation.service.calls == {"list_processing_jobs": 4, "describe_processing_job": 1}


def test_a_result_ends_the_wait_within_seconds_though_the_job_still_winds_down(installation: Installation) -> None:
    [name] = _started(installation)
    execution_id = paths.execution_id_of(name) or ""
    installation.leave_result(execution_id, valid_result(execution_id))
    began = installation.clock.now
    found = installation.executor.wait_for_completion(name)
    assert (found["status"], found["outcome"]) == ("InProgress", "completed")
    assert installation.clock.now - began == 10


def test_a_result_and_its_end_are_told_together_where_the_end_comes_soon(installation: Installation) -> None:
    [name] = _started(installation)
    execution_id = paths.execution_id_of(name) or ""
    installation.leave_result(execution_id, valid_result(execution_id))
    _later(installation, 3, lambda: installation.service.set_job_state(name, "Completed"))
    began = installation.clock.now
    assert installation.executor.wait_for_completion(name)["status"] == "Completed"
    assert installation.clock.now - began == 4


@pytest.mark.parametrize(("status", "is_said"), [("Completed", False), ("Failed", True), ("Stopped", True)])
def test_a_valid_result_is_the_answer_whatever_the_job_ended_as_and_the_log_says_how_it_did(
    installation: Installation, caplog: pytest.LogCaptureFixture, status: str, is_said: bool
) -> None:
    [name] = _started(installation)
    execution_id = paths.execution_id_of(name) or ""
    installation.leave_result(execution_id, valid_result(execution_id))
    installation.service.set_job_state(name, status)
    found = installation.executor.wait_for_completion(name)
    assert (found["status"], found["outcome"]) == (status, "completed")
    assert installation.executor.get_results(execution_id)["credit_amount"] == 4948.80
    assert (f"has a valid result, but ended as {status}" in caplog.text) is is_said


@pytest.mark.parametrize(("status", "outcome"), [("Failed", "failed"), ("Stopped", "stopped")])
def test_an_invalid_result_does_not_make_an_end_a_success(
    installation: Installation, status: str, outcome: str
) -> None:
    [name] = _started(installation)
    installation.leave_result(paths.execution_id_of(name) or "", b"{}")
    installation.service.set_job_state(name, status)
    assert installation.executor.wait_for_completion(name)["outcome"] == outcome


def test_over_the_timeout_the_job_is_stopped_and_the_caller_told(installation: Installation) -> None:
    [name] = _started(installation)
    began = installation.clock.now
    with pytest.raises(ExecutionTimedOut, match=f"{name} had no result after 61 seconds") as caught:
        installation.executor.wait_for_completion(name, timeout=61)
    assert installation.clock.now - began == 61
    assert (caught.value.job_name, caught.value.execution_id) == (name, paths.execution_id_of(name))
    assert installation.service.jobs[name]["ProcessingJobStatus"] == "Stopping"


@pytest.mark.parametrize("error", [refusal("ThrottlingException"), lost_answer()])
def test_throttled_and_lost_looks_do_not_fail_the_wait(installation: Installation, error: Exception) -> None:
    [name] = _started(installation)
    installation.service.fail("list_processing_jobs", error, times=12)
    _later(installation, 300, lambda: installation.service.set_job_state(name, "Completed"))
    assert installation.executor.wait_for_completion(name)["status"] == "Completed"


def test_a_service_that_stays_away_ends_the_wait_but_not_the_job(installation: Installation) -> None:
    [name] = _started(installation)
    installation.service.fail("list_processing_jobs", refusal("ThrottlingException"), times=1000)
    with pytest.raises(TransientError):
        installation.executor.wait_for_completion(name, timeout=36_000)
    assert installation.service.jobs[name]["ProcessingJobStatus"] == "InProgress"


def test_a_missing_permission_ends_the_wait_at_once(installation: Installation) -> None:
    [name] = _started(installation)
    installation.service.fail("list_processing_jobs", refusal("AccessDeniedException", "", "ListProcessingJobs"))
    with pytest.raises(ConfigurationError, match="ListProcessingJobs"):
        installation.executor.wait_for_completion(name)


def test_a_failed_job_that_left_its_own_account_is_returned_not_raised(installation: Installation) -> None:
    [name] = _started(installation)
    execution_id = paths.execution_id_of(name) or ""
    installation.leave(paths.ExecutionPaths(execution_id).error, failure(execution_id))
    installation.service.set_job_state(name, "Failed", FailureReason="AlgorithmError: exit code: 10")
    assert installation.executor.wait_for_completion(name)["outcome"] == "failed"
