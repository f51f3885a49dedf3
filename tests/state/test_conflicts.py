"""What a write does with each of S3's answers: done again, somebody else's, or said to on-call."""

from __future__ import annotations

import pytest

from src.errors import ConfigurationError, CreditsError, StateConflict, TransientError
from tests.state.memory_bucket import MemoryBucket, refusal, store_on

KEY = "credits-automation/state/processed_messages.json"
ALWAYS = 99


def bucket_that_answers(code: str, times: int) -> MemoryBucket:
    bucket, left = MemoryBucket(), [times]

    def before_put(key: str) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise refusal(code)

    bucket.before_put = before_put
    return bucket


@pytest.mark.parametrize(
    ("code", "times", "raised", "puts"),
    [
        pytest.param("ConditionalRequestConflict", 1, None, 2, id="two writes met once: written by the second try"),
        pytest.param("ConditionalRequestConflict", 4, None, 5, id="met four times: written by the fifth"),
        pytest.param("409", ALWAYS, TransientError, 5, id="met at every try: left to a later call"),
        pytest.param("EntityTooLarge", ALWAYS, CreditsError, 1, id="any other refusal: not tried again"),
        pytest.param("AccessDenied", ALWAYS, ConfigurationError, 1, id="a permission: named, not tried again"),
    ],
)
def test_a_write_without_a_condition(code: str, times: int, raised: type[CreditsError] | None, puts: int) -> None:
    bucket = bucket_that_answers(code, times)
    if raised is None:
        store_on(bucket).put_bytes(KEY, b"[]")
        assert bucket.objects[KEY] == b"[]"
    else:
        with pytest.raises(raised, match=f"writing {KEY}|{KEY} with a conflict"):
            store_on(bucket).put_bytes(KEY, b"[]")
    assert len(bucket.puts) == puts


@pytest.mark.parametrize(
    ("code", "times", "made"),
    [
        pytest.param("", 0, True, id="there was none"),
        pytest.param("PreconditionFailed", 1, False, id="there is one"),
        pytest.param("ConditionalRequestConflict", 1, True, id="two writes met, and the other wrote nothing"),
    ],
)
def test_creating_says_whether_there_was_none(code: str, times: int, made: bool) -> None:
    assert store_on(bucket_that_answers(code, times)).create_bytes(KEY, b"{}") is made


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        pytest.param("PreconditionFailed", StateConflict, id="it is another version"),
        pytest.param("ConditionalRequestConflict", TransientError, id="two writes met at every try"),
        pytest.param("NoSuchKey", StateConflict, id="it was deleted"),
        pytest.param("EntityTooLarge", CreditsError, id="refused for another reason"),
    ],
)
def test_writing_over_a_version(code: str, raised: type[CreditsError]) -> None:
    with pytest.raises(raised) as caught:
        store_on(bucket_that_answers(code, ALWAYS)).replace_bytes(KEY, b"[]", "etag")
    assert isinstance(caught.value, StateConflict) is (raised is StateConflict)
