"""What Slack accepts in blocks, which pings a message would send, and how blocks read as plain lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]

MAX_BLOCKS = 50
_TEXT_LIMITS = {"section": 3000, "header": 150, "context": 2000}
_KNOWN = {"section", "header", "context", "divider", "rich_text", "image", "actions", "table", "markdown", "video"}
_RICH = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
_PING = re.compile(
    r"<!(?:here|channel|everyone|subteam\b)[^>]*>|<@[UW][A-Z0-9]*(?:\|[^>]*)?>|<#C[A-Z0-9]*(?:\|[^>]*)?>"
)
_LINK = re.compile(r"<(https?://[^<|>]+)(?:\|([^<>]*))?>")
_BARE = re.compile(r"(?<![<|])https?://[^\s<>|]+")


class InvalidBlocks(Exception):
    """Slack's words for what is wrong with the blocks."""


def check(blocks: object) -> list[Block]:
    """The blocks, where Slack would take them; raises InvalidBlocks."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise InvalidBlocks("must be an array of blocks")
    if len(blocks) > MAX_BLOCKS:
        raise InvalidBlocks(f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        _check_one(block, f"/blocks/{index}")
    return blocks


def _check_one(block: Block, where: str) -> None:
    kind = block.get("type")
    if kind not in _KNOWN:
        raise InvalidBlocks(f"unsupported type: {kind} [json-pointer:{where}/type]")
    if kind == "rich_text":
        _check_rich(block.get("elements"), where)
        return
    if kind == "section" and not (block.get("text") or block.get("fields")):
        raise InvalidBlocks(f"missing required field: text [json-pointer:{where}]")
    if kind == "header" and _text_object(block.get("text", {})).get("type") != "plain_text":
        raise InvalidBlocks(f"must be plain_text [json-pointer:{where}/text]")
    for text in _texts(block):
        _check_text(text, _TEXT_LIMITS.get(str(kind), 3000), where)


def _text_object(value: object) -> Block:
    return value if isinstance(value, dict) else {}


def _texts(block: Block) -> Iterator[Block]:
    if isinstance(block.get("text"), dict):
        yield block["text"]
    for name in ("fields", "elements"):
        for part in block.get(name) or []:
            if isinstance(part, dict) and part.get("type") in ("mrkdwn", "plain_text"):
                yield part


def _check_text(text: Block, limit: int, where: str) -> None:
    words = text.get("text")
    if text.get("type") not in ("mrkdwn", "plain_text") or not isinstance(words, str):
        raise InvalidBlocks(f"must be a text object [json-pointer:{where}/text]")
    if not words:
        raise InvalidBlocks(f"must be more than 0 characters [json-pointer:{where}/text/text]")
    if len(words) > limit:
        raise InvalidBlocks(f"must be less than {limit + 1} characters [json-pointer:{where}/text/text]")


def _check_rich(elements: object, where: str) -> None:
    if not isinstance(elements, list) or not elements:
        raise InvalidBlocks(f"missing required field: elements [json-pointer:{where}]")
    for index, element in enumerate(elements):
        at = f"{where}/elements/{index}"
        if element.get("type") not in _RICH:
            raise InvalidBlocks(f"unsupported type: {element.get('type')} [json-pointer:{at}]")
        if element["type"] == "rich_text_list":
            _check_rich(element.get("elements"), at)
        else:
            _check_runs(element.get("elements"), at)


def _check_runs(runs: object, where: str) -> None:
    if not isinstance(runs, list):
        raise InvalidBlocks(f"missing required field: elements [json-pointer:{where}]")
    for run in runs:
        if run.get("type") == "text" and not run.get("text"):
            raise InvalidBlocks(f"must be more than 0 characters [json-pointer:{where}/text]")
        if run.get("type") == "link" and not str(run.get("url", "")).startswith(("http://", "https://", "mailto:")):
            raise InvalidBlocks(f"invalid url [json-pointer:{where}/url]")
        if run.get("type") not in (
            "text",
            "link",
            "user",
            "channel",
            "broadcast",
            "usergroup",
            "emoji",
            "date",
            "color",
        ):
            raise InvalidBlocks(f"unsupported type: {run.get('type')} [json-pointer:{where}]")


def pings(message: dict[str, Any]) -> list[str]:
    """What of a posted message would notify or link people or channels; rich text's own words never do."""
    found = _PING.findall(str(message.get("text") or ""))
    for node in _nodes(message.get("blocks") or []):
        if node.get("type") == "mrkdwn":
            found += _PING.findall(str(node.get("text")))
        elif node.get("type") in ("user", "channel", "broadcast", "usergroup"):
            found.append(str(node))
    return found


def _nodes(value: object) -> Iterator[Block]:
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def composed(text: str) -> tuple[str, list[Block]]:
    """What Slack stores for what a person types: addresses marked in the text, and the same as rich text."""
    marked = _BARE.sub(lambda found: f"<{found[0].replace('&', '&amp;')}>", text) if "<http" not in text else text
    runs: list[Block] = []
    last = 0
    for found in _LINK.finditer(marked):
        _add_words(runs, marked[last : found.start()])
        label = {"text": unescape(found[2])} if found[2] else {}
        runs.append({"type": "link", "url": unescape(found[1])} | label)
        last = found.end()
    _add_words(runs, marked[last:])
    section = {"type": "rich_text_section", "elements": runs}
    return marked, [{"type": "rich_text", "block_id": "b1", "elements": [section]}]


def _add_words(runs: list[Block], words: str) -> None:
    if words:
        runs.append({"type": "text", "text": unescape(words)})


def unescape(words: str) -> str:
    """Slack's three escapes, once."""
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
