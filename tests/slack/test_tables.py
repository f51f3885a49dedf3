"""The breakdown as Slack's table, and in fixed width where there is none; the sandbox checks both as Slack does.

Facts: Slack's table block reference; refusals as quoted in the threads NousResearch/hermes-agent 56615 (settings that
are null) and 72871 (empty cells), and by the checks of slackapi's own skills (one table a message).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from sandbox.slack.blocks import InvalidBlocks, check
from sandbox.slack.page import render_page
from sandbox.slack.show import render_thread
from src.slack import reply
from src.slack.client import SlackClient, SlackRefused
from src.slack.errors import BlocksRefused, BlocksTooLong, translate
from src.slack.tables import PHONE, has_table, without_table
from src.slack.text import Block, Message, paragraph, text
from tests.slack.conftest import Slack
from tests.slack.test_reply import URL, answer, hostile, result

MODES = [
    ["Mode", "Charged", "Credit", "Blocked"],
    ["disabled", "1,801.58", "0.00", "0 %"],
    ["basic", "1,860.80", "465.20", "20 %"],
    ["standard", "2,680.50", "1,608.30", "60 %"],
    ["max", "2,875.30", "2,875.30", "75 %"],
    ["all", "9,218.18", "4,948.80", "58 %"],
]


def own(rows: list[dict[str, Any]]) -> Message:
    """The answer of a company's own notebook."""
    theirs = {name: value for name, value in result(output_df=rows).items() if name != "summary"}
    return reply.answer(theirs, report_url=URL, notebook_url=URL)  # type: ignore[arg-type]


def table_of(message: Message) -> Block:
    [found] = [block for block in message.blocks if block["type"] == "table"]
    return found


def runs(block: Block) -> list[list[dict[str, Any]]]:
    return [[cell["elements"][0]["elements"][0] for cell in row] for row in block["rows"]]


def words(block: Block) -> list[list[str]]:
    return [[run["text"] for run in row] for row in runs(block)]


def aligned(block: Block) -> str:
    return "".join(setting["align"][0] for setting in block["column_settings"])


def bold(block: Block) -> list[int]:
    return [number for number, row in enumerate(runs(block)) if all(run.get("style") == {"bold": True} for run in row)]


def fixed(message: Message) -> list[str]:
    boxes = [block["elements"][0] for block in without_table(message).blocks if block["type"] == "rich_text"]
    [box] = [box for box in boxes if box["type"] == "rich_text_preformatted"]
    return str(box["elements"][0]["text"]).split("\n")


def test_the_breakdown_by_mode_is_a_table_with_its_numbers_to_the_right_and_head_and_sum_in_bold() -> None:
    table = table_of(answer())
    assert words(table) == MODES
    assert (aligned(table), bold(table)) == ("lrrr", [0, 5])
    assert table.keys() == {"type", "column_settings", "rows"}
    assert table["rows"][1][0] == paragraph({"type": "text", "text": "disabled"})


def test_one_mode_needs_no_sum() -> None:
    table = table_of(answer(output_df=result()["output_df"][1:2]))
    assert words(table) == [MODES[0], MODES[2]]
    assert bold(table) == [0]


def test_without_a_table_the_breakdown_stands_in_fixed_width_and_all_else_is_the_same() -> None:
    message = answer()
    assert fixed(message) == [
        "Mode      Charged   Credit Blocked",
        "disabled 1,801.58     0.00     0 %",
        "basic    1,860.80   465.20    20 %",
        "standard 2,680.50 1,608.30    60 %",
        "max      2,875.30 2,875.30    75 %",
        "all      9,218.18 4,948.80    58 %",
    ]
    bare = without_table(message)
    assert bare.text == message.text
    assert not has_table(bare)
    assert without_table(bare) == bare
    others = [block for block in message.blocks if block["type"] != "table"]
    assert [block for block in bare.blocks if block in others] == others


