"""Every execution has an audit record: whoever ends it writes it, once, and a question never does."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from src import paths
from src.errors import ExecutionTimedOut, ResultMissing
from src.sagemaker_executor import SageMakerExecutor
from src.state.audit_record import vouched
from src.state.object_store import ObjectStore
from src.state.records import ExecutionRecord, Origin
from tests.conftest import BUCKET
from tests.executors.conftest import SQL, Installation
from tests.executors.results import ACCOUNT, failure, valid_result
from tests.executors.test_run import ENDS, answered, executor_in_which


def keys_of(installation: Installation, prefix: str) -> list[str]:
    keys = installation.keys()
    return [key for key in keys if key.startswith(prefix)]


def audits(installation: Installation) -> list[dict[str, Any]]:
    return [json.loads(installation.object(key)) for key in keys_of(installation, paths.AUDIT_PREFIX)]


def test_a_scripts_execution_is_kept_with_its_purpose_and_is_in_no_accounts_index(installation: Installation) -> None:
    result = executor_in_which(answered, installation).run(SQL, ACCOUNT)
    [record] = audits(installation)
    assert (record["purpose"], record["asid"], record["outcome"]) == ("script", ACCOUNT, "answer")
    assert record["result"] == result
    assert record["job_status"] == "Completed"
    assert record["cost_estimate"]["usd"] > 0
    files = paths.ExecutionPaths(result["execution_id"])
    assert record["result_sha256"] == hashlib.sha256(installation.object(files.result)).hexdigest()
    assert keys_of(installation, f"{paths.ROOT}/index/") == []
    head = installation.clients.s3.head_object(Bucket=BUCKET, Key=files.audit)
    assert head["Metadata"]["sha256"] == hashlib.sha256(installation.object(files.audit)).hexdigest()


@pytest.mark.parametrize("name", ENDS)
def test_a_failed_execution_is_kept_with_why_and_the_hashes_of_what_it_left(
    installation: Installation, name: str
) -> None:
    happens, kind, _ = ENDS[name]
    with pytest.raises(kind):
        executor_in_which(happens, installation).run(SQL)
    [record] = audits(installation)
    assert (record["outcome"], record["result"], record["purpose"]) == ("failure", None, "script")
    assert record["failure"]["category"] in {
        *("lost", "failed", "stopped", "timed_out", "no_capacity", "completed"),
        *([failure("")["category"]] if name == "refused" else []),
    }
    query = paths.ExecutionPaths(record["execution_id"]).query
    assert record["files_sha256"][query] == hashlib.sha256(SQL.encode()).hexdigest()


def test_a_result_vouches_for_its_query_its_notebook_its_report_and_each_querys_rows_and_sql() -> None:
    files = paths.ExecutionPaths("20260115_123456_00000001")
    result = valid_result(files.execution_id)
    [query] = result["provenance"]["queries"]
    rows, sql = (files.output_prefix + query[name] for name in ("file", "sql_file"))
    assert vouched(files, result).keys() == {files.query, files.notebook, files.report, rows, sql}


def test_what_a_result_does_not_vouch_for_the_audit_record_does(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    extra = f"{paths.ExecutionPaths(job['execution_id']).output_prefix}data/rates.csv"
    installation.leave(extra, b"1,2")
    answered(installation, job["job_name"])
    installation.executor.wait_for_completion(job["job_name"])
    assert audits(installation)[0]["files_sha256"] == {extra: hashlib.sha256(b"1,2").hexdigest()}


def test_a_question_keeps_nothing(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    with pytest.raises(ResultMissing):
        installation.executor.get_results(job["execution_id"])
    answered(installation, job["job_name"])
    installation.executor.poll([job["job_name"]])
    installation.executor.has_result(job["execution_id"])
    installation.executor.get_results(job["execution_id"])
    assert audits(installation) == []


def test_what_was_kept_first_stays(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    with pytest.raises(ExecutionTimedOut):
        installation.executor.wait_for_completion(job["job_name"], timeout=60)
    kept = audits(installation)
    answered(installation, job["job_name"])
    assert installation.executor.wait_for_completion(job["job_name"])["outcome"] == "completed"
    assert audits(installation) == kept
    assert kept[0]["failure"]["category"] == "timed_out"


def test_an_execution_says_what_it_is_for(installation: Installation) -> None:
    executor = SageMakerExecutor(
        installation.settings,
        clients=installation.clients,
        clock=installation.clock,
        origin=Origin("link", link="https://looker.example/x/1"),
    )
    job = executor.execute(SQL)
    answered(installation, job["job_name"])
    installation.executor.wait_for_completion(job["job_name"])  # whoever waits
    [record] = audits(installation)
    assert (record["purpose"], record["link"]) == ("link", "https://looker.example/x/1")


def test_the_profile_that_was_demanded_is_kept(installation: Installation) -> None:
    demanding = installation.settings.model_copy(update={"result_profile": "verify_credit/1"})
    job = SageMakerExecutor(demanding, clients=installation.clients, clock=installation.clock).execute(SQL)
    installation.leave_result(job["execution_id"], {**valid_result(job["execution_id"]), "surprise": 1})
    installation.service.set_job_state(job["job_name"], "Completed")
    installation.executor.wait_for_completion(job["job_name"])
    [record] = audits(installation)
    assert (record["result_profile"], record["outcome"]) == ("verify_credit/1", "failure")
    assert record["failure"]["category"] == "result"


def test_a_messages_execution_is_the_ticks_to_keep(installation: Installation) -> None:
    execution_id = "20260115_123456_3fa94c01"
    files = paths.ExecutionPaths(execution_id)
    record = ExecutionRecord(
        execution_id=execution_id,
        job_name=paths.job_name(execution_id),
        purpose="message",
        channel="C1",
        ts="1768480496.000100",
        created_at="2026-01-15T12:34:56Z",
    )
    ObjectStore(installation.clients, BUCKET).create(files.record, record)
    job = installation.executor.execute(SQL, execution_id=execution_id)
    answered(installation, job["job_name"])
    installation.executor.wait_for_completion(job["job_name"])
    assert audits(installation) == []


def test_a_record_of_before_there_were_purposes_is_a_scripts(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    key = paths.ExecutionPaths(job["execution_id"]).record
    old = json.loads(installation.object(key)) | {"purpose": "command"}
    for name in ("asid", "link", "result_profile", "max_runtime"):
        del old[name]
    installation.leave(key, old)
    answered(installation, job["job_name"])
    installation.executor.wait_for_completion(job["job_name"])
    assert audits(installation)[0]["purpose"] == "script"
