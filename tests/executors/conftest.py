"""An installation's settings, S3 and CloudWatch by moto, SageMaker by a fake whose jobs do as told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from src import paths
from src.aws import AwsClients
from src.config import BotSettings
from src.sagemaker_executor import SageMakerExecutor
from tests.clocks import MovedClock
from tests.conftest import BUCKET
from tests.executors.fake_sagemaker import FakeSageMaker

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/credits-automation-notebook:1.2.3"
ROLE = "arn:aws:iam::123456789012:role/credits-automation-job"
SQL = "SELECT * FROM authy.verification_usage WHERE is_fraud = true"


def until(condition: Callable[[], bool]) -> None:
    """Real processes take real time, as much as the machine needs: the limit is for one that hangs."""
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


class Installation:
    """What a test drives: the executor, the service behind it, and what a job would leave in the bucket."""

    def __init__(self, settings: BotSettings, clock: MovedClock, session: boto3.Session) -> None:
        self.settings = settings
        self.clock = clock
        self.clients = AwsClients(settings, session=session, sleep=clock.sleep)
        self.clients.s3.create_bucket(Bucket=BUCKET)
        self.service = FakeSageMaker(self.clients.sagemaker, clock)
        self.clients.sagemaker = self.service  # type: ignore[assignment]
        self.executor = SageMakerExecutor(settings, clients=self.clients, clock=clock, sleep=clock.sleep)

    def leave(self, key: str, content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def leave_result(self, execution_id: str, content: Any) -> None:
        self.leave(paths.ExecutionPaths(execution_id).result, content)

    def object(self, key: str) -> bytes:
        return self.clients.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def keys(self) -> list[str]:
        return [row["Key"] for row in self.clients.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture
def settings(aws_environment: None) -> BotSettings:
    return BotSettings(s3_output_bucket=BUCKET, sagemaker_image_uri=IMAGE, sagemaker_role_arn=ROLE)


@pytest.fixture
def installation(settings: BotSettings, clock: MovedClock, aws_session: boto3.Session) -> Installation:
    return Installation(settings, clock, aws_session)
