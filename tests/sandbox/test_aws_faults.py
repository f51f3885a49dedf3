"""Faults on AWS, each in the form of the service that it strikes."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.sandbox.account import Account, code


def put(account: Account, key: str = "k", **more: Any) -> Any:
    return account.s3.put_object(Bucket=account.bucket, Key=key, Body=b"x", **more)


def test_a_refused_call_did_nothing(account: Account) -> None:
    account.box.faults.add("refuse", service="s3", operation="PutObject", count=1)

    with pytest.raises(ConnectionClosedError):
        put(account)

    assert account.keys() == []
    put(account)
    assert account.keys() == ["k"]


def test_a_dropped_call_did_its_work_and_gave_no_answer(account: Account) -> None:
    account.box.faults.add("drop", service="s3", operation="PutObject", count=1)

    with pytest.raises(ConnectionClosedError):
        put(account, IfNoneMatch="*")

    assert account.keys() == ["k"]
    with pytest.raises(ClientError) as caught:
        put(account, IfNoneMatch="*")
    assert code(caught.value) == "PreconditionFailed"


def test_a_job_whose_creation_was_not_answered_is_there(account: Account) -> None:
    account.box.faults.add("drop", service="sagemaker", operation="CreateProcessingJob", count=1)

    with pytest.raises(ConnectionClosedError):
        account.start("SELECT 1")

    [job] = account.box.aws.jobs()
    with pytest.raises(ClientError) as caught:
        account.sagemaker.create_processing_job(**account.request(job["name"]))
    assert code(caught.value) == "ResourceInUse"


@pytest.mark.parametrize(
    ("service", "call", "throttled", "broken"),
    [
        ("s3", "list_buckets", ("SlowDown", 503), ("InternalError", 500)),
        ("sagemaker", "list_processing_jobs", ("ThrottlingException", 400), ("InternalFailure", 500)),
        ("logs", "describe_log_groups", ("ThrottlingException", 400), ("ServiceUnavailableException", 500)),
        ("secretsmanager", "list_secrets", ("ThrottlingException", 400), ("InternalServiceError", 500)),
        ("cloudwatch", "list_metrics", ("ThrottlingException", 400), ("InternalServiceFault", 500)),
        ("sts", "get_caller_identity", ("ThrottlingException", 400), ("InternalFailure", 500)),
    ],
)
def test_throttles_and_server_errors_are_in_the_services_own_words(
    account: Account, service: str, call: str, throttled: tuple[str, int], broken: tuple[str, int]
) -> None:
    for kind, expected in (("throttle", throttled), ("error_5xx", broken)):
        account.box.faults.clear()
        account.box.faults.add(kind, service=service)
        with pytest.raises(ClientError) as caught:
            getattr(getattr(account, service), call)()
        assert (code(caught.value), caught.value.response["ResponseMetadata"]["HTTPStatusCode"]) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(403, "AccessDenied"), (404, "NoSuchKey"), (409, "ConditionalRequestConflict"), (412, "PreconditionFailed")],
)
def test_storage_can_be_told_to_refuse(account: Account, status: int, expected: str) -> None:
    account.box.faults.add("status", service="s3", operation="PutObject", status=status)

    with pytest.raises(ClientError) as caught:
        put(account)

    assert code(caught.value) == expected
    assert account.keys() == []


def test_a_refused_permission_is_named(account: Account) -> None:
    account.box.faults.add("status", service="sagemaker", operation="CreateProcessingJob", status=403)
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:CreateProcessingJob") as caught:
        account.start("SELECT 1")
    assert code(caught.value) == "AccessDeniedException"


def test_a_head_that_fails_has_a_status_and_no_words(account: Account) -> None:
    put(account)
    account.box.faults.add("error_5xx", service="s3", operation="HeadObject", count=1)

    with pytest.raises(ClientError) as caught:
        account.s3.head_object(Bucket=account.bucket, Key="k")

    assert code(caught.value) == "500"
    assert account.s3.head_object(Bucket=account.bucket, Key="k")["ContentLength"] == 1


def test_a_delayed_call_is_late_and_right(account: Account) -> None:
    account.box.faults.add("delay", service="s3", operation="PutObject", seconds=0.2)
    started = time.monotonic()
    put(account)
    assert time.monotonic() - started >= 0.2
    assert account.keys() == ["k"]


def test_only_the_nth_call_of_a_kind_fails(account: Account) -> None:
    account.box.faults.add("throttle", service="s3", operation="Put*", nth=2)

    put(account, "a")
    with pytest.raises(ClientError):
        put(account, "b")
    put(account, "c")

    assert account.keys() == ["a", "c"]
    assert [fault["struck"] for fault in account.box.faults.list()] == [1]


def test_a_seed_strikes_the_same_calls_again(account: Account) -> None:
    def struck() -> list[str]:
        account.box.reset()
        account.box.faults.add("status", service="s3", operation="PutObject", probability=0.3, seed=7, status=403)
        for number in range(20):
            try:
                put(account, f"k{number:02d}")
            except ClientError:
                continue
        account.box.faults.clear()
        return account.keys()

    first = struck()

    assert 0 < len(first) < 20
    assert struck() == first


def test_a_path_chooses_one_object(account: Account) -> None:
    account.box.faults.add("status", service="s3", path="*/state/*", status=409)
    put(account, "outputs/x")
    with pytest.raises(ClientError):
        put(account, "state/x")


def test_every_call_is_on_record_with_its_fault(account: Account) -> None:
    account.box.faults.add("refuse", service="s3", operation="PutObject", count=1)
    with pytest.raises(ConnectionClosedError):
        put(account)
    put(account)

    first, second = account.box.calls(service="s3", operation="PutObject")

    assert (first["status"], first["fault"]) == (0, "refuse")
    assert (second["status"], second["fault"]) == (200, None)
    assert second["path"] == f"/{account.bucket}/k"
