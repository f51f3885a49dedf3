"""A workspace that takes no tables gets them in fixed width, one that takes no blocks gets text: each answer once."""

from __future__ import annotations

import contextlib

import pytest

from src.bot.message_forms import MessageForms
from src.slack.errors import BlocksRefused, BlocksTooLong, SlackRefused
from src.slack.tables import has_table
from src.slack.text import Message
from tests.bot.harness import TICK_EVERY, BotHarness
from tests.bot.test_killed_everywhere import A_PROCESS_DIES, Died, DiesAtCall
from tests.bot.test_refused import BLOCKS, POST, refuse
from tests.slack.test_reply import answer

TABLE = '"table"'


def kinds(harness: BotHarness, ts: str) -> list[str]:
    """What the blocks of the one answer are: their types, or what a rich text begins with."""
    [message] = [message for message in harness.box.slack.thread(ts=ts)[1:] if not message.get("files")]
    return [(block.get("elements") or [block])[-1]["type"] for block in message.get("blocks", [])]


def refused(harness: BotHarness) -> int:
    return sum(fault["struck"] for fault in harness.box.faults.list())


def posted(harness: BotHarness) -> int:
    return int(harness.box.count_calls("slack", POST)[f"slack.{POST}"])


def test_where_tables_are_refused_the_answer_comes_once_with_its_table_in_fixed_width(harness: BotHarness) -> None:
    ts = harness.ask()
    refuse(harness, "invalid_blocks", holds=TABLE)

    harness.ticks_until_quiet()

    assert kinds(harness, ts).count("rich_text_preformatted") == 1
    assert "table" not in kinds(harness, ts)
    assert harness.answers(ts)[0].startswith("*4,948.80 USD credit recommended*")
    assert harness.box.slack.reactions(ts=ts)[-1] == "white_check_mark"
    assert refused(harness) == 1


def test_a_table_that_was_refused_is_offered_to_nobody_else_in_that_tick_but_in_the_next(harness: BotHarness) -> None:
    asked = [harness.ask() for _ in range(3)]
    refuse(harness, "invalid_blocks", holds=TABLE)
    harness.box.clear_calls()
    harness.tick()
    assert [kinds(harness, ts).count("rich_text_preformatted") for ts in asked] == [1] * 3
    assert (refused(harness), posted(harness)) == (1, 4)

    harness.box.faults.clear()
    harness.time.sleep(TICK_EVERY)
    later = harness.ask()
    harness.ticks_until_quiet()

    assert kinds(harness, later).count("table") == 1
    assert "rich_text_preformatted" not in kinds(harness, later)


def test_where_every_block_is_refused_the_answer_comes_once_as_text(harness: BotHarness) -> None:
    first, second = harness.ask(), harness.ask()
    refuse(harness, "invalid_blocks", holds=BLOCKS)
    harness.box.clear_calls()

    harness.ticks_until_quiet()

    assert [kinds(harness, ts) for ts in (first, second)] == [[], []]
    assert all(harness.answers(ts)[0].startswith("*4,948.80 USD") for ts in (first, second))
    assert (refused(harness), posted(harness)) == (3, 5)  # with its table, and in fixed width twice


def test_an_answer_in_fixed_width_whose_post_had_no_answer_is_found_and_not_posted_again(harness: BotHarness) -> None:
    ts = harness.ask()
    refuse(harness, "invalid_blocks", holds=TABLE)
    harness.box.faults.add("drop", service="slack", operation=POST, holds="rich_text_preformatted", count=1)

    harness.ticks_until_quiet()

    assert kinds(harness, ts).count("rich_text_preformatted") == 1