@pytest.mark.parametrize(
    ("rows", "shown", "align"),
    [
        (
            [{"usage_date": "2025-07-01", "charged": 1.5}, {"usage_date": "2025-07-02", "charged": 1234.5}],
            [["usage_date", "charged"], ["2025-07-01", "1.50"], ["2025-07-02", "1,234.50"]],
            "lr",
        ),
        ([{"attempts": 7, "country": "US"}], [["attempts", "country"], ["7", "US"]], "rl"),
        ([{"a": 1}, {"b": 2}], [["a", "b"], ["1", "–"], ["–", "2"]], "rr"),
        ([{"a": None, "b": ""}, {"a": None, "b": " \n"}], [["a", "b"], ["–", "–"], ["–", "–"]], "ll"),
        ([{"mixed": 1}, {"mixed": "none"}], [["mixed"], ["1"], ["none"]], "l"),
        ([{"billable": True, "": 0}], [["billable", "–"], ["True", "0"]], "lr"),
        ([{"a": "<!channel>", "b": "@here"}], [["a", "b"], ["‹!channel>", "@\u2060here"]], "ll"),
        ([{"long": "x" * 25}], [["long"], ["x" * 23 + "…"]], "l"),
    ],
)
def test_another_notebooks_table_has_its_columns_and_its_numbers_to_the_right(
    rows: list[dict[str, Any]], shown: list[list[str]], align: str
) -> None:
    message = own(rows)
    table = table_of(message)
    assert (words(table), aligned(table), bold(table)) == (shown, align, [0])
    assert check(message.blocks)


@pytest.mark.parametrize(
    ("rows", "columns", "lines", "left_out"),
    [
        ([{"a": 1}] * 12, 1, 13, None),
        ([{"a": 1}] * 15, 1, 13, "and 3 more rows"),
        ([{f"c{n}": n for n in range(20)}], 20, 2, None),
        ([{f"c{n}": n for n in range(25)}], 20, 2, "and 5 more columns"),
        ([{f"c{n}": n for n in range(25)}] * 14, 20, 13, "and 2 more rows and 5 more columns"),
    ],
)
def test_a_table_larger_than_is_shown_says_what_it_leaves_out(
    rows: list[dict[str, Any]], columns: int, lines: int, left_out: str | None
) -> None:
    message = own(rows)
    table = table_of(message)
    assert (len(table["rows"][0]), len(table["rows"])) == (columns, lines)
    after = message.blocks[message.blocks.index(table) + 1]
    assert (after["elements"][0].get("text") if after["type"] == "context" else None) == left_out
    for name in rows[0]:  # nothing is left out of what is spoken
        assert f"{name} " in message.text


@pytest.mark.parametrize("rows", [[], [{}], [{}] * 3])
def test_where_there_is_no_column_there_is_no_table(rows: list[dict[str, Any]]) -> None:
    message = own(rows)
    assert not has_table(message)
    assert without_table(message) == message


def test_only_an_answer_has_a_table() -> None:
    failure = reply.failure_dm(what="x", advice="", retry_helps=True, execution_id="1", log_lines=["line"])
    assert not any(map(has_table, (failure, reply.undelivered("U1", failure), reply.not_verify())))


cells = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | hostile | st.lists(hostile, max_size=3)
names = st.text(max_size=30) | st.sampled_from(["<!here>", "\x00", "", "@everyone", "é" * 40])


def test_columns_that_are_too_wide_for_a_phone_are_counted() -> None:
    assert fixed(own([{f"column_{n}": "x" * 20 for n in range(5)}]))[-1] == "(4 more would be too wide here)"


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.dictionaries(names, cells, max_size=22), max_size=4))
def test_slack_takes_any_notebooks_table_and_a_phone_its_lines(rows: list[dict[str, Any]]) -> None:
    message = own(rows)
    assert check(message.blocks)
    assert check(without_table(message).blocks)
    if has_table(message):
        several = len({len(line) for line in fixed(message)}) > 1
        assert not several or max(map(len, fixed(message))) <= PHONE + 1


def large(rows: int = 2, columns: int = 2, characters: int = 1) -> dict[str, Any]:
    return {"rows": [[{"type": "raw_text", "text": "x" * characters}] * columns] * rows}


RICH_AND_EMPTY = paragraph({"type": "text", "text": ""})


