"""One behaviour, two executors: a caller cannot tell by its results or its errors which of them it has.

Jobs run as processes, in the sandbox's SageMaker and on this machine; what they run is fake_job.py.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import Sandbox
from src import paths
from src.config import BotSettings, load_settings
from src.errors import (
    ConfigurationError,
    CreditsError,
    ExecutionFailed,
    ExecutionStopped,
    ExecutionTimedOut,
    ExecutionUnknown,
    QueryError,
    ResultInvalid,
    ResultMissing,
)
from src.execution import base_executor
from src.execution.base_executor import BaseExecutor
from src.notebook_executor import NotebookExecutor
from src.sagemaker_executor import SageMakerExecutor
from tests.executors.conftest import until
from tests.executors.fake_job import ENTRYPOINT, told
from tests.executors.results import ACCOUNT, PLANS_TEN, failure, valid_result

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "20260115_123456_00000000"
BORNE = 4
"""Failures after each other: five are more than the executors bear, and how often they ask is the machine's to say."""

TEN_FIELDS = {**PLANS_TEN, "execution_id": "EXECUTION_ID"}

Make = Callable[..., BaseExecutor]


@pytest.fixture(params=["sagemaker", "local"])
def make(request: pytest.FixtureRequest, told_box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """An executor of either kind, in the sandbox's environment."""
    for name, value in told_box.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(base_executor, "SETTLE_SECONDS", 300.0)  # a process may take long to end after its result

    def executor(**changes: Any) -> BaseExecutor:
        settings: BotSettings = load_settings().model_copy(update=changes)
        if request.param == "sagemaker":
            return SageMakerExecutor(settings, sleep=_little)
        return NotebookExecutor(settings, sleep=_little, entrypoint=ENTRYPOINT, jobs_dir=tmp_path, grace=0.5)

    return executor


@pytest.fixture
def executor(make: Make, monkeypatch: pytest.MonkeyPatch) -> BaseExecutor:
    monkeypatch.setattr(BaseExecutor, "status_every", 0.0)
    return make()


def _little(seconds: float) -> None:
    """Real processes take real time, but less than the executor would wait."""
    time.sleep(min(seconds, 0.05))


def _result(**changes: Any) -> dict[str, Any]:
    return {"result.json": valid_result("EXECUTION_ID") | changes}


def test_the_plans_four_lines(executor: BaseExecutor) -> None:
    job = executor.execute(told(leave=_result()), ACCOUNT)
    status = executor.wait_for_completion(job["job_name"])
    results = executor.get_results(job["execution_id"])
    assert results["credit_amount"] == 4948.80

    assert set(job) == {"job_arn", "job_name", "execution_id"}
    assert job["job_name"] == paths.job_name(job["execution_id"])
    assert job["job_arn"].endswith(f"processing-job/{job['job_name']}")
    assert (status["status"], status["outcome"], status["failure_reason"]) == ("Completed", "completed", None)
    assert status["created_at"] is not None
    assert status["started_at"] is not None
    assert status["ended_at"] is not None
    assert {type(answer) for answer in (job, status, results)} == {dict}


def test_a_query_of_20000_characters_reaches_the_job_byte_for_byte(executor: BaseExecutor) -> None:
    provenance = valid_result("")["provenance"] | {"sql_sha256": "SQL_SHA256"}
    query = told(leave=_result(provenance=provenance)) + ("\n'it''s' \"quoted\" 🎉é\r\n\t\\ " * 2000)
    query = query[:20_000]
    job = executor.execute(query)
    executor.wait_for_completion(job["job_name"])
    found = executor.get_results(job["execution_id"])["provenance"]["sql_sha256"]
    assert found == hashlib.sha256(query.encode()).hexdigest()


@pytest.mark.parametrize(("asid", "long"), [(None, False), (ACCOUNT, True)])
def test_the_job_knows_what_the_contract_names_and_nothing_of_the_bots(
    executor: BaseExecutor, asid: str | None, long: bool
) -> None:
    job = executor.execute(told(log_environment=True) + " " * 300 * long, asid)
    executor.wait_for_completion(job["job_name"])
    [names] = executor.log_tail(job["job_name"])
    expected = {"EXECUTION_ID", "S3_OUTPUT_BUCKET", "SECRET_NAME", "AWS_DEFAULT_REGION", "ALLOWED_TABLES"}
    expected |= {"MAX_RUNTIME_SECONDS", "CREDITS_INPUT_DIR", "CREDITS_OUTPUT_DIR"}
    expected |= {"ASID"} if asid else set()
    expected |= set() if long else {"LOOKER_QUERY"}
    assert set(names.split()) == expected


def test_a_failed_job_is_returned_and_its_own_account_raised_where_its_result_is_asked_for(
    executor: BaseExecutor,
) -> None:
    error = failure("EXECUTION_ID")
    job = executor.execute(told(leave={"error.json": error}, message="open window", exit=10))
    status = executor.wait_for_completion(job["job_name"])
    assert (status["status"], status["outcome"], status["exit_message"]) == ("Failed", "failed", "open window")
    assert "exit code" in (status["failure_reason"] or "")
    with pytest.raises(ExecutionFailed, match="The window of the query is open") as caught:
        executor.get_results(job["execution_id"])
    assert caught.value.failure is not None
    assert (caught.value.failure["category"], caught.value.job_name) == ("claim", job["job_name"])


@pytest.mark.parametrize(
    ("leave", "code", "outcome", "error", "words"),
    [
        ({}, 0, "completed", ResultMissing, "left no result"),
        ({}, 1, "failed", ExecutionFailed, "The execution failed: AlgorithmError: .*exit code:? 1"),
        ({"result.json": '{"credit_amount": '}, 0, "completed", ResultInvalid, "not JSON"),
        ({"result.json": '{"credit_amount": NaN}'}, 0, "completed", ResultInvalid, "NaN"),
        (_result(currency=3), 0, "completed", ResultInvalid, "currency"),
        (_result(execution_id=UNKNOWN), 0, "completed", ResultInvalid, f"of execution {UNKNOWN}"),
        (_result(currency=3), 1, "failed", ResultInvalid, "currency"),
    ],
)
def test_an_end_without_a_valid_result_is_a_failure_that_names_what_is_wrong(
    executor: BaseExecutor, leave: dict[str, Any], code: int, outcome: str, error: type[CreditsError], words: str
) -> None:
    job = executor.execute(told(leave=leave, exit=code))
    assert executor.wait_for_completion(job["job_name"])["outcome"] == outcome
    with pytest.raises(error, match=words):
        executor.get_results(job["execution_id"])


def test_what_a_notebook_put_there_itself_counts_once_its_job_is_completed(make: Make, tmp_path: Path) -> None:
    executor, go = make(notebook="Mine.ipynb"), tmp_path / "go"
    executor.status_every = 1.0
    job = executor.execute(told(leave={"result.json": TEN_FIELDS}, then_until=str(go)))
    until(lambda: executor.has_result(job["execution_id"], completed=True))
    assert not executor.has_result(job["execution_id"])
    with pytest.raises(ResultMissing, match="no result yet: its job runs"):
        executor.get_results(job["execution_id"])

    go.touch()

    assert executor.wait_for_completion(job["job_name"])["status"] == "Completed"
    assert executor.get_results(job["execution_id"])["credit_amount"] == 4948.80


@pytest.mark.parametrize("left", [{"error.json": failure("EXECUTION_ID")}, {}])
def test_a_cell_that_fails_after_its_notebook_put_the_result_is_a_failed_execution(
    make: Make, left: dict[str, Any]
) -> None:
    executor = make(notebook="Mine.ipynb")
    executor.status_every = 1.0
    job = executor.execute(told(leave={"result.json": TEN_FIELDS, **left}, exit=17))
    assert executor.wait_for_completion(job["job_name"])["outcome"] == "failed"
    with pytest.raises(ExecutionFailed):
        executor.get_results(job["execution_id"])


def test_a_valid_result_is_the_answer_though_the_job_then_failed(executor: BaseExecutor) -> None:
    job = executor.execute(told(leave=_result(), exit=1))
    until(lambda: executor.has_result(job["execution_id"]))
    assert executor.wait_for_completion(job["job_name"])["outcome"] == "completed"
    assert executor.get_results(job["execution_id"])["credit_amount"] == 4948.80


def test_a_stopped_job_is_cancelled_and_no_success(executor: BaseExecutor) -> None:
    job = executor.execute(told(log=["begun"], seconds=600))
    until(lambda: executor.log_tail(job["job_name"]) == ["begun"])
    assert executor.poll([job["job_name"]])[job["job_name"]]["outcome"] == "running"
    executor.stop(job["job_name"])
    executor.stop(job["job_name"])
    status = executor.wait_for_completion(job["job_name"])
    assert (status["status"], status["outcome"]) == ("Stopped", "cancelled")
    executor.stop(job["job_name"])
    with pytest.raises(ExecutionStopped, match="was stopped by the bot, or by whoever started it"):
        executor.get_results(job["execution_id"])


def test_over_the_callers_timeout_the_job_is_stopped(executor: BaseExecutor) -> None:
    job = executor.execute(told(seconds=600))
    with pytest.raises(ExecutionTimedOut, match=job["job_name"]) as caught:
        executor.wait_for_completion(job["job_name"], timeout=0.5)
    assert caught.value.execution_id == job["execution_id"]
    assert executor.wait_for_completion(job["job_name"])["outcome"] == "cancelled"


def test_over_its_own_limit_a_job_is_timed_out(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseExecutor, "status_every", 0.0)
    executor = make(sagemaker_max_runtime=1)
    job = executor.execute(told(seconds=600))
    status = executor.wait_for_completion(job["job_name"])
    assert status["outcome"] == "timed_out"
    assert status["status"] in {"Failed", "Stopped"}
    assert status["elapsed_seconds"] >= 1


def test_the_same_id_again_is_the_same_job_for_any_bot(make: Make, executor: BaseExecutor) -> None:
    query = told(leave=_result())
    job = executor.execute(query)
    again = make().execute(query, execution_id=job["execution_id"])
    assert again == job
    assert make().wait_for_completion(job["job_name"])["outcome"] == "completed"
    assert executor.execute(query, execution_id=job["execution_id"]) == job
    assert len(executor.poll([job["job_name"]])) == 1


def test_the_job_of_a_killed_bot_runs_on_and_is_found_by_the_next(executor: BaseExecutor, tmp_path: Path) -> None:
    go = tmp_path / "go"
    kind = type(executor)
    own = f", entrypoint=Path({str(ENTRYPOINT)!r}), jobs_dir=Path({str(tmp_path)!r})"
    own = own if isinstance(executor, NotebookExecutor) else ""
    query = told(until=str(go), leave=_result())
    bot = (
        f"import os, signal; from pathlib import Path; from {kind.__module__} import {kind.__name__}\n"
        f"{kind.__name__}(None{own}).execute({query!r}, execution_id={UNKNOWN[:-1] + '1'!r})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", bot], cwd=ROOT).returncode == -signal.SIGKILL
    go.touch()
    assert executor.wait_for_completion(paths.job_name(UNKNOWN[:-1] + "1"))["outcome"] == "completed"
    assert executor.get_results(UNKNOWN[:-1] + "1")["credit_amount"] == 4948.80


