"""What people read: the amount first, everything escaped, nothing too long for Slack."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.aws.outcomes import _MODES
from sandbox.slack.blocks import check as slack_takes
from src.slack import reply
from src.slack.client import Message
from src.slack.text import MAX_PLAIN, plain
from src.state.recommendations import IndexEntry, index_entry, told_of

URL = "https://us-east-1.console.aws.amazon.com/s3/object/bucket?prefix=report.html"
PING = re.compile(r"<[!@#]")


def result(**changes: Any) -> Any:
    names = ("mode", "attempts", "blocked", "charged", "provider_cost", "share", "credit")
    rows = [dict(zip(names, row, strict=True)) for row in _MODES]
    for row in rows:
        everything = int(row["attempts"]) + int(row["blocked"])
        row["block_rate"] = int(row["blocked"]) / everything
    sample = {
        "schema_version": "1",
        "policy_version": "2025-1",
        "credit_amount": 4948.80,
        "currency": "USD",
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "parent_account_sid": "ACfedcba9876543210fedcba9876543210",
        "account_name": "Example Shop",
        "fraud_start": "2025-07-01",
        "fraud_end": "2025-09-30",
        "fraud_total": 9218.18,
        "fraud_attempts": 89835,
        "mrr": 3.0,
        "execution_id": "20260115_123456_3fa94c01",
        "timestamp": "2026-01-15T12:34:56Z",
        "output_df": rows,
        "summary": {
            "attempts": 89835,
            "blocked": 124240,
            "block_rate": 0.58036,
            "charged": 9218.18,
            "provider_cost": 5337.53,
            "credit": 4948.80,
            "days": 92,
            "countries": 3,
        },
        "scope": {"account_sid": "AC", "start": "", "end": "", "services": None, "countries": None, "mccs": None},
        "flags": [],
    }
    return {**sample, **changes}


def answer(**changes: Any) -> Message:
    return reply.answer(result(**changes), report_url=URL, notebook_url=URL)


def everything(message: Message) -> str:
    return message.text + json.dumps(message.blocks, ensure_ascii=False)


def texts_of(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts_of(value)]
    if isinstance(node, list):
        return [text for value in node for text in texts_of(value)]
    return [node] if isinstance(node, str) else []


def elements_of(message: Message) -> list[dict[str, Any]]:
    """What stands in the paragraphs of rich text."""
    sections = [part for block in message.blocks if block["type"] == "rich_text" for part in block["elements"]]
    return [element for section in sections for element in section["elements"] if section["type"] != "rich_text_list"]


def bold_of(message: Message) -> list[str]:
    return [one["text"] for one in elements_of(message) if one.get("style", {}).get("bold")]


def links_of(message: Message) -> dict[str, str]:
    return {one["text"]: one["url"] for one in elements_of(message) if one["type"] == "link"}


def check(message: Message) -> None:
    """Slack's limits, and no ping."""
    assert message.text
    assert len(message.text) <= 40_000
    assert slack_takes(message.blocks)
    assert 1 <= len(message.blocks) <= 50
    for block in message.blocks:
        assert len(json.dumps(block)) < 60_000
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= 3000
    assert not PING.search(message.text)
    for block in message.blocks:
        marked = [block["text"]["text"]] if block.get("text", {}).get("type") == "mrkdwn" else []
        assert not any(PING.search(text) for text in marked)


def test_the_answer_says_amount_account_window_total_and_each_mode() -> None:
    message = answer()
    check(message)
    lines = message.text.splitlines()
    assert lines[0] == "*4,948.80 USD credit recommended*"
    for words in (
        "Example Shop",
        "AC0123456789abcdef0123456789abcdef",
        "ACfedcba9876543210fedcba9876543210",
        "2025-07-01 to 2025-09-30",
        "9,218.18 USD",
        "89,835 attempts",
        "3.00 USD",
        "465.20",
        "1,608.30",
        "2,875.30",
        "2025-1",
        "20260115_123456_3fa94c01",
    ):
        assert words in message.text
        assert words in everything(Message("", message.blocks))


def test_no_credit_is_said_plainly() -> None:
    assert answer(credit_amount=0.0).text.startswith("*0.00 USD: no credit recommended*")


def test_flags_are_said_in_words() -> None:
    message = answer(flags=[{"code": "mrr_missing", "text": "verify.mrr has no MRR for 2025-09."}])
    assert "verify.mrr has no MRR for 2025-09." in message.text
    assert "verify.mrr has no MRR for 2025-09." in everything(Message("", message.blocks))


