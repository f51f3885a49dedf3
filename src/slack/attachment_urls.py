"""Web addresses in a message's attachments: forwarded messages and what apps attach, but no previews of links.

Slack marks a preview ("unfurl") with the link it was made from. A forwarded message has such an address too, Slack's
own: it is a preview only where that address stands in the message as well, as a link to another message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

from .block_urls import address, is_web_address, urls_in_blocks
from .text_urls import Reading, urls_in_mrkdwn

_PREVIEW_OF = ("from_url", "original_url", "app_unfurl_url")
_TEXTS = ("pretext", "title", "text", "footer", "author_name")
_LINKS = {"title_link": "title", "author_link": "author_name"}  # address: its label


Form = tuple[object, ...]


def urls_in_attachments(attachments: object, authored: Collection[str], reading: Reading) -> Iterator[tuple[Form, str]]:
    """Each address with what tells apart the text that holds it. authored: those in the message's blocks and text."""
    pages = {_page(url) for url in authored}
    queue: deque[object] = deque([attachments])
    while queue and reading.nodes > 0 and reading.characters > 0:
        reading.nodes -= 1
        item = queue.popleft()
        if isinstance(item, list):
            queue.extendleft(reversed(item))
        elif isinstance(item, dict) and not _is_preview(item, pages):
            number = reading.nodes
            for form, url in _urls_of(item, reading):
                pages.add(_page(url))
                yield (number, *form), url
            queue.extendleft(reversed(_nested(item)))


def _is_preview(attachment: dict[str, Any], pages: Collection[str]) -> bool:
    """Whether Slack or an app attached it to a link, rather than the author to the message."""
    if attachment.get("is_share") is True:
        return False
    made_from = [str(attachment[name]) for name in _PREVIEW_OF if attachment.get(name)]
    if attachment.get("is_msg_unfurl"):
        return any(_page(link) in pages for link in made_from)
    return bool(made_from or attachment.get("is_app_unfurl"))


def _page(url: str) -> str:
    """A link without what tells apart its copies: `?thread_ts=…&cid=…` of a link to a message."""
    return url.partition("?")[0].rstrip("/").lower()


def _urls_of(attachment: dict[str, Any], reading: Reading) -> Iterator[tuple[Form, str]]:
    shown = False
    for found in _shown(attachment, reading):
        shown = True
        yield found
    if not shown:  # Slack shows it if it can show nothing else
        yield from _each("fallback", urls_in_mrkdwn(attachment.get("fallback"), reading))


def _shown(attachment: dict[str, Any], reading: Reading) -> Iterator[tuple[Form, str]]:
    labels = {label for name, label in _LINKS.items() if is_web_address(attachment.get(name))}
    for name in _LINKS:
        yield from _each(name, address(attachment.get(name), reading))
    for name in _TEXTS:
        if name not in labels:
            yield from _each(name, urls_in_mrkdwn(attachment.get(name), reading))
    for number, field in enumerate(_objects(attachment.get("fields"))):
        yield from _each(f"title {number}", urls_in_mrkdwn(field.get("title"), reading))
        yield from _each(f"value {number}", urls_in_mrkdwn(field.get("value"), reading))
    for name in ("blocks", "actions"):
        yield from _each(name, urls_in_blocks(attachment.get(name), reading))
    for quoted in _quoted(attachment):
        yield from _each("quoted blocks", urls_in_blocks(quoted.get("blocks"), reading))
        yield from _each("quoted text", urls_in_mrkdwn(quoted.get("text"), reading))


def _each(name: str, found: Iterator[str] | Iterator[tuple[int, str]]) -> Iterator[tuple[Form, str]]:
    for one in found:
        yield ((name,), one) if isinstance(one, str) else ((name, one[0]), one[1])


def _quoted(attachment: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that were forwarded, or their blocks if Slack gives only those."""
    parts = _objects(attachment.get("message_blocks"))
    return [part["message"] if isinstance(part.get("message"), dict) else {"blocks": part} for part in parts]


def _nested(attachment: dict[str, Any]) -> list[object]:
    """Attachments of what was forwarded."""
    return [attachment.get("attachments"), *(quoted.get("attachments") for quoted in _quoted(attachment))]


def _objects(items: object) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
