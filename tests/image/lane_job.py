"""Processing jobs in the real image against the sandbox: what goes well, and each way that one can end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.aws.image_runner import MARK
from sandbox.aws.process_runner import processes_with
from sandbox.client import Sandbox
from sandbox.warehouse import SAMPLE_SQL
from src import paths
from src.config import BotSettings, load_settings
from src.errors import CreditsError
from src.executor import JobInfo, JobStatus
from src.sagemaker_executor import SageMakerExecutor
from tests.image.containers import image

pytestmark = pytest.mark.timeout(300)
SECONDS = 180.0
SLOW = 600.0


class Account:
    """An executor on a sandbox whose jobs run in the image."""

    def __init__(self, box: Sandbox, settings: BotSettings) -> None:
        self.box = box
        self.executor = SageMakerExecutor(settings)
        self.bucket = settings.s3_output_bucket
        self.s3 = boto3.client("s3")

    def run(self, sql: str = SAMPLE_SQL) -> tuple[JobInfo, JobStatus]:
        job = self.executor.execute(sql)
        self.ended(job)  # the executor would look every 30 s only
        return job, self.executor.wait_for_completion(job["job_name"], timeout=SECONDS)

    def ended(self, job: JobInfo) -> dict[str, Any]:
        shown: dict[str, Any] = self.box.aws.wait(name=job["job_name"], seconds=SECONDS)
        assert shown["ended"]
        return shown

    def outputs(self, job: JobInfo) -> set[str]:
        prefix = paths.ExecutionPaths(job["execution_id"]).result.removesuffix("result.json")
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {entry["Key"].removeprefix(prefix) for entry in listed}

    def left(self, job: JobInfo) -> str:
        """Everything the job uploaded that is text."""
        prefix = paths.ExecutionPaths(job["execution_id"]).result.removesuffix("result.json")
        keys = [prefix + name for name in self.outputs(job) if not name.endswith(".gz")]
        return "".join(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode() for key in keys)

    def password(self) -> str:
        """The one in the secret."""
        secret = boto3.client("secretsmanager").get_secret_value(SecretId="presto-service-account-credentials")
        return str(json.loads(secret["SecretString"])["password"])

    def error(self, job: JobInfo) -> str:
        with pytest.raises(CreditsError) as caught:
            self.executor.get_results(job["execution_id"])
        return str(caught.value)

    def processes(self, job: JobInfo, words: str) -> list[int]:
        """The container's processes whose command line has these words."""
        found = []
        for pid in processes_with(f"{MARK}={job['job_name']}"):
            if words in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " "):
                found.append(pid)
        return sorted(found)

    def in_mid_query(self) -> JobInfo:
        """A job whose queries run and do not end."""
        self.box.presto.delay(seconds=SLOW)
        job = self.executor.execute(SAMPLE_SQL)
        until(lambda: self.box.presto.queries(state="RUNNING"))
        return job


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not come to that within 60 s")


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Sandbox]:
    with Sandbox.start(jobs="image", image=image("JOB_IMAGE").name, grace=20) as box:
        yield box


