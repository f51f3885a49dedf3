"""Which parts of a Slack message hold requests: blocks of any kind, attachments, forwarded messages; no previews."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from src.bot.links import MAX_LINKS, FoundLinks, find_links
from tests.bot.message_shapes import ATTACHMENTS, BLOCKS, LINK, MARKED, OTHER, POST, PREVIEWS, RUN

HOSTS = ("looker.company.com",)
MESSAGES = Path(__file__).parent / "messages"


def found(text: str = "", **more: Any) -> FoundLinks:
    return find_links({"ts": "1.0", "text": text, **more}, HOSTS)


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("bot_attachment_field", "abcdEFGH1234567890abcd"),
        ("forwarded_message", "abcdEFGH1234567890abcd"),
        ("safelinks", "abcdEFGH1234567890abcd"),
        ("ui_port_9999", "12"),
    ],
)
def test_a_message_as_it_was_met_holds_its_link(name: str, link: str) -> None:
    case = json.loads((MESSAGES / f"{name}.json").read_text())
    holds = find_links(case["message"], case["hosts"])
    assert ([one.id for one in holds.links], holds.problems) == ([link], ())


@pytest.mark.parametrize("shape", BLOCKS)
def test_a_block_of_any_kind_holds_the_link_once_and_no_pictures(shape: str) -> None:
    holds = found(blocks=[{"type": "divider"}, BLOCKS[shape]])
    assert ([link.url for link in holds.links], holds.problems, holds.duplicates) == ([LINK], (), 0)


@pytest.mark.parametrize("shape", ATTACHMENTS)
def test_what_apps_attach_and_people_forward_holds_the_link_once(shape: str) -> None:
    holds = found(attachments=[ATTACHMENTS[shape]])
    assert ([link.url for link in holds.links], holds.problems, holds.duplicates) == ([LINK], (), 0)


@pytest.mark.parametrize("shape", PREVIEWS)
def test_previews_and_pictures_hold_none(shape: str) -> None:
    text, attachment = PREVIEWS[shape]
    assert not found(text, attachments=[attachment])


def test_a_forwarded_message_is_one_even_below_the_link_to_it() -> None:
    assert found(f"<{POST}>", attachments=[{"is_share": True, "from_url": POST, "text": MARKED}]).links


def test_text_blocks_and_attachments_that_say_the_same_count_once() -> None:
    holds = found(
        MARKED,
        blocks=[BLOCKS["section: text"]],
        attachments=[{"text": MARKED, "fallback": LINK}, {"is_share": True, "fields": [{"value": MARKED}]}],
    )
    assert ([link.url for link in holds.links], holds.duplicates) == ([LINK], 0)
    assert found(attachments=[{"text": f"{MARKED} {MARKED}"}]).duplicates == 1


def test_a_card_that_says_the_same_in_many_elements_holds_the_link_once() -> None:
    card = [BLOCKS["section: text"], BLOCKS["section: fields"], BLOCKS["actions"], BLOCKS["rich text: a list"]]
    for message in (
        {"blocks": card},
        {"attachments": [{"blocks": card}]},
        {"attachments": [ATTACHMENTS["field"], ATTACHMENTS["field"], ATTACHMENTS["button"]]},
        {"attachments": [{"is_share": True, "message_blocks": [{"message": {"blocks": card}}]}]},
    ):
        holds = found(MARKED, **message)
        assert ([link.url for link in holds.links], holds.duplicates) == ([LINK], 0)
    twice = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [RUN, RUN]}]}
    assert found(blocks=[twice]).duplicates == 1


def test_links_are_in_the_order_of_blocks_text_and_attachments() -> None:
    last = LINK.replace("abc123", "last")
    holds = found(f"<{OTHER}>", blocks=[BLOCKS["actions"]], attachments=[{"text": f"<{last}> <{OTHER}>"}])
    assert [link.id for link in holds.links] == ["abc123", "42", "last"]


def test_a_link_leads_where_its_address_says_and_not_where_its_label_does() -> None:
    label = {"type": "button", "text": {"type": "plain_text", "text": LINK}, "url": OTHER}
    assert [link.url for link in found(blocks=[{"type": "actions", "elements": [label]}]).links] == [OTHER]
    assert [link.url for link in found(attachments=[{"title": LINK, "title_link": OTHER}]).links] == [OTHER]


@pytest.mark.parametrize(
    "subtype", ["thread_broadcast", "message_changed", "message_deleted", "channel_topic", "tombstone", "reminder_add"]
)
def test_what_slack_says_of_messages_is_no_request(subtype: str) -> None:
    assert not found(MARKED, subtype=subtype, message={"text": MARKED}, attachments=[{"text": MARKED}])


def nested(levels: int, innermost: object, *names: str) -> Any:
    for level in range(levels):
        innermost = {names[level % len(names)]: [innermost]}
    return innermost


def test_what_is_nested_a_hundred_thousand_deep_is_read_to_a_bound_in_moments() -> None:
    started = time.process_time()
    found(blocks=nested(120_000, {"url": LINK}, "elements", "rows", "anything"))
    found(attachments=nested(120_000, {"text": MARKED}, "attachments"))
    found(attachments=[{"blocks": nested(120_000, {"url": LINK}, "elements")}] * 3)
    found(attachments=[{"message_blocks": [{"message": {"attachments": [{"text": "<" * 500_000}]}}]}] * 20)
    found(blocks=[{"type": "markdown", "text": f"[{'[' * 500_000}](https://{'(' * 400_000}"}])
    assert time.process_time() - started < 5
    deep = nested(1_000, {"url": LINK}, "elements", "rows")
    assert [link.url for link in found(blocks=deep).links] == [LINK]


def test_two_thousand_links_in_attachments_are_bounded_and_the_rest_counted() -> None:
    many = found(attachments=[{"title_link": f"{LINK}{number}"} for number in range(2_000)])
    assert (len(many.links), many.left_out) == (MAX_LINKS, 2_000 - MAX_LINKS)


def test_an_address_that_the_bound_cuts_is_none() -> None:
    """Its beginning would ask something else."""
    explore = "https://looker.company.com/explore/m/v?fields=a&f[v.account]=AC1"
    assert not found("x" * 999_950 + f" {explore}")
    assert not found(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 999_950 + f" <{explore}>"}}])
