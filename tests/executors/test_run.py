"""`executor.run(sql)`: the result, or the error of how the execution ended, its text for whoever reads it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from src import paths
from src.errors import (
    CapacityError,
    CreditsError,
    ExecutionError,
    ExecutionFailed,
    ExecutionLost,
    ExecutionStopped,
    ExecutionTimedOut,
    ResultMissing,
    TransientError,
)
from src.sagemaker_executor import SageMakerExecutor
from tests.executors.conftest import SQL, Installation
from tests.executors.fake_sagemaker import ARN, lost_answer
from tests.executors.results import failure, valid_result

Happens = Callable[[Installation, str], None]


def ends(status: str, **more: Any) -> Happens:
    return lambda installation, name: installation.service.set_job_state(name, status, **more)


def answered(installation: Installation, name: str) -> None:
    execution_id = paths.execution_id_of(name) or ""
    installation.leave_result(execution_id, valid_result(execution_id))
    installation.service.set_job_state(name, "Completed")


def refused(installation: Installation, name: str) -> None:
    execution_id = paths.execution_id_of(name) or ""
    installation.leave(paths.ExecutionPaths(execution_id).error, failure(execution_id))
    installation.service.set_job_state(name, "Failed", FailureReason="AlgorithmError: , exit code: 10")


def runs_on(installation: Installation, _name: str) -> None:
    installation.clock.sleep(2600)


def executor_in_which(happens: Happens, installation: Installation) -> SageMakerExecutor:
    """Its job ends so while it waits for the first time."""
    left = [happens]

    def sleep(seconds: float) -> None:
        installation.clock.sleep(seconds)
        if left and installation.service.jobs:
            left.pop()(installation, next(iter(installation.service.jobs)))

    return SageMakerExecutor(installation.settings, clients=installation.clients, clock=installation.clock, sleep=sleep)


def test_one_call_gives_the_result(installation: Installation) -> None:
    assert executor_in_which(answered, installation).run(SQL)["credit_amount"] == 4948.80


ENDS: dict[str, tuple[Happens, type[CreditsError], str]] = {
    "image": (
        ends("Failed", FailureReason="ClientError: Failed to pull image 123.dkr.ecr/x: not found"),
        ExecutionLost,
        r"image could not be pulled: ClientError: Failed to pull image .*SAGEMAKER_IMAGE_URI",
    ),
    "platform": (
        ends("Failed", FailureReason="InternalServerError: We encountered an internal error. Please try again."),
        ExecutionLost,
        r"platform lost the execution: InternalServerError: .*Start it again\.",
    ),
    "memory": (
        ends("Failed", FailureReason="AlgorithmError: , exit code: 137"),
        ExecutionFailed,
        r"killed, most likely for want of memory: .*exit code: 137\. Have SAGEMAKER_INSTANCE_TYPE made larger",
    ),
    "exit code": (
        ends("Failed", FailureReason="AlgorithmError: , exit code: 12", ExitMessage='{"message": "No such secret."}'),
        ExecutionFailed,
        r"execution failed: AlgorithmError: , exit code: 12 No such secret\.",
    ),
    "stopped": (ends("Stopped"), ExecutionStopped, r"Somebody else stopped the execution"),
    "limit": (
        lambda installation, name: (
            installation.clock.sleep(1800),
            installation.service.set_job_state(name, "Stopped"),
        )[1],
        ExecutionTimedOut,
        r"took longer than it may \(30 minutes\)",
    ),
    "no machine": (
        ends("Failed", FailureReason="CapacityError: Unable to provision requested ML compute capacity."),
        CapacityError,
        r"no machine for the execution: CapacityError: Unable to provision",
    ),
    "nothing": (ends("Completed"), ResultMissing, r"ended as Completed and left no result: there is no s3://"),
    "refused": (refused, ExecutionFailed, r"The window of the query is open\. Give the query an end date\."),
    "never ends": (
        runs_on,
        ExecutionTimedOut,
        r"had no result after 2700 seconds, and was stopped",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_any_other_end_is_its_own_error_that_says_what_happened_to_which_job_and_why(
    installation: Installation, name: str
) -> None:
    happens, kind, words = ENDS[name]
    with pytest.raises(kind, match=words) as caught:
        executor_in_which(happens, installation).run(SQL)
    [job_name] = installation.service.jobs
    error = caught.value
    assert (error.execution_id, error.job_name) == (paths.execution_id_of(job_name), job_name)
    assert error.job_arn == ARN + job_name
    assert str(error).endswith(f"(execution {error.execution_id}, job {ARN}{job_name})")
    assert (error.reason or "") in str(error)
    assert (error.reason is None) == (name in {"stopped", "limit", "nothing"})


def test_the_words_of_two_ends_are_never_the_same() -> None:
    assert len({words for _, _, words in ENDS.values()}) == len(ENDS)


def test_a_result_that_is_asked_for_too_early_is_missing_because_its_job_runs(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    with pytest.raises(ResultMissing, match="no result yet: its job runs"):
        installation.executor.get_results(job["execution_id"])


def test_its_own_account_of_a_failure_is_told_though_the_service_does_not_answer(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    refused(installation, job["job_name"])
    installation.service.fail("list_processing_jobs", lost_answer(), times=10)
    with pytest.raises(ExecutionFailed, match="The window of the query is open"):
        installation.executor.get_results(job["execution_id"])


def test_out_of_reach_after_the_start_the_error_names_the_execution_that_runs_on(installation: Installation) -> None:
    installation.service.fail("list_processing_jobs", lost_answer(), times=1000)
    with pytest.raises(TransientError) as caught:
        installation.executor.run(SQL)
    [job_name] = installation.service.jobs
    assert not isinstance(caught.value, ExecutionError)
    assert caught.value.job_name == job_name
    assert f"job {ARN}{job_name}" in str(caught.value)


def test_without_a_time_out_a_job_has_its_own_limit_and_15_minutes_to_start(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    installation.settings = installation.settings.model_copy(update={"sagemaker_max_runtime": 200})
    began = installation.clock.now
    with pytest.raises(ExecutionTimedOut, match="2700 seconds"):
        executor_in_which(runs_on, installation).wait_for_completion(job["job_name"])
    assert installation.clock.now - began == 1800 + 900


def test_a_time_out_of_ones_own_counts(installation: Installation) -> None:
    with pytest.raises(ExecutionTimedOut, match="after 60 seconds"):
        installation.executor.run(SQL, timeout=60)
