"""The doctor on an installation with each thing broken in turn: its line, no other, and what fixes it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.client import ROOT
from sandbox.slack.world import SCOPES
from src import doctor
from src.checks.findings import Finding
from src.checks.slack import NEEDED_SCOPES
from src.config import BotSettings
from tests.commands.in_process import call
from tests.doctor.conftest import Installation

ACCOUNT = "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"

Break = Callable[[Installation], None]


def denied(service: str, operation: str, **more: Any) -> Break:
    return lambda it: it.box.faults.add("status", service=service, operation=operation, status=403, **more) and None


def env(**values: str) -> Break:
    return lambda it: it.set(**values)


def secret_value(it: Installation) -> dict[str, Any]:
    client = it.box.client("secretsmanager")
    value: dict[str, Any] = json.loads(
        client.get_secret_value(SecretId=it.box.env["PRESTO_SECRET_NAME"])["SecretString"]
    )
    return value


def secret(**changes: Any) -> Break:
    """The secret with these changes; None takes a key out."""

    def break_it(it: Installation) -> None:
        values = secret_value(it) | changes
        it.box.aws.set_secret(values={name: value for name, value in values.items() if value is not None})

    return break_it


def role_refused(words: str, status: int) -> Break:
    return lambda it: (
        it.box.faults.add(
            "status", service="sagemaker", operation="CreateProcessingJob", origin="bot", status=status, says=words
        )
        and None
    )


WITHOUT_A_JOB: list[tuple[Break, str, str]] = [
    *(
        (env(**{name: ""}), f"setting {name}", "is not set")
        for name in (
            "S3_OUTPUT_BUCKET",
            "SAGEMAKER_IMAGE_URI",
            "SAGEMAKER_ROLE_ARN",
            "SLACK_BOT_TOKEN",
            "SLACK_CHANNEL",
            "LOOKERSDK_BASE_URL",
            "LOOKERSDK_CLIENT_ID",
            "LOOKERSDK_CLIENT_SECRET",
        )
    ),
    (env(SAGEMAKER_MAX_RUNTIME="soon"), "setting SAGEMAKER_MAX_RUNTIME", "integer"),
    (env(EXECUTOR="lambda"), "setting EXECUTOR", "sagemaker"),
    (env(S3_OUTPUT_BUCKET="s3://credits"), "setting S3_OUTPUT_BUCKET", "no s3:// before it"),
    (env(SAGEMAKER_TAGS="team"), "setting SAGEMAKER_TAGS", "name=value"),
    (env(SAGEMAKER_SUBNET_IDS="subnet-1"), "setting SAGEMAKER_SUBNET_IDS", "SAGEMAKER_SECURITY_GROUP_IDS"),
    (env(SAGEMAKER_ROLE_ARN="admin"), "setting SAGEMAKER_ROLE_ARN", "CreateProcessingJob would refuse"),
    (env(SAGEMAKER_INSTANCE_TYPE="huge"), "setting SAGEMAKER_INSTANCE_TYPE", "CreateProcessingJob would refuse"),
    (env(SLACK_BOT_TOKEN="xoxp-1"), "setting SLACK_BOT_TOKEN", "xoxb-"),
    (env(SLACK_API_URL="http://slack.example/"), "setting SLACK_API_URL", "https"),
    (env(LOOKERSDK_BASE_URL="http://looker.example"), "setting LOOKERSDK_BASE_URL", "https"),
    (env(LOOKER_HOSTS="https://looker.example/"), "setting LOOKER_HOSTS", "host names alone"),
    (denied("sts", "*"), "AWS credentials", "GetCallerIdentity"),
    (env(S3_OUTPUT_BUCKET="no-such-bucket"), "bucket", "does not exist"),
    (denied("s3", "ListObjectsV2"), "bucket", "s3:ListBucket on arn:aws:s3:::credits-sandbox"),
    (denied("s3", "GetObject"), "bucket: read", "s3:GetObject on arn:aws:s3:::credits-sandbox/credits-automation/*"),
    (denied("s3", "PutObject"), "bucket: write", "s3:PutObject on"),
    (lambda it: it.box.aws.ignore_conditions(), "bucket: conditional write", "If-None-Match"),
    (denied("s3", "DeleteObject"), "bucket: delete", "s3:DeleteObject on"),
    (denied("cloudwatch", "PutMetricData"), "metrics", "cloudwatch:PutMetricData"),
    (env(SLACK_BOT_TOKEN="xoxb-of-another-app"), "Slack token", "invalid_auth"),
    (lambda it: set_scopes(it, without="files:write"), "Slack scopes", "files:write"),
    (lambda it: set_scopes(it, without="channels:history"), "Slack scopes", "channels:history"),
    (lambda it: set_scopes(it, without="im:write"), "Slack scopes", "im:write"),
    (lambda it: channel(it, bot_is_member=False), "Slack channel", "/invite"),
    (lambda it: channel(it, archived=True), "Slack channel", "archived"),
    (lambda it: channel(it, private=True, bot_is_member=False), "Slack channel", "SLACK_CHANNEL"),
    (env(SLACK_CHANNEL="nowhere"), "Slack channel", "#nowhere"),
    (env(SLACK_ERROR_USER="U0NOBODY01"), "Slack error user", "user_not_found"),
    (env(LOOKERSDK_CLIENT_SECRET="wrong"), "Looker login", "LOOKERSDK_CLIENT_SECRET"),
    (lambda it: it.box.faults.add("refuse", service="looker") and None, "Looker login", "did not answer"),
    (lambda it: it.box.looker.allow_exploring(allowed=False), "Looker permissions", "explore (links that change"),
    (
        env(SAGEMAKER_IMAGE_URI=f"{REGISTRY}/credits-automation:never-pushed"),
        "job's image in ECR",
        f"sagemaker/build_and_push.sh job {REGISTRY}/credits-automation;",
    ),
    (env(SAGEMAKER_IMAGE_URI=f"{REGISTRY}/no-such-repository:1"), "job's image in ECR", "no repository"),
    (env(SAGEMAKER_IMAGE_URI="docker.io/library/python:3.11"), "job's image in ECR", "no image in ECR"),
    (
        env(SAGEMAKER_IMAGE_URI=f"{REGISTRY.replace('east', 'west')}/credits-automation:sandbox"),
        "job's image in ECR",
        "us-west-1",
    ),
]


def set_scopes(it: Installation, without: str) -> None:
    it.box.slack.set_scopes(scopes=[scope for scope in SCOPES if scope != without])


def channel(it: Installation, **how: bool) -> None:
    it.box.slack.add_channel(channel_id="C0ANOTHER1", name="another", **how)
    it.set(SLACK_CHANNEL="C0ANOTHER1")


WITH_A_JOB: list[tuple[Break, str, str]] = [
    (denied("sagemaker", "ListProcessingJobs"), "job: status", "sagemaker:ListProcessingJobs"),
    (denied("sagemaker", "DescribeProcessingJob", origin="bot"), "job: status", "sagemaker:DescribeProcessingJob"),
    (denied("sagemaker", "StopProcessingJob"), "job: stop", "sagemaker:StopProcessingJob"),
    (
        role_refused(
            "User: arn:aws:sts::123456789012:assumed-role/bot/i is not authorized to perform: iam:PassRole on "
            "resource: arn:aws:iam::123456789012:role/credits-automation-job",
            403,
        ),
        "job's role",
        "iam:PassRole on arn:aws:iam::123456789012:role/credits-automation-job",
    ),
    (
        role_refused(
            "Could not assume role arn:aws:iam::123456789012:role/credits-automation-job. Please ensure that the role "
            "exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
            400,
        ),
        "job's role",
        "sts:AssumeRole for sagemaker.amazonaws.com",
    ),
    (denied("sagemaker", "CreateProcessingJob"), "job: start", "sagemaker:CreateProcessingJob"),
    (lambda it: it.box.aws.set_quota(jobs=0, limit=0), "job: start", "Service Quotas"),
    (denied("s3", "PutObject", origin="job"), "job: run", "may not write"),
    (denied("logs", "*", origin="bot"), "job: log", "logs:GetLogEvents"),
    (lambda it: it.box.aws.delete_secret(), "secret", "There is no secret"),
    (env(PRESTO_SECRET_NAME="another"), "secret", "There is no secret another"),
    (denied("secretsmanager", "GetSecretValue", origin="job"), "secret", "secretsmanager:GetSecretValue"),
    (secret(password=None), "Presto's secret", "has no password"),
    (secret(port="seven"), "Presto's secret", "port"),
    (lambda it: it.box.aws.set_secret(text="host=presto"), "Presto's secret", "not JSON"),
    (lambda it: it.box.presto.set_password(password="a new one"), "Presto", "refuses username or password"),
    (secret(ca_pem=None), "Presto", "ca_pem"),
    (secret(port=9), "Presto", "port"),
    (secret(catalog="mongo"), "Presto", "Correct catalog in the secret"),
    (
        lambda it: it.box.presto.execute(sql="DROP TABLE verify.mcc_codes"),
        "table verify.mcc_codes",
        "SELECT on verify.mcc_codes",
    ),
    (
        lambda it: it.box.presto.execute(sql="ALTER TABLE verify.provider_costs RENAME COLUMN unit_cost TO cost"),
        "query provider_costs",
        "queries/provider_costs.sql",
    ),
    (env(ALLOWED_TABLES="authy.verification_usage,verify.gone"), "table verify.gone", "ALLOWED_TABLES"),
]


def check_has_its_own_line(installation: Installation, break_it: Break, check: str, words: str, *, job: bool) -> None:
    break_it(installation)

    installation.examine(job=job)

    assert list(installation.wrong) == [check]
    assert words in installation.wrong[check]


def ids(cases: list[tuple[Break, str, str]]) -> list[str]:
    return [f"{place} {check} {words}"[:60] for place, (_, check, words) in enumerate(cases)]


@pytest.mark.parametrize(("break_it", "check", "words"), WITHOUT_A_JOB, ids=ids(WITHOUT_A_JOB))
def test_what_is_broken_has_its_own_line_and_no_other_and_what_mends_it(
    installation: Installation, break_it: Break, check: str, words: str
) -> None:
    check_has_its_own_line(installation, break_it, check, words, job=False)


@pytest.mark.heavy
@pytest.mark.parametrize(("break_it", "check", "words"), WITH_A_JOB, ids=ids(WITH_A_JOB))
def test_what_only_a_job_can_see_has_its_own_line_and_no_other(
    installation: Installation, break_it: Break, check: str, words: str
) -> None:
    check_has_its_own_line(installation, break_it, check, words, job=True)


@pytest.mark.parametrize("executor", ["sagemaker", "local"])
def test_of_an_installation_that_is_whole_every_line_is_fine_and_no_traces_but_the_jobs_are_left(
    installation: Installation, executor: str
) -> None:
    installation.set(EXECUTOR=executor)
    installation.examine(job=True)
    assert {finding.state for finding in installation.findings} == {"ok"}
    assert installation.box.aws.refused() == []
    bucket = installation.box.env["S3_OUTPUT_BUCKET"]
    s3 = installation.box.client("s3")
    kinds = {entry["Key"].split("/")[1] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert kinds == {"inputs", "outputs", "state"}
    state = s3.list_objects_v2(Bucket=bucket, Prefix="credits-automation/state/")["Contents"]
    assert [entry["Key"].split("/")[2] for entry in state] == ["executions"]
    assert installation.box.slack.messages() == []
    assert installation.box.slack.dms() == []


def test_an_image_that_this_role_may_not_look_for_is_left_to_the_job_and_what_stands_on_something_broken_is_not_made(
    installation: Installation,
) -> None:
    denied("ecr", "DescribeImages")(installation)
    secret(password=None)(installation)
    installation.examine(job=True)
    assert list(installation.wrong) == ["Presto's secret"]
    assert installation.state("job's image in ECR") == "not_made"
    assert installation.state("job: run") == "ok"
    assert installation.state("Presto") == "not_made"
    assert installation.state("table verify.mrr") == "not_made"
    assert installation.state("query mrr") == "not_made"


def test_a_looker_that_tells_no_roles_is_not_said_to_grant_them(installation: Installation) -> None:
    installation.box.faults.add("status", status=403, service="looker", operation="user_roles")
    installation.examine(job=False)
    assert installation.wrong == {}
    assert installation.state("Looker permissions") == "not_made"


def test_the_command_prints_a_line_a_check_and_exits_by_what_it_found(installation: Installation) -> None:
    done = call(doctor.main, "--no-job")
    assert done.returncode == 0
    assert "✓ bucket: conditional write" in done.stdout
    assert "✗" not in done.stdout

    set_scopes(installation, without="files:write")
    done = call(doctor.main, "--no-job")
    assert done.returncode == 1
    assert done.stdout.count("✗") == 1
    assert "✗ Slack scopes" in done.stdout
    assert "  → Add them under OAuth & Permissions" in done.stdout


TOLD_TO_END = (143, "Told to end: nothing further was checked.\n")


def status_of_job(installation: Installation, started: str) -> str:
    """started: the line about its start."""
    job = installation.box.client("sagemaker").describe_processing_job(ProcessingJobName=started.split()[3])
    return str(job["ProcessingJobStatus"])


def test_told_to_end_by_ctrl_c_the_command_stops_its_job_and_says_so_in_a_line(installation: Installation) -> None:
    installation.box.faults.add("delay", service="secretsmanager", seconds=60)  # its job cannot end meanwhile
    running = installation.start()
    assert running.stdout
    started = next(line for line in iter(running.stdout.readline, "") if "job: start" in line)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=300)
    assert (running.returncode, said) == TOLD_TO_END
    assert status_of_job(installation, started) in {"Stopping", "Stopped"}


def test_told_to_end_by_ctrl_c_the_command_ends_with_that_line_where_it_may_stop_no_job(
    installation: Installation,
) -> None:
    denied("sagemaker", "StopProcessingJob")(installation)
    installation.box.faults.add("delay", service="secretsmanager", seconds=60)
    say = doctor._say

    def say_and_end(finding: Finding) -> None:
        say(finding)
        if finding.check == "job: start":
            signal.raise_signal(signal.SIGINT)

    installation.monkeypatch.setattr(doctor, "_say", say_and_end)
    done = call(doctor.main)
    assert (done.returncode, done.stderr) == TOLD_TO_END
    *_, started = done.stdout.splitlines()
    assert status_of_job(installation, started) == "InProgress"


def test_as_json_it_says_the_same_for_a_program_and_shows_no_secret(installation: Installation) -> None:
    denied("s3", "DeleteObject")(installation)
    done = call(doctor.main, "--json", "--no-job")
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"]) == (1, False)
    assert [check["check"] for check in said["checks"] if check["state"] == "wrong"] == ["bucket: delete"]
    for name in ("SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY"):
        assert installation.box.env[name] not in done.stdout


def test_the_scopes_are_those_of_the_manifest_in_the_documentation() -> None:
    manifest = (ROOT / "Documentation" / "SLACK.md").read_text(encoding="utf-8")
    listed = manifest.partition("bot: [")[2].partition("]")[0]
    assert sorted(scope.strip() for scope in listed.split(",")) == sorted(NEEDED_SCOPES)


def test_help_has_examples() -> None:
    done = call(doctor.main, "--help")
    assert done.returncode == 0
    assert "python -m src.doctor --json" in done.stdout


def test_every_setting_of_the_bot_can_have_a_line(installation: Installation) -> None:
    values = {
        "EXECUTOR": "sagemaker",
        "SAGEMAKER_SUBNET_IDS": "subnet-1",
        "SAGEMAKER_SECURITY_GROUP_IDS": "sg-1",
        "SAGEMAKER_TAGS": "team=fraud",
        "ALLOWED_TABLES": "authy.verification_usage",
        "SAGEMAKER_ENVIRONMENT": "TEAM=fraud",
        "RESULT_PROFILE": "verify_credit/1",
    }
    missing = {name.upper() for name in BotSettings.model_fields} - installation.box.env.keys() - values.keys()
    numbers = {name: str(BotSettings.model_fields[name.lower()].default or 1) for name in missing}
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    installation.set(**values, **numbers | {name: key for name in missing if name.endswith("KMS_KEY_ID")})
    installation.examine(job=False)
    assert installation.wrong == {}
    lines = {finding.check for finding in installation.findings}
    assert {f"setting {name.upper()}" for name in BotSettings.model_fields} <= lines
