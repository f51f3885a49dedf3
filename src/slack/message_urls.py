"""The web addresses that an author put into a Slack message: text, blocks, attachments. Pure, linear, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from .attachment_urls import Form, urls_in_attachments
from .block_urls import urls_in_blocks
from .text_urls import Reading, urls_in_mrkdwn

# Posts of people and of apps; every other subtype (joins, topics, pins, deletions, a reply also sent to the channel) is
# Slack speaking, or a thread's own business.
_SUBTYPES = (None, "bot_message", "file_share", "me_message")


def is_request(message: dict[str, Any]) -> bool:
    """Whether a message can ask for something: a post in the channel itself, not in a thread, not Slack's own."""
    thread = message.get("thread_ts")
    return message.get("subtype") in _SUBTYPES and thread in (None, message.get("ts"))


def urls_in(message: dict[str, Any], limit: int) -> Iterator[tuple[Form, str]]:
    """Each address with the form that holds it, as often as it stands there; at most `limit` of each part.

    Forms repeat one another: Slack keeps a person's post as blocks and as text, an app says the same in a fallback and
    beside a button. An address that was cut short has CUT at its end.
    """
    blocks = list(islice(urls_in_blocks(message.get("blocks"), Reading()), limit))
    text = list(islice(urls_in_mrkdwn(message.get("text"), Reading()), limit))
    yield from ((("blocks", element), url) for element, url in blocks)
    yield from ((("text",), url) for url in text)
    if attachments := message.get("attachments"):
        authored = {url for _, url in blocks} | set(text)
        yield from islice(urls_in_attachments(attachments, authored, Reading()), limit)
