"""An AWS account on the sandbox, as its user sees it: boto3's own clients, retries off."""

from __future__ import annotations

from itertools import count
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.client import Sandbox

GROUP = "/aws/sagemaker/ProcessingJobs"
_NUMBERS = count(1)


class Account:
    """`s3`, `sagemaker`, `logs`, `cloudwatch`, `secretsmanager`: clients with the bot's credentials."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.bucket = box.env["S3_OUTPUT_BUCKET"]
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self._clients:
            self._clients[service] = self.client(service)
        return self._clients[service]

    def client(self, service: str) -> Any:
        return self.box.client(
            service,
            config=Config(
                retries={"total_max_attempts": 1},
                read_timeout=60,
                parameter_validation=False,
                max_pool_connections=32,
            ),
        )

    def start(self, query: str | bytes, **changes: Any) -> str:
        """Start a job whose input is this query; its name."""
        number = next(_NUMBERS)
        execution_id = f"20260115_123456_{number:08x}"
        name = f"credits-automation-{execution_id.replace('_', '-')}"
        content = query.encode() if isinstance(query, str) else query
        self.s3.put_object(Bucket=self.bucket, Key=f"inputs/{execution_id}/query.sql", Body=content)
        self.sagemaker.create_processing_job(**self.request(name, execution_id) | changes)
        return name

    def request(self, name: str, execution_id: str = "20260115_123456_00000000") -> dict[str, Any]:
        """A whole CreateProcessingJob."""
        return {
            "ProcessingJobName": name,
            "RoleArn": self.box.env["SAGEMAKER_ROLE_ARN"],
            "AppSpecification": {"ImageUri": self.box.env["SAGEMAKER_IMAGE_URI"]},
            "ProcessingInputs": [self.input(f"inputs/{execution_id}/")],
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
            "Environment": {"EXECUTION_ID": execution_id, "S3_OUTPUT_BUCKET": self.bucket},
        }

    def input(self, prefix: str) -> dict[str, Any]:
        """A ProcessingInput of everything under a prefix."""
        return {
            "InputName": "query",
            "S3Input": {
                "S3Uri": f"s3://{self.bucket}/{prefix}",
                "LocalPath": "/opt/ml/processing/input",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }

    def describe(self, name: str) -> dict[str, Any]:
        """The job as the service describes it."""
        description: dict[str, Any] = self.sagemaker.describe_processing_job(ProcessingJobName=name)
        return description

    def ended(self, query: str | bytes, **changes: Any) -> dict[str, Any]:
        """Start a job, wait for its end, describe it."""
        name = self.start(query, **changes)
        self.box.aws.wait(name=name, seconds=100)
        return self.describe(name)

    def log(self, name: str) -> list[str]:
        """What the job's log stream holds."""
        found = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        stream = found[0]["logStreamName"]
        events = self.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def keys(self, prefix: str = "") -> list[str]:
        """All keys under a prefix, page by page."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def code(error: ClientError) -> str:
    """The service's own code of an error."""
    return str(error.response["Error"]["Code"])