def test_what_does_not_exist_is_unknown(executor: BaseExecutor) -> None:
    name = paths.job_name(UNKNOWN)
    assert executor.poll([name, "somebody-elses-job"]) == {}
    for unknown in (name, "somebody-elses-job"):
        with pytest.raises(ExecutionUnknown, match=unknown):
            executor.wait_for_completion(unknown)
    executor.stop(name)
    assert executor.log_tail(name) == []
    assert not executor.has_result(UNKNOWN)
    with pytest.raises(ResultMissing, match=UNKNOWN):
        executor.get_results(UNKNOWN)


def test_the_last_lines_of_the_log_are_there_when_the_job_has_failed(executor: BaseExecutor) -> None:
    job = executor.execute(told(log=[f"line {number}" for number in range(50)], exit=17))
    executor.wait_for_completion(job["job_name"])
    assert executor.log_tail(job["job_name"]) == [f"line {number}" for number in range(30, 50)]
    assert executor.log_tail(job["job_name"], 3) == ["line 47", "line 48", "line 49"]


def test_many_jobs_are_watched_together(executor: BaseExecutor) -> None:
    names = [executor.execute(told(seconds=600 * (number == 0), exit=number))["job_name"] for number in range(3)]
    until(lambda: [executor.poll(names)[name]["status"] for name in names] == ["InProgress", "Failed", "Failed"])
    executor.stop(names[0])
    assert executor.poll([]) == {}


