"""One job, step by step: what it reads, what it leaves, how it ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jsonschema import Draft202012Validator

from sandbox.client import ROOT
from sandbox.warehouse import SAMPLE_ACCOUNT_SID, SAMPLE_SQL
from src import paths
from src.recheck.claims import make_reader
from tests.job.conftest import Job

SCHEMA = json.loads((ROOT / "sagemaker" / "result.schema.json").read_text())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def notebook_of(job: Job) -> Any:
    return nbformat.reads(job.outputs()["notebook_output.ipynb"].decode(), as_version=4)  # type: ignore[no-untyped-call]


def test_the_sample_account_comes_out_to_the_cent_with_all_that_proves_it(job: Job) -> None:
    assert job.run() == 0, job.log

    outputs = job.outputs()
    result = json.loads(outputs["result.json"])
    Draft202012Validator(SCHEMA).validate(result)
    assert result["credit_amount"] == 4948.80
    assert [row["credit"] for row in result["output_df"]] == [0.0, 465.20, 1608.30, 2875.30]
    proof = result["provenance"]
    assert proof["sql_sha256"] == digest(SAMPLE_SQL.encode())
    assert proof["executed_notebook_sha256"] == digest(outputs["notebook_output.ipynb"])
    assert proof["report_sha256"] == digest(outputs["report.html"])
    assert proof["reader_sha256"] == make_reader(()).sha256()
    assert len(proof["queries"]) == 8
    for query in proof["queries"]:
        assert query["sha256"] == digest(outputs[query["file"]])
        assert query["sql_sha256"] == digest(outputs[query["sql_file"]])
        assert query["rows"] == len(gzip.decompress(outputs[query["file"]]).splitlines())
    assert json.loads(outputs["progress.json"])["done"] == 8
    assert "error.json" not in outputs
    assert "breakdown.png" not in outputs


@pytest.mark.heavy
def test_a_picture_of_the_breakdown_is_made_where_one_is_asked_for(job: Job) -> None:
    assert job.run(BREAKDOWN_PICTURE="1") == 0, job.log

    outputs = job.outputs()
    assert outputs["breakdown.png"].startswith(b"\x89PNG")
    proof = json.loads(outputs["result.json"])["provenance"]
    assert proof["picture_sha256"] == digest(outputs["breakdown.png"])


@pytest.mark.heavy
def test_the_executed_notebook_shows_tables_and_charts(job: Job) -> None:
    assert job.run() == 0
    shown = [kind for cell in notebook_of(job).cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert shown.count("image/svg+xml") == 2
    assert shown.count("text/html") >= 3


@pytest.mark.heavy
def test_the_result_is_uploaded_after_everything_else(job: Job) -> None:
    job.box.clear_calls()
    assert job.run() == 0
    written = [
        call["path"] for call in job.box.calls(service="s3", operation="PutObject") if job.execution_id in call["path"]
    ]
    assert written[-1].endswith("/result.json")


@pytest.mark.heavy
def test_the_keys_are_those_the_bot_looks_for(job: Job) -> None:
    files = paths.ExecutionPaths(job.execution_id)
    assert job.run() == 0
    assert {f"{files.output_prefix}{name}" for name in job.outputs()} >= {
        files.result,
        files.report,
        files.notebook,
        files.progress,
    }
    assert job.run("DROP TABLE x") != 0
    assert f"{files.output_prefix}error.json" == files.error


@pytest.mark.parametrize(
    ("sql", "environment", "code", "category", "words"),
    [
        (None, {}, 10, "claim", "There is no query"),
        ("", {}, 10, "claim", "There is no query"),
        (SAMPLE_SQL, {"LOOKER_QUERY": "SELECT 1"}, 10, "claim", "differ"),
        (b"SELECT '\xff'", {}, 10, "claim", "not UTF-8"),
        ("DELETE FROM authy.verification_usage", {}, 10, "claim", "DELETE"),
        pytest.param(SAMPLE_SQL, {"ASID": "AC" + "9" * 32}, 10, "claim", "AC" + "9" * 32, marks=pytest.mark.heavy),
        pytest.param(SAMPLE_SQL, {"ALLOWED_TABLES": "verify.mrr"}, 10, "claim", "not allowed", marks=pytest.mark.heavy),
        pytest.param(SAMPLE_SQL.replace("LIMIT 5000", "LIMIT 10"), {}, 11, "data", "LIMIT", marks=pytest.mark.heavy),
        (SAMPLE_SQL, {"SECRET_NAME": "nosuch"}, 12, "setting", "There is no secret nosuch"),
        (
            SAMPLE_SQL.replace("SUM(verification_usage.amount)", "SUM(verification_usage.amounts)"),
            {},
            14,
            "query",
            "amounts",
        ),
    ],
)
def test_bad_input_ends_with_a_line_that_names_it_and_the_code_of_its_kind(
    job: Job, sql: str | bytes | None, environment: dict[str, str], code: int, category: str, words: str
) -> None:
    assert job.run(sql, **environment) == code, job.log

    error = job.error()
    assert (error["category"], error["execution_id"]) == (category, job.execution_id)
    assert words in error["message"]
    assert "Traceback" not in error["message"]
    assert "result.json" not in job.outputs()
    message = json.loads((job.folder / "output" / "message").read_text())
    assert message["category"] == category
    assert len((job.folder / "output" / "message").read_bytes()) <= 1024


@pytest.mark.heavy
def test_nothing_runs_on_presto_for_a_query_that_is_refused(job: Job) -> None:
    job.box.clear_calls()
    assert job.run("SELECT * FROM authy.verification_usage; DROP TABLE x") == 10
    assert job.box.count_calls(service="presto") == {}


@pytest.mark.heavy
def test_a_short_query_may_come_in_the_environment_alone(job: Job) -> None:
    sql = f"SELECT 1 FROM authy.verification_usage WHERE account_sid = '{SAMPLE_ACCOUNT_SID}'"
    assert job.run(None, LOOKER_QUERY=sql) == 10
    assert "is_fraud" in job.error()["message"]


@pytest.mark.heavy
def test_a_bucket_that_does_not_exist_is_named_in_the_log(job: Job) -> None:
    assert job.run(S3_OUTPUT_BUCKET="no-such-bucket-here") == 12
    assert "S3_OUTPUT_BUCKET names the bucket no-such-bucket-here" in job.log


def test_a_wrong_password_is_one_sentence_with_no_page_and_no_password(job: Job) -> None:
    job.box.presto.set_password(password="another-password")
    try:
        assert job.run() == 12
    finally:
        job.box.presto.reset_password()
    error = job.error()
    assert "refuses username or password" in error["message"]
    assert "<html" not in job.everything().decode()
    assert error["cell_title"] == "Query the warehouse"


@pytest.mark.heavy
def test_a_host_that_does_not_exist_is_one_sentence_naming_the_secrets_host(job: Job) -> None:
    values = {**json.loads(secret_of(job)), "host": "no-such-host.invalid"}
    job.box.client("secretsmanager").create_secret(Name=f"presto-{job.execution_id}", SecretString=json.dumps(values))
    assert job.run(SECRET_NAME=f"presto-{job.execution_id}") == 12
    assert job.error()["message"].startswith("There is no host no-such-host.invalid: host in the secret is wrong")


def test_told_to_end_the_job_saves_the_notebook_cancels_its_queries_and_says_stopped(job: Job) -> None:
    job.box.presto.delay(seconds=3600, matching="*usage*")
    job.start()
    job.wait_for(lambda: job.box.presto.queries(state="RUNNING"))

    job.terminate()

    assert job.wait() == 16, job.log
    assert job.error()["category"] == "stopped"
    assert job.wait_for(lambda: not job.box.presto.queries(state="RUNNING"))
    assert "notebook_output.ipynb" in job.outputs()


@pytest.mark.heavy
@pytest.mark.alone  # seven queries have to be done before its limit is near
def test_near_its_limit_the_job_says_at_which_query_it_is(job: Job) -> None:
    job.box.presto.delay(seconds=3600, matching="*verify.mrr*")
    job.start(MAX_RUNTIME_SECONDS="165")
    assert job.wait(120) == 15, job.log
    message = job.error()["message"]
    assert "7 of 8 queries were done" in message
    assert "mrr" in message


def test_a_kernel_that_dies_is_a_failure_of_its_own(job: Job) -> None:
    job.box.presto.delay(seconds=3600, matching="*usage*")
    job.start()
    job.wait_for(lambda: job.box.presto.queries(state="RUNNING"))
    [kernel] = job.wait_for(lambda: kernels_of(job))

    os.kill(kernel, signal.SIGKILL)

    assert job.wait() == 18, job.log
    assert "kernel died" in job.error()["message"]


@pytest.mark.heavy
def test_a_kernel_that_dies_before_it_answers_is_that_failure_too(job: Job, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif any('ipykernel' in word for word in sys.orig_argv):\n    os._exit(3)\n"
    )

    assert job.run(PYTHONPATH=str(tmp_path)) == 18, job.log

    assert "kernel died (exit code 3)" in job.error()["message"]


@pytest.mark.heavy
def test_kernels_talk_by_sockets_however_long_the_name_of_the_folder_is(job: Job, tmp_path: Path) -> None:
    """By ports, one of two kernels that start at once could find its port taken."""
    long = tmp_path / ("x" * 100)
    long.mkdir()
    job.box.presto.delay(seconds=3600, matching="*usage*")
    job.start(TMPDIR=str(long))
    job.wait_for(lambda: job.box.presto.queries(state="RUNNING"))

    [connection] = [json.loads(path.read_text()) for path in long.glob("*/k.json")]

    assert connection["transport"] == "ipc"
    folder = Path(connection["ip"]).parent
    assert folder.is_dir()
    job.terminate()
    assert job.wait() == 16, job.log
    assert not folder.exists()


@pytest.mark.heavy
def test_an_output_folder_that_cannot_be_written_costs_the_exit_message_alone(job: Job) -> None:
    assert job.run("DROP TABLE x", CREDITS_OUTPUT_DIR="/proc/nowhere") == 10
    assert job.error()["category"] == "claim"


def test_a_secret_that_a_cell_prints_is_in_nothing_that_is_kept(job: Job, tmp_path: Path) -> None:
    folder = notebooks_with_first_cell(
        tmp_path,
        "import base64, os, urllib.parse\n"
        "from verify_credit.credentials import load_credentials\n"
        "known = load_credentials(secret_name)\n"
        "print(known.password, base64.b64encode(known.password.encode()), urllib.parse.quote(known.password))\n"
        "print(os.environ['AWS_SECRET_ACCESS_KEY'])\n"
        "raise RuntimeError(f'with {known.password}')",
    )
    assert job.run(NOTEBOOK_DIR=str(folder)) == 17, job.log
    everything = job.everything().decode()
    secret = json.loads(secret_of(job))["password"]
    assert "[redacted]" in everything
    assert secret not in everything
    assert job.box.env["AWS_SECRET_ACCESS_KEY"] not in everything


@pytest.mark.heavy
def test_a_parameter_the_notebook_does_not_ask_for_is_not_passed(job: Job, tmp_path: Path) -> None:
    folder = notebooks_with_first_cell(tmp_path, "raise ValueError('picture' in dir())", without="picture")
    assert job.run(NOTEBOOK_DIR=str(folder)) == 17, job.log
    assert "ValueError: False" in job.log


@pytest.mark.heavy
def test_a_bug_in_a_cell_is_told_with_its_heading_and_its_traceback(job: Job, tmp_path: Path) -> None:
    folder = notebooks_with_first_cell(tmp_path, "1 / 0")
    assert job.run(NOTEBOOK_DIR=str(folder)) == 17
    error = job.error()
    assert error["cell_title"] == "Set up"
    assert "ZeroDivisionError" in error["message"]
    assert error["traceback"]
    assert error["retry_helps"] is False


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("last_cell", "words"),
    [
        ("pass", "does not keep the profile verify_credit/1"),
        ("(run.finish() / 'result.json').write_text('{\"credit_amount\": NaN}')", "not JSON: NaN"),
        ("(run.finish() / 'result.json').write_text('{}')", "breaks its schema at $"),
        ("run.execution_id = '20250101_000000_00000000'; run.finish()", "of execution 20250101_000000_00000000"),
    ],
)
def test_a_notebook_that_leaves_no_valid_result_fails_and_is_kept(
    job: Job, tmp_path: Path, last_cell: str, words: str
) -> None:
    folder = notebooks_with_last_cell(tmp_path, last_cell)
    assert job.run(NOTEBOOK_DIR=str(folder), RESULT_PROFILE="verify_credit/1") == 17, job.log
    assert words in job.error()["message"]
    assert "result.json" not in job.outputs()
    assert notebook_of(job).cells[-1].execution_count


@pytest.mark.heavy
def test_a_log_line_cannot_be_forged_by_a_newline(job: Job) -> None:
    assert job.run("SELECT 1 FROM authy.verification_usage WHERE x = 'a\n2026-01-15T00:00:00 forged INFO done'") == 10
    assert not re.search(r"^2026-01-15T00:00:00 forged", job.log, re.MULTILINE)


def kernels_of(job: Job) -> list[int]:
    """Process ids of the job's kernel."""
    assert job.process is not None
    listed = subprocess.run(["pgrep", "-f", f"ipykernel.*{job.folder}"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def secret_of(job: Job) -> str:
    return str(
        job.box.client("secretsmanager").get_secret_value(SecretId=job.box.env["PRESTO_SECRET_NAME"])["SecretString"]
    )


def notebooks_with_last_cell(folder: Path, source: str) -> Path:
    """A copy of notebooks/ that ends otherwise."""
    copy = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks", copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / "Verify - Credit Recommendation.ipynb"
    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    notebook.cells[-1].source = source
    nbformat.write(notebook, file)  # type: ignore[no-untyped-call]
    return copy


def notebooks_with_first_cell(folder: Path, source: str, without: str = "") -> Path:
    """A copy of notebooks/ whose first code cell after the parameters is another; without one of its parameters."""
    copy = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks", copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / "Verify - Credit Recommendation.ipynb"
    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    parameters, first = [cell for cell in notebook.cells if cell.cell_type == "code"][:2]
    first.source = source
    parameters.source = "\n".join(
        line for line in parameters.source.splitlines() if not (without and line.startswith(f"{without} ="))
    )
    nbformat.write(notebook, file)  # type: ignore[no-untyped-call]
    return copy
