"""The Looker links that a Slack message asks about. Pure; work is bounded whatever is posted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import LinkError
from ..looker.links import MAX_URL, LookerLink, meant_for_looker, parse_link
from ..slack.message_urls import is_request, urls_in_blocks, urls_in_text

MAX_LINKS = 20
MAX_CANDIDATES = 10_000  # links looked at in one message


@dataclass(frozen=True)
class BadLink:
    """A link that was meant for Looker and cannot be answered; `reason` is the sentence for the requester."""

    url: str
    reason: str


@dataclass(frozen=True)
class FoundLinks:
    """What a message asks for: `links` and `problems` in the order they stand, each query once."""

    links: tuple[LookerLink, ...] = ()
    problems: tuple[BadLink, ...] = ()
    duplicates: int = 0  # how many more times links of this message are repeated in it
    left_out: int = 0  # distinct links over MAX_LINKS

    def __bool__(self) -> bool:
        return bool(self.links or self.problems)


def find_links(message: dict[str, Any], hosts: Collection[str]) -> FoundLinks:
    """The Looker links that the author wrote into blocks and text; unfurls, joins and thread replies hold none."""
    if not is_request(message):
        return FoundLinks()
    in_blocks = _resolved(urls_in_blocks(message.get("blocks"), MAX_CANDIDATES), hosts)
    in_text = _resolved(urls_in_text(message.get("text"), MAX_CANDIDATES), hosts)
    counts = Counter(map(_identity, in_blocks)) | Counter(map(_identity, in_text))  # the text repeats the blocks
    distinct = {_identity(found): found for found in reversed([*in_blocks, *in_text])}
    ordered = [distinct[name] for name in dict.fromkeys(map(_identity, [*in_blocks, *in_text]))]
    kept = ordered[:MAX_LINKS]
    return FoundLinks(
        links=tuple(found for found in kept if isinstance(found, LookerLink)),
        problems=tuple(found for found in kept if isinstance(found, BadLink)),
        duplicates=sum(counts.values()) - len(counts),
        left_out=len(ordered) - len(kept),
    )


def _identity(found: LookerLink | BadLink) -> str:
    return found.canonical if isinstance(found, LookerLink) else found.url


def _resolved(urls: Iterable[str], hosts: Collection[str]) -> list[LookerLink | BadLink]:
    resolved = (_resolve(url, hosts) for url in urls)
    return [found for found in resolved if found is not None]


def _resolve(url: str, hosts: Collection[str]) -> LookerLink | BadLink | None:
    try:
        return parse_link(url, hosts)
    except LinkError as error:
        return BadLink(url[:MAX_URL], str(error)) if meant_for_looker(url[:MAX_URL], hosts) else None