def test_earlier_recommendations_come_first() -> None:
    message = answer_after(recommended())
    first = everything(Message("", message.blocks[:1]))
    for said in (message.text.split("credit recommended")[0], first):
        assert (
            "1 earlier recommendation for this account within 31 days of this window, 100.00 USD; not netted." in said
        )
        assert "100.00 USD for 2025-08-01 to 2025-08-31, countries US, CA" in said
        assert "20250901_000000_00000000" in said
        assert "prefix=report.html" in said


def recommended(number: int = 0, **changes: Any) -> IndexEntry:
    entry = index_entry("C1", "1.0", result())
    august = {"fraud_start": date(2025, 8, 1), "fraud_end": date(2025, 8, 31)}
    made = {"execution_id": f"20250901_000000_{number:08x}", "credit_amount": 100.0, "countries": ["US", "CA"]}
    return entry.model_copy(update={**august, **made, **changes})


def answer_after(*found: IndexEntry, unreadable: int = 0, **changes: Any) -> Message:
    this = result(**changes)
    earlier = told_of(index_entry("C1", "2.0", this), found, unreadable)
    return reply.answer(this, earlier=earlier, earlier_url=lambda _: URL, report_url=URL, notebook_url=URL)


@pytest.mark.parametrize(
    ("found", "changes", "words"),
    [
        (
            [recommended(n, credit_amount=0.1) for n in range(7)],
            {},
            "7 earlier recommendations for this account within 31 days of this window, 0.70 USD in all; not netted.",
        ),
        (
            [recommended(1, currency="EUR", credit_amount=1234.5), recommended(2)],
            {},
            "within 31 days of this window, 1,234.50 EUR and 100.00 USD in all; not netted.",
        ),
        (
            [recommended(1, fraud_start=None), recommended(2)],
            {},
            "within 31 days of this window (1 of them: window not known), 200.00 USD in all; not netted.",
        ),
        (
            [recommended(1), recommended(2, fraud_start=date(2020, 1, 1), fraud_end=date(2020, 1, 2))],
            {"fraud_start": None},
            "2 earlier recommendations for this account (this one's window is not known: all are counted), 200.00 USD",
        ),
        ([], {"unreadable": 2}, "2 earlier recommendations for this account cannot be read."),
    ],
)
def test_earlier_recommendations_are_counted_and_summed_by_currency_in_one_sentence(
    found: list[IndexEntry], changes: dict[str, Any], words: str
) -> None:
    message = answer_after(*found, **changes)
    check(message)
    assert words in message.text
    assert words in everything(Message("", message.blocks[:1]))
    assert message.text.count("20250901_000000_") == min(len(found), 5)


def test_nothing_is_said_before_how_many_cannot_be_read_where_none_can() -> None:
    assert "*2 earlier recommendations for this account cannot be read.*" in answer_after(unreadable=2).text


def test_what_is_known_of_earlier_recommendations_is_not_said_where_there_is_none() -> None:
    assert "earlier" not in everything(answer_after())


def test_five_earlier_recommendations_with_the_most_of_all_that_can_be_said_still_fit() -> None:
    long = ["x" * 100] * 200
    many = [recommended(n, currency=f"C{n:02}", services=long, countries=long, mccs=long) for n in range(100)]
    check(answer_after(*many, unreadable=1000))


def test_a_hundred_flags_and_a_very_long_name_still_fit() -> None:
    flags = [{"code": "mcc_unknown", "text": "x" * 1900} for _ in range(100)]
    check(answer(flags=flags, account_name="n" * 5000))


def test_the_failure_message_has_all_that_on_call_needs() -> None:
    message = reply.failure_dm(
        what="Presto refuses username or password",
        advice="Correct the secret.",
        retry_helps=False,
        execution_id="20260115_123456_3fa94c01",
        job_arn="arn:aws:sagemaker:us-east-1:123456789012:processing-job/x",
        cell_title="Query the warehouse",
        log_lines=[f"line {number}" for number in range(50)],
        log_url=URL,
        notebook_url=URL,
        message_url=URL,
    )
    check(message)
    for words in (
        "Presto refuses",
        "Correct the secret",
        "20260115_123456_3fa94c01",
        "arn:aws",
        "Query the warehouse",
        "line 49",
    ):
        assert words in message.text
    assert "line 29\n" not in message.text
    assert "Trying again will not help" in message.text
    names = ["Failing step", "Job", "Execution"]
    assert bold_of(message) == [f"{name}: " if name == names[0] else f"\n{name}: " for name in names]
    assert links_of(message) == {"Your message": URL, "Log": URL, "Saved notebook": URL}


