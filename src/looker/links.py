"""What a Looker link asks for. Pure; work is bounded whatever the link holds."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from ..errors import LinkError
from ..executor import accounts_in
from .parameters import SHARE, asks_in, parameters_of, shown
from .wrapped import everything_in, opaque_gateway, opened, unwrapped

MAX_URL = 16_000  # characters; an explore link carries its whole query

PAGES_PORT, API_PORT = ":9999", ":19999"
"""Ports of Looker's own server besides 443: of its pages, and of its API."""

Kind = Literal["query", "explore", "look", "sql_runner"]

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_SAVED = {"query": ("x", _SLUG), "look": ("looks", _NUMBER), "sql_runner": ("sql", _SLUG)}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_SHARE_PATH = re.compile(r"/x/[A-Za-z0-9]{16,30}/?$")
_LOOKER_PATH = re.compile(r"/(x|looks|sql|dashboards(-next)?|explore|embed)/[^/]", re.IGNORECASE)

_ITS_QUERY = re.compile(r"[?&](amp;)?(qid|fields)=")
_NOT_LOOKERS = ("lookerstudio.google.com", "datastudio.google.com")  # another product


@dataclass(frozen=True)
class LookerLink:
    """One Looker query. Links by one host name that ask the same have the same `canonical`, whatever their port."""

    url: str
    kind: Kind
    id: str  # the slug, the look's number, or model/view
    canonical: str
    query: tuple[tuple[str, str], ...] = ()  # the parameters that are part of its question, sorted by name

    @property
    def accounts(self) -> frozenset[str]:
        """Every account SID that is part of the link's question."""
        return frozenset(accounts_in(unquote(" ".join(f"{name} {value}" for name, value in self.query))))


def parse_link(url: str, hosts: Collection[str]) -> LookerLink:
    """What a Looker URL asks for. Raises LinkError with the sentence for the requester.

    hosts: `name` or `name:port`, exactly as people's links have them. A gateway's link is read as the one inside it.
    http is read as https, for Slack puts http:// before a bare host; nothing is ever sent to where a link says.
    """
    if len(url) > MAX_URL:
        raise LinkError("The link is too long to read: share the query from Looker as a short link and post that.")
    url, beside = opened(url)
    parts = _split(url)
    name = _allowed_name(parts, hosts)
    _refuse_lost(beside, url)
    return _by_path(url, parts, f"https://{name}")


def allowed_hosts(looker_hosts: Collection[str], base_url: str) -> tuple[str, ...]:
    """The hosts that links may name: LOOKER_HOSTS, else the API's own at its port and at those Looker's pages have."""
    if looker_hosts:
        return tuple(looker_hosts)
    parts = urlsplit(base_url)
    name = _in_url(parts.hostname or "")
    given = parts.netloc.rpartition("@")[2].lower()
    return tuple(dict.fromkeys((given, name, f"{name}{PAGES_PORT}"))) if name else ()


