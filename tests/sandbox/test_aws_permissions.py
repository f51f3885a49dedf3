"""With IAM enforced a role may do what its policies allow and nothing else, and so may the jobs that run under it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, code

TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]
}
JOB = ("s3:*", "ecr:*", "logs:*", "cloudwatch:*")


def make_role(account: Account, name: str, *actions: str, resource: str = "*", trust: Any = TRUST) -> str:
    """A role that may do these; its ARN."""
    role = account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    account.iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=document)
    return str(role["Arn"])


def under(account: Account, role: str) -> Any:
    """A maker of clients with that role's credentials."""
    made = account.sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], "us-east-1")
    return lambda service: session.client(service, endpoint_url=account.box.env["AWS_ENDPOINT_URL"])


def test_a_role_reaches_the_objects_of_its_policy_and_no_others(account: Account) -> None:
    role = make_role(account, "reader", "s3:GetObject", resource=f"arn:aws:s3:::{account.bucket}/mine/*")
    account.box.aws.put_objects(objects={"mine/a": "1", "theirs/a": "2"})
    account.box.aws.enforce_iam()
    s3 = under(account, role)("s3")

    assert s3.get_object(Bucket=account.bucket, Key="mine/a")["Body"].read() == b"1"
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=account.bucket, Key="theirs/a")

    assert code(refused.value) == "AccessDenied"
    assert "not authorized to perform: s3:GetObject on resource" in str(refused.value)
    met = {demand["resource"].rpartition(account.bucket)[2]: demand["allowed"] for demand in account.box.aws.demands()}
    assert met == {"/mine/a": True, "/theirs/a": False}


def test_a_missing_object_looks_forbidden_to_who_may_not_list(account: Account) -> None:
    role = make_role(account, "reader", "s3:GetObject")
    account.box.aws.enforce_iam()

    with pytest.raises(ClientError) as refused:
        under(account, role)("s3").head_object(Bucket=account.bucket, Key="nothing")

    assert code(refused.value) == "403"


def test_the_owner_may_everything(account: Account) -> None:
    account.box.aws.enforce_iam()

    account.s3.put_object(Bucket=account.bucket, Key="a", Body=b"")

    assert account.box.aws.demands() == []


def test_to_start_a_job_its_role_must_be_passed(account: Account) -> None:
    role = make_role(account, "starter", "sagemaker:CreateProcessingJob")
    account.box.aws.enforce_iam()

    with pytest.raises(ClientError) as refused:
        under(account, role)("sagemaker").create_processing_job(**account.request("credits-automation-1"))

    assert code(refused.value) == "AccessDeniedException"
    assert "iam:PassRole" in str(refused.value)


def test_a_role_that_does_not_trust_sagemaker_runs_no_job(account: Account) -> None:
    trust = json.loads(json.dumps(TRUST).replace("sagemaker", "ec2"))
    role = make_role(account, "other", "s3:*", trust=trust)
    account.box.aws.enforce_iam()

    with pytest.raises(ClientError) as refused:
        account.start("result", RoleArn=role)

    assert "Could not assume role" in str(refused.value)


def test_a_job_whose_role_may_not_read_its_input_fails_with_the_words_of_iam(account: Account) -> None:
    push_image(account)
    role = make_role(account, "job", "ecr:*", "logs:*", "cloudwatch:*")
    account.box.aws.enforce_iam()

    job = account.ended("result", RoleArn=role, AppSpecification={"ImageUri": IMAGE})

    assert job["ProcessingJobStatus"] == "Failed"
    assert "s3:ListBucket" in job["FailureReason"]


def test_a_job_whose_image_is_not_there_fails(account: Account) -> None:
    account.ecr.create_repository(repositoryName="job")
    role = make_role(account, "job", *JOB)
    account.box.aws.enforce_iam()

    job = account.ended("result", RoleArn=role, AppSpecification={"ImageUri": IMAGE})

    assert "there is no 123456789012.dkr.ecr.us-east-1.amazonaws.com/job:1" in job["FailureReason"]


def test_a_container_has_its_roles_credentials(running: Account) -> None:
    push_image(running)
    role = make_role(running, "job", *JOB)
    running.box.aws.enforce_iam()
    ask = (
        "python - <<'END'\nimport boto3\n"
        "print(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "boto3.client('s3').list_buckets()\nEND\n"
    )

    job = running.ended(ask, RoleArn=role, AppSpecification={"ImageUri": IMAGE})

    assert job["ProcessingJobStatus"] == "Completed"
    assert running.log(job["ProcessingJobName"])[0].endswith("assumed-role/job/SageMaker")
    assert ("job", "s3:ListBuckets") in {
        (demand["origin"], demand["action"]) for demand in running.box.aws.demands() if demand["role"] == role
    }


IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/job:1"


def push_image(account: Account) -> None:
    account.ecr.create_repository(repositoryName="job")
    layers = [{"digest": f"sha256:{'1' * 64}", "size": 1}]
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    account.ecr.put_image(
        repositoryName="job", imageTag="1", imageManifest=json.dumps(manifest | {"config": {}, "layers": layers})
    )
