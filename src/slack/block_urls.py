"""Web addresses in Block Kit, of block types that exist and of those to come: by name of the key, not of the block."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .text_urls import Reading, urls_in_markdown, urls_in_mrkdwn, urls_in_plain

Read = Callable[[object, Reading], Iterator[str]]

# `url` of links and buttons, `title_url` of videos, `external_url` of files, `join_url` of calls, `title_link`, ...
_ADDRESS = re.compile(r"(.+_)?(url|link)", re.IGNORECASE)
_TEXTS = ("text", "initial_value")
# What is shown beside the words is nobody's question.
_PICTURES = frozenset({"image", "images", "thumb", "thumbnail", "icon", "icons", "avatar", "logo"})
# Not the author's words: pictures in Slack, what stands about a message, and what has rules of its own.
_NOT_READ = frozenset(
    {"slack_file", "files", "attachments", "metadata", "bot_profile", "user_profile", "reactions", "permalink"}
)
_READ_AS: dict[str, Read] = {
    "text": urls_in_plain,
    "plain_text": urls_in_plain,
    "raw_text": urls_in_plain,
    "markdown": urls_in_markdown,
}


def urls_in_blocks(blocks: object, reading: Reading) -> Iterator[str]:
    """Every address and every address in a text, at any depth, in the order they stand. No recursion."""
    queue: deque[object] = deque([blocks])
    while queue and reading.nodes > 0 and reading.characters > 0:
        reading.nodes -= 1
        node = queue.popleft()
        if isinstance(node, dict):
            yield from _urls_of(node, reading)
            queue.extendleft(reversed(_children(node)))
        elif isinstance(node, list):
            queue.extendleft(reversed(node))


def is_web_address(value: object) -> bool:
    """Whether a value is the text of a web address."""
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def address(value: object, reading: Reading) -> Iterator[str]:
    """A value that is a web address, whole or not at all."""
    if is_web_address(value):
        taken = reading.take(str(value))
        yield from [taken] if taken == value else []


def _urls_of(node: dict[str, Any], reading: Reading) -> Iterator[str]:
    labels = _labels(node)
    for name, value in node.items():
        if name in _TEXTS and name not in labels:
            yield from _READ_AS.get(str(node.get("type")), urls_in_mrkdwn)(value, reading)
        elif _ADDRESS.fullmatch(name) and not _is_passed_over(name):
            yield from address(value, reading)


def _children(node: dict[str, Any]) -> list[object]:
    labels = _labels(node)
    return [
        value
        for name, value in node.items()
        if isinstance(value, dict | list) and name not in labels and not _is_passed_over(name)
    ]


def _labels(node: dict[str, Any]) -> tuple[str, ...]:
    """What only names the address beside it: a link leads where its address says, not where its label does."""
    return (("text",) if is_web_address(node.get("url")) else ()) + (
        ("title",) if is_web_address(node.get("title_url")) else ()
    )


def _is_passed_over(name: object) -> bool:
    return name in _NOT_READ or not _PICTURES.isdisjoint(str(name).lower().split("_"))