@pytest.fixture
def account(shared_box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Account:
    shared_box.reset()
    return _account(shared_box, monkeypatch)


def _account(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in box.env.items():
        monkeypatch.setenv(name, value)
    return Account(box, load_settings())


def test_the_sample_account_gets_its_credit(account: Account) -> None:
    job, status = account.run()

    assert status["outcome"] == "completed", account.executor.log_tail(job["job_name"])
    result = account.executor.get_results(job["execution_id"])
    assert f"{result['credit_amount']:.2f}" == "4948.80"
    assert {"result.json", "report.html", "notebook_output.ipynb"} <= account.outputs(job)
    assert account.box.aws.refused() == []
    assert account.ended(job)["status"] == "Completed"


def test_it_runs_as_nobody_in_particular_with_its_input_read_only(account: Account) -> None:
    job = account.in_mid_query()

    [runner] = [Path(f"/proc/{pid}") for pid in account.processes(job, "run_notebook.py")]

    mounts = {line.split()[4]: line.split()[5].split(",") for line in (runner / "mountinfo").read_text().splitlines()}
    assert "ro" in mounts["/opt/ml/processing/input"]
    assert "Uid:\t10001\t10001\t10001\t10001\n" in (runner / "status").read_text()
    assert (runner / "root/opt/ml/processing/input/query.sql").read_text() == SAMPLE_SQL


def test_a_wrong_password_is_told_and_tells_no_secret(account: Account) -> None:
    account.box.presto.set_password(password="another-one-now")

    job, status = account.run()

    assert status["outcome"] == "failed"
    assert "password" in account.error(job)
    log = "".join(account.executor.log_tail(job["job_name"], 200))
    assert "password" in log
    assert account.password() not in log + account.error(job) + str(account.ended(job)) + account.left(job)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 1 FROM authy.verification_usage", 10),
        (SAMPLE_SQL.replace("SUM(verification_usage.amount)", "nosuch"), 14),
    ],
    ids=["no claim", "refused by Presto"],
)
def test_bad_sql_fails_by_its_category(account: Account, sql: str, code: int) -> None:
    job, status = account.run(sql)

    assert status["outcome"] == "failed"
    assert f"exit code: {code}" in account.ended(job)["failure_reason"]
    assert "error.json" in account.outputs(job)
    assert "result.json" not in account.outputs(job)


def test_the_doctors_job_checks_an_installation_in_the_image(account: Account) -> None:
    command = [sys.executable, "-m", "src.doctor", "--json"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)

    checks = {one["check"]: one["state"] for one in json.loads(done.stdout)["checks"]}
    assert (done.returncode, set(checks.values())) == (0, {"ok"}), done.stdout
    assert {"secret", "Presto", "query usage", "job: run"} <= set(checks)
    assert account.box.aws.refused() == []


def test_no_query_at_all_is_a_failure_that_says_where_it_looked(account: Account) -> None:
    job = account.executor.execute(SAMPLE_SQL)
    request = account.ended(job)["request"]
    name = "credits-automation-20260115-123456-3fa94c01"
    environment = {**request["Environment"], "EXECUTION_ID": "20260115_123456_3fa94c01"}
    environment.pop("LOOKER_QUERY", None)
    again = {**request, "ProcessingJobName": name, "Environment": environment, "ProcessingInputs": []}

    boto3.client("sagemaker").create_processing_job(**again)

    ended = account.box.aws.wait(name=name, seconds=SECONDS)
    assert (ended["status"], ended["failure_reason"]) == ("Failed", "AlgorithmError: , exit code: 10")
    assert "/opt/ml/processing/input/query.sql" in ended["exit_message"]


def test_sigterm_half_way_saves_the_notebook_and_ends_as_stopped(account: Account) -> None:
    job = account.in_mid_query()

    account.executor.stop(job["job_name"])

    assert account.ended(job)["status"] == "Stopped"
    assert {"error.json", "notebook_output.ipynb"} <= account.outputs(job)
    assert account.processes(job, "") == []


def test_sigkill_without_a_word_before_is_a_failure_without_an_account_of_it(account: Account) -> None:
    job = account.in_mid_query()

    os.kill(account.processes(job, "run_notebook.py")[0], signal.SIGKILL)

    assert account.ended(job)["status"] == "Failed"
    assert account.outputs(job) <= {"progress.json"}
    assert account.processes(job, "") == []


def test_a_kernel_that_dies_is_a_failure_that_says_so(account: Account) -> None:
    job = account.in_mid_query()

    os.kill(account.processes(job, "ipykernel")[0], signal.SIGKILL)

    assert account.ended(job)["failure_reason"] == "AlgorithmError: , exit code: 18"
    assert "error.json" in account.outputs(job)


def test_output_and_tmp_that_belong_to_root_are_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("output", "tmp"):
        (tmp_path / name).mkdir(mode=0o755)
    mounts = [f"{tmp_path / 'output'}:/opt/ml/output", f"{tmp_path / 'tmp'}:/tmp"]
    with Sandbox.start(jobs="image", image=image("JOB_IMAGE").name, mounts=mounts) as box:
        account = _account(box, monkeypatch)

        job, status = account.run()

        assert status["outcome"] == "completed", account.executor.log_tail(job["job_name"])
        assert list(tmp_path.rglob("*/*")) == []
