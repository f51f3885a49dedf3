"""What Slack accepts in blocks, which pings a message would send, and how blocks read as plain lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]

MAX_BLOCKS = 50
MAX_ROWS = 100
MAX_COLUMNS = 20
MAX_CELL_CHARACTERS = 10_000
"""Characters of all cells of a message together."""
_TEXT_LIMITS = {"section": 3000, "header": 150, "context": 2000}
_KNOWN = {"section", "header", "context", "divider", "rich_text", "image", "actions", "table", "markdown", "video"}
_RICH = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
_PING = re.compile(
    r"<!(?:here|channel|everyone|subteam\b)[^>]*>|<@[UW][A-Z0-9]*(?:\|[^>]*)?>|<#C[A-Z0-9]*(?:\|[^>]*)?>"
)
_LINK = re.compile(r"<(https?://[^<|>]+)(?:\|([^<>]*))?>")
_BARE = re.compile(r"(?<![<|])https?://[^\s<>|]+")


class InvalidBlocks(Exception):
    """Slack's words for what is wrong with the blocks; `code`: its error."""

    def __init__(self, words: str, code: str = "invalid_blocks") -> None:
        super().__init__(words)
        self.code = code


def check(blocks: object) -> list[Block]:
    """The blocks, where Slack would take them; raises InvalidBlocks."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise InvalidBlocks("must be an array of blocks")
    if len(blocks) > MAX_BLOCKS:
        raise InvalidBlocks(f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        _check_one(block, f"/blocks/{index}")
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise InvalidBlocks("only_one_table_allowed", code="invalid_attachments")
    return blocks


def _check_one(block: Block, where: str) -> None:
    kind = block.get("type")
    if kind not in _KNOWN:
        raise InvalidBlocks(f"unsupported type: {kind} [json-pointer:{where}/type]")
    if kind == "rich_text":
        _check_rich(block.get("elements"), where)
        return
    if kind == "table":
        _check_table(block, where)
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
    for index, run in enumerate(runs):
        if run.get("type") == "text" and not run.get("text"):
            raise InvalidBlocks(f"must be more than 0 characters [json-pointer:{where}/elements/{index}/text]")
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


def _check_table(block: Block, where: str) -> None:
    # https://docs.slack.dev/reference/block-kit/blocks/table-block; the words are those that refused people quote
    rows, settings = block.get("rows"), block.get("column_settings", [])
    if not isinstance(rows, list) or not rows:
        raise InvalidBlocks(f"missing required field: rows [json-pointer:{where}]")
    _check_count(rows, MAX_ROWS, f"{where}/rows")
    for number, row in enumerate(rows):
        _check_count(row, MAX_COLUMNS, f"{where}/rows/{number}")
        for column, cell in enumerate(row):
            _check_cell(cell, f"{where}/rows/{number}/{column}")
    _check_count(settings, MAX_COLUMNS, f"{where}/column_settings")
    for column, setting in enumerate(settings):
        _check_setting(setting, f"{where}/column_settings/{column}")
    if sum(len(words) for row in rows for cell in row for words in _words(cell)) > MAX_CELL_CHARACTERS:
        raise InvalidBlocks(f"must be less than {MAX_CELL_CHARACTERS + 1} characters [json-pointer:{where}/rows]")


def _check_count(items: object, most: int, where: str) -> None:
    if not isinstance(items, list):
        raise InvalidBlocks(f"must provide an array [json-pointer:{where}]")
    if len(items) > most:
        raise InvalidBlocks(f"no more than {most} items allowed [json-pointer:{where}]")


def _check_cell(cell: object, where: str) -> None:
    if not isinstance(cell, dict):
        raise InvalidBlocks(f"must provide an object [json-pointer:{where}]")
    if cell.get("type") == "rich_text":
        _check_rich(cell.get("elements"), where)
    elif cell.get("type") != "raw_text":
        raise InvalidBlocks(f"unsupported type: {cell.get('type')} [json-pointer:{where}/type]")
    elif not isinstance(cell.get("text"), str):
        raise InvalidBlocks(f"missing required field: text [json-pointer:{where}]")
    elif not cell["text"]:
        raise InvalidBlocks(f"must be more than 0 characters [json-pointer:{where}/text]")


def _check_setting(setting: object, where: str) -> None:
    if not isinstance(setting, dict):
        raise InvalidBlocks(f"must provide an object [json-pointer:{where}]")
    if setting.get("align", "left") not in ("left", "center", "right"):
        raise InvalidBlocks(f"must be a valid enum value [json-pointer:{where}/align]")
    if not isinstance(setting.get("is_wrapped", False), bool):
        raise InvalidBlocks(f"must provide a boolean [json-pointer:{where}/is_wrapped]")


def _words(cell: Block) -> Iterator[str]:
    return (str(node["text"]) for node in _nodes(cell) if "text" in node)


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
