"""The Looker links that a Slack message asks about. Pure; work is bounded whatever is posted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ..errors import LinkError
from ..looker.links import MAX_URL, LookerLink, meant_for_looker, parse_link
from ..looker.wrapped import everything_in, unwrapped
from ..slack.bare_urls import CUT
from ..slack.message_urls import is_request, urls_in

MAX_LINKS = 20
CUT_OFF = (
    "The link was cut off, or the words beside it may be part of it, which would make it another question: "
    "post the whole link on a line of its own, or the short link that Share gives in Looker."
)
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
    by_form: defaultdict[object, Counter[str]] = defaultdict(Counter)
    for form, url in urls_in(message, MAX_CANDIDATES):
        if found := _resolve(url, hosts):
            distinct.setdefault(_identity(found), found)
            by_form[form][_identity(found)] += 1
    for cut in _beginnings(distinct.values()):
        distinct.pop(cut, None)
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
    """What its copies have in common; forms of a message encode an address differently."""
    return found.canonical if isinstance(found, LookerLink) else f"{found.reason} {unquote(found.url)}"


def _beginnings(found: Collection[LookerLink | BadLink]) -> list[str]:
    """The links that another form of the message shows to be the beginning of one: they ask something else."""
    cut = [bad.url.removesuffix(CUT) for bad in found if isinstance(bad, BadLink) and bad.url.endswith(CUT)]
    begun = {unquote(unwrapped(url)) for url in cut}
    return [_identity(link) for link in found if isinstance(link, LookerLink) and unquote(link.url) in begun]


def _resolve(url: str, hosts: Collection[str]) -> LookerLink | BadLink | None:
    try:
        if len(url) <= MAX_URL and _is_cut(url):
            raise LinkError(CUT_OFF)
        return parse_link(url, hosts)
    except LinkError as error:
        return BadLink(url[:MAX_URL], str(error)) if meant_for_looker(url[:MAX_URL], hosts) else None


def _is_cut(url: str) -> bool:
    """Whether somebody, or our own reading, left out a part: half a link may be one about another customer."""
    inner = unwrapped(url)
    written = everything_in(url, inner)
    return CUT in written or "..." in written or url.endswith("..") or inner.endswith("..")
