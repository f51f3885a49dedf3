"""A thread as a person would see it, for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.slack.blocks import unescape

Message = dict[str, Any]

WIDTH = 88
EMOJI = {
    "eyes": "👀",
    "white_check_mark": "✅",
    "x": "❌",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "warning": "⚠️",
}
_AT = {"left": str.ljust, "center": str.center, "right": str.rjust}
_MARKED = re.compile(r"<([^|<>]+)(?:\|([^<>]*))?>")


def render_thread(messages: Sequence[Message]) -> str:
    """The messages of a thread, the first one flush left, its replies indented."""
    shown = [_message(message, "" if index == 0 else "    ") for index, message in enumerate(messages)]
    return "\n\n".join(shown)


def _message(message: Message, indent: str) -> str:
    posted = datetime.fromtimestamp(float(message["ts"]), UTC).strftime("%H:%M:%S")
    edited = " (edited)" if message.get("edited") else ""
    app = " [app]" if message.get("bot_id") else ""
    lines = [f"{sender(message)}{app}  {posted}{edited}", *_body(message), *_files(message), *_reactions(message)]
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def sender(message: Message) -> str:
    """The author's name."""
    profile = message.get("bot_profile") or message.get("user_profile") or {}
    return str(profile.get("name") or profile.get("display_name") or message.get("user", "somebody"))


def _body(message: Message) -> list[str]:
    blocks = message.get("blocks")
    return [line for block in blocks for line in _block(block)] if blocks else _wrapped(mrkdwn(message["text"]))


def _block(block: Message) -> list[str]:
    match block["type"]:
        case "header":
            words = block["text"]["text"]
            return ["", words, "=" * len(words)]
        case "rich_text":
            return [line for element in block["elements"] for line in _rich(element)]
        case "section" | "context":
            texts = [block["text"]] if "text" in block else block.get("fields") or block.get("elements") or []
            return [line for text in texts for line in _wrapped(_text(text))]
        case "table":
            return _table(block)
        case "divider":
            return ["-" * 40]
    return [f"[{block['type']}]"]


def _rich(element: Message) -> list[str]:
    match element["type"]:
        case "rich_text_list":
            return [line for item in element["elements"] for line in _bullet(item)]
        case "rich_text_preformatted":
            lines = _runs(element).split("\n")
            return ["┌" + "─" * 44, *(f"│ {line}" for line in lines), "└" + "─" * 44]
        case "rich_text_quote":
            return [f"> {line}" for line in _wrapped(_runs(element))]
    return _wrapped(_runs(element))


def _table(block: Message) -> list[str]:
    rows = [[_cell(cell) for cell in row] for row in block["rows"]]
    settings = alignments(block)
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(len(settings))]
    first, *others = [
        "  ".join(_AT[align](cell, width) for cell, width, align in zip(row, widths, settings, strict=False))
        for row in rows
    ]
    return [first, "─" * len(first), *others]


def _cell(cell: Message) -> str:
    return str(cell["text"]) if cell["type"] == "raw_text" else " ".join(map(_runs, cell["elements"]))


def alignments(block: Message) -> list[str]:
    """How each column of a table is aligned: left where nothing is said of it."""
    said = [setting.get("align", "left") for setting in block.get("column_settings", [])]
    return said + ["left"] * (max(map(len, block["rows"])) - len(said))


def _bullet(item: Message) -> list[str]:
    first, *rest = _wrapped(_runs(item)) or [""]
    return [f"  • {first}", *(f"    {line}" for line in rest)]


def _runs(element: Message) -> str:
    return "".join(map(_run, element.get("elements", [])))


def _run(run: Message) -> str:
    if run["type"] == "link":
        label = run.get("text")
        return f"{label} <{run['url']}>" if label and label != run["url"] else str(run["url"])
    return str(run.get("text", f"[{run['type']}]"))


def _text(text: Message) -> str:
    return mrkdwn(text["text"]) if text["type"] == "mrkdwn" else str(text["text"])


def mrkdwn(text: str) -> str:
    """Marked text as it reads: links spelled out, entities resolved."""
    return unescape(_MARKED.sub(lambda found: f"{found[2]} <{found[1]}>" if found[2] else found[1], text))


def _wrapped(text: str) -> list[str]:
    return [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    ]


def _files(message: Message) -> list[str]:
    return [f"📎 {file['title']} ({file['name']}, {file['size']:,} bytes)" for file in message.get("files", [])]


def _reactions(message: Message) -> list[str]:
    names = [
        f"{EMOJI.get(one['name'], ':' + one['name'] + ':')} {one['count']}" for one in message.get("reactions", [])
    ]
    return ["  ".join(names)] if names else []