@A_PROCESS_DIES
def test_a_process_that_dies_between_the_table_and_what_is_posted_for_it_answers_once(harness: BotHarness) -> None:
    def begin() -> str:
        harness.box.reset()
        ts = harness.ask()
        refuse(harness, "invalid_blocks", holds=TABLE)
        return ts

    begin()
    whole = DiesAtCall(0)
    harness.tick(calls=whole.log)
    posts = [number for number, call in enumerate(whole.calls, 1) if call == ("slack", POST)]
    assert len(posts) == 2
    for dying in (DiesAtCall(posts[0], last=True), DiesAtCall(posts[1]), DiesAtCall(posts[1], last=True)):
        ts = begin()
        with contextlib.suppress(Died):
            harness.tick(calls=dying.log)
        assert dying.dead
        harness.time.sleep(TICK_EVERY)
        harness.ticks_until_quiet()
        assert kinds(harness, ts).count("rich_text_preformatted") == 1, dying


RICH, BARE = answer(), Message("words", [])
LINE = Message("words", [{"type": "divider"}])


@pytest.mark.parametrize(
    ("message", "refusals", "forms"),
    [
        (RICH, [], ["table"]),
        (RICH, ["invalid_blocks"], ["table", "fixed width"]),
        (RICH, ["invalid_blocks", "invalid_blocks"], ["table", "fixed width", "text"]),
        (RICH, ["msg_blocks_too_long", "msg_blocks_too_long"], ["table", "fixed width", "text"]),
        (RICH, ["msg_too_long"], ["table", "text"]),
        (RICH, ["metadata_too_large"], ["table", "text without metadata"]),
        (
            RICH,
            ["invalid_blocks", "metadata_too_large"],
            ["table", "fixed width", "text without metadata"],
        ),
        (LINE, ["invalid_blocks"], ["blocks", "text"]),
        (BARE, [], ["text"]),
    ],
)
def test_each_refusal_is_answered_with_the_next_simpler_form_after_a_turn_of_its_own(
    message: Message, refusals: list[str], forms: list[str]
) -> None:
    said, turns, left = offered(MessageForms(), message, refusals)
    assert (said, turns, left) == (forms, len(forms), [])


@pytest.mark.parametrize("message", [RICH, LINE, BARE])
@pytest.mark.parametrize("code", ["invalid_blocks", "metadata_too_large", "msg_too_long", "msg_blocks_too_long"])
def test_what_is_refused_in_every_form_ends_with_the_last_refusal(message: Message, code: str) -> None:
    with pytest.raises(SlackRefused) as error:
        offered(MessageForms(), message, [code] * 9)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("code", "next_one"),
    [("invalid_blocks", "fixed width"), ("msg_blocks_too_long", "table"), ("msg_too_long", "table")],
)
def test_only_a_refused_table_is_remembered_not_a_message_that_is_too_long(code: str, next_one: str) -> None:
    forms = MessageForms()
    offered(forms, RICH, [code])
    assert offered(forms, RICH, [])[0] == [next_one]


def test_a_message_that_waited_while_anothers_table_was_refused_comes_in_fixed_width_at_once() -> None:
    forms, said = MessageForms(), []
    forms.post(RICH, lambda words, _: said.append(form(words)), lambda: refuse_anothers(forms))
    assert said == ["fixed width"]


def offered(forms: MessageForms, message: Message, refusals: list[str]) -> tuple[list[str], int, list[str]]:
    """The forms that were sent, how many turns were waited for, and the refusals that were not met."""
    said, turns, left = [], [], list(refusals)

    def send(words: Message, metadata: bool) -> None:
        said.append(form(words) + ("" if metadata else " without metadata"))
        if left:
            code = left.pop(0)
            kinds = {"invalid_blocks": BlocksRefused, "msg_blocks_too_long": BlocksTooLong}
            raise kinds.get(code, SlackRefused)("refused", code)

    forms.post(message, send, lambda: turns.append(1))
    return said, len(turns), left


def refuse_anothers(forms: MessageForms) -> None:
    offered(forms, RICH, ["invalid_blocks"])


def form(message: Message) -> str:
    if has_table(message):
        return "table"
    if "rich_text_preformatted" in str(message.blocks):
        return "fixed width"
    return "blocks" if message.blocks else "text"
