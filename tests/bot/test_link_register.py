"""Who has a link's query in hand, and what frees it."""

from __future__ import annotations

from typing import Any

import pytest

from src import paths
from src.looker.links import parse_link
from src.state.records import LinkRecord, Request
from src.state.state_manager import ClaimedMessage, link_digest
from tests.bot.parts import LINK, SQL, Parts, request

HERE = parse_link(LINK, ["looker.example"])
LATER = "1768480100.000100"
RELATIVE: Any = {"execution_id": "20260115_123456_00000001", "flags": [{"code": "relative_dates", "text": "NOW()"}]}
PLAIN: Any = {"execution_id": "20260115_123456_00000001"}


def in_hand(parts: Parts) -> tuple[ClaimedMessage, Request]:
    """A message whose one link's query it has in hand."""
    claimed = parts.claimed(request())
    [one] = claimed.record.requests
    assert parts.links.claim(claimed, one, HERE, SQL) is None
    parts.state.save(claimed)
    return claimed, one


def holder_for_another(parts: Parts, sql: str = SQL) -> LinkRecord | None:
    """Who a later message with the same link is pointed to; None: it runs its own."""
    later = parts.claimed(request(2), ts=LATER)
    return parts.links.claim(later, later.record.requests[0], HERE, sql)


def test_while_it_runs_the_same_query_is_pointed_to_it() -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    found = holder_for_another(parts)
    assert found is not None
    assert (found.channel, found.ts, found.request_key, found.state) == (*claimed.key, one.key, "running")
    assert found.execution_id == one.attempts[0].execution_id


def test_another_sql_of_the_same_link_is_another_query() -> None:
    parts = Parts()
    in_hand(parts)
    assert holder_for_another(parts, f"{SQL} AND 1 = 1") is None


def test_the_same_request_again_has_its_own_query() -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    assert parts.links.claim(claimed, one, HERE, SQL) is None


@pytest.mark.parametrize(
    ("reply", "reply_ts", "result", "days", "held_by_the_first"),
    [
        pytest.param("answer", "1768480010.000100", PLAIN, 0, True, id="answered: pointed to its answer"),
        pytest.param("answer", "1768480010.000100", PLAIN, 400, True, id="whenever"),
        pytest.param("answer", "1768480010.000100", RELATIVE, 0, True, id="relative dates, the same day: pointed"),
        pytest.param("answer", "1768480010.000100", RELATIVE, 1, False, id="relative dates, the next day: free"),
        pytest.param("answer", None, PLAIN, 0, False, id="its answer is in no thread: free"),
        pytest.param("failure", "1768480010.000100", None, 0, False, id="it failed: free"),
        pytest.param("refused", "1768480010.000100", None, 0, False, id="it was refused: free"),
        pytest.param("repeat", "1768480010.000100", None, 0, True, id="a repeat says nothing of it"),
    ],
)
def test_how_it_ended(reply: Any, reply_ts: str | None, result: Any, days: int, held_by_the_first: bool) -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    one.reply, one.reply_ts = reply, reply_ts
    parts.links.finish(claimed, one, result)
    parts.clock.sleep(days * 86_400)
    assert (holder_for_another(parts) is not None) is held_by_the_first


def test_the_bot_that_goes_on_frees_what_another_had_in_hand() -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    after = Parts(bucket=parts.bucket, slack=parts.slack)
    one.reply = "failure"
    after.links.finish(claimed, one, None)
    assert holder_for_another(after) is None


def test_an_answer_says_that_it_is_one_and_for_which_day() -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    one.reply, one.reply_ts = "answer", "1768480010.000100"
    parts.links.finish(claimed, one, RELATIVE)
    found = holder_for_another(parts)
    assert found is not None
    assert (found.state, found.only_on) == ("answered", "2026-01-15")


def test_what_another_has_by_now_is_left_alone() -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    one.reply = "failure"
    parts.links.finish(claimed, one, None)
    assert holder_for_another(parts) is None  # the later message has it now
    parts.links.finish(claimed, one, None)  # again, since its record could not be saved
    key = paths.link_record(link_digest(HERE.canonical, SQL))
    assert LinkRecord.model_validate_json(parts.bucket.objects[key]).ts == LATER


def test_a_request_whose_sql_was_never_known_holds_nothing() -> None:
    parts = Parts()
    claimed = parts.claimed(request())
    before = list(parts.bucket.puts)
    parts.links.finish(claimed, claimed.record.requests[0], None)
    assert parts.bucket.puts == before


def test_looker_that_gives_another_sql_frees_the_one_it_gave_before() -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    assert parts.links.renew(claimed, one, HERE, f"{SQL} AND 1 = 1") is None
    assert one.sql_digest == link_digest(HERE.canonical, f"{SQL} AND 1 = 1")
    assert holder_for_another(parts) is None


@pytest.mark.parametrize(
    ("state", "sql_digest", "told"),
    [
        pytest.param("answered", "0" * 64, True, id="it was answered for another SQL: taken over, on-call told"),
        pytest.param("new", "0" * 64, False, id="its SQL is not known yet: left with it"),
    ],
)
def test_a_record_that_names_a_request_of_another_sql(state: Any, sql_digest: str, told: bool) -> None:
    parts = Parts()
    claimed, one = in_hand(parts)
    one.state, one.sql_digest = state, sql_digest
    parts.state.save(claimed)
    later = parts.claimed(request(2), ts=LATER)
    found = parts.links.claim(later, later.record.requests[0], HERE, SQL)
    assert (found is None) is told
    assert ["it was taken over" in problem for problem in later.problems] == [True] * told
