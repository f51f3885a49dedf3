"""The Looker links that a Slack message asks about. Pure; work is bounded whatever is posted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import LinkError
from ..looker.links import MAX_URL, LookerLink, meant_for_looker, parse_link
from ..slack.message_urls import is_request, urls_in

MAX_LINKS = 20
MAX_CANDIDATES = 10_000  # links looked at in a message's blocks, its text, its attachments


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
    """The Looker links that the author put into blocks, text and attachments.

    Previews of links, joins and thread replies hold none.
    """
    if not is_request(message):
        return FoundLinks()
    distinct: dict[str, LookerLink | BadLink] = {}
    by_form: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for form, url in urls_in(message, MAX_CANDIDATES):
        if found := _resolve(url, hosts):
            distinct.setdefault(_identity(found), found)
            by_form[form][_identity(found)] += 1
    counts: Counter[str] = Counter()
    for form_counts in by_form.values():  # each form repeats the others
        counts |= form_counts
    kept = list(distinct.values())[:MAX_LINKS]
    return FoundLinks(
        links=tuple(found for found in kept if isinstance(found, LookerLink)),
        problems=tuple(found for found in kept if isinstance(found, BadLink)),
        duplicates=counts.total() - len(counts),
        left_out=len(distinct) - len(kept),
    )


def _identity(found: LookerLink | BadLink) -> str:
    return found.canonical if isinstance(found, LookerLink) else found.url


def _resolve(url: str, hosts: Collection[str]) -> LookerLink | BadLink | None:
    try:
        return parse_link(url, hosts)
    except LinkError as error:
        return BadLink(url[:MAX_URL], str(error)) if meant_for_looker(url[:MAX_URL], hosts) else None
