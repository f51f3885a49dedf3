"""A thread as a person would see it in Slack, as one HTML page: for a browser, and for the pictures in the README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from sandbox.slack.show import EMOJI, Message, alignments, mrkdwn, sender

TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = ("#7a4fb5", "#0b6e4f", "#a3430a", "#1264a3")


def render_page(messages: Sequence[Message], *, channel: str) -> str:
    """The messages of a thread, the first one and its replies."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    first, *replies = [_shown(message) for message in messages]
    return environment.get_template("thread.html.j2").render(channel=channel, first=first, replies=replies)


def _shown(message: Message) -> dict[str, Any]:
    name = sender(message)
    posted = datetime.fromtimestamp(float(message["ts"]), UTC)
    return {
        "name": name,
        "is_app": bool(message.get("bot_id")),
        "colour": _COLOURS[sum(map(ord, name)) % len(_COLOURS)],
        "time": posted.strftime("%H:%M"),
        "moment": posted.isoformat(timespec="seconds"),
        "edited": bool(message.get("edited")),
        "body": _body(message),
        "files": message.get("files", []),
        "reactions": [(EMOJI.get(one["name"], one["name"]), one) for one in message.get("reactions", [])],
    }


def _body(message: Message) -> Markup:
    blocks = message.get("blocks")
    if not blocks:
        return _element("div", _lines(mrkdwn(message["text"])), "rich")
    return _joined(map(_block, blocks))


def _block(block: Message) -> Markup:
    match block["type"]:
        case "header":
            return _element("h2", escape(block["text"]["text"]))
        case "rich_text":
            return _joined(map(_rich, block["elements"]))
        case "section" | "context":
            texts = [block["text"]] if "text" in block else block.get("fields") or block.get("elements") or []
            return _element("div", _joined(map(_text, texts)), block["type"])
        case "table":
            return _table(block)
        case "divider":
            return Markup("<hr>")
    return _element("div", escape(f"[{block['type']}]"))


def _table(block: Message) -> Markup:
    first, *others = block["rows"]
    head, body = _row(first, block, "th"), _joined(_row(row, block, "td") for row in others)
    table = _element("table", _element("thead", head) + _element("tbody", body))
    return Markup('<div class="scroll" tabindex="0">{}</div>').format(table)


def _row(row: Sequence[Message], block: Message, tag: str) -> Markup:
    cells = zip(row, alignments(block), strict=False)
    return _element("tr", _joined(_element(tag, _cell(cell), align) for cell, align in cells))


def _cell(cell: Message) -> Markup:
    return _lines(cell["text"]) if cell["type"] == "raw_text" else _joined(map(_runs, cell["elements"]))


def _rich(element: Message) -> Markup:
    match element["type"]:
        case "rich_text_list":
            return _element("ul", _joined(_element("li", _runs(item)) for item in element["elements"]))
        case "rich_text_preformatted":
            return _element("pre", _runs(element))
        case "rich_text_quote":
            return _element("blockquote", _runs(element))
    return _element("div", _runs(element), "rich")


def _runs(element: Message) -> Markup:
    return _joined(map(_run, element.get("elements", [])))


def _run(run: Message) -> Markup:
    if run["type"] == "link":
        return Markup('<a href="{}">{}</a>').format(run["url"], run.get("text") or run["url"])
    words = _lines(str(run.get("text", f"[{run['type']}]")))
    for style, tag in (("code", "code"), ("bold", "b"), ("italic", "i")):
        words = _element(tag, words) if run.get("style", {}).get(style) else words
    return words


def _text(text: Message) -> Markup:
    show: Callable[[str], str] = mrkdwn if text["type"] == "mrkdwn" else str
    return _element("span", _lines(show(text["text"])))


def _lines(words: str) -> Markup:
    return Markup("<br>").join(words.split("\n"))


def _element(tag: str, content: Markup, css: str = "") -> Markup:
    opening = Markup('<{} class="{}">').format(Markup(tag), css) if css else Markup(f"<{tag}>")
    return opening + content + Markup(f"</{tag}>")


def _joined(parts: Any) -> Markup:
    return Markup("").join(parts)