@pytest.mark.parametrize(
    ("table", "refused"),
    [
        (large(100, 20), None),
        ({**large(), "column_settings": [{}, {"align": "center", "is_wrapped": True}]}, None),
        (large(2, 1, 5000), None),
        ({"rows": [[paragraph(text("bold", bold=True))]]}, None),
        ({}, "missing required field: rows [json-pointer:/blocks/0]"),
        ({"rows": []}, "missing required field: rows [json-pointer:/blocks/0]"),
        (large(101), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
        (large(1, 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
        (large(2, 1, 5001), "must be less than 10001 characters [json-pointer:/blocks/0/rows]"),
        ({"rows": ["x"]}, "must provide an array [json-pointer:/blocks/0/rows/0]"),
        ({"rows": [["x"]]}, "must provide an object [json-pointer:/blocks/0/rows/0/0]"),
        (large(1, 1, 0), "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"),
        (
            {"rows": [[RICH_AND_EMPTY]]},
            "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/elements/0/elements/0/text]",
        ),
        ({"rows": [[{"type": "raw_text"}]]}, "missing required field: text [json-pointer:/blocks/0/rows/0/0]"),
        (
            {"rows": [[{"type": "mrkdwn", "text": "x"}]]},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/rows/0/0/type]",
        ),
        (
            {**large(), "column_settings": [{}] * 21},
            "no more than 20 items allowed [json-pointer:/blocks/0/column_settings]",
        ),
        (
            {**large(), "column_settings": [None, {"align": "right"}]},
            "must provide an object [json-pointer:/blocks/0/column_settings/0]",
        ),
        (
            {**large(), "column_settings": [{"align": "justify"}]},
            "must be a valid enum value [json-pointer:/blocks/0/column_settings/0/align]",
        ),
        (
            {**large(), "column_settings": [{"is_wrapped": "yes"}]},
            "must provide a boolean [json-pointer:/blocks/0/column_settings/0/is_wrapped]",
        ),
    ],
)
def test_the_sandbox_takes_and_refuses_the_tables_that_slack_does(table: dict[str, Any], refused: str | None) -> None:
    blocks = [{"type": "table", **table}]
    if refused is None:
        assert check(blocks) == blocks
        return
    with pytest.raises(InvalidBlocks) as error:
        check(blocks)
    assert (str(error.value), error.value.code) == (refused, "invalid_blocks")


def test_a_second_table_in_a_message_is_refused_as_slack_does_and_known_as_its_blocks(
    slack: Slack, client: SlackClient
) -> None:
    ts, rich = slack.world.post("please"), answer()
    with pytest.raises(BlocksRefused) as error:
        client.post_reply(slack.world.channel, ts, replace(rich, blocks=[*rich.blocks, table_of(rich)]), "answer-1")
    assert error.value.code == "invalid_attachments"
    client.post_reply(slack.world.channel, ts, rich, "answer-1")
    assert len(slack.world.thread(ts)) == 2
    assert slack.world.pings() == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_blocks", BlocksRefused),
        ("invalid_blocks_format", BlocksRefused),
        ("invalid_attachments", BlocksRefused),
        ("msg_blocks_too_long", BlocksTooLong),
        ("msg_too_long", SlackRefused),
    ],
)
def test_what_slack_refuses_of_blocks_is_known_by_its_code(code: str, kind: type[SlackRefused]) -> None:
    data: dict[str, Any] = {"ok": False, "error": code}
    answered = SlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data=data, headers={}, status_code=200
    )
    assert type(translate(SlackApiError("refused", answered), "chat.postMessage")) is kind


def test_a_table_is_drawn_as_slack_draws_it_and_read_line_by_line_in_a_terminal(
    slack: Slack, client: SlackClient
) -> None:
    ts = slack.world.post("please")
    client.post_reply(slack.world.channel, ts, answer(), "answer-1")
    client.post_reply(slack.world.channel, ts, Message("x", [{"type": "table", **large(1, 1)}]), "answer-2")
    thread = slack.world.thread(ts)

    page = render_page(thread, channel="credits")
    assert '<th class="left"><b>Mode</b></th><th class="right"><b>Charged</b></th>' in page
    assert '<td class="left">standard</td><td class="right">2,680.50</td>' in page
    assert '<td class="left"><b>all</b></td><td class="right"><b>9,218.18</b></td>' in page
    assert '<th class="left">x</th>' in page

    lines = [line.strip() for line in render_thread(thread).split("\n")]
    start = lines.index("Mode       Charged    Credit  Blocked")
    assert lines[start + 1] == "─" * 37
    assert lines[start + 4] == "standard  2,680.50  1,608.30     60 %"
