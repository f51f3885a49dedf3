"""Text that Slack shows as it was meant: escaped, harmless, bounded. Pure; builds the few blocks that reply.py uses.

Words from outside (names, queries, errors, log lines) go into rich_text elements, which Slack takes literally: no
mention, no link, no formatting can come of them. The plain `text` beside the blocks is mrkdwn and is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
Element = dict[str, Any]

# Slack's limits, in characters and blocks
MAX_SECTION = 3000
MAX_BLOCKS = 50
MAX_TEXT = 40_000
MAX_HEADER = 150
MAX_PLAIN = 3500
"""Characters of a message without blocks: of more than 4,000, Slack may make several."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_EVERYBODY = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_MENTION = re.compile(r"<(?=[!@#])")
_SCHEME = re.compile(r"(?<=[a-z]):(?=//)|(?<=mailto):", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s<>|\"`\\]{1,2900}")
_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")
DASH = "\u2013"  # for what is empty: Slack refuses empty text
_QUOTE = "\u2039"  # looks like <, and begins no mention
_BREAK = "\u2060"  # word joiner: invisible, but @here no longer reads as a command


@dataclass(frozen=True)
class Message:
    """What is posted: Block Kit for the eye, `text` for notifications and screen readers."""

    text: str
    blocks: list[Block]


def clip(words: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something is missing."""
    return words if len(words) <= limit else words[: limit - 1] + "…"


def literal(words: object, limit: int = 500) -> str:
    """One line of outside text for a rich_text element: no control characters, no mention, never empty."""
    return _one_line(words, limit).strip() or DASH


def literal_lines(lines: Iterable[object], limit: int = MAX_SECTION, width: int = 300) -> str:
    """Lines for a preformatted element; if not all fit, the last ones."""
    kept: list[str] = []
    for line in reversed([_one_line(line, width).rstrip() for line in lines]):
        if sum(map(len, kept)) + len(kept) + len(line) > limit:
            break
        kept.insert(0, line)
    return "\n".join(kept) or DASH


def escape(words: object, limit: int = 500) -> str:
    """One line of outside text for mrkdwn: nothing in it can mention, link, format or break out of a code span."""
    harmless = _SCHEME.sub(":" + _BREAK, literal(words, limit)).replace("`", "'")
    return harmless.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(words: object, limit: int) -> str:
    encodable = str(words)[: limit * 4].encode("utf-8", "replace").decode("utf-8")
    visible = _DIRECTION.sub("", _CONTROL.sub(" ", encodable))
    return clip(_MENTION.sub(_QUOTE, _EVERYBODY.sub("@" + _BREAK, visible)), limit)


def is_web_address(url: str | None) -> bool:
    """Whether a link may be made of it."""
    return bool(url and _WEB.fullmatch(url))


def mrkdwn_link(url: str, label: str) -> str:
    """A link for the plain text; the label alone if the address cannot be one."""
    return f"<{url.replace('&', '&amp;')}|{escape(label, 100)}>" if is_web_address(url) else escape(label, 100)


def for_terminal(mrkdwn: str) -> str:
    """The plain text of a message as a terminal shows it: links spelled out, nothing escaped, no word joiners."""
    spelled = _LINK.sub(r"\2: \1", mrkdwn).replace("*", "").replace(_BREAK, "")
    return spelled.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# Elements of rich text


def text(words: object, *, bold: bool = False, code: bool = False, limit: int = 500) -> Element:
    """A run of outside text."""
    return _styled(literal(words, limit), bold=bold, code=code)


def own(words: str, *, bold: bool = False) -> Element:
    """A run of this project's own words, line breaks and all."""
    return _styled(words, bold=bold)


def _styled(words: str, *, bold: bool = False, code: bool = False) -> Element:
    style = {name: True for name, wanted in (("bold", bold), ("code", code)) if wanted}
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def link(url: str, label: str) -> Element:
    """A link, or its label if the address cannot be one."""
    return {"type": "link", "url": url, "text": literal(label, 100)} if is_web_address(url) else text(label)


# Blocks


def header(words: object) -> Block:
    """Large type; plain text."""
    return {"type": "header", "text": {"type": "plain_text", "text": literal(words, MAX_HEADER), "emoji": False}}


def paragraph(*elements: Element) -> Block:
    """A paragraph of rich text."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def bullets(title: str, items: Sequence[Sequence[Element]]) -> Block:
    """A bold line, and a list under it if there are items: Slack refuses an empty list."""
    block = paragraph(own(title, bold=True))
    if items:
        entries = [{"type": "rich_text_section", "elements": list(item)} for item in items]
        block["elements"].append({"type": "rich_text_list", "style": "bullet", "elements": entries})
    return block


def preformatted(lines: Iterable[object]) -> Block:
    """Lines in a fixed-width box; nothing in them ends the box."""
    content = [{"type": "text", "text": literal_lines(lines)}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": content}]}


def small(words: object) -> Block:
    """Small grey type at the end."""
    return {"type": "context", "elements": [{"type": "plain_text", "text": literal(words, 1000), "emoji": False}]}


def message(lines: Iterable[str], blocks: Sequence[Block | None]) -> Message:
    """Both forms together, within Slack's limits; `lines` are mrkdwn already escaped."""
    whole = "\n".join(line for line in lines if line)
    if len(whole) > MAX_TEXT:
        whole = _HALF_ENTITY.sub("", whole[: MAX_TEXT - 1]) + "…"
    return Message(whole, [block for block in blocks if block][:MAX_BLOCKS])


def plain(rich: Message) -> Message:
    """The same without blocks, cut to MAX_PLAIN: after its last whole line, or inside the first one."""
    words = rich.text
    if len(words) > MAX_PLAIN:
        whole, _, _ = words[:MAX_PLAIN].rpartition("\n")
        words = f"{whole}\n…" if whole else _HALF_ENTITY.sub("", words[: MAX_PLAIN - 1]) + "…"
    return Message(words, [])
