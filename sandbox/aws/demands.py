"""Which permissions each request needs, on which resource: read from the Service Authorization Reference.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from sandbox.aws.iam import Demand
from sandbox.aws.jobs import ACCOUNT
from sandbox.aws.model import AwsRequest

_SERVICE = "sagemaker.amazonaws.com"
_FREE = frozenset({"sts.GetCallerIdentity", "sts.AssumeRoleWithWebIdentity"})
_S3_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
}


class Write(NamedTuple):
    """The headers of a conditional write that ask for more than a plain one."""

    if_match: bool = False


def demands(request: AwsRequest, write: Write = Write()) -> list[Demand]:  # noqa: B008 (a constant)
    """All that IAM would look at for this request; empty for what needs no permission."""
    if f"{request.service}.{request.operation}" in _FREE:
        return []
    of_service = _OF_SERVICE.get(request.service, _by_name)
    return list(of_service(request, write))


def _by_name(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    """For services without rules of their own: the action by the operation's name, on everything."""
    yield Demand(f"{request.service}:{request.operation}", "*")


def _s3(request: AwsRequest, write: Write) -> Iterator[Demand]:
    bucket, key = request.parameters.get("Bucket", ""), request.parameters.get("Key", "")
    action = _S3_ACTIONS.get(request.operation, f"s3:{request.operation}")
    yield Demand(action, f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}")
    if write.if_match:
        yield Demand("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    if action == "s3:GetObject" and not _is_there(bucket, key):
        yield Demand("s3:ListBucket", f"arn:aws:s3:::{bucket}")  # else the answer is 403, not 404
    yield from _s3_key(bucket, action, request.region)


def _is_there(bucket: str, key: str) -> bool:
    found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    return found is not None and key in found.keys


def _s3_key(bucket: str, action: str, region: str) -> Iterator[Demand]:
    """What S3 does with the bucket's key on behalf of whoever asks."""
    found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    rule = (((found and found.encryption) or {}).get("Rule") or {}).get("ApplyServerSideEncryptionByDefault", {})
    uses = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"}.get(action)
    if rule.get("KMSMasterKeyID") and uses:
        yield Demand(uses, rule["KMSMasterKeyID"], {"kms:ViaService": f"s3.{region}.amazonaws.com"})


def _secretsmanager(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    name = request.parameters.get("SecretId", "")
    secret: Any = secretsmanager_backends[ACCOUNT][request.region].secrets.get(name)
    arn = secret.arn if secret else f"arn:aws:secretsmanager:{request.region}:{ACCOUNT}:secret:{name}"
    yield Demand(f"secretsmanager:{request.operation}", arn)
    if secret and secret.kms_key_id:
        via = {"kms:ViaService": f"secretsmanager.{request.region}.amazonaws.com"}
        yield Demand("kms:Decrypt", secret.kms_key_id, via)


def _sagemaker(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    asked = request.parameters
    name = asked.get("ProcessingJobName")
    resource = f"arn:aws:sagemaker:{request.region}:{ACCOUNT}:processing-job/{name}" if name else "*"
    if request.operation != "CreateProcessingJob":
        yield Demand(f"sagemaker:{request.operation}", resource)
        return
    yield Demand("sagemaker:CreateProcessingJob", resource, _of_new_job(asked))
    yield Demand("iam:PassRole", asked["RoleArn"], {"iam:PassedToService": _SERVICE})
    if asked.get("Tags"):
        yield Demand("sagemaker:AddTags", resource)


def _of_new_job(asked: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    cluster = asked["ProcessingResources"]["ClusterConfig"]
    vpc = (asked.get("NetworkConfig") or {}).get("VpcConfig") or {}
    values: dict[str, str | tuple[str, ...]] = {
        "sagemaker:InstanceTypes": (cluster["InstanceType"],),
        "sagemaker:MaxRuntimeInSeconds": str((asked.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", "")),
        "sagemaker:VolumeKmsKey": cluster.get("VolumeKmsKeyId", ""),
        "sagemaker:VpcSubnets": tuple(vpc.get("Subnets", ())),
        "sagemaker:VpcSecurityGroupIds": tuple(vpc.get("SecurityGroupIds", ())),
    }
    return {name: value for name, value in values.items() if value}


def _logs(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    """The service asks for a stream of the group even where the call names none: `...:log-stream:`."""
    asked = request.parameters
    group = f"arn:aws:logs:{request.region}:{ACCOUNT}:log-group:{asked.get('logGroupName', '')}"
    yield Demand(f"logs:{request.operation}", f"{group}:log-stream:{asked.get('logStreamName', '')}")


def _cloudwatch(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    namespace = request.parameters.get("Namespace", "")
    yield Demand(f"cloudwatch:{request.operation}", "*", {"cloudwatch:namespace": namespace} if namespace else {})


def _ecr(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    name = request.parameters.get("repositoryName")
    resource = f"arn:aws:ecr:{request.region}:{ACCOUNT}:repository/{name}" if name else "*"
    yield Demand(f"ecr:{request.operation}", resource)


def _kms(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    key = request.parameters.get("KeyId", "*")
    context = {"kms:GrantIsForAWSResource": "true"} if request.operation == "CreateGrant" else {}
    yield Demand(f"kms:{request.operation}", key, context)


def _ec2(request: AwsRequest, _write: Write) -> Iterator[Demand]:
    """Describing has no resource; a network interface is made in a subnet with its security groups."""
    asked, operation = request.parameters, request.operation
    if operation.startswith("Describe"):
        yield Demand(f"ec2:{operation}", "*")
        return
    here = f"arn:aws:ec2:{request.region}:{ACCOUNT}"
    yield Demand(f"ec2:{operation}", f"{here}:network-interface/{asked.get('NetworkInterfaceId', '*')}")
    if operation == "CreateNetworkInterface":
        yield Demand(f"ec2:{operation}", f"{here}:subnet/{asked['SubnetId']}")
        for name, value in asked.items():
            if name.startswith("SecurityGroupId"):
                yield Demand(f"ec2:{operation}", f"{here}:security-group/{value}")


_OF_SERVICE: dict[str, Callable[[AwsRequest, Write], Iterator[Demand]]] = {
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "sagemaker": _sagemaker,
    "logs": _logs,
    "cloudwatch": _cloudwatch,
    "ecr": _ecr,
    "kms": _kms,
    "ec2": _ec2,
}
