"""Whatever lies in the bucket, reading it is an answer or an error that names the object: nothing else."""

from __future__ import annotations

import json
import re

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from src import paths
from src.aws import AwsClients
from src.errors import ConfigurationError, StateUnreadable
from src.state.object_store import MAX_RECORD, ObjectStore
from src.state.processed_file import ProcessedFile
from src.state.records import Cursor, ExecutionRecord, Lease, LinkRecord, MessageRecord
from tests.conftest import BUCKET

KEY = "credits-automation/state/object.json"
RECORDS = [MessageRecord, ExecutionRecord, LinkRecord, Lease, Cursor]

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
contents = st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("record", RECORDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=contents)
def test_any_content_is_read_or_refused_by_name(clients: AwsClients, record: type[BaseModel], content: bytes) -> None:
    store = ObjectStore(clients, BUCKET)
    store.put_bytes(KEY, content)
    try:
        found = store.get(KEY, record)
    except StateUnreadable as error:
        assert KEY in str(error)
    else:
        assert found is not None
        assert isinstance(found[0], record)


@settings(max_examples=200, deadline=None)
@given(content=contents)
def test_any_processed_messages_file_is_read_or_refused_by_name(content: bytes) -> None:
    try:
        assert not ProcessedFile(content).lists("0000000000.000000")
    except StateUnreadable as error:
        assert "processed_messages.json" in str(error)


NOT_A_NUMBER = float("nan")
EXECUTION = "20260115_123456_3fa94c01"
JOB = {"execution_id": EXECUTION, "job_name": f"credits-automation-{EXECUTION.replace('_', '-')}"}
REQUEST = {"key": "k1", "link": "https://looker.example/x/abc"}
MESSAGE = {
    "channel": "C1",
    "ts": "1768480000.000100",
    "user": None,
    "digest": "d",
    "seen_at": "2026-01-15T12:34:56Z",
    "requests": [REQUEST],
}
EXECUTION_RECORD = {**JOB, "purpose": "message", "created_at": "2026-01-15T12:34:56.000Z"}
LINK = {"channel": "C1", "ts": "1768480000.000100", "request_key": "k1"}
LEASE = {"owner": "0123456789abcdef", "renewed_at": 1768480000.0}


def request(**changes: object) -> dict[str, object]:
    return MESSAGE | {"requests": [REQUEST | changes]}


@pytest.mark.parametrize(
    ("key", "record", "content"),
    [
        (paths.message_record("C1", "1768480000.000100"), MessageRecord, MESSAGE),
        (paths.ExecutionPaths(EXECUTION).record, ExecutionRecord, EXECUTION_RECORD),
        (paths.link_record("0" * 64), LinkRecord, LINK),
        (paths.lease("0123456789abcdef"), Lease, LEASE),
        (paths.CURSOR, Cursor, {"known": {"1768480000.000100": "0" * 16}}),
    ],
)
def test_a_record_is_read_under_its_own_key_and_under_no_other(
    clients: AwsClients, key: str, record: type[BaseModel], content: dict[str, object]
) -> None:
    store = ObjectStore(clients, BUCKET)
    store.put_bytes(key, json.dumps(content).encode())
    assert store.get(key, record)

    says_whose_it_is = record not in {LinkRecord, Cursor}
    store.put_bytes(f"{key}-other", json.dumps(content).encode())
    if says_whose_it_is:
        with pytest.raises(StateUnreadable, match=f"{re.escape(key)}-other .* belongs under another key"):
            store.get(f"{key}-other", record)
    else:
        assert store.get(f"{key}-other", record)


