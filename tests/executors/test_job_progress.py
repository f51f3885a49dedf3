"""How far a job says it is: whatever lies there, the tick goes on."""

from __future__ import annotations

import pytest

from src import paths
from src.errors import TransientError
from src.execution.job_progress import JobProgress, read_progress
from tests.state.memory_bucket import MemoryBucket, store_on

ID = "20260115_123456_3fa94c01"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (None, None),
        (b'{"done": 3, "total": 7, "waiting_for": ["mrr", "usage"]}', JobProgress(3, 7, ("mrr", "usage"))),
        (b'{"done": 7, "total": 7}', JobProgress(7, 7)),
        (b'{"done": "3", "total": 7.0}', JobProgress(3, 7)),
        (b"{}", None),
        (b'{"done": 3}', None),
        (b'{"done": "many", "total": 7}', None),
        (b'{"done": null, "total": 7}', None),
        (b"[1]", None),
        (b"null", None),
        (b"{", None),
        (b"\xff", None),
    ],
)
def test_what_lies_there(said: bytes | None, read: JobProgress | None) -> None:
    bucket = MemoryBucket()
    if said is not None:
        bucket.put_object(Key=paths.ExecutionPaths(ID).progress, Body=said)
    assert read_progress(store_on(bucket), ID) == read


def test_s3_is_away() -> None:
    bucket = MemoryBucket()

    def away(**_: object) -> None:
        raise TransientError("S3 is away")

    bucket.get_object = away  # type: ignore[assignment,method-assign]
    assert read_progress(store_on(bucket), ID) is None
