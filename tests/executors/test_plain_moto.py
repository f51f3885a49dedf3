"""SageMakerExecutor under plain mock_aws, as in a user's own test: no arguments, jobs born Completed."""

from __future__ import annotations

import json

import boto3
import pytest
from moto import mock_aws

from src.config import load_settings
from src.errors import ConfigurationError, ResultMissing
from src.executors import make_executor
from src.notebook_executor import NotebookExecutor
from src.sagemaker_executor import SageMakerExecutor
from tests.executors.conftest import IMAGE, ROLE, SQL
from tests.executors.results import valid_result


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, aws_environment: None) -> None:
    monkeypatch.setenv("S3_OUTPUT_BUCKET", "the-bucket")
    monkeypatch.setenv("SAGEMAKER_IMAGE_URI", IMAGE)
    monkeypatch.setenv("SAGEMAKER_ROLE_ARN", ROLE)


def _never(_seconds: float) -> None:
    pytest.fail("it waited for a job that has ended")


@mock_aws
def test_the_plans_four_lines(environment: None) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="the-bucket")
    executor = SageMakerExecutor()
    assert executor.is_verify_query(SQL)
    assert not executor.is_verify_query("SELECT 1")

    job = executor.execute(SQL)
    key = f"credits-automation/outputs/{job['execution_id']}/result.json"
    s3.put_object(Bucket="the-bucket", Key=key, Body=json.dumps(valid_result(job["execution_id"])))
    status = executor.wait_for_completion(job["job_name"])
    results = executor.get_results(job["execution_id"])

    assert status["status"] == "Completed"
    assert results["credit_amount"] == 4948.80
    assert boto3.client("sagemaker").describe_processing_job(ProcessingJobName=job["job_name"])["RoleArn"] == ROLE


@mock_aws
def test_completed_without_a_result_is_a_failure(environment: None) -> None:
    boto3.client("s3").create_bucket(Bucket="the-bucket")
    executor = SageMakerExecutor(sleep=_never)
    job = executor.execute(SQL)
    assert executor.wait_for_completion(job["job_name"])["status"] == "Completed"
    with pytest.raises(ResultMissing, match=job["execution_id"]):
        executor.get_results(job["execution_id"])


def test_without_settings_the_missing_ones_are_named(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_OUTPUT_BUCKET", "SAGEMAKER_IMAGE_URI", "SAGEMAKER_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="S3_OUTPUT_BUCKET is not set"):
        SageMakerExecutor().execute(SQL)
    monkeypatch.setenv("S3_OUTPUT_BUCKET", "the-bucket")
    with pytest.raises(ConfigurationError, match="SAGEMAKER_IMAGE_URI and SAGEMAKER_ROLE_ARN are not set"):
        SageMakerExecutor().execute(SQL)


@pytest.mark.parametrize(("word", "kind"), [("sagemaker", SageMakerExecutor), ("local", NotebookExecutor)])
def test_executor_chooses(environment: None, monkeypatch: pytest.MonkeyPatch, word: str, kind: type[object]) -> None:
    monkeypatch.setenv("EXECUTOR", word)
    assert type(make_executor(load_settings())) is kind
