"""The template by itself: linted, deployed with each option, and what it makes is what it promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.client import ROOT, Sandbox
from src.bot.metrics import NAMESPACE
from src.config import BotSettings
from tests.aws.installation import TEMPLATE, Installation
from tests.aws.policies import documents_of, managed_document
from tests.aws.working_day import WorkingDay

pytestmark = pytest.mark.timeout(600)

TOOLS = Path(os.environ.get("AWS_TOOLS", ROOT / "build" / "aws" / "bin"))
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
POLICIES = ("BotPolicyArn", "BotSagemakerPolicyArn", "BotLocalPolicyArn")
OPTIONS: dict[str, dict[str, str]] = {
    "a role of one's own": {"OidcProvider": ""},
    "an existing bucket": {"ExistingBucketName": "theirs"},
    "an existing key": {"KmsKey": KEY},
    "existing subnets": {"Network": "existing", "VpcId": "VPC", "SubnetIds": "SUBNETS"},
    "existing subnets, endpoints": {
        "Network": "existing",
        "VpcId": "VPC",
        "SubnetIds": "SUBNETS",
        "CreateEndpoints": "true",
        "RouteTableIds": "TABLE",
    },
    "a network of its own": {"Network": "create"},
}


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOOLS / name, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms, as the long ones."""


def _long_form(loader: Loader, suffix: str, node: yaml.Node) -> Any:
    read: Any = loader.construct_scalar if node.id == "scalar" else loader.construct_sequence
    value = read(node) if node.id == "scalar" else read(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _long_form)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader)
    return loaded


def test_cfn_lint_finds_nothing() -> None:
    found = tool("cfn-lint", str(TEMPLATE))

    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_cfn_lint_would_find_a_wrong_property(tmp_path: Path) -> None:
    wrong = tmp_path / "template.yaml"
    wrong.write_text(TEMPLATE.read_text().replace("ScanOnPush", "ScanOnPull"))

    assert "ScanOnPull" in tool("cfn-lint", str(wrong)).stdout


