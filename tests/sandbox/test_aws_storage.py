"""S3: conditional writes under threads, and listing among many keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, code


def put(account: Account, key: str, body: str, **conditions: str) -> str:
    """The ETag, or the code of the refusal."""
    try:
        answer = account.s3.put_object(Bucket=account.bucket, Key=key, Body=body.encode(), **conditions)
    except ClientError as error:
        return code(error)
    return str(answer["ETag"])


def test_of_many_who_create_the_same_object_one_succeeds(account: Account) -> None:
    account.s3.list_buckets()  # the client is made in one thread
    for round_number in range(5):
        key = f"lock-{round_number}"
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n, k=key: put(account, k, str(n), IfNoneMatch="*"), range(16)))

        assert answers.count("PreconditionFailed") == 15
        winner = next(number for number, answer in enumerate(answers) if answer.startswith('"'))
        assert account.s3.get_object(Bucket=account.bucket, Key=key)["Body"].read() == str(winner).encode()


def test_of_many_who_change_the_same_version_one_succeeds(account: Account) -> None:
    etag = put(account, "record", "first")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: put(account, "record", str(n), IfMatch=etag), range(16)))

    assert answers.count("PreconditionFailed") == 15


def test_a_change_of_what_is_not_there_is_refused(account: Account) -> None:
    assert put(account, "nothing", "x", IfMatch='"0123"') in {"NoSuchKey", "PreconditionFailed", "404"}
    assert account.keys() == []


def test_an_object_deleted_can_be_created_again(account: Account) -> None:
    put(account, "k", "1", IfNoneMatch="*")
    account.s3.delete_object(Bucket=account.bucket, Key="k")
    account.s3.delete_object(Bucket=account.bucket, Key="k")

    assert account.keys() == []
    assert put(account, "k", "2", IfNoneMatch="*").startswith('"')
    assert account.keys() == ["k"]


def test_lists_hold_the_keys_under_their_prefix_in_order(account: Account) -> None:
    account.box.aws.put_objects(objects={f"past/{number:05d}": "{}" for number in range(2500)})
    for key in ("open/b", "open/a", "open/c/deep", "opera", "past", "open/ü"):
        put(account, key, "x")

    assert account.keys("open/") == ["open/a", "open/b", "open/c/deep", "open/ü"]
    assert account.keys("past/") == [f"past/{number:05d}" for number in range(2500)]
    assert len(account.keys()) == 2506
    assert account.keys("nothing/") == []


def test_a_delimiter_gathers_folders(account: Account) -> None:
    for key in ("a/1", "a/b/2", "a/b/3", "a/c/4"):
        put(account, key, "x")

    page = account.s3.list_objects_v2(Bucket=account.bucket, Prefix="a/", Delimiter="/")

    assert [entry["Key"] for entry in page["Contents"]] == ["a/1"]
    assert [folder["Prefix"] for folder in page["CommonPrefixes"]] == ["a/b/", "a/c/"]


def test_a_list_may_start_after_a_key(account: Account) -> None:
    account.box.aws.put_objects(objects={f"k{number}": "" for number in range(5)})
    page = account.s3.list_objects_v2(Bucket=account.bucket, Prefix="k", StartAfter="k2")
    assert [entry["Key"] for entry in page["Contents"]] == ["k3", "k4"]


def test_content_metadata_and_type_come_back_as_they_went(account: Account) -> None:
    body = bytes(range(256)) * 4000
    account.s3.put_object(
        Bucket=account.bucket, Key="b", Body=body, ContentType="application/json", Metadata={"audit_sha": "1", "x": "2"}
    )

    found = account.s3.get_object(Bucket=account.bucket, Key="b")

    assert found["Body"].read() == body
    assert (found["ContentType"], found["Metadata"]) == ("application/json", {"audit_sha": "1", "x": "2"})


def test_a_missing_object_and_a_missing_bucket_have_their_own_codes(account: Account) -> None:
    for call, expected in ((account.s3.get_object, "NoSuchKey"), (account.s3.head_object, "404")):
        with pytest.raises(ClientError) as caught:
            call(Bucket=account.bucket, Key="nothing")
        assert code(caught.value) == expected
    with pytest.raises(ClientError) as caught:
        account.s3.list_objects_v2(Bucket="not-a-bucket-of-ours")
    assert code(caught.value) == "NoSuchBucket"
