"""Requests outside the limits of the services' own models are refused as the service would, and recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, code

Change = Callable[[dict[str, Any]], Any]


def environment(entries: dict[str, str]) -> Change:
    return lambda request: request.update(Environment=entries)


def limit(seconds: int) -> Change:
    return lambda request: request.update(StoppingCondition={"MaxRuntimeInSeconds": seconds})


def tag(value: str) -> Change:
    return lambda request: request.update(Tags=[{"Key": "team", "Value": value}])


def name(text: str) -> Change:
    return lambda request: request.update(ProcessingJobName=text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (name("with_underscore"), "Value at 'processingJobName' .* pattern"),
        (name("a" * 64), "'processingJobName' .* less than or equal to 63"),
        (name("-first"), "'processingJobName' .* pattern"),
        (environment({"LOOKER_QUERY": "x" * 257}), "'environment.LOOKER_QUERY.member' .* less than or equal to 256"),
        (environment({"LOOKER_QUERY": "🙂" * 129}), "less than or equal to 256"),
        (environment({f"V{number}": "" for number in range(101)}), "'environment' .* less than or equal to 100"),
        (environment({"with-hyphen": "x"}), "'environment.key' .* pattern"),
        (limit(0), "'stoppingCondition.maxRuntimeInSeconds' .* greater than or equal to 1"),
        (limit(777_601), "less than or equal to 777600"),
        (tag("a;b"), "'tags.1.member.value' .* pattern"),
        (tag("x" * 257), "'tags.1.member.value' .* 256"),
        (lambda request: request.pop("RoleArn"), "'roleArn' .* must not be null"),
        (lambda request: request.update(RoleArn="role"), "'roleArn'"),
        (lambda request: request["AppSpecification"].update(ContainerArguments=["x" * 257]), "256"),
        (
            lambda request: request["ProcessingResources"]["ClusterConfig"].update(InstanceType="ml.huge"),
            "enum value set",
        ),
        (
            lambda request: request.update(
                NetworkConfig={"VpcConfig": {"SecurityGroupIds": ["sg 1"], "Subnets": ["subnet-1"]}}
            ),
            "'networkConfig.vpcConfig.securityGroupIds.1.member' .* pattern",
        ),
    ],
)
def test_a_job_that_sagemaker_would_refuse_is_refused_by_name(account: Account, change: Change, words: str) -> None:
    request = account.request("a-name")
    change(request)

    with pytest.raises(ClientError, match=words) as caught:
        account.sagemaker.create_processing_job(**request)

    assert code(caught.value) == "ValidationException"
    [refused] = account.box.aws.refused()
    assert (refused["service"], refused["operation"], refused["origin"]) == ("sagemaker", "CreateProcessingJob", "bot")
    assert account.box.aws.jobs() == []


@pytest.mark.parametrize(
    "change",
    [
        name("a" * 63),
        name("credits-automation-20260115-123456-3fa94c01"),
        environment({"LOOKER_QUERY": "x" * 256, "EMPTY": "", "NEWLINES": "a\nb\r\n"}),
        environment({"LOOKER_QUERY": "🙂" * 128}),
        environment({f"V{number}": "" for number in range(100)}),
        limit(777_600),
        tag("Ünïcode and _.:/=+-@"),
    ],
)
def test_a_job_at_the_limits_is_taken(account: Account, change: Change) -> None:
    request = account.request("a-name")
    change(request)

    account.sagemaker.create_processing_job(**request)

    assert account.box.aws.refused() == []


def test_several_violations_are_all_named(account: Account) -> None:
    request = account.request("with_underscore") | {"StoppingCondition": {"MaxRuntimeInSeconds": 0}}
    with pytest.raises(ClientError, match=r"2 validation errors detected: .*processingJobName.*maxRuntimeInSeconds"):
        account.sagemaker.create_processing_job(**request)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "words"),
    [
        ("sagemaker", "list_processing_jobs", {"MaxResults": 101}, "'maxResults'"),
        ("sagemaker", "list_processing_jobs", {"StatusEquals": "Running"}, "'statusEquals'"),
        ("sagemaker", "stop_processing_job", {"ProcessingJobName": "a" * 64}, "'processingJobName'"),
        ("secretsmanager", "get_secret_value", {"SecretId": "x" * 2049}, "'secretId'"),
        ("logs", "describe_log_streams", {"logGroupName": "a b"}, "'logGroupName'"),
        ("logs", "get_log_events", {"logGroupName": "g", "logStreamName": "a:b"}, "'logStreamName'"),
        ("cloudwatch", "put_metric_data", {"Namespace": "", "MetricData": []}, "'namespace'"),
        ("s3", "get_object", {"Bucket": "credits-sandbox", "Key": "k" * 1025}, "key is too long"),
    ],
)
def test_every_service_refuses_by_its_own_model(
    account: Account, service: str, operation: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        getattr(getattr(account, service), operation)(**parameters)

    [refused] = account.box.aws.refused()
    assert refused["service"] == service


def test_too_much_metadata_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="metadata"):
        account.s3.put_object(Bucket=account.bucket, Key="k", Body=b"", Metadata={"a": "x" * 2048})


def test_a_service_that_the_sandbox_has_not_is_named(account: Account) -> None:
    with pytest.raises(ClientError, match="has no dynamodb"):
        account.dynamodb.list_tables()


def test_ordinary_work_is_not_refused(account: Account) -> None:
    account.start("SELECT 1")
    account.sagemaker.list_processing_jobs(NameContains="credits-automation-", MaxResults=100)
    account.cloudwatch.put_metric_data(
        Namespace="Credits",
        MetricData=[{"MetricName": "Seen", "Value": 1.0, "Unit": "Count", "Dimensions": [{"Name": "a", "Value": "b"}]}],
    )
    account.s3.put_object(Bucket=account.bucket, Key="a b/ü🙂.json", Body=b"{}", Metadata={"sha256": "0" * 64})
    account.s3.head_object(Bucket=account.bucket, Key="a b/ü🙂.json")

    assert account.box.aws.refused() == []