@pytest.mark.parametrize(
    ("query", "changes", "error", "words"),
    [
        ("", {}, QueryError, "empty"),
        (" \n", {}, QueryError, "empty"),
        ("authy \udc00", {}, QueryError, "UTF-8"),
        ("authy" + "x" * 4_000_000, {}, QueryError, "4,000,005 bytes"),
        ("authy", {"s3_output_bucket": ""}, ConfigurationError, "S3_OUTPUT_BUCKET is not set"),
        ("authy", {"s3_output_bucket": "s3://x"}, ConfigurationError, "S3_OUTPUT_BUCKET"),
        ("authy", {"s3_output_bucket": "no-such-bucket"}, ConfigurationError, "S3_OUTPUT_BUCKET"),
        ("authy", {"presto_secret_name": ""}, ConfigurationError, "PRESTO_SECRET_NAME"),
    ],
)
def test_what_cannot_be_run_is_refused_for_the_same_reason(
    make: Make, query: str, changes: dict[str, Any], error: type[CreditsError], words: str
) -> None:
    with pytest.raises(error, match=words):
        make(**changes).execute(query)


def test_a_verify_query_speaks_of_authy(executor: BaseExecutor) -> None:
    assert executor.is_verify_query("select * from AUTHY.verification_usage")
    assert not executor.is_verify_query("select 1")


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["drop", "throttle", "refuse", "error_5xx"])
def test_a_bad_day_at_aws_costs_time_and_nothing_else(executor: BaseExecutor, told_box: Sandbox, kind: str) -> None:
    told_box.clear_calls()
    told_box.faults.add(kind, service="*", origin="bot", probability=0.3, in_a_row=BORNE, seconds=0)
    try:
        jobs = [executor.execute(told(leave=_result())) for _ in range(3)]
        statuses = [executor.wait_for_completion(job["job_name"]) for job in jobs]
        results = [executor.get_results(job["execution_id"]) for job in jobs]
    finally:
        struck = sum(fault["struck"] for fault in told_box.faults.list())
        told_box.faults.clear()
    assert struck > 0
    assert {status["outcome"] for status in statuses} == {"completed"}
    assert [result["execution_id"] for result in results] == [job["execution_id"] for job in jobs]
