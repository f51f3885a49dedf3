"""Where an address ends that stands in running text, and whether it was cut short. Pure, linear.

Half an address may be a whole one that asks something else, of another customer: where it cannot be told where an
address ends, it has CUT at its end, and is no address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

CUT = "…"

_BEGIN = re.compile(r"https?://", re.IGNORECASE)
# No address holds these; an apostrophe may stand in a query ("O'Neil").
_NEVER = r"\s<>\"`|“”„«»"
_RUN = re.compile(rf"https?://[^{_NEVER}'‘’?]*(?:\?[^{_NEVER}]*)?", re.IGNORECASE)
_IN_QUOTES = re.compile(rf"https?://[^{_NEVER}'‘’]*", re.IGNORECASE)
_PARENTHESIS_OR_END = re.compile(rf"[(){_NEVER}]")
_CLOSED_BY = {
    '"': '"',
    "'": "'",
    "`": "`",
    "<": ">",
    ">": "<",
    "“": "”",
    "„": "“”",
    "«": "»",
    "»": "«",
    "‘": "’",
    "|": "|",
    "(": ")",
}
_TRAILING = ".,;:!?)]}*~'‘’"
_BRACKETS = {")": "(", "]": "[", "}": "{"}

# `&name=`, `&f[name`: the rest of a query.
_GOES_ON = re.compile(r"[?&;](?:amp;)?[a-z_][a-z0-9_.]*(?:=|\[|%5b)", re.IGNORECASE)
_FREE = re.compile(r"\[|%5b|expression|dynamic|config", re.IGNORECASE)  # parameters that may hold any text
_CODE = "(?:[A-Z]{2}(?:[0-9a-fA-F]{32})?|[0-9]+)"  # a country, a network, a SID
_CODES = re.compile(f"{_CODE}(?:(?:,|%2C){_CODE})*")
_CODES_GO_ON = re.compile(rf"\s*,\s*{_CODE}\b")
_JSON = re.compile(r"(?:\{|\[|%7b|%5b).*(?:\}|\]|%7d|%5d)", re.IGNORECASE)
_UNITS = "second|minute|hour|day|week|month|quarter|year"
_DATES = re.compile(
    rf"(?:[0-9]|[-/:+ ]|%20|%2f|%3a|to|for|ago|this|last|next|before|after|(?:{_UNITS})s?)*"
    rf"(?:[0-9]|ago|today|yesterday|now|(?:{_UNITS})s?)",
    re.IGNORECASE,
)
_DATE_GOES_ON = re.compile(rf"[^\S\n]+(?:[0-9]|(?:to|for|from|ago|and|or|(?:{_UNITS})s?)\b)", re.IGNORECASE)
# What may stand behind the mark that closes a quoted address.
_AFTER_QUOTE = re.compile(r"[.,;:!?]?(?:\s|$)|/?>|(?<=<)/")
_AFTER_QUOTED_CODE = re.compile(r"[^\s\w]*(?:\s|$)|[],}:]|/?>|(?<=<)/")
_GLUED_WORD = re.compile(r"\S+?(?<=\w)")
_WORD_ON_LINE = re.compile(r"[^\n\w]*\w")
_OPENS_ITALIC = re.compile(r"(?:^|[\s*~(])_")


def urls_in_text(text: str) -> Iterator[str]:
    """Addresses in running text, without the punctuation of the sentence around them."""
    end, begin = 0, _BEGIN.search(text)
    while begin:
        before, run = text[end : begin.start()], _run(text, begin.start())
        end = begin.start() + len(run)
        begin = _BEGIN.search(text, end)
        yield _ended(before, run, text[end : begin.start() if begin else len(text)])


def whole(address: str, after: str, label: str = "") -> str:
    """An address that Slack or its author delimited, marked as cut where the text after it, or its label, goes on.

    after: the text that follows, up to the next address. One with words of its own for a label was made on purpose.
    """
    shown, leads_to = _comparable(label), _comparable(address)
    names_itself = leads_to.startswith(shown) or shown.startswith(leads_to)
    rest = shown.removeprefix(leads_to) if names_itself or "://" not in label else ""
    if _GOES_ON.search(rest) or (rest.count("|") and not _ends_surely(address)):
        return address + CUT
    goes_on = names_itself and _goes_on(address, before_address(after))
    return address + CUT if goes_on else address


def before_address(text: str) -> str:
    """What stands before the next address."""
    return _BEGIN.split(text, maxsplit=1)[0]


def delimited(address: str, after: str) -> str:
    """An address between marks, marked as cut where the second mark may have been part of it."""
    goes_on = _GOES_ON.search(after) or (_is_free(address) and _GLUED_WORD.match(after))
    return address + CUT if goes_on else address


def _run(text: str, start: int) -> str:
    """The longest that an address can be."""
    before = text[start - 1 : start]
    pattern = _IN_QUOTES if before and before in "'‘" else _RUN
    found = pattern.match(text, start, _closing(text, start) if before == "(" else len(text))
    return found[0] if found else text[start : start + len("http://")]


def _closing(text: str, start: int) -> int:
    """The position that closes the parenthesis before an address: the first one not opened inside the address."""
    depth = 0
    for found in _PARENTHESIS_OR_END.finditer(text, start):
        depth += (found[0] == "(") - (found[0] == ")")
        if depth < 0 or found[0] not in "()":
            return found.start()
    return len(text)


def _ended(before: str, run: str, after: str) -> str:
    address = _without_trailing(run, italic=bool(_OPENS_ITALIC.search(before)))
    trailing = run[len(address) :]
    if ".." in trailing or (_is_blank(address) and after[:1].strip()):
        return address + CUT
    if before and after and after[0] in _CLOSED_BY.get(before[-1], "") and not _GOES_ON.search(after):
        if _ends_surely(address):
            return address if _AFTER_QUOTED_CODE.match(after, 1) else address + CUT
        return run if _AFTER_QUOTE.match(after, 1) else address + CUT
    is_open = before[-1:] in _CLOSED_BY and not _ends_surely(address)
    return address + CUT if is_open or _goes_on(address, trailing + after) else address


def _goes_on(address: str, after: str) -> bool:
    """Whether an address may be longer than it looks, from the text behind it."""
    if after.startswith(("..", CUT)) or re.match(r"[\w=\[]", after) or _GOES_ON.search(after):
        return True
    if not _ends_surely(address):
        return bool(after[:1].strip() or _WORD_ON_LINE.match(after))
    if not _is_free(address):
        return False
    if _GLUED_WORD.match(after):
        return True
    if _CODES.fullmatch(_last(address)[1]):
        return bool(_CODES_GO_ON.match(after))
    return bool(_DATE_GOES_ON.match(after))


def _ends_surely(address: str) -> bool:
    """Whether an address ends in a whole value: not in one that might have more words."""
    value = _last(address)[1]
    return not _is_free(address) or any(form.fullmatch(value) for form in (_CODES, _DATES, _JSON))


def _is_free(address: str) -> bool:
    """Whether an address ends in a parameter that may hold any text, or in half a parameter."""
    last = address.partition("?")[2].rpartition("&")
    return bool(_FREE.search(last[2].partition("=")[0])) or (bool(last[0] or last[2]) and "=" not in last[2])


def _is_blank(address: str) -> bool:
    return _is_free(address) and not _last(address)[1]


def _last(address: str) -> tuple[str, str]:
    """The last parameter's name and value."""
    name, _, value = address.partition("?")[2].rpartition("&")[2].partition("=")
    return name, value


def _without_trailing(run: str, *, italic: bool) -> str:
    address = run.rstrip(_TRAILING + "_" if italic else _TRAILING)
    opened = {closing: address.count(opening) - address.count(closing) for closing, opening in _BRACKETS.items()}
    kept = len(address)
    for position in range(len(address), len(run)):
        if opened.get(run[position], 0) > 0:
            opened[run[position]] -= 1
            kept = position + 1
    return run[:kept]


def _comparable(address: str) -> str:
    """An address or its label without what Slack leaves off or encodes in one of the two."""
    return unquote(address).partition("://")[2] if _BEGIN.match(address) else unquote(address)