def _split(url: str) -> SplitResult:
    if _UNSAFE.search(url):
        raise LinkError("The link holds a space, a backslash or half a character: copy it from Looker again.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise LinkError("The link cannot be read: copy it from Looker again.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LinkError("The link is no web address: copy it from Looker's address bar.")
    return parts


def _allowed_name(parts: SplitResult, hosts: Collection[str]) -> str:
    """The host's name. Raises LinkError unless the allow-list has exactly this name with the link's port."""
    if "@" in parts.netloc:
        raise LinkError("The link has a user name before its host, which hides where it leads: copy it from Looker.")
    host = _host(parts)
    allowed = {one.lower().removesuffix(":443") for one in hosts}
    allowed |= {one.removesuffix(API_PORT) + PAGES_PORT for one in allowed if one.endswith(API_PORT)}
    if host not in allowed:
        raise LinkError(_why_not_ours(parts, host[:100], hosts))
    return _in_url(parts.hostname or "")


def _refuse_lost(beside: str, url: str) -> None:
    """What a redirector's link holds beside the address may have been meant for the address."""
    lost = asks_in(beside) or next(iter(accounts_in(unquote(beside)) - accounts_in(unquote(url))), None)
    if lost:
        raise LinkError(f"The link has {shown(lost)} outside the address that it leads to, where it is lost: {SHARE}")


def _why_not_ours(parts: SplitResult, host: str, hosts: Collection[str]) -> str:
    name, ours = _in_url(parts.hostname or ""), ", ".join(sorted(hosts)[:3])
    if gateway := opaque_gateway(name):
        return f"That is a link through {gateway}, whose target cannot be read from it: post Looker's own link instead."
    if name in _names(hosts):
        return (
            f"{host} is our Looker's name with a port that links may not have ({ours}). Post the link with one of "
            f"these; if Looker's pages are at {host}, LOOKER_HOSTS must name {host}."
        )
    if _stands_in(_names(hosts), everything_in(parts.path, parts.query, parts.fragment)):
        return (
            f"{host} is not our Looker ({ours}), though the link names it: post the link that Looker's own address bar "
            "shows. Nothing was sent there."
        )
    return f"{host} is not our Looker ({ours}): nothing was sent there."


def _names(hosts: Collection[str]) -> set[str]:
    """The hosts without their ports."""
    return {re.sub(r":[0-9]+$", "", host.lower()) for host in hosts}


def _stands_in(names: Collection[str], text: str) -> bool:
    """Whether a text names one of the hosts, not as part of another name; one without a dot counts as a word alone."""
    return any("." in name and re.search(rf"(?<![a-z0-9.-]){re.escape(name)}(?!\.?[a-z0-9-])", text) for name in names)


def _host(parts: SplitResult) -> str:
    name = _in_url(parts.hostname or "")
    usual = (443,) if parts.scheme == "https" else (80, 443)
    return name if parts.port in (None, *usual) else f"{name}:{parts.port}"


def _in_url(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _by_path(url: str, parts: SplitResult, origin: str) -> LookerLink:
    steps = [unquote(step) for step in parts.path.split("/") if step]
    if steps and steps[0] == "embed":
        steps = steps[1:]
    _refuse_several(steps)
    given = parameters_of(parts.query, parts.fragment)
    slug = given.pop("qid", "")
    match steps:
        case ["x" | "query-visualization", name] if slug in ("", name):
            return _saved(url, origin, "query", name, given)
        case ["looks", _] | ["explore" | "query", _, _] if slug:
            return _saved(url, origin, "query", slug, given)
        case ["looks", name]:
            return _saved(url, origin, "look", name, given)
        case ["sql", name]:
            return _sql_runner(url, origin, name, [*given, *(["qid"] if slug else [])])
        case ["explore" | "query", model, view]:
            return _explore(url, origin, model, view, given)
        case ["x" | "query-visualization", _]:
            raise LinkError(f"The link names two queries, in its path and as `qid`: {SHARE}")
    raise LinkError(
        "That page of Looker holds no query: post the link of an explore (/x/…, /explore/…), a look (/looks/…) "
        "or a SQL Runner query (/sql/…)."
    )


def _refuse_several(steps: list[str]) -> None:
    match steps:
        case ["dashboards" | "dashboards-next" | "dashboards-legacy", *_]:
            raise LinkError(
                "That is a dashboard, which holds many queries: open the tile, choose “Explore from here”, "
                "and post that link."
            )
        case ["merge", *_]:
            raise LinkError(
                "That is a merge, which holds several queries: open the one with the usage in an explore of its own, "
                "and post that link."
            )


def _saved(url: str, origin: str, kind: Kind, name: str, given: dict[str, str]) -> LookerLink:
    folder, pattern = _SAVED[kind]
    if not pattern.fullmatch(name):
        raise LinkError("The link's last part is not what Looker makes: copy it from Looker again.")
    if given.get("fields") == "":
        raise LinkError(f"The link's `fields` is empty: {SHARE}")
    return _link(url, kind, name, f"{origin}/{folder}/{name}", given)


def _sql_runner(url: str, origin: str, name: str, given: list[str]) -> LookerLink:
    if given:
        raise LinkError(
            f"The link's {shown(given[0])} may change the SQL Runner query, which is read as it is saved: put what it "
            "says into the SQL, run it, and post that link."
        )
    return _saved(url, origin, "sql_runner", name, {})


def _explore(url: str, origin: str, model: str, view: str, given: dict[str, str]) -> LookerLink:
    if not (_NAME.fullmatch(model) and _NAME.fullmatch(view)):
        raise LinkError("The link's model or explore has a name that Looker does not make: copy it from Looker again.")
    if not given.get("fields"):
        raise LinkError("The explore link holds no fields: run the query in Looker, then post the link.")
    # In an explore's own query an empty part is as good as a missing one, and an empty filter is “any value”.
    wanted = {name: value for name, value in given.items() if value or name.startswith("f[")}
    return _link(url, "explore", f"{model}/{view}", f"{origin}/explore/{model}/{view}", wanted)


def _link(url: str, kind: Kind, name: str, page: str, given: dict[str, str]) -> LookerLink:
    query = tuple(sorted(given.items()))
    return LookerLink(url, kind, name, f"{page}?{urlencode(query)}" if query else page, query)


def meant_for_looker(url: str, hosts: Collection[str]) -> bool:
    """Whether a refused link deserves an answer: it names our host anywhere, or is shaped as Looker's are."""
    inner = unwrapped(url)
    _, _, rest = inner.partition("://")
    authority, slash, tail = rest.partition("/")
    authority, path = authority.lower(), slash + tail.partition("#")[0]
    if any(name in authority for name in _names(hosts)) or _stands_in(_names(hosts), everything_in(url, inner)):
        return True
    bare = path.partition("?")[0]
    is_named_so = "looker" in authority and not authority.endswith(_NOT_LOOKERS)
    return bool(_SHARE_PATH.match(bare) or _explores(bare, path) or (is_named_so and _LOOKER_PATH.match(path)))


def _explores(bare: str, path: str) -> bool:
    return bare.startswith("/explore/") and bare.count("/") >= 3 and bool(_ITS_QUERY.search(path))
