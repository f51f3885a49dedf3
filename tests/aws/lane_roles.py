"""Bot, job and rollback under the template's roles, IAM enforced: all they need is allowed, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.installation import ISSUER, Installation, service_account_token
from tests.aws.policies import documents_of, unneeded
from tests.aws.working_day import WorkingDay

pytestmark = pytest.mark.timeout(900)

ROLES = ("BotRoleArn", "LocalBotRoleArn", "SagemakerRoleArn")
COMMANDS = ("tick", "link", "list", "show", "verify", "search", "cost")


def said(done: Any) -> str:
    return f"{done.stdout}\n{done.stderr}"


def test_a_tick_answers_a_request_and_tells_a_failure_with_the_jobs_log(day: WorkingDay) -> None:
    assert day.done["tick"].returncode == 0, said(day.done["tick"])
    [answer] = day.replies("success")
    assert "4,948.80 USD credit recommended" in answer
    [failure] = day.replies("failure")
    assert failure.startswith("No recommendation")
    assert "cannot be had" not in said(day.done["tick"])


@pytest.mark.parametrize("name", COMMANDS)
def test_what_people_run_is_allowed_all_it_needs(day: WorkingDay, name: str) -> None:
    assert day.done[name].returncode == 0, said(day.done[name])


def test_a_job_can_be_stopped(day: WorkingDay) -> None:
    assert day.done["stop"].stdout.split() == ["Stopped"], said(day.done["stop"])


def test_the_doctor_finds_nothing_wrong(day: WorkingDay) -> None:
    assert day.done["doctor"].returncode == 0, said(day.done["doctor"])


def test_the_rollback_answers_under_a_role_of_its_own(day: WorkingDay) -> None:
    assert day.done["local"].returncode == 0, said(day.done["local"])
    [answer] = day.replies("local")
    assert "4,948.80 USD credit recommended" in answer


def test_nothing_that_is_needed_is_denied(day: WorkingDay) -> None:
    met = day.installation.box.aws.demands()

    assert {demand["role"] for demand in met} == {day.installation.outputs[role] for role in ROLES}
    assert {demand["origin"] for demand in met} == {"bot", "job", "platform"}
    assert [demand for demand in met if not demand["allowed"]] == []


@pytest.mark.parametrize("role", ROLES)
def test_no_statement_action_or_resource_is_there_that_nothing_used(day: WorkingDay, role: str) -> None:
    arn = day.installation.outputs[role]
    documents = documents_of(day.installation.box.client("iam"), arn)
    met = [demand for demand in day.installation.box.aws.demands() if demand["role"] == arn]

    assert len(documents) >= 3
    assert unneeded(documents, met) == []


# What the roles may not. `plain`: the template's defaults.


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return f"{refused.value.response['Error']['Code']} {refused.value}"


def bot(plain: Installation, service: str) -> Any:
    return plain.client(service, plain.session())


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("put_object", "credits-automation/outputs/20260115_123456_3fa94c01/result.json"),
        ("put_object", "elsewhere/a"),
        ("get_object", "elsewhere/a"),
        ("delete_object", "credits-automation/audit/2026/01/15/20260115_123456_3fa94c01.json"),
        ("delete_object", "credits-automation/outputs/20260115_123456_3fa94c01/result.json"),
    ],
)
def test_the_bot_keeps_off_results_and_everybody_elses_objects(plain: Installation, operation: str, key: str) -> None:
    call = getattr(bot(plain, "s3"), operation)

    assert "AccessDenied" in refusal(call, Bucket=plain.outputs["S3OutputBucket"], Key=key)


def test_the_bot_on_sagemaker_never_sees_prestos_password(plain: Installation) -> None:
    call = bot(plain, "secretsmanager").get_secret_value

    assert "secretsmanager:GetSecretValue" in refusal(call, SecretId=plain.outputs["PrestoSecretName"])


@pytest.mark.parametrize(
    ("change", "denied"),
    [
        ({"ProcessingJobName": "training-data"}, "sagemaker:CreateProcessingJob"),
        ({"InstanceType": "ml.p3.16xlarge"}, "sagemaker:CreateProcessingJob"),
        ({"MaxRuntimeInSeconds": 86_400}, "sagemaker:CreateProcessingJob"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/Admin"}, "iam:PassRole"),
    ],
)
def test_the_bot_starts_only_jobs_of_its_own_within_bounds_and_under_their_role(
    plain: Installation, change: dict[str, Any], denied: str
) -> None:
    assert denied in refusal(bot(plain, "sagemaker").create_processing_job, **job(plain, **change))


def job(plain: Installation, **change: Any) -> dict[str, Any]:
    kind = change.pop("InstanceType", "ml.m5.xlarge")
    limit = change.pop("MaxRuntimeInSeconds", 1800)
    return {
        "ProcessingJobName": "credits-automation-20260115-123456-3fa94c01",
        "RoleArn": plain.outputs["SagemakerRoleArn"],
        "AppSpecification": {"ImageUri": plain.image},
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": kind, "VolumeSizeInGB": 30}},
        "StoppingCondition": {"MaxRuntimeInSeconds": limit},
    } | change


def test_the_bot_reads_no_logs_but_its_jobs_and_writes_no_metrics_but_its_own(plain: Installation) -> None:
    logs, metrics = bot(plain, "logs"), bot(plain, "cloudwatch")

    assert "logs:GetLogEvents" in refusal(
        logs.get_log_events, logGroupName="/aws/sagemaker/ProcessingJobs", logStreamName="training-data/algo-1"
    )
    assert "cloudwatch:PutMetricData" in refusal(
        metrics.put_metric_data, Namespace="Billing", MetricData=[{"MetricName": "A", "Value": 1.0}]
    )


@pytest.mark.parametrize(
    "token",
    [
        service_account_token("default"),
        service_account_token("credit-bot-local"),
        service_account_token("credit-bot", namespace="default"),
        service_account_token("credit-bot", audience="kubernetes"),
        "not.a.token",
    ],
)
def test_the_bots_role_is_its_own_service_accounts_alone(plain: Installation, token: str) -> None:
    sts = plain.box.client("sts")
    call = sts.assume_role_with_web_identity

    told = refusal(call, RoleArn=plain.outputs["BotRoleArn"], RoleSessionName="pod", WebIdentityToken=token)

    assert told.startswith("AccessDenied")
    assert ISSUER not in told


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("s3", "get_object", {"Key": "credits-automation/state/cursor.json"}),
        ("s3", "get_object", {"Key": "credits-automation/outputs/20260115_123456_3fa94c01/result.json"}),
        ("s3", "put_object", {"Key": "credits-automation/inputs/20260115_123456_3fa94c01/query.sql"}),
        ("s3", "delete_object", {"Key": "credits-automation/outputs/20260115_123456_3fa94c01/result.json"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "another"}),
        ("sagemaker", "list_processing_jobs", {}),
    ],
)
def test_the_job_reaches_its_input_its_output_and_its_secret_alone(
    plain: Installation, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    client = plain.client(service, plain.session_of(plain.outputs["SagemakerRoleArn"]))
    bucket = {"Bucket": plain.outputs["S3OutputBucket"]} if service == "s3" else {}

    assert "AccessDenied" in refusal(getattr(client, operation), **bucket, **arguments)
