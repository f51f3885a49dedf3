"""Web addresses in Block Kit, of block types that exist and of those to come: by name of the key, not of the block."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .bare_urls import whole
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


@dataclass(frozen=True)
class _Node:
    value: object
    form: int  # the number of the element that it is part of
    is_words: bool = False  # of a rich text, which is one element
    after: str = ""  # the words that follow a link in a rich text


def urls_in_blocks(blocks: object, reading: Reading) -> Iterator[tuple[int, str]]:
    """Each address with the number of the element that holds it, at any depth, in the order they stand. No recursion.

    A rich text is one element: what its author wrote twice stands there twice. A card says the same in many.
    """
    queue: deque[_Node] = deque([_Node(blocks, 0)])
    while queue and reading.nodes > 0 and reading.characters > 0:
        reading.nodes -= 1
        node = queue.popleft()
        if isinstance(node.value, dict):
            is_words = node.is_words or node.value.get("type") == "rich_text"
            form = node.form if node.is_words else reading.nodes
            for url in _urls_of(node.value, node.after, reading):
                yield form, url
            queue.extendleft(_Node(one, form, is_words) for one in reversed(_children(node.value)))
        elif isinstance(node.value, list):
            queue.extendleft(_backwards(node.value, node))


def is_web_address(value: object) -> bool:
    """Whether a value is the text of a web address."""
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def address(value: object, reading: Reading) -> Iterator[str]:
    """A value that is a web address, whole or not at all."""
    if is_web_address(value):
        taken = reading.take(str(value))
        yield from [taken] if taken == value else []


def _backwards(items: list[Any], parent: _Node) -> Iterator[_Node]:
    """The items from the last to the first, each with the words that follow it up to the next link."""
    words: list[str] = []
    for item in reversed(items):
        is_link = isinstance(item, dict) and is_web_address(item.get("url"))
        yield _Node(item, parent.form, parent.is_words, "".join(reversed(words)) if is_link else "")
        if is_link:
            words = []
        elif isinstance(item, dict) and parent.is_words and isinstance(item.get("text"), str):
            words.append(item["text"])


def _urls_of(node: dict[str, Any], after: str, reading: Reading) -> Iterator[str]:
    labels = _labels(node)
    for name, value in node.items():
        if name in _TEXTS and name not in labels:
            yield from _READ_AS.get(str(node.get("type")), urls_in_mrkdwn)(value, reading)
        elif _ADDRESS.fullmatch(name) and not _is_passed_over(name):
            for url in address(value, reading):
                label = node.get("text")
                is_in_words = node.get("type") == "link" and name == "url"
                yield whole(url, after, label if isinstance(label, str) else "") if is_in_words else url


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
