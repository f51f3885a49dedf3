"""What SageMaker does around a job under the job's own role, besides its input and its log: image, network, volume.

The calls are those of the permissions that AWS documents for the role of a processing job:
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createprocessingjob-perms
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from sandbox.aws.jobs import Job
from sandbox.aws.platform import LOG_GROUP, Platform, PlatformError

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<repository>[^:@]+)"
    r"(@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>.+))"
)
_EC2 = "{http://ec2.amazonaws.com/doc/2016-11-15}"


def prepare(platform: Platform, job: Job) -> None:
    """Before the container starts. Raises PlatformError in the words of the service that refused."""
    pull_image(platform, job.request["AppSpecification"]["ImageUri"])
    cluster = job.request["ProcessingResources"]["ClusterConfig"]
    if cluster.get("VolumeKmsKeyId"):
        _encrypt_volume(platform, cluster["VolumeKmsKeyId"], job.request["RoleArn"])
    vpc = (job.request.get("NetworkConfig") or {}).get("VpcConfig")
    if vpc:
        _leave_network(platform, _join_network(platform, vpc))
    _write_metrics(platform, job)


def pull_image(platform: Platform, uri: str) -> None:
    """Manifest and layers, as a docker pull from ECR asks for them."""
    named = _IMAGE.fullmatch(uri)
    if named is None:
        raise PlatformError(f"ClientError: {uri} is no image in ECR.")
    platform.json("ecr", "GetAuthorizationToken", {})
    repository = {"registryId": named["account"], "repositoryName": named["repository"]}
    wanted = {"imageDigest": named["digest"]} if named["digest"] else {"imageTag": named["tag"]}
    found = platform.json("ecr", "BatchGetImage", {**repository, "imageIds": [wanted]})["images"]
    if not found:
        raise PlatformError(f"ClientError: Cannot pull container, there is no {uri}.")
    layers = [layer["digest"] for layer in json.loads(found[0]["imageManifest"]).get("layers", [])]
    if layers:
        platform.json("ecr", "BatchCheckLayerAvailability", {**repository, "layerDigests": layers})
    for digest in layers:
        platform.json("ecr", "GetDownloadUrlForLayer", {**repository, "layerDigest": digest})


def _encrypt_volume(platform: Platform, key: str, role: str) -> None:
    grant = {"KeyId": key, "GranteePrincipal": role, "Operations": ["Decrypt", "GenerateDataKeyWithoutPlaintext"]}
    platform.json("kms", "CreateGrant", grant)


def _join_network(platform: Platform, vpc: Mapping[str, Any]) -> str:
    """A network interface in the job's subnet; its id."""
    for operation, ids in (
        ("DescribeSubnets", {f"SubnetId.{n}": name for n, name in enumerate(vpc["Subnets"], 1)}),
        ("DescribeSecurityGroups", {f"GroupId.{n}": name for n, name in enumerate(vpc["SecurityGroupIds"], 1)}),
        ("DescribeVpcs", {}),
        ("DescribeDhcpOptions", {}),
    ):
        platform.ec2(operation, ids)
    groups = {f"SecurityGroupId.{n}": name for n, name in enumerate(vpc["SecurityGroupIds"], 1)}
    made = ElementTree.fromstring(platform.ec2("CreateNetworkInterface", {"SubnetId": vpc["Subnets"][0], **groups}))
    interface = str(made.findtext(f"{_EC2}networkInterface/{_EC2}networkInterfaceId"))
    platform.ec2("CreateNetworkInterfacePermission", {"NetworkInterfaceId": interface})
    platform.ec2("DescribeNetworkInterfaces", {"NetworkInterfaceId.1": interface})
    return interface


def _leave_network(platform: Platform, interface: str) -> None:
    platform.ec2("DeleteNetworkInterfacePermission", {"NetworkInterfaceId": interface})
    platform.ec2("DeleteNetworkInterface", {"NetworkInterfaceId": interface})


def _write_metrics(platform: Platform, job: Job) -> None:
    """The machine's use of memory: what SageMaker puts beside the log."""
    datum = {
        "MetricName": "MemoryUtilization",
        "Dimensions": [{"Name": "Host", "Value": f"{job.name}/algo-1"}],
        "Value": 10.0,
    }
    platform.json("cloudwatch", "PutMetricData", {"Namespace": LOG_GROUP, "MetricData": [datum]})
