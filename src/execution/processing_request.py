"""What CreateProcessingJob is asked: the request, and which setting each of its parts comes from."""

from __future__ import annotations

from typing import Any

from .. import paths
from ..config import Settings
from ..errors import ConfigurationError
from .submission import Submission

INPUT_PATH = "/opt/ml/processing/input"
FROM_SETTING = {
    "AppSpecification.ImageUri": "SAGEMAKER_IMAGE_URI",
    "Environment.ALLOWED_TABLES": "ALLOWED_TABLES",
    "Environment.ASID": "the account (asid)",
    "Environment.AWS_DEFAULT_REGION": "AWS_DEFAULT_REGION",
    "Environment.IMAGE_URI": "SAGEMAKER_IMAGE_URI",
    "Environment.NOTEBOOK": "NOTEBOOK",
    "Environment.RESULT_PROFILE": "RESULT_PROFILE",
    "Environment.S3_OUTPUT_BUCKET": "S3_OUTPUT_BUCKET",
    "Environment.SECRET_NAME": "PRESTO_SECRET_NAME",
    "NetworkConfig.VpcConfig.SecurityGroupIds": "SAGEMAKER_SECURITY_GROUP_IDS",
    "NetworkConfig.VpcConfig.Subnets": "SAGEMAKER_SUBNET_IDS",
    "ProcessingOutputConfig.KmsKeyId": "SAGEMAKER_OUTPUT_KMS_KEY_ID",
    "ProcessingResources.ClusterConfig.InstanceType": "SAGEMAKER_INSTANCE_TYPE",
    "ProcessingResources.ClusterConfig.VolumeKmsKeyId": "SAGEMAKER_VOLUME_KMS_KEY_ID",
    "ProcessingResources.ClusterConfig.VolumeSizeInGB": "SAGEMAKER_VOLUME_SIZE_GB",
    "RoleArn": "SAGEMAKER_ROLE_ARN",
    "StoppingCondition.MaxRuntimeInSeconds": "SAGEMAKER_MAX_RUNTIME",
    "Tags": "SAGEMAKER_TAGS",
}


def processing_request(settings: Settings, submission: Submission) -> dict[str, Any]:
    """The whole request. Raises ConfigurationError for settings that contradict each other."""
    settings.require("sagemaker_image_uri", "sagemaker_role_arn")
    return {
        "ProcessingJobName": submission.job_name,
        "RoleArn": settings.sagemaker_role_arn,
        "AppSpecification": {"ImageUri": settings.sagemaker_image_uri},
        "ProcessingInputs": [_input(settings, submission)],
        "ProcessingResources": {"ClusterConfig": _cluster(settings)},
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.sagemaker_max_runtime},
        "Environment": submission.environment,
        **_output(settings),
        **_network(settings),
        **_tags(settings),
    }


def _input(settings: Settings, submission: Submission) -> dict[str, Any]:
    prefix = paths.ExecutionPaths(submission.execution_id).input_prefix
    return {
        "InputName": "query",
        "S3Input": {
            "S3Uri": f"s3://{settings.s3_output_bucket}/{prefix}",
            "LocalPath": INPUT_PATH,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def _cluster(settings: Settings) -> dict[str, Any]:
    cluster: dict[str, Any] = {
        "InstanceCount": 1,
        "InstanceType": settings.sagemaker_instance_type,
        "VolumeSizeInGB": settings.sagemaker_volume_size_gb,
    }
    if settings.sagemaker_volume_kms_key_id:
        cluster["VolumeKmsKeyId"] = settings.sagemaker_volume_kms_key_id
    return cluster


def _output(settings: Settings) -> dict[str, Any]:
    if not settings.sagemaker_output_kms_key_id:
        return {}
    return {"ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": settings.sagemaker_output_kms_key_id}}


def _network(settings: Settings) -> dict[str, Any]:
    subnets, groups = settings.sagemaker_subnet_ids, settings.sagemaker_security_group_ids
    if bool(subnets) != bool(groups):
        given, missing = "SAGEMAKER_SUBNET_IDS", "SAGEMAKER_SECURITY_GROUP_IDS"
        given, missing = (given, missing) if subnets else (missing, given)
        raise ConfigurationError(f"{given} is set and {missing} is not: a job in a VPC needs both. Set {missing}.")
    if not subnets:
        return {}
    vpc = {"Subnets": list(subnets), "SecurityGroupIds": list(groups)}
    return {"NetworkConfig": {"EnableNetworkIsolation": False, "VpcConfig": vpc}}


def _tags(settings: Settings) -> dict[str, Any]:
    for tag in settings.sagemaker_tags:
        if "=" not in tag:
            raise ConfigurationError(f"SAGEMAKER_TAGS has {tag!r}, which is no tag: write name=value, comma between.")
        if tag.lower().startswith("aws:"):
            raise ConfigurationError(
                f"SAGEMAKER_TAGS has {tag!r}: names that begin with aws: are AWS's own. Rename it."
            )
    tags = [{"Key": name, "Value": value} for name, value in settings.tags.items()]
    return {"Tags": tags} if tags else {}