def test_a_failure_before_a_job_has_no_links_and_no_facts() -> None:
    message = reply.failure_dm(what="The link is no query", advice="", retry_helps=False)
    check(message)
    assert (bold_of(message), links_of(message)) == ([], {})


def test_logs_that_could_not_be_had_are_said_to_be_so() -> None:
    message = reply.failure_dm(
        what="x", advice="", retry_helps=True, execution_id="1", log_lines=None, log_problem="CloudWatch is away."
    )
    assert "could not be had" in message.text
    assert "CloudWatch is away" in message.text


hostile = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "<!channel>",
                "<!here>",
                "<@U123>",
                "<#C1>",
                "@channel",
                "*b*",
                "`",
                "```",
                "&lt;!channel&gt;",
                "\n",
                "<",
                ">",
                "\u202e",
                "http://evil.example",
                "<http://evil.example|ok>",
                "\x00",
            ]
        ),
        max_size=30,
    ).map("".join),
    st.just("x" * 10_000),
)


@settings(max_examples=150, deadline=None)
@given(name=hostile, flag=hostile, link=hostile)
def test_no_text_of_an_answer_pings_or_breaks_slacks_limits(name: str, flag: str, link: str) -> None:
    changed = result(account_name=name, flags=[{"code": "x", "text": flag}])
    check(reply.answer(changed, report_url=URL, notebook_url=URL, link_url=link or None, duplicate_links=True))


@settings(max_examples=150, deadline=None)
@given(words=hostile, lines=st.lists(hostile, max_size=30))
def test_no_text_of_any_other_message_pings_or_breaks_slacks_limits(words: str, lines: list[str]) -> None:
    failure = reply.failure_dm(
        what=words, advice=words, retry_helps=True, execution_id=words, job_arn=words, cell_title=words, log_lines=lines
    )
    for message in (
        failure,
        reply.failure_line(words, advice=words, on_call_told=True, told=True),
        reply.refused_link(words, words),
        reply.waiting(12, words),
        reply.progress(3, 7, 61.0, queries=[words]),
        reply.outage(words, 10, examples=lines),
        reply.undelivered(words, failure),
        reply.repeat(URL),
        reply.not_verify(),
        reply.too_many_links(20, 9_980),
    ):
        check(message)


@pytest.mark.parametrize(("running", "words"), [(True, "is being worked on"), (False, "was answered")])
def test_a_repeat_points_to_its_thread(running: bool, words: str) -> None:
    message = reply.repeat(URL, running=running)
    assert words in message.text
    assert URL in message.text.replace("&amp;", "&")


def test_a_message_without_its_blocks_begins_with_the_amount_and_ends_at_a_whole_line() -> None:
    flags = [{"code": "late", "text": f"{number} {'& ' * 290}"} for number in range(20)]
    rich = reply.answer(result(flags=flags), report_url=URL, notebook_url=URL)
    bare = plain(rich)
    assert bare.blocks == []
    assert len(bare.text) <= MAX_PLAIN + 1
    *lines, last = bare.text.split("\n")
    assert lines == rich.text.split("\n")[: len(lines)]
    assert (lines[0], last) == ("*4,948.80 USD credit recommended*", "…")
    assert plain(reply.not_verify()).text == reply.not_verify().text


def test_a_single_line_that_is_too_long_is_cut_in_no_entity() -> None:
    bare = plain(Message("&amp;" * 2000, []))
    assert re.fullmatch(r"(&amp;)+…", bare.text)
    assert MAX_PLAIN - 10 < len(bare.text) <= MAX_PLAIN + 1


@pytest.mark.parametrize(
    ("done", "total", "queries", "at"),
    [
        (0, 0, (), "the job is starting"),
        (0, 7, (), "query 1 of 7"),
        (3, 7, ("blocking_events",), "query 4 of 7 (blocking events)"),
        (3, 7, ("blocking_events", "mrr", "usage"), "query 4 of 7 (blocking events and 2 more)"),
        (7, 7, (), "writing the report"),
    ],
)
def test_where_a_long_job_stands(done: int, total: int, queries: tuple[str, ...], at: str) -> None:
    assert reply.progress(done, total, 100.0, queries=queries).text == f"Working: {at}; 1 min 40 s."
