"""What is saved before a reply is posted, and how a result is read: once, and never another one."""

from __future__ import annotations

from typing import Any

import pytest

from src import paths
from src.bot.transitions import begin_failure, begin_refusal, begin_reply
from src.errors import ResultInvalid, ResultMissing
from src.state.records import Failure, ReplyKind
from tests.bot.outside import stands
from tests.bot.parts import ACCOUNT, LINK, SQL, Parts, attempt, request

WHY = Failure(category="data", message="Two accounts.")


@pytest.mark.parametrize("kind", ["answer", "failure", "not_verify", "repeat", "refused"])
def test_that_a_reply_is_about_to_be_posted_is_in_the_bucket_first(kind: ReplyKind) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running", tries=4, not_before=1e9))
    begin_reply(parts.state, claimed, claimed.record.requests[0], kind)
    [saved] = parts.saved(claimed).requests
    assert (saved.state, saved.reply, saved.tries, saved.not_before) == ("replying", kind, 0, 0.0)
    assert parts.slack.calls == []


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        pytest.param("request", "refused", id="the link or the SQL: refused in the thread, nobody else told"),
        pytest.param("data", "failure", id="the rows"),
        pytest.param("claim", "failure", id="the job refused the claim"),
        pytest.param("capacity", "failure", id="no machine"),
        pytest.param("bot", "failure", id="the bot's own fault"),
    ],
)
def test_why_there_is_no_answer_is_saved_with_how_it_is_told(category: str, kind: str) -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="running"))
    why = Failure(category=category, message="as it was")
    begin_failure(parts.state, claimed, claimed.record.requests[0], why)
    [saved] = parts.saved(claimed).requests
    assert (saved.state, saved.reply, saved.failure) == ("replying", kind, why)


def test_a_refusal_before_a_job_is_saved_as_one_whatever_its_category() -> None:
    parts = Parts()
    claimed = parts.claimed(request(state="new"))
    begin_refusal(parts.state, claimed, claimed.record.requests[0], WHY)
    [saved] = parts.saved(claimed).requests
    assert (saved.state, saved.reply, saved.failure) == ("replying", "refused", WHY)


@pytest.mark.parametrize(
    ("status", "is_end"),
    [("Completed", True), ("Failed", True), ("Stopped", True), ("InProgress", False), ("Stopping", False)],
)
def test_a_job_has_ended_where_the_service_says_so(status: str, is_end: bool) -> None:
    parts = Parts()
    parts.signals.statuses = {attempt(1).job_name: stands(attempt(1).job_name, status)}
    assert (parts.signals.end_of(request(1)) is not None) is is_end
    assert parts.signals.end_of(request(2)) is None  # another's
    assert parts.signals.end_of(request(3, attempts=[])) is None


def test_a_result_is_read_once_and_which_bytes_it_was_is_noted() -> None:
    parts = Parts()
    one = request()
    parts.leave_result(one, "a" * 64)
    assert not parts.results.is_read(one)
    assert parts.results.of(one)["account_sid"] == ACCOUNT
    parts.leave_result(one, "b" * 64, credit_amount=999_999.99)  # what was read counts
    assert parts.results.of(one)["credit_amount"] == 4948.80
    assert (parts.executor.reads, one.result_sha256) == ([attempt(1).execution_id], "a" * 64)
    assert parts.results.is_read(one)


def test_the_result_of_an_ended_request_is_read_anew() -> None:
    parts = Parts()
    one = request()
    parts.leave_result(one)
    parts.results.of(one)
    parts.results.forget(one)
    assert not parts.results.is_read(one)
    parts.results.of(one)
    assert len(parts.executor.reads) == 2


def test_other_bytes_than_those_noted_before_are_refused_at_every_call() -> None:
    parts = Parts()
    one = request(result_sha256="a" * 64)
    parts.leave_result(one, "b" * 64)
    for _ in range(2):
        with pytest.raises(ResultInvalid, match=f"changed after it was read for the answer .*{'a' * 64}"):
            parts.results.of(one)
    assert one.result_sha256 == "a" * 64


@pytest.mark.parametrize("reply", [None, "failure", "not_verify", "repeat", "refused"])
def test_of_a_reply_that_is_no_answer_no_result_is_read(reply: ReplyKind | None) -> None:
    parts = Parts()
    assert parts.results.if_answered(request(reply=reply)) is None
    assert parts.executor.reads == []


def test_what_cannot_be_read_is_no_result_and_is_asked_for_again() -> None:
    parts = Parts()
    one = request()
    parts.executor.results[attempt(1).execution_id] = ResultMissing("none")
    for _ in range(2):
        with pytest.raises(ResultMissing):
            parts.results.of(one)
    assert not parts.results.is_read(one)
    assert (len(parts.executor.reads), one.result_sha256) == (2, None)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param({"account_sid": "AC" + "2" * 32}, "its account is", id="of another account"),
        pytest.param({"provenance": {}}, "result.json is not a result", id="of no SQL"),
    ],
)
def test_a_result_that_is_not_its_requests_is_not_kept(changed: dict[str, Any], why: str) -> None:
    parts = Parts()
    one = request()
    parts.leave_result(one, **changed)
    with pytest.raises(ResultInvalid, match=why):
        parts.results.of(one)
    assert not parts.results.is_read(one)


def test_a_result_whose_sql_was_not_kept_is_none() -> None:
    parts = Parts()
    one = request(link=LINK)
    parts.leave_result(one)
    query = paths.ExecutionPaths(attempt(1).execution_id).query
    assert parts.bucket.objects.pop(query) == SQL.encode()
    with pytest.raises(ResultInvalid, match=r"query\.sql is missing"):
        parts.results.of(one)
