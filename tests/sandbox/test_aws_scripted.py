"""Jobs that end as their SQL, or a rule, says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jsonschema import Draft202012Validator

from sandbox.aws.script import scripted
from sandbox.client import ROOT, SandboxError
from tests.sandbox.account import Account, code

ACCOUNT_SID = "AC" + "0f" * 16


def outputs(account: Account, name: str) -> dict[str, bytes]:
    """File name to content of what a job left."""
    execution_id = name.removeprefix("credits-automation-").replace("-", "_")
    prefix = f"credits-automation/outputs/{execution_id}/"
    return {
        key.removeprefix(prefix): account.s3.get_object(Bucket=account.bucket, Key=key)["Body"].read()
        for key in account.keys(prefix)
    }


def run(account: Account, words: str) -> dict[str, Any]:
    """Start a job of this script and describe it at once."""
    return account.describe(account.start(scripted("SELECT 1 FROM authy.x", words)))


def test_a_scripted_job_leaves_a_result_that_its_schema_allows(account: Account) -> None:
    name = account.start(f"SELECT 1 FROM authy.x WHERE account_sid = '{ACCOUNT_SID}'")

    files = outputs(account, name)

    result = json.loads(files["result.json"])
    schema = json.loads((ROOT / "sagemaker" / "result.schema.json").read_text())
    assert list(Draft202012Validator(schema).iter_errors(result)) == []
    assert (result["execution_id"], result["account_sid"]) == (
        name.removeprefix("credits-automation-").replace("-", "_"),
        ACCOUNT_SID,
    )
    assert set(files) == {
        "data/looker.jsonl.gz",
        "data/looker.sql",
        "notebook_output.ipynb",
        "report.html",
        "result.json",
    }
    assert account.describe(name)["ProcessingJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("words", "status", "reason", "files"),
    [
        ("error", "Failed", "AlgorithmError", {"error.json", "notebook_output.ipynb"}),
        ("presto_down", "Failed", "AlgorithmError", {"error.json", "notebook_output.ipynb"}),
        ("none", "Completed", None, set()),
        ("platform_lost", "Failed", "InternalServerError", set()),
        ("capacity", "Failed", "CapacityError", set()),
        ("capacity once", "Failed", "CapacityError", set()),
        ("timeout", "Stopped", None, set()),
    ],
)
def test_each_script_ends_as_it_says_before_its_creation_is_answered(
    account: Account, words: str, status: str, reason: str | None, files: set[str]
) -> None:
    job = run(account, words)

    assert job["ProcessingJobStatus"] == status
    assert job.get("FailureReason", "None").startswith(str(reason))
    assert set(outputs(account, job["ProcessingJobName"])) == files


def test_an_invalid_result_is_no_json(account: Account) -> None:
    files = outputs(account, run(account, "invalid")["ProcessingJobName"])
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(files["result.json"])


def test_a_result_may_be_there_though_the_job_failed(account: Account) -> None:
    job = run(account, "result then failed")

    assert job["ProcessingJobStatus"] == "Failed"
    assert "result.json" in outputs(account, job["ProcessingJobName"])


def test_failures_of_one_cause_have_one_message_and_their_own_ids(account: Account) -> None:
    names = [run(account, "presto_down")["ProcessingJobName"] for _ in range(2)]

    first, second = (json.loads(outputs(account, name)["error.json"]) for name in names)
    assert first["message"] == second["message"]
    assert (first["category"], first["retry_helps"]) == ("warehouse", True)
    assert first["execution_id"] != second["execution_id"]


def test_capacity_once_lets_the_second_job_of_the_same_sql_through(account: Account) -> None:
    assert run(account, "capacity once")["ProcessingJobStatus"] == "Failed"
    assert run(account, "capacity once")["ProcessingJobStatus"] == "Completed"


def test_a_job_over_its_time_has_run_for_all_of_it(account: Account) -> None:
    job = run(account, "timeout")
    assert (job["ProcessingEndTime"] - job["ProcessingStartTime"]).total_seconds() >= 1800


def test_a_job_with_time_left_runs_until_all_are_finished(account: Account) -> None:
    job = run(account, "error after 3600")
    assert job["ProcessingJobStatus"] == "InProgress"

    assert account.box.aws.finish_all() == 1

    assert account.describe(job["ProcessingJobName"])["ProcessingJobStatus"] == "Failed"
    assert account.box.aws.finish_all() == 0


def test_jobs_end_by_themselves_in_the_order_of_their_ends(account: Account) -> None:
    late = run(account, "result after 3600")["ProcessingJobName"]
    early = run(account, "result after 0.1")["ProcessingJobName"]

    first = account.box.aws.wait(name=early, seconds=100)["ended_at"]
    assert account.describe(late)["ProcessingJobStatus"] == "InProgress"
    account.box.aws.finish_all()

    assert first <= account.box.aws.wait(name=late, seconds=100)["ended_at"]
    assert all(job["status"] == "Completed" for job in account.box.aws.jobs())


def test_a_scripted_job_is_over_its_time_when_its_request_says_so(account: Account) -> None:
    name = account.start(scripted("SELECT 1", "result after 5"), StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert account.box.aws.wait(name=name, seconds=100)["status"] == "Stopped"
    assert outputs(account, name) == {}


def test_a_stopped_job_leaves_nothing(account: Account) -> None:
    name = run(account, "result after 3600")["ProcessingJobName"]

    account.sagemaker.stop_processing_job(ProcessingJobName=name)
    account.box.aws.finish_all()

    assert account.describe(name)["ProcessingJobStatus"] == "Stopped"
    assert outputs(account, name) == {}


def test_the_marker_is_found_among_other_words(account: Account) -> None:
    name = account.start("SELECT 1 /* <!channel> script: error <!here> */")
    assert account.describe(name)["ProcessingJobStatus"] == "Failed"


def test_a_word_that_is_no_outcome_is_no_marker(account: Account) -> None:
    assert run(account, "errors")["ProcessingJobStatus"] == "Completed"


def test_rules_choose_by_sql_and_wear_off(account: Account) -> None:
    account.box.aws.script(outcome="platform_lost", sql="special", count=1)

    statuses = [account.describe(account.start(f"SELECT {what}"))["ProcessingJobStatus"] for what in ("1", "special")]
    assert statuses == ["Completed", "Failed"]
    assert account.describe(account.start("SELECT special"))["ProcessingJobStatus"] == "Completed"


def test_capacity_fails_as_often_as_told(account: Account) -> None:
    account.box.aws.fail_capacity(count=2)
    ends = [account.describe(account.start("SELECT 1")).get("FailureReason", "")[:13] for _ in range(3)]
    assert ends == ["CapacityError", "CapacityError", ""]


def test_an_outcome_there_is_not_is_refused_by_name(account: Account) -> None:
    with pytest.raises(SandboxError, match="no outcome 'explode': use one of result, error"):
        account.box.aws.script(outcome="explode")


def test_a_full_quota_refuses_the_next_job_until_there_is_room(account: Account) -> None:
    account.box.aws.set_quota(jobs=1)
    name = run(account, "result after 3600")["ProcessingJobName"]

    with pytest.raises(ClientError) as caught:
        account.start("SELECT 1")
    assert code(caught.value) == "ResourceLimitExceeded"

    account.sagemaker.stop_processing_job(ProcessingJobName=name)
    account.start("SELECT 1")
    assert [job["status"] for job in account.box.aws.jobs()] == ["Stopped", "Completed"]


def test_a_refused_job_does_not_use_up_its_name(account: Account) -> None:
    account.box.aws.set_quota(jobs=0)
    with pytest.raises(ClientError):
        account.sagemaker.create_processing_job(**account.request("once-more"))
    account.box.aws.set_quota(jobs=None)

    account.sagemaker.create_processing_job(**account.request("once-more"))


def test_the_log_of_a_failure_ends_with_the_reason(account: Account) -> None:
    name = run(account, "error")["ProcessingJobName"]
    assert account.log(name)[-1] == "DataError: The query's rows name two accounts."


def test_the_jobs_verb_shows_what_was_asked_for(account: Account) -> None:
    name = run(account, "result")["ProcessingJobName"]

    [job] = account.box.aws.jobs()

    assert (job["name"], job["status"]) == (name, "Completed")
    assert job["environment"]["S3_OUTPUT_BUCKET"] == account.bucket
    assert job["request"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}


def test_after_a_reset_nothing_is_left_of_the_past(account: Account) -> None:
    account.box.aws.set_quota(jobs=0)
    account.box.aws.script(outcome="error")
    account.box.reset()

    assert run(account, "capacity once")["ProcessingJobStatus"] == "Failed"
    account.box.reset()

    assert run(account, "capacity once")["ProcessingJobStatus"] == "Failed"
    assert account.describe(account.start("SELECT 1"))["ProcessingJobStatus"] == "Completed"
    assert len(account.box.aws.jobs()) == 2
