"""Web addresses in one text of Slack's: marked text, plain text, Markdown. Each is read in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .bare_urls import CUT, before_address, delimited, urls_in_text, whole

MAX_CHARACTERS = 1_000_000  # of text looked at in one part of a message; Slack itself posts at most 40,000
LONGEST_ADDRESS = 20_000  # characters, with what Slack escapes in it
MAX_NODES = 100_000  # objects looked at in one part of a message

_MARKED = re.compile(r"<(https?://[^<>|]+)(?:\|([^<>]*))?>", re.IGNORECASE)
_NO_WORDS = re.compile(r"<[@#!][^<>]*>|:[a-z0-9_+-]+:", re.IGNORECASE)  # mentions and emoji
_IN_MARKDOWN = re.compile(
    r"\]\(<(?P<angled>https?://[^<>\n]+)>"  # [label](<url>)
    # [label](url), [label](url "title")
    r"|\]\((?P<linked>https?://(?:[^\s()]|\([^\s()]*\))+)(?P<closed>\)|\s+[\"'(][^\n)]*\))?"
    r"|<(?P<marked>https?://[^<>\n]+)>",
    re.IGNORECASE,
)


@dataclass
class Reading:
    """How much more of one part of a message may be read."""

    characters: int = MAX_CHARACTERS
    nodes: int = MAX_NODES

    def take(self, text: str) -> str:
        """Use up as much of a text as may still be read, and return it.

        No address near the end of a part: cut short, or without the words behind it, it would be another one.
        """
        taken = text[: self.characters]
        if len(text) > self.characters:
            taken = taken[:-LONGEST_ADDRESS] + before_address(taken[-LONGEST_ADDRESS:])
        self.characters -= min(len(text), self.characters)
        return taken


def urls_in_mrkdwn(text: object, reading: Reading) -> Iterator[str]:
    """Addresses in marked text (`<url|label>`, `<url>`, bare ones), unescaped once; with CUT if not whole."""
    if not isinstance(text, str):
        return
    taken = reading.take(text)
    found = list(_MARKED.finditer(taken))
    begins = [one.start() for one in found] + [len(taken)]
    yield from urls_in_text(unescape(taken[: begins[0]]))
    for one, begin in zip(found, begins[1:], strict=True):
        after = taken[one.end() : begin]
        yield whole(unescape(one[1]), unescape(_NO_WORDS.sub("", after)), unescape(one[2] or ""))
        yield from urls_in_text(unescape(after))


def urls_in_plain(text: object, reading: Reading) -> Iterator[str]:
    """Addresses in text that Slack shows as it is; with CUT if not whole."""
    if isinstance(text, str):
        yield from urls_in_text(reading.take(text))


def urls_in_markdown(text: object, reading: Reading) -> Iterator[str]:
    """Addresses of `[label](url)`, `<url>` and bare ones; one in a link's label does not count."""
    if not isinstance(text, str):
        return
    taken = reading.take(text)
    found = list(_IN_MARKDOWN.finditer(taken))
    ends = [0, *(one.end() for one in found)]
    begins = [*(one.start() for one in found), len(taken)]
    for number, one in enumerate(found):
        before, after = taken[ends[number] : begins[number]], taken[ends[number + 1] : begins[number + 1]]
        yield from urls_in_text(before if one["marked"] else _without_label(before))
        if one["linked"] and not one["closed"]:
            yield one["linked"] + CUT
        else:
            yield delimited(one["linked"] or one["angled"] or one["marked"], before_address(after))
    yield from urls_in_text(taken[ends[-1] :])


def _without_label(before: str) -> str:
    """What stands before the bracket that the text's end closes."""
    depth = 1
    for position in range(len(before) - 1, -1, -1):
        depth += (before[position] == "]") - (before[position] == "[")
        if depth == 0:
            return before[:position]
    return before


def unescape(text: str) -> str:
    """Slack's three escapes, once: `&amp;lt;` becomes `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
