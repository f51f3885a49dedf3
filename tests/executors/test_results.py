"""result.json as read: valid, or a failed execution that names what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from src import paths
from src.errors import ExecutionFailed, ResultError, ResultInvalid, ResultMissing
from src.execution.results import checked_result, read_failure
from src.notebook_choice import OUR_PROFILE
from src.sagemaker_executor import SageMakerExecutor
from tests.executors.conftest import SQL, Installation
from tests.executors.results import failure, valid_result

ID = "20260115_123456_3fa94c01"
CONTRACT = {"credit_amount", "output_df", "execution_id", "timestamp"}
ERROR = paths.ExecutionPaths(ID).error


def _changed(**changes: Any) -> bytes:
    return json.dumps(valid_result(ID) | changes).encode()


def test_a_valid_result_is_a_plain_dict_with_the_plans_fields(installation: Installation) -> None:
    installation.leave_result(ID, valid_result(ID))
    assert installation.executor.has_result(ID)
    result = installation.executor.get_results(ID)
    assert type(result) is dict
    assert result["credit_amount"] == 4948.80
    assert result["output_df"][0]["mode"] == "max"


@pytest.mark.parametrize(
    ("content", "completed", "there"),
    [
        (valid_result(ID), False, True),
        (dict(valid_result(ID)) | {"provenance": {"notebook_sha256": "0" * 64}}, False, False),
        (dict(valid_result(ID)) | {"provenance": None}, False, False),
        ([], False, False),
        ({}, True, True),
    ],
)
def test_what_a_notebook_puts_there_by_itself_counts_once_its_job_has_completed(
    installation: Installation, content: Any, completed: bool, there: bool
) -> None:
    installation.leave_result(ID, content)
    assert installation.executor.has_result(ID, completed=completed) is there


def test_a_profile_that_is_unknown_by_now_is_named() -> None:
    with pytest.raises(ResultInvalid, match="RESULT_PROFILE names no profile that is known here"):
        checked_result(_changed(), ID, "here", "nobodys")


def test_half_a_character_in_a_text_is_named() -> None:
    content = json.dumps(dict(valid_result(ID)) | {"account_name": "\ud83d"}).encode()
    with pytest.raises(ResultInvalid, match="a text in it holds half a character"):
        checked_result(content, ID, "here", OUR_PROFILE)


def test_no_result_is_a_failure_that_names_where_it_should_be(installation: Installation) -> None:
    assert not installation.executor.has_result(ID)
    with pytest.raises(ResultMissing, match=paths.ExecutionPaths(ID).result) as caught:
        installation.executor.get_results(ID)
    assert (caught.value.execution_id, caught.value.job_name) == (ID, paths.job_name(ID))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"null", r"\$: it is not of type object"),
        (b"[]", r"\$: it is not of type object"),
        (_changed(credit_amount="4948.80"), r"\$.credit_amount"),
        (_changed(credit_amount=-1), r"\$.credit_amount"),
        (_changed(credit_amount=float("nan")), "NaN is not JSON"),
        (_changed(mrr=float("inf")), "Infinity is not JSON"),
        (_changed(currency=3), r"\$.currency"),
        (_changed(account_sid=1), r"\$.account_sid"),
        (_changed(fraud_end="30.09.2025"), r"\$.fraud_end"),
        (_changed(execution_id="20260115_123456_00000000"), "of execution 20260115_123456_00000000, not of " + ID),
        (b" " * 8_000_001, "more than 8000000 bytes"),
    ],
)
def test_what_is_no_result_is_a_failure_that_names_the_fault(
    installation: Installation, content: bytes, words: str
) -> None:
    installation.leave_result(ID, content)
    with pytest.raises(ResultInvalid, match=words) as caught:
        installation.executor.get_results(ID)
    assert f"outputs/{ID}/result.json" in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("field", sorted(valid_result(ID)))
def test_a_result_of_ours_with_one_key_taken_out_is_an_invalid_one_that_names_the_settings(
    installation: Installation, field: str
) -> None:
    result = valid_result(ID)
    del result[field]
    installation.leave_result(ID, result)
    with pytest.raises(ResultInvalid, match=f"'{field}' is a required property") as caught:
        installation.executor.get_results(ID)
    if field not in CONTRACT:
        assert "set NOTEBOOK, and leave RESULT_PROFILE unset" in str(caught.value)


@pytest.mark.parametrize("field", sorted(CONTRACT))
def test_four_fields_are_required_of_whatever_notebook(field: str) -> None:
    result = {name: value for name, value in valid_result(ID).items() if name in CONTRACT}
    assert checked_result(json.dumps(result).encode(), ID, "result.json") == result
    del result[field]
    with pytest.raises(ResultInvalid, match=f"'{field}' is a required property"):
        checked_result(json.dumps(result).encode(), ID, "result.json")


@pytest.mark.parametrize("depth", [100, 500, 930, 940, 100_000])
def test_what_nobody_could_go_down_and_come_up_again_is_no_result(depth: int) -> None:
    least = json.dumps({name: value for name, value in valid_result(ID).items() if name in CONTRACT})
    content = f'{least[:-1]}, "mine": {"[" * depth}{"]" * depth}}}'.encode()
    with pytest.raises(ResultInvalid, match=r"more than 100 deep|not JSON"):
        checked_result(content, ID, "result.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_changed(currency="EUR"), r"\$.currency"),
        (_changed(account_sid="AC1"), r"\$.account_sid"),
        (_changed(surprise=1), r"\$: it has a key that is not known there"),
        (_changed(output_df=[{"mode": "max"}]), r"\$.output_df\[0\]"),
        (_changed(schema_version="2"), r"\$.schema_version"),
    ],
)
def test_a_result_is_held_to_the_profile_that_was_demanded_when_it_began_whatever_the_settings_say_since(
    installation: Installation, content: bytes, words: str
) -> None:
    demanding = installation.settings.model_copy(update={"result_profile": OUR_PROFILE})
    SageMakerExecutor(demanding, clients=installation.clients, clock=installation.clock).execute(SQL, execution_id=ID)
    installation.leave_result(ID, content)
    with pytest.raises(ResultInvalid, match=words):
        installation.executor.get_results(ID)


def test_the_jobs_own_account_of_its_failure_is_raised_with_everything_in_it(installation: Installation) -> None:
    installation.leave(ERROR, failure(ID))
    with pytest.raises(ExecutionFailed, match=r"The window of the query is open\. Give the query an end") as caught:
        installation.executor.get_results(ID)
    assert caught.value.failure == {name: value for name, value in failure(ID).items() if name != "schema_version"}


def test_a_result_counts_more_than_an_error(installation: Installation) -> None:
    installation.leave(ERROR, failure(ID))
    installation.leave_result(ID, valid_result(ID))
    assert installation.executor.get_results(ID)["execution_id"] == ID


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"[" * 100_000, json.dumps(failure("20260115_123456_00000000")).encode()],
)
def test_an_error_that_cannot_be_read_is_said_to_be_so(installation: Installation, content: bytes) -> None:
    installation.leave(ERROR, content)
    with pytest.raises(ResultMissing, match=r"error\.json cannot be read either"):
        installation.executor.get_results(ID)


def test_an_error_of_any_size_and_kind_is_bounded() -> None:
    said = failure(ID) | {"message": "x" * 100_000, "traceback": ["y" * 10_000, 3] * 1000, "retry_helps": "yes"}
    found = read_failure(json.dumps(said).encode(), ID)
    assert found is not None
    assert len(json.dumps(found)) < 1_000_000
    assert found["retry_helps"] is False


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(valid_result(ID))) | st.text(), inner),
)


@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_there_is_a_result_error_and_nothing_else(content: bytes) -> None:
    with pytest.raises(ResultError):
        checked_result(content, ID, "result.json")
    assert read_failure(content, ID) is None
