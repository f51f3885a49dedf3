"""Links inside links: what mail gateways and redirectors make of an address. Pure; nothing is fetched, work is bounded.

What is inside is no safer for having been wrapped: its host is held to the same list as any other's.
"""

from __future__ import annotations

import re
import string
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from urllib.parse import SplitResult, unquote, urlsplit

MAX_WRAPS = 5  # links in links that are opened; mail passes two gateways at most, each way

# Host, or how hosts end; path, if only one holds targets; the parameter that holds the target.
_IN_A_PARAMETER = (
    (".safelinks.protection.outlook.com", "", "url"),
    (".safelinks.protection.office365.us", "", "url"),
    ("statics.teams.cdn.office.net", "", "url"),
    ("google.com", "/url", "q"),
    ("google.com", "/url", "url"),
    ("www.google.com", "/url", "q"),
    ("www.google.com", "/url", "url"),
    ("slack-redir.net", "/link", "url"),
    ("linkprotect.cudasvc.com", "/url", "a"),
    ("urldefense.proofpoint.com", "/v1/url", "u"),
)
_PROOFPOINT = ("urldefense.com", "urldefense.us", "urldefense.proofpoint.com")
_OPAQUE = {".mimecast.com": "Mimecast", ".mimecastprotect.com": "Mimecast"}
_WEB = re.compile(r"https?://", re.IGNORECASE)
# Proofpoint 3: `*` stands for a character that is kept apart, `**X` for a run of them whose length X says.
_KEPT_APART = re.compile(r"\*(?:\*([A-Za-z0-9_-]))?")
_RUN_LENGTHS = {
    mark: length
    for length, mark in enumerate(string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_", start=2)
}


def unwrapped(url: str) -> str:
    """The address inside; the url itself if it is no gateway's, or its target cannot be read."""
    return opened(url)[0]


def opened(url: str) -> tuple[str, str]:
    """The address inside, and the parameters that stand beside it in its gateways' links."""
    beside = []
    for _ in range(MAX_WRAPS):
        found = _target(url)
        if found is None:
            break
        url, rest = found
        beside.append(rest)
    return url, "&".join(beside)


def opaque_gateway(host: str) -> str | None:
    """The gateway whose links do not hold their target, by its name; None for any other host."""
    return next((name for suffix, name in _OPAQUE.items() if host.endswith(suffix)), None)


def everything_in(*texts: str) -> str:
    """Texts in small letters, with and without their percent signs, for looking for a name."""
    levels = [" ".join(texts)]
    while len(levels) <= MAX_WRAPS and (plain := unquote(levels[-1])) != levels[-1]:
        levels.append(plain)
    return " ".join(levels).lower()


def _target(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    found = _in_a_parameter(parts, host)
    if found is None and host in _PROOFPOINT:
        found = _proofpoint_2(parts) or _proofpoint_3(url)
    return found if found and _WEB.match(found[0]) else None


def _in_a_parameter(parts: SplitResult, host: str) -> tuple[str, str] | None:
    for gateway, path, name in _IN_A_PARAMETER:
        is_its_host = host.endswith(gateway) if gateway.startswith(".") else host == gateway
        if is_its_host and (not path or parts.path == path) and (found := _parameter(parts, name)):
            return unquote(found[0]), found[1]
    return None


def _parameter(parts: SplitResult, name: str) -> tuple[str, str] | None:
    """A parameter's value, not decoded (a plus sign in it is the target's own), and all that stands beside it."""
    pairs = parts.query.split("&")
    for number, pair in enumerate(pairs):
        key, _, value = pair.removeprefix("amp;").partition("=")
        if key == name:
            return value, "&".join([*pairs[:number], *pairs[number + 1 :], parts.fragment])
    return None


def _proofpoint_2(parts: SplitResult) -> tuple[str, str] | None:
    found = _parameter(parts, "u") if parts.path == "/v2/url" else None
    return (unquote(found[0].replace("-", "%").replace("_", "/")), found[1]) if found else None


def _proofpoint_3(url: str) -> tuple[str, str] | None:
    _, begun, rest = url.partition("/v3/__")
    masked, ended, kept = rest.rpartition("__;")
    if not (begun and ended):
        return None
    encoded, _, signature = kept.partition("!")
    try:
        characters = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (NotBase64, ValueError):
        return None
    address = _with_kept(masked, characters)
    return None if address is None else (address, signature)


def _with_kept(masked: str, characters: str) -> str | None:
    """A masked address with its characters put back; None if their number differs from what it wants."""
    used = 0

    def put_back(mark: re.Match[str]) -> str:
        nonlocal used
        begin, used = used, used + (_RUN_LENGTHS[mark[1]] if mark[1] else 1)
        return characters[begin:used]

    address = _KEPT_APART.sub(put_back, masked)
    return re.sub(r"^(https?:/)(?!/)", r"\1/", address) if used == len(characters) else None