def test_parliament_finds_nothing_in_any_policy(whole: Installation, tmp_path: Path) -> None:
    iam = whole.box.client("iam")
    documents = {role: documents_of(iam, whole.outputs[role]) for role in ("BotRoleArn", "LocalBotRoleArn")}
    documents["SagemakerRoleArn"] = documents_of(iam, whole.outputs["SagemakerRoleArn"])
    for role, policies in documents.items():
        for number, document in enumerate(policies.values()):
            (tmp_path / f"{role}-{number}.json").write_text(json.dumps(document))

    found = tool("parliament", "--directory", str(tmp_path))

    assert len(list(tmp_path.iterdir())) == 9
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_parliament_would_find_an_action_that_does_not_exist(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": "sagemaker:CreateProcessingJobs", "Resource": "*"}
    (tmp_path / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    assert "Unknown action sagemaker:CreateProcessingJobs" in tool("parliament", "--directory", str(tmp_path)).stdout


# What it makes


def test_no_statement_allows_everything_and_only_what_has_no_resource_is_on_all(template: dict[str, Any]) -> None:
    on_all = set()
    for resource in template["Resources"].values():
        document = resource["Properties"].get("PolicyDocument", {})
        for statement in document.get("Statement", []) if resource["Type"].startswith("AWS::IAM") else []:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action]
            on_all |= {action for action in actions if statement["Resource"] == "*"}

    assert on_all == {
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "sagemaker:ListProcessingJobs",
    }


def test_the_bucket_is_versioned_encrypted_closed_and_kept(plain: Installation, template: dict[str, Any]) -> None:
    s3, bucket = plain.box.client("s3"), plain.outputs["S3OutputBucket"]

    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    resource = template["Resources"]["Bucket"]
    assert resource["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(resource["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert {resource["DeletionPolicy"], resource["UpdateReplacePolicy"]} == {"Retain"}
    [tls] = template["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (tls["Effect"], tls["Action"], tls["Condition"]) == (
        "Deny",
        "s3:*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_what_finance_may_ask_for_is_kept_seven_years_and_state_for_good(
    template: dict[str, Any],
) -> None:
    rules = template["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expires = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}

    kept = {"Ref": "RetentionDays"}
    assert {prefix for prefix, days in expires.items() if days == kept} == {
        f"credits-automation/{name}/" for name in ("inputs", "outputs", "audit", "index")
    }
    assert template["Parameters"]["RetentionDays"]["Default"] == 7 * 365 + 2
    assert [prefix for prefix in expires if "state" in prefix] == ["credits-automation/state/leases/"]
    assert [rule["NoncurrentVersionExpiration"] for rule in rules if rule["Prefix"] == "credits-automation/"]


def test_images_are_scanned_and_their_tags_never_move(template: dict[str, Any]) -> None:
    for name in ("NotebookRepository", "BotRepository"):
        properties = template["Resources"][name]["Properties"]
        assert properties["ImageTagMutability"] == "IMMUTABLE"
        assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_the_lifecycle_of_images_is_json_that_keeps_the_newest(template: dict[str, Any]) -> None:
    for name in ("NotebookRepository", "BotRepository"):
        text = template["Resources"][name]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]["Fn::Sub"]
        rules = json.loads(text.replace("${ImagesKept}", "100"))["rules"]
        assert rules[-1]["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}


def test_the_secret_comes_without_a_value_and_the_accounts_log_group_is_not_ours(template: dict[str, Any]) -> None:
    secret = template["Resources"]["PrestoSecret"]["Properties"]

    assert not {"SecretString", "GenerateSecretString"} & secret.keys()
    assert not [name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Logs::LogGroup"]


def test_the_vpc_has_an_endpoint_for_each_service_that_a_container_calls_and_for_no_other(
    day: WorkingDay, template: dict[str, Any]
) -> None:
    called = {call["service"] for call in day.installation.box.calls(origin="job")}
    endpoints = [made for made in template["Resources"].values() if made["Type"] == "AWS::EC2::VPCEndpoint"]

    assert called == {"s3", "secretsmanager"}
    assert {made["Properties"]["ServiceName"]["Fn::Sub"].rpartition(".")[2] for made in endpoints} == called


def test_an_output_that_names_a_variable_is_a_setting_of_the_bot(whole: Installation) -> None:
    fields = {name.upper() for name in BotSettings.model_fields}
    variables = {key: said for key, said in whole.described.items() if said.replace("_", "").isupper()}

    assert set(variables.values()) == {
        "AWS_DEFAULT_REGION",
        "S3_OUTPUT_BUCKET",
        "PRESTO_SECRET_NAME",
        "SAGEMAKER_ROLE_ARN",
        "SAGEMAKER_SUBNET_IDS",
        "SAGEMAKER_SECURITY_GROUP_IDS",
        "SAGEMAKER_VOLUME_KMS_KEY_ID",
        "SAGEMAKER_OUTPUT_KMS_KEY_ID",
    }
    assert set(variables.values()) <= fields
    for key, variable in variables.items():
        assert re.sub(r"(?<!^)(?=[A-Z])", "_", key).upper() == variable


# Alarms


@pytest.fixture(scope="module")
def alarms(whole: Installation) -> dict[str, dict[str, Any]]:
    found = whole.box.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix("credits-automation-"): alarm for alarm in found}


def test_alarms_watch_metrics_that_the_bot_really_sends(day: WorkingDay, alarms: dict[str, dict[str, Any]]) -> None:
    sent = day.installation.box.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    names = {metric["MetricName"] for metric in sent if not metric["Dimensions"]}

    assert set(alarms) == {"failed-requests", "no-tick", "problems", "daily-spend"}
    for alarm in alarms.values():
        assert (alarm["Namespace"], alarm.get("Dimensions", [])) == (NAMESPACE, [])
        assert alarm["MetricName"] in names
        assert alarm["AlarmActions"] == [day.installation.outputs["AlarmTopicArn"]]


def test_silence_alarms_for_ticks_and_for_nothing_else(alarms: dict[str, dict[str, Any]]) -> None:
    silent = {name for name, alarm in alarms.items() if alarm["TreatMissingData"] == "breaching"}

    assert silent == {"no-tick"}
    assert (alarms["no-tick"]["Period"], alarms["no-tick"]["ComparisonOperator"]) == (3600, "LessThanThreshold")
    assert alarms["daily-spend"]["Period"] == 86_400


def test_one_failed_request_is_its_requesters_and_three_in_an_hour_are_on_calls(
    alarms: dict[str, dict[str, Any]],
) -> None:
    alarm = alarms["failed-requests"]

    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 3600, 3.0)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_on_call_is_subscribed(whole: Installation) -> None:
    [subscription] = whole.box.client("sns").list_subscriptions()["Subscriptions"]

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")


# Options


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox.start(jobs="scripted", presto="none") as box:
        yield box


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_deploys_and_says_so_in_its_outputs(box: Sandbox, tmp_path: Path, option: str) -> None:
    box.reset()
    parameters = {name: _there(box, value) for name, value in OPTIONS[option].items()}

    installation = Installation(box, tmp_path, **parameters)

    outputs = installation.outputs
    assert ("BotRoleArn" in outputs) == (option != "a role of one's own")
    assert ("SagemakerSubnetIds" in outputs) == ("Network" in parameters)
    assert outputs.get("SagemakerVolumeKmsKeyId", "") == parameters.get("KmsKey", "")
    assert outputs["S3OutputBucket"].startswith(parameters.get("ExistingBucketName", "credits-automation-"))
    policies = [managed_document(installation.box.client("iam"), outputs[name]) for name in POLICIES]
    assert outputs["S3OutputBucket"] in json.dumps(policies)


def _there(box: Sandbox, value: str) -> str:
    """What the account has already: its default network."""
    ec2 = box.client("ec2")
    if value == "VPC":
        return str(ec2.describe_vpcs()["Vpcs"][0]["VpcId"])
    if value == "SUBNETS":
        return ",".join(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2])
    if value == "TABLE":
        return str(ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"])
    return value
