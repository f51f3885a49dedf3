"""Starting a job: what SageMaker is asked, what is written before, and every way in which it may answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src import paths
from src.errors import CapacityError, ConfigurationError, QueryError, TransientError
from src.sagemaker_executor import SageMakerExecutor
from src.state.object_store import ObjectStore
from src.state.records import ExecutionRecord
from tests.clocks import MovedClock
from tests.conftest import BUCKET
from tests.executors.conftest import IMAGE, ROLE, SQL, Installation
from tests.executors.fake_sagemaker import lost_answer, refusal

ID = "20260115_123456_3fa94c01"


def _with(installation: Installation, **changes: Any) -> SageMakerExecutor:
    settings = installation.settings.model_copy(update=changes)
    clock = installation.clock
    return SageMakerExecutor(settings, clients=installation.clients, clock=clock, sleep=clock.sleep)


def _request(installation: Installation) -> dict[str, Any]:
    [job] = installation.service.jobs.values()
    return job


def test_a_started_job_is_told_by_arn_name_and_id(installation: Installation) -> None:
    job = installation.executor.execute(SQL)
    assert paths.job_name(job["execution_id"]) == job["job_name"]
    assert job["job_arn"].endswith(f":processing-job/{job['job_name']}")


def test_an_id_begins_with_the_second_and_none_is_made_twice(installation: Installation) -> None:
    clock = MovedClock(1_768_480_496.9)
    executor = SageMakerExecutor(installation.settings, clients=installation.clients, clock=clock, sleep=clock.sleep)
    first, second = (executor.execute(SQL)["execution_id"] for _ in range(2))
    assert first[:16] == second[:16] == ID[:16]
    assert first != second


def test_the_container_gets_image_role_limits_input_and_environment(installation: Installation) -> None:
    installation.executor.execute(SQL, "AC" + "5" * 32, execution_id=ID)
    request = _request(installation)
    assert request["AppSpecification"] == {"ImageUri": IMAGE}
    assert request["RoleArn"] == ROLE
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}
    assert request["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.xlarge",
        "VolumeSizeInGB": 30,
    }
    [given] = request["ProcessingInputs"]
    assert given["S3Input"]["S3Uri"] == f"s3://{BUCKET}/credits-automation/inputs/{ID}/"
    assert given["S3Input"]["LocalPath"] == "/opt/ml/processing/input"
    assert request["Environment"] == {
        "EXECUTION_ID": ID,
        "S3_OUTPUT_BUCKET": BUCKET,
        "SECRET_NAME": "presto-service-account-credentials",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MAX_RUNTIME_SECONDS": "1800",
        "LOOKER_QUERY": SQL,
        "ASID": "AC" + "5" * 32,
        "ALLOWED_TABLES": ",".join(installation.settings.allowed_tables),
        "IMAGE_URI": IMAGE,
        "RESULT_PROFILE": "verify_credit/1",
    }
    assert {"NetworkConfig", "ProcessingOutputConfig", "Tags"}.isdisjoint(request)


def test_network_keys_tags_and_machine_are_passed_on_when_configured(installation: Installation) -> None:
    _with(
        installation,
        sagemaker_subnet_ids=("subnet-1", "subnet-2"),
        sagemaker_security_group_ids=("sg-1",),
        sagemaker_volume_kms_key_id="alias/volume",
        sagemaker_output_kms_key_id="alias/output",
        sagemaker_tags=("team=fraud", "cost-center=42=b"),
        sagemaker_instance_type="ml.c5.xlarge",
        sagemaker_volume_size_gb=50,
        sagemaker_max_runtime=600,
    ).execute(SQL)
    request = _request(installation)
    assert request["NetworkConfig"] == {
        "EnableNetworkIsolation": False,
        "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    }
    assert request["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 1,
        "InstanceType": "ml.c5.xlarge",
        "VolumeSizeInGB": 50,
        "VolumeKmsKeyId": "alias/volume",
    }
    assert request["ProcessingOutputConfig"]["KmsKeyId"] == "alias/output"
    assert request["Tags"] == [{"Key": "team", "Value": "fraud"}, {"Key": "cost-center", "Value": "42=b"}]
    assert request["Environment"]["MAX_RUNTIME_SECONDS"] == "600"


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("authy" + "x" * 251, True),
        ("authy" + "x" * 252, False),
        ("authy" + "🎉" * 125, True),
        ("authy" + "🎉" * 126, False),
        ("authy\n\t'\"\\", True),
        ("authy \0", False),
    ],
)
def test_the_variable_holds_the_query_only_where_the_service_takes_it(
    installation: Installation, query: str, fits: bool
) -> None:
    installation.executor.execute(query, execution_id=ID)
    assert _request(installation)["Environment"].get("LOOKER_QUERY") == (query if fits else None)
    assert installation.object(f"credits-automation/inputs/{ID}/query.sql") == query.encode()


def test_20000_characters_reach_the_bucket_byte_for_byte(installation: Installation) -> None:
    query = ("authy 'it''s' \"quoted\" 🎉é\r\n\t\\ " * 800)[:20_000]
    installation.executor.execute(query, execution_id=ID)
    assert installation.object(f"credits-automation/inputs/{ID}/query.sql") == query.encode()


def test_whose_it_is_and_the_query_are_there_before_the_job(installation: Installation) -> None:
    seen: list[list[str]] = []
    installation.service.watch = lambda operation: seen.append(installation.keys())
    installation.executor.execute(SQL, execution_id=ID)
    assert seen == [[f"credits-automation/inputs/{ID}/query.sql", f"credits-automation/state/executions/{ID}.json"]]
    record = json.loads(installation.object(f"credits-automation/state/executions/{ID}.json"))
    assert (record["purpose"], record["job_name"]) == ("script", paths.job_name(ID))
    assert record["lease_until"] == installation.clock.now + 1800 + 900


def test_the_record_the_bot_wrote_is_left_as_it_is(installation: Installation) -> None:
    store = ObjectStore(installation.clients, BUCKET)
    key = paths.ExecutionPaths(ID).record
    mine = ExecutionRecord(
        execution_id=ID,
        job_name=paths.job_name(ID),
        purpose="message",
        channel="C1",
        ts="1768480496.000100",
        created_at="2026-01-15T12:34:56Z",
    )
    store.create(key, mine)
    before = installation.object(key)
    installation.executor.execute(SQL, execution_id=ID)
    assert installation.object(key) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"s3_output_bucket": ""}, "S3_OUTPUT_BUCKET is not set"),
        ({"s3_output_bucket": "s3://bucket"}, "S3_OUTPUT_BUCKET is 's3://bucket'"),
        ({"s3_output_bucket": "Bucket"}, "S3_OUTPUT_BUCKET is 'Bucket'"),
        ({"presto_secret_name": ""}, "PRESTO_SECRET_NAME is not set"),
        ({"presto_secret_name": "s" * 257}, "PRESTO_SECRET_NAME .*257 characters.*at most 256"),
        ({"sagemaker_image_uri": ""}, "SAGEMAKER_IMAGE_URI is not set"),
        ({"sagemaker_image_uri": "i" * 256}, "SAGEMAKER_IMAGE_URI .*at most 255"),
        ({"sagemaker_role_arn": ""}, "SAGEMAKER_ROLE_ARN is not set"),
        ({"sagemaker_role_arn": "credits-automation-job"}, "SAGEMAKER_ROLE_ARN .*must match"),
        ({"sagemaker_role_arn": "arn:aws:iam::1:role/x"}, "SAGEMAKER_ROLE_ARN .*must match"),
        ({"sagemaker_instance_type": "m5.xlarge"}, "SAGEMAKER_INSTANCE_TYPE .*known words"),
        ({"sagemaker_volume_size_gb": 16_385}, "SAGEMAKER_VOLUME_SIZE_GB .*at most 16384"),
        ({"sagemaker_max_runtime": 777_601}, "SAGEMAKER_MAX_RUNTIME .*at most 777600"),
        ({"sagemaker_volume_kms_key_id": "not a key"}, "SAGEMAKER_VOLUME_KMS_KEY_ID .*must match"),
        ({"sagemaker_output_kms_key_id": "not a key"}, "SAGEMAKER_OUTPUT_KMS_KEY_ID .*must match"),
        ({"sagemaker_subnet_ids": ("subnet-1",)}, "SAGEMAKER_SECURITY_GROUP_IDS is not: .* needs both"),
        ({"sagemaker_security_group_ids": ("sg-1",)}, "SAGEMAKER_SUBNET_IDS is not: .* needs both"),
        (
            {"sagemaker_subnet_ids": ("a b",), "sagemaker_security_group_ids": ("sg-1",)},
            "SAGEMAKER_SUBNET_IDS .*must match",
        ),
        (
            {"sagemaker_subnet_ids": ("subnet-1",) * 17, "sagemaker_security_group_ids": ("sg-1",)},
            "SAGEMAKER_SUBNET_IDS .*17 entries.*at most 16",
        ),
        (
            {"sagemaker_subnet_ids": ("subnet-1",), "sagemaker_security_group_ids": ("sg-1",) * 6},
            "SAGEMAKER_SECURITY_GROUP_IDS .*6 entries.*at most 5",
        ),
        ({"sagemaker_tags": ("team",)}, "SAGEMAKER_TAGS has 'team'"),
        ({"sagemaker_tags": ("aws:team=x",)}, "SAGEMAKER_TAGS has 'aws:team=x'"),
        ({"sagemaker_tags": ("team=fraud & risk",)}, "SAGEMAKER_TAGS .*must match"),
        ({"sagemaker_tags": ("team=" + "x" * 257,)}, "SAGEMAKER_TAGS .*at most 256"),
        ({"sagemaker_tags": tuple(f"t{n}=x" for n in range(51))}, "SAGEMAKER_TAGS .*51 entries.*at most 50"),
        ({"allowed_tables": ("authy." + "x" * 251,)}, "ALLOWED_TABLES .*257 characters.*at most 256"),
    ],
)
def test_what_the_service_would_refuse_is_refused_by_name_before_any_call(
    installation: Installation, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        _with(installation, **changes).execute(SQL)
    assert installation.keys() == []
    assert not installation.service.calls


@pytest.mark.parametrize("asid", ["A" * 257, "AC123", "ac" + "5" * 32, "AC" + "g" * 32, "AC" + "5" * 33, " "])
def test_an_account_that_is_none_is_refused_before_the_first_call(installation: Installation, asid: str) -> None:
    with pytest.raises(QueryError, match=r"\(asid\) .* AC and 32 digits"):
        installation.executor.execute(SQL, asid)
    assert not installation.service.calls
    assert installation.keys() == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("authy \ud83c", "UTF-8: character 7"),
        ("authy" + "x" * 4_000_000, "4,000,005 bytes, more than the 4,000,000"),
    ],
)
def test_a_query_that_cannot_be_run_is_the_requesters_to_mend(
    installation: Installation, query: str, words: str
) -> None:
    with pytest.raises(QueryError, match=words):
        installation.executor.execute(query)
    assert installation.keys() == []


def test_an_id_of_another_form_is_refused(installation: Installation) -> None:
    with pytest.raises(ConfigurationError, match="'today' is not of the form"):
        installation.executor.execute(SQL, execution_id="today")


def test_the_same_id_again_adopts_the_job_that_is_there(installation: Installation) -> None:
    first = installation.executor.execute(SQL, execution_id=ID)
    assert installation.executor.execute(SQL, execution_id=ID) == first
    assert len(installation.service.jobs) == 1


def test_a_lost_answer_starts_one_job_and_adopts_it(installation: Installation) -> None:
    installation.service.fail("create_processing_job", lost_answer(), after=True)
    job = installation.executor.execute(SQL)
    assert list(installation.service.jobs) == [job["job_name"]]
    assert installation.service.calls["create_processing_job"] == 2


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "ServiceUnavailable"])
def test_a_busy_service_is_asked_again_after_a_pause(installation: Installation, code: str) -> None:
    before = installation.clock.now
    installation.service.fail("create_processing_job", refusal(code), times=3)
    installation.executor.execute(SQL)
    assert installation.service.calls["create_processing_job"] == 4
    assert installation.clock.now > before


def test_a_service_out_of_reach_is_for_later(installation: Installation) -> None:
    installation.service.fail("create_processing_job", lost_answer(), times=100)
    with pytest.raises(TransientError):
        installation.executor.execute(SQL)


@pytest.mark.parametrize(
    "said",
    [
        "The account-level service limit 'ml.m5.xlarge for processing job usage' is 20 Instances, with current use 20",
        "Limit exceeded",
    ],
)
def test_a_used_up_quota_means_wait_and_is_not_asked_again_at_once(installation: Installation, said: str) -> None:
    installation.service.fail("create_processing_job", refusal("ResourceLimitExceeded", said))
    with pytest.raises(CapacityError):
        installation.executor.execute(SQL)
    assert installation.service.calls["create_processing_job"] == 1


def test_a_quota_of_zero_is_a_setting_to_mend(installation: Installation) -> None:
    said = "The account-level service limit 'ml.m5.xlarge for processing job usage' is 0 Instances, with current ..."
    installation.service.fail("create_processing_job", refusal("ResourceLimitExceeded", said))
    with pytest.raises(ConfigurationError, match="SAGEMAKER_INSTANCE_TYPE"):
        installation.executor.execute(SQL)


def test_a_refusal_of_another_kind_is_told_in_the_services_words(installation: Installation) -> None:
    said = "Could not assume role"
    installation.service.fail("create_processing_job", refusal("ValidationException", said))
    with pytest.raises(ConfigurationError, match=said):
        installation.executor.execute(SQL)


def test_a_missing_permission_is_named(installation: Installation) -> None:
    said = "User: arn:aws:sts::1:assumed-role/bot is not authorized to perform: sagemaker:AddTags on resource: x"
    installation.service.fail("create_processing_job", refusal("AccessDeniedException", said))
    with pytest.raises(ConfigurationError, match="sagemaker:AddTags"):
        installation.executor.execute(SQL)


def test_a_missing_bucket_is_named_and_no_job_starts(installation: Installation) -> None:
    with pytest.raises(ConfigurationError, match="S3_OUTPUT_BUCKET"):
        _with(installation, s3_output_bucket="another-bucket").execute(SQL)
    assert not installation.service.calls
