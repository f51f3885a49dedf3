"""Whatever lies in the bucket, reading it is an answer or an error that names the object: nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from src.aws import AwsClients
from src.errors import StateUnreadable
from src.state.object_store import ObjectStore
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
