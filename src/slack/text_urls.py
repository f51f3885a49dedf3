"""Web addresses in one text of Slack's: marked text, plain text, Markdown. Each pattern is linear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 1_000_000  # of text looked at in one part of a message; Slack itself posts at most 40,000
MAX_NODES = 100_000  # objects looked at in one part of a message

_ADDRESS = r"https?://[^\s<>\"'`|]{1,20000}"
# Marked text: `<url|label>`, `<url>`, or an address standing by itself.
_IN_MRKDWN = re.compile(rf"<(https?://[^<>|\s]{{1,20000}})(?:\|[^<>]{{0,20000}})?>|({_ADDRESS})", re.IGNORECASE)
_IN_PLAIN = re.compile(_ADDRESS, re.IGNORECASE)
# Markdown: an address ends where it turns out to be the label of a link.
_IN_MARKDOWN = re.compile(r"https?://(?:(?!\]\()[^\s<>\"'`|]){1,20000}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}*_~"


@dataclass
class Reading:
    """What may still be looked at of one part of a message."""

    characters: int = MAX_CHARACTERS
    nodes: int = MAX_NODES

    def take(self, text: str) -> str:
        """As much of a text as may be looked at, whole words; it is used up. An address cut short is another one."""
        taken = text if len(text) <= self.characters else text[: self.characters].rpartition(" ")[0]
        self.characters -= min(len(text), self.characters)
        return taken


def urls_in_mrkdwn(text: object, reading: Reading) -> Iterator[str]:
    """Addresses in marked text, unescaped once."""
    if isinstance(text, str):
        for found in _IN_MRKDWN.finditer(reading.take(text)):
            yield unescape(found[1] or found[2].rstrip(_TRAILING))


def urls_in_plain(text: object, reading: Reading) -> Iterator[str]:
    """Addresses in text that Slack shows as it is."""
    if isinstance(text, str):
        for found in _IN_PLAIN.finditer(reading.take(text)):
            yield found[0].rstrip(_TRAILING)


def urls_in_markdown(text: object, reading: Reading) -> Iterator[str]:
    """Addresses of `[label](url)`, `<url>` and bare ones; one that is a link's label leads nowhere."""
    if not isinstance(text, str):
        return
    taken = reading.take(text)
    for found in _IN_MARKDOWN.finditer(taken):
        if not taken.startswith("](", found.end()):
            yield _without_closing(found[0]).rstrip(_TRAILING)


def unescape(text: str) -> str:
    """Slack's three escapes, once: `&amp;lt;` becomes `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _without_closing(address: str) -> str:
    """Cut at the parenthesis that closes `(url)`: one that was not opened in the address itself."""
    depth = 0
    for position, character in enumerate(address):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return address[:position]
    return address
