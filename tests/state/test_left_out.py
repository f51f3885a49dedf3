"""What a record means that leaves a field out, as those of earlier releases do."""

from __future__ import annotations

from typing import Any

import pytest

from src.state.records import ExecutionRecord, Failure, LinkRecord, MessageRecord, Request

_FAILURE = (Failure, {"category": "bot", "message": "m"})
_REQUEST = (Request, {"key": "k", "link": "l"})
_MESSAGE = (
    MessageRecord,
    {
        "channel": "C1",
        "ts": "1768480000.000100",
        "user": None,
        "digest": "d",
        "seen_at": "2026-01-15T12:34:56Z",
        "requests": [{"key": "k", "link": "l"}],
    },
)
_LINK = (LinkRecord, {"channel": "C1", "ts": "1768480000.000100", "request_key": "k"})
_EXECUTION = (
    ExecutionRecord,
    {
        "execution_id": "20260115_123456_3fa94c01",
        "job_name": "credits-automation-20260115-123456-3fa94c01",
        "purpose": "message",
        "created_at": "2026-01-15T12:34:56Z",
    },
)


@pytest.mark.parametrize(
    ("kind", "field", "means"),
    [
        pytest.param(_FAILURE, "retry_helps", False, id="nobody is told that trying again helps"),
        pytest.param(_FAILURE, "requester_mends", False, id="on-call is told"),
        pytest.param(_REQUEST, "state", "new", id="nothing was done yet"),
        pytest.param(_REQUEST, "directly", False, id="the thread is still tried"),
        pytest.param(_REQUEST, "points_to_running", False, id="the earlier request was answered"),
        pytest.param(_REQUEST, "told_waiting", False, id="nobody was told that it waits"),
        pytest.param(_REQUEST, "progress_begun", False, id="no progress message was begun"),
        pytest.param(_REQUEST, "tries", 0, id="never tried"),
        pytest.param(_REQUEST, "not_before", 0.0, id="due at once"),
        pytest.param(_REQUEST, "done", [], id="nothing after the reply was done"),
        pytest.param(_MESSAGE, "user_is_bot", False, id="a person posted it"),
        pytest.param(_MESSAGE, "duplicates", 0, id="no link stood in it twice"),
        pytest.param(_MESSAGE, "owner", "", id="no bot has it"),
        pytest.param(_MESSAGE, "mark", None, id="it has no mark yet"),
        pytest.param(_LINK, "state", "running", id="the link's query is in hand"),
        pytest.param(_LINK, "only_on", None, id="its answer holds on every day"),
        pytest.param(_EXECUTION, "stopped_because", None, id="it was not stopped by us"),
        pytest.param(_EXECUTION, "lease_until", None, id="its command needs no sign of life"),
    ],
)
def test_a_field_that_is_left_out(kind: tuple[Any, dict[str, Any]], field: str, means: object) -> None:
    model, given = kind
    assert getattr(model.model_validate(given), field) == means
