"""The earlier bot's list in every likely shape: what counts as done, and how a message more is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.errors import StateUnreadable
from src.state.processed_file import ProcessedFile
from src.state.slack_stamps import Message

NEW = Message("C0CREDIT1", "1768480000.123450")
NOW = 1768480100.5  # 2026-01-15T12:28:20.5Z
OTHER = "1736942400.123457"
A, B = "1736942400.123456", "1736942401.000100"

LINK = "https://team.slack.com/archives/C0CREDIT1/"
SHAPES: dict[str, tuple[Any, Any]] = {  # what the earlier bot left, with A and B done → what is added at its end
    "texts": ([A, B], "1768480000.123450"),
    "numbers": ([1736942400.123456, 1736942401.0001], 1768480000.12345),
    "texts made of numbers": (["1736942400.123456", "1736942401.0001"], "1768480000.12345"),
    "whole seconds": ([1736942400, 1736942401], 1768480000),
    "whole seconds as texts": (["1736942400", "1736942401"], "1768480000"),
    "milliseconds": ([1736942400123, 1736942401000], 1768480000123),
    "milliseconds with a fraction": ([1736942400123.456, 1736942401000.1], 1768480000123.45),
    "microseconds": ([1736942400123456, 1736942401000100], 1768480000123450),
    "channel:ts": ([f"C0CREDIT1:{A}", f"C0CREDIT1:{B}"], "C0CREDIT1:1768480000.123450"),
    "another channel:ts": ([f"C0BEFORE1:{A}", f"C0BEFORE1:{B}"], "C0CREDIT1:1768480000.123450"),
    "name of the channel:ts": ([f"credit_memo:{A}", f"credit_memo:{B}"], "credit_memo:1768480000.123450"),
    "channel/ts": ([f"C0CREDIT1/{A}", f"C0CREDIT1/{B}"], "C0CREDIT1/1768480000.123450"),
    "channel-ts": ([f"C0CREDIT1-{A}", f"C0CREDIT1-{B}"], "C0CREDIT1-1768480000.123450"),
    "channel_ts": ([f"C0CREDIT1_{A}", f"C0CREDIT1_{B}"], "C0CREDIT1_1768480000.123450"),
    "ts:channel": ([f"{A}:C0CREDIT1", f"{B}:C0CREDIT1"], "1768480000.123450:C0CREDIT1"),
    "ends of permalinks": (["p1736942400123456", "p1736942401000100"], "p1768480000123450"),
    "permalinks": (
        [f"{LINK}p1736942400123456", f"{LINK}p1736942401000100?thread_ts={B}&cid=C0CREDIT1"],
        f"{LINK}p1768480000123450",
    ),
    "objects": (
        [{"ts": A}, {"ts": B, "user": "U1", "credit": 4.5, "posted": True, "at": "2025-01-15T12:00:01Z"}],
        {"ts": NEW.ts, "user": None, "credit": None, "posted": None, "at": "2026-01-15T12:28:20Z"},
    ),
    "objects with whole seconds": ([{"ts": 1736942400}, {"ts": 1736942401}], {"ts": 1768480000}),
    "objects with milliseconds": (
        [{"ts": A}, {"ts": B, "at": "2025-01-15T12:00:01.250Z"}],
        {"ts": NEW.ts, "at": "2026-01-15T12:28:20.500Z"},
    ),
    "objects with message_ts": (
        [{"message_ts": A}, {"id": 17, "message_ts": B, "channel": "C0CREDIT1", "processed": 1736942500.25}],
        {"id": None, "message_ts": NEW.ts, "channel": "C0CREDIT1", "processed": NOW},
    ),
    "objects with timestamp": (
        [{"timestamp": 1736942400.123456}, {"timestamp": 1736942401.0001, "end": "2025-01-01", "day": "2025-01-15"}],
        {"timestamp": 1768480000.12345, "end": None, "day": "2026-01-15"},
    ),
    "objects with id, and a time": (
        [{"id": A, "timestamp": 1736942500}, {"id": B, "timestamp": 1736942500}],
        {"id": NEW.ts, "timestamp": int(NOW)},
    ),
    "objects with a message": (
        [{"message": {"ts": A}}, {"message": {"ts": B, "text": "x"}, "reply_ts": "1736942500.000100"}],
        {"message": {"ts": NEW.ts, "text": None}, "reply_ts": None},
    ),
    "pairs": ([["C0CREDIT1", A], ["C0CREDIT1", B]], ["C0CREDIT1", NEW.ts]),
    "by ts": ({A: {"credit": 1}, B: {"credit": 2, "at": "2025-01-15 12:00:01.250000"}},
              (NEW.ts, {"credit": None, "at": "2026-01-15 12:28:20.500000"})),
    "by ts, true": ({A: True, B: True}, (NEW.ts, True)),
    "by ts, a mark": ({A: "done", B: "done"}, (NEW.ts, "done")),
    "by ts, amounts": ({A: 12.5, B: 4948.8}, (NEW.ts, None)),
    "by ts, times": ({A: 1736942500, B: 1736942501}, (NEW.ts, int(NOW))),
    "by ts, dates": ({A: "2025-01-15T12:00:00+00:00", B: "2025-01-15T13:00:00+01:00"},
                     (NEW.ts, "2026-01-15T13:28:20+01:00")),
    "by ts, null": ({A: None, B: None}, (NEW.ts, None)),
    "by ts, lists": ({A: ["x"], B: ["y", "z"]}, (NEW.ts, [])),
    "by channel:ts": ({f"C0CREDIT1:{A}": 1, f"C0CREDIT1:{B}": 1}, (f"C0CREDIT1:{NEW.ts}", 1)),
    "by something else": ({"slug1": A, "slug2": B}, (NEW.ts, NEW.ts)),
    "objects by something else": ({"x": {"ts": A}, "y": {"ts": B, "n": 2}}, (NEW.ts, {"ts": NEW.ts, "n": None})),
}  # fmt: skip

CUT_OFF = {"whole seconds", "whole seconds as texts", "objects with whole seconds", "milliseconds"}
AROUND: dict[str, tuple[list[str], Any]] = {  # keys that lead to the list → what lies beside
    "processed": (["processed"], {}),
    "processed_messages beside others": (["processed_messages"], {"last_run": 1736942400, "errors": [{"ts": OTHER}]}),
    "messages": (["messages"], {"version": 1}),
    "a name of its own": (["already_seen"], {"updated_at": "2025-01-15T12:00:00Z"}),
    "by channel": (["C0CREDIT1"], {"C0OTHER11": ["1700000000.000100"]}),
    "by channel, under a name": (["messages", "C0CREDIT1"], {}),
    "a name, in each channel": (["C0CREDIT1", "processed"], {"last_run": "1736942400.999999"}),
}


def _around(keys: list[str], beside: Any, inside: Any) -> Any:
    for key in reversed(keys[1:]):
        inside = {key: inside}
    return {**beside, keys[0]: inside}


def _with_added(before: Any, added: Any) -> Any:
    return [*before, added] if isinstance(before, list) else {**before, added[0]: added[1]}


def _after(content: Any) -> Any:
    return json.loads(ProcessedFile(json.dumps(content).encode()).with_message(NEW, NOW))


@pytest.mark.parametrize("shape", SHAPES)
def test_both_messages_count_as_done_and_no_other_does(shape: str) -> None:
    found = ProcessedFile(json.dumps(SHAPES[shape][0]).encode())
    assert [found.lists(ts) for ts in (A, B, NEW.ts)] == [True, True, False]
    cut_off = shape in CUT_OFF  # skipped by the earlier bot as well
    assert found.lists(OTHER) == cut_off


@pytest.mark.parametrize("shape", SHAPES)
def test_a_message_more_is_written_as_the_last_one_is_and_nothing_else_changes(shape: str) -> None:
    before, added = SHAPES[shape]
    after = _after(before)
    assert after == _with_added(before, added)
    assert list(after)[:-1] == list(before)
    assert ProcessedFile(json.dumps(after).encode()).lists(NEW.ts)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("shape", ["texts", "objects", "by ts"])
def test_the_list_may_lie_under_names_and_what_lies_beside_is_kept(shape: str, around: str) -> None:
    before, added = SHAPES[shape]
    content = _around(*AROUND[around], before)
    found = ProcessedFile(json.dumps(content).encode())
    assert [found.lists(ts) for ts in (A, B, OTHER, "1736942400.999999")] == [True, True, False, False]
    assert _after(content) == _around(*AROUND[around], _with_added(before, added))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", [NEW.ts]),
        (" \n", [NEW.ts]),
        ("null", [NEW.ts]),
        ("[]", [NEW.ts]),
        ("{}", {NEW.ts: {"processed_at": "2026-01-15T12:28:20Z"}}),
        ('{"processed": []}', {"processed": [NEW.ts]}),
        ('{"messages": {}}', {"messages": {NEW.ts: {"processed_at": "2026-01-15T12:28:20Z"}}}),
        ('{"last_run": 1736942400.5, "processed": []}', {"last_run": 1736942400.5, "processed": [NEW.ts]}),
        ('{"C0CREDIT1": [], "C0OTHER11": []}', {"C0CREDIT1": [NEW.ts], "C0OTHER11": []}),
        (f'{{"C0CREDIT1": [], "C0OTHER11": ["p{A}"]}}'.replace(".", ""),
         {"C0CREDIT1": ["p1768480000123450"], "C0OTHER11": ["p1736942400123456"]}),
        (f'{{"C0OTHER11": ["{A}"]}}', {"C0OTHER11": [A], "C0CREDIT1": [NEW.ts]}),
        (f'{{"messages": {{"C0OTHER11": ["{A}"]}}}}', {"messages": {"C0OTHER11": [A], "C0CREDIT1": [NEW.ts]}}),
        (f'{{"a": {{"b": {{"C0OTHER11": {{"{A}": 1}}}}}}}}',
         {"a": {"b": {"C0OTHER11": {A: 1}, "C0CREDIT1": {NEW.ts: None}}}}),
    ],
)  # fmt: skip
def test_an_empty_list_is_a_list(before: str, after: Any) -> None:
    found = ProcessedFile(before.encode())
    assert not found.lists(NEW.ts)
    assert json.loads(found.with_message(NEW, NOW)) == after


@pytest.mark.parametrize(
    "content",
    [
        "[1, 2]",
        "[null]",
        "[[]]",
        '["done"]',
        '[{"user": "U1"}]',
        '[{"ts": "yesterday"}]',
        "[true]",
        "[1e400]",
        '{"version": 1}',
        '{"processed": ["x"]}',
        '{"C0CREDIT1": ["2025-01-15"]}',
        '{"abc": {"credit": 1}}',
        '{"last_ts": "1736942400.123456"}',
        '"1736942400.123456"',
        "1736942400.123456",
        "false",
        "{",
        "\x00",
        "[" * 100_000,
    ],
)
def test_a_file_that_holds_something_and_no_message_is_refused_by_name(content: str) -> None:
    with pytest.raises(StateUnreadable, match=r"state/processed_messages\.json.*no new message is answered"):
        ProcessedFile(content.encode())


@pytest.mark.parametrize(
    ("number", "ts"),
    [
        ("1736942400.1234559", A),
        ("1736942400.12345600128173828125", A),
        ("1.736942400123456e9", A),
        ("1736942400.1234", "1736942400.123400"),
        ("1736942400.0", "1736942400.000000"),
        ("1736942400.9999999", "1736942401.000000"),
        ('"1736942400.12345600128173828125"', A),
        ('"1736942400.9999999"', "1736942401.000000"),
    ],
)
def test_a_number_that_lost_or_gained_digits_is_the_time_stamp_it_was_made_of(number: str, ts: str) -> None:
    found = ProcessedFile(f"[{number}]".encode())
    assert found.lists(ts)
    assert not found.lists(f"{ts[:-1]}9")


@pytest.mark.parametrize(("body", "indent"), [(b'[\n  "1736942400.123456"\n]', "\n  "), (b'["1736942400.123456"]', "")])
def test_a_file_that_people_can_read_stays_one(body: bytes, indent: str) -> None:
    written = ProcessedFile(body).with_message(NEW, NOW).decode()
    assert written == f'[{indent}"{A}",{indent or " "}"{NEW.ts}"{indent[:1]}]'


stamps = st.integers(1_500_000_000_000_000, 1_900_000_000_000_000).map(lambda us: f"{us // 10**6}.{us % 10**6:06}")
written = st.one_of(
    stamps,
    stamps.map(float),
    stamps.map(lambda ts: f"C0ABC1:{ts}"),
    stamps.map(lambda ts: "p" + ts.replace(".", "")),
    st.fixed_dictionaries({"ts": stamps, "x": st.none() | st.text(max_size=5) | st.floats(allow_nan=False)}),
)
anything = st.recursive(
    written | st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=12) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | stamps | st.sampled_from(["processed", "C0CREDIT1"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(content=anything)
def test_whatever_it_holds_a_message_more_is_listed_and_none_is_lost(content: Any) -> None:
    try:
        before = ProcessedFile(json.dumps(content).encode())
    except StateUnreadable:
        return
    body = before.with_message(NEW, NOW)
    after = ProcessedFile(body)
    assert after.lists(NEW.ts)
    assert before._stamps <= after._stamps
    assert _holds(json.loads(body), json.loads(json.dumps(content)))


def _holds(after: Any, before: Any) -> bool:
    """Whether everything that was there is there, in its place."""
    if isinstance(before, list):
        return isinstance(after, list) and len(after) >= len(before) and all(map(_holds, after, before))
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and _holds(after[key], before[key]) for key in before)
    return before is None or bool(after == before)
