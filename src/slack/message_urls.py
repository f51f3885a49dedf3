"""The web addresses that an author wrote into a Slack message: in its blocks and in its text. Pure, linear, bounded."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

MAX_CHARACTERS = 1_000_000  # of text looked at in one message; Slack itself posts at most 40,000
MAX_NODES = 100_000  # parts of blocks looked at

# Text of mrkdwn: `<url|label>`, `<url>`, or an address standing by itself. Each alternative is linear.
_IN_MRKDWN = re.compile(
    r"<(https?://[^<>|\s]{1,20000})(?:\|[^<>]{0,20000})?>|(https?://[^\s<>\"'`|]{1,20000})", re.IGNORECASE
)
_IN_PLAIN = re.compile(r"https?://[^\s<>\"'`|]{1,20000}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}*_~"

# Posts of people and of apps; every other subtype (joins, topics, pins, deletions) is Slack speaking.
_SUBTYPES = (None, "bot_message", "file_share", "me_message")


def is_request(message: dict[str, Any]) -> bool:
    """Whether a message can ask for something: a post in the channel itself, not in a thread, not Slack's own."""
    thread = message.get("thread_ts")
    return message.get("subtype") in _SUBTYPES and thread in (None, message.get("ts"))


def urls_in_text(text: object, limit: int) -> Iterator[str]:
    """Addresses in mrkdwn, unescaped once, as often as they stand there, at most `limit`."""
    if not isinstance(text, str):
        return
    for count, found in enumerate(_IN_MRKDWN.finditer(text[:MAX_CHARACTERS])):
        if count >= limit:
            return
        yield unescape(found[1] or found[2].rstrip(_TRAILING))


def urls_in_blocks(blocks: object, limit: int) -> Iterator[str]:
    """Addresses in rich text (at any depth) and in sections and contexts, in reading order, at most `limit`."""
    left = limit
    characters = MAX_CHARACTERS
    for element in _elements(blocks):
        for url in _urls_of(element, characters):
            if left <= 0:
                return
            left -= 1
            yield url
        characters -= len(str(element.get("text") or "")) if isinstance(element.get("text"), str) else 0
        if characters <= 0:
            return


def unescape(text: str) -> str:
    """Slack's three escapes, once: `&amp;lt;` becomes `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _elements(blocks: object) -> Iterator[dict[str, Any]]:
    """Every part of the blocks, depth first, without recursion: nesting is the poster's choice."""
    queue: deque[object] = deque(blocks if isinstance(blocks, list) else ())
    for _ in range(MAX_NODES):
        if not queue:
            return
        node = queue.popleft()
        if isinstance(node, dict):
            yield node
            queue.extendleft(reversed(_children(node)))


def _children(node: dict[str, Any]) -> list[object]:
    children: list[object] = []
    for name in ("text", "fields", "elements"):
        value = node.get(name)
        if isinstance(value, list):
            children.extend(value)
        elif isinstance(value, dict):
            children.append(value)
    return children


def _urls_of(element: dict[str, Any], characters: int) -> Iterator[str]:
    kind, text = element.get("type"), element.get("text")
    if kind == "link":
        url = element.get("url")
        if isinstance(url, str):
            yield url
    elif not isinstance(text, str):
        return
    elif kind == "mrkdwn":
        yield from urls_in_text(text[:characters], MAX_NODES)
    elif kind in ("text", "plain_text"):
        for found in _IN_PLAIN.finditer(text[:characters]):
            yield found[0].rstrip(_TRAILING)
