"""What every test may use: moto's AWS in this process, a clock that only moves when told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from sandbox.client import Sandbox
from src.aws import AwsClients
from src.config import Settings

BUCKET = "credits-bucket"


class FakeClock:
    """Seconds since 1970; `sleep` moves it and returns at once."""

    def __init__(self, now: float = 1_768_480_496.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Everything outside, with jobs that really run; tests keep apart by their own slugs, accounts and ids."""
    with Sandbox.start(jobs="process", presto="embedded") as box:
        yield box


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def settings(aws_environment: None) -> Settings:
    return Settings(s3_output_bucket=BUCKET)


@pytest.fixture
def clients(settings: Settings, clock: FakeClock) -> AwsClients:
    clients = AwsClients(settings, sleep=clock.sleep)
    clients.s3.create_bucket(Bucket=BUCKET)
    return clients