@pytest.mark.parametrize(
    ("record", "content"),
    [
        (MessageRecord, MESSAGE | {"channel": "general"}),
        (MessageRecord, MESSAGE | {"channel": "C1/../C2"}),
        (MessageRecord, MESSAGE | {"ts": "123456789012345678901.000000"}),
        (MessageRecord, MESSAGE | {"ts": "1768480000"}),
        (MessageRecord, MESSAGE | {"ts": "1768480000.000100\n"}),
        (MessageRecord, MESSAGE | {"ts": "１７６８４８００００.000100"}),
        (MessageRecord, MESSAGE | {"seen_at": "2026-02-30T00:00:00Z"}),
        (MessageRecord, MESSAGE | {"owner": "../cursor"}),
        (MessageRecord, MESSAGE | {"requests": []}),
        (MessageRecord, request(not_before=NOT_A_NUMBER)),
        (MessageRecord, request(not_before=1e300)),
        (MessageRecord, request(not_before=-1)),
        (MessageRecord, request(waiting_since=float("inf"))),
        (MessageRecord, request(tries=-1)),
        (MessageRecord, request(attempts=[{"execution_id": "x", "job_name": "x"}])),
        (MessageRecord, request(attempts=[JOB | {"execution_id": "20261399_123456_3fa94c01"}])),
        (MessageRecord, request(attempts=[JOB | {"job_name": "somebody-elses"}])),
        (MessageRecord, request(attempts=[JOB | {"created_at": "0001-01-01"}])),
        (MessageRecord, request(sql_digest="d" * 2000)),
        (MessageRecord, request(points_to="C1")),
        (MessageRecord, request(reply_ts="soon")),
        (MessageRecord, request(ended_at="")),
        (MessageRecord, request(cost={"instance_type": "ml", "seconds": NOT_A_NUMBER, "usd": None})),
        (ExecutionRecord, EXECUTION_RECORD | {"job_name": "somebody-elses"}),
        (ExecutionRecord, EXECUTION_RECORD | {"lease_until": NOT_A_NUMBER}),
        (ExecutionRecord, EXECUTION_RECORD | {"channel": "x", "ts": "1"}),
        (LinkRecord, LINK | {"ts": "1"}),
        (LinkRecord, LINK | {"execution_id": "x"}),
        (LinkRecord, LINK | {"only_on": "today"}),
        (Lease, LEASE | {"renewed_at": NOT_A_NUMBER}),
        (Lease, LEASE | {"owner": ""}),
        (Cursor, {"known": {"no number": "0" * 16}}),
        (Cursor, {"known": {"1768480000.000100": "no digest"}}),
        (Cursor, {"channel_id": "general"}),
    ],
)
def test_no_value_is_read_that_what_follows_could_not_use(record: type[BaseModel], content: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        record.model_validate_json(json.dumps(content))


def test_what_earlier_releases_wrote_is_read() -> None:
    """Every field that it knew, as it filled it in."""
    attempt = JOB | {
        "job_arn": "arn:aws:sagemaker:x",
        "created_at": "2026-01-15T12:35:00.123Z",
        "replaced_because": None,
    }
    settled = request(
        state="settled",
        attempts=[attempt],
        sql_digest="0" * 64,
        reply="repeat",
        reply_ts="1768480060.000200",
        points_to="G0SECRET1:1768470000.000000",
        tries=3,
        not_before=1768480300.5,
        waiting_since=1768480000.0,
        started_at="2026-01-15T12:35:01.000Z",
        ended_at="2026-01-15T12:37:00+00:00",
        cost={"instance_type": "ml.m5.xlarge", "seconds": 120.0, "usd": 0.008},
    )
    MessageRecord.model_validate_json(json.dumps(settled | {"owner": "", "nonce": "0" * 16}))
    ExecutionRecord.model_validate_json(
        json.dumps(EXECUTION_RECORD | {"purpose": "command", "lease_until": 1768483000.0})
    )
    LinkRecord.model_validate_json(json.dumps(LINK | {"state": "answered", "only_on": "2026-01-15"}))
    Cursor.model_validate_json(json.dumps({"channel_name": "#requests", "channel_id": "C0CREDITS1", "known": {}}))


def test_an_object_too_large_to_be_one_of_ours_is_not_read_whole(clients: AwsClients) -> None:
    store = ObjectStore(clients, BUCKET)
    store.put_bytes(KEY, b" " * (MAX_RECORD + 2))
    with pytest.raises(StateUnreadable, match=f"{KEY} .* more than {MAX_RECORD} bytes"):
        store.get(KEY, Cursor)


@pytest.mark.parametrize("code", ["InvalidObjectState", "MethodNotAllowed", "WhoKnows"])
def test_whatever_s3_says_of_one_object_is_an_error_that_names_it(clients: AwsClients, code: str) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "No."}}, "Any")

    store = ObjectStore(clients, BUCKET)
    for operation in ("get_object", "delete_object", "list_objects_v2"):
        setattr(clients.s3, operation, refuse)
    for ask in (store.get_bytes, store.get_with_metadata):
        with pytest.raises(StateUnreadable, match=f"{KEY} .{code}: No.") as caught:
            ask(KEY)
        assert caught.value.key == KEY
    for act in (store.delete, store.folders, lambda key: list(store.keys(key))):
        with pytest.raises(ConfigurationError, match=f"{KEY}: {code}"):
            act(KEY)
