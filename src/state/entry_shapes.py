"""One entry of the earlier bot's list: which message it is about, and another one like it. Pure.

An entry is a text, a number, an object that names the message in one of its keys, or a list of such parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from .slack_stamps import MILLISECONDS, SECONDS, Message, in_channel, is_short, stamp_in, written_like

_NAMES_IT = (
    "ts",
    "messagets",
    "slackts",
    "msgts",
    "messagetimestamp",
    "slacktimestamp",
    "messageid",
    "msgid",
    "slackid",
    "id",
    "timestamp",
    "message",
    "permalink",
    "messagelink",
    "messageurl",
    "link",
    "url",
    "threadts",
)
_OF_SOMETHING_ELSE = {"fraud", "start", "end", "from", "to", "since", "until", "window", "reply", "thread", "ts"}
"""Words in a key that say that its time is not the entry's."""
_IN_FULL = len("1736942400.123456")
_DATE = len("2026-01-15")


def stamp_of(entry: Any) -> str | None:
    """Return the stamp of the message that an entry is about; None if it is no entry."""
    if isinstance(entry, dict):
        return _stamp_of_object(entry)
    if isinstance(entry, list):
        return next((stamp for part in entry if (stamp := stamp_in(part))), None)
    return stamp_in(entry)


def entry_like(sample: Any, message: Message, now: datetime, *, own: str | None = None, short: bool = False) -> Any:
    """Return a new entry in the shape of `sample`: its keys, with the message and the moment, null for the rest.

    now: UTC; own: the stamp that `sample` is about, where it does not say so itself;
    short: whether the writer of the sample leaves zeros out at the end of a stamp.
    """
    own = own or stamp_of(sample)

    def part_like(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return entry_like(value, message, now, short=short) if stamp_of(value) == own else None
        if own is not None and stamp_in(value) == own:
            return written_like(value, message, short=short)
        if isinstance(value, str) and _plain(key) in {"channel", "channelid", "channelname"}:
            return in_channel(value, message)
        return _time_like(key, value, now)

    if isinstance(sample, dict):
        return {key: part_like(key, value) for key, value in sample.items()}
    if isinstance(sample, list):
        return [in_channel(part, message) if _names_channel(part) else part_like("", part) for part in sample]
    return written_like(sample, message, short=short)


def value_like(values: list[Any], message: Message, now: datetime, *, own: str | None) -> Any:
    """Return a new value for a mapping from stamps, in the shape of its last one (`values`: all, in their order).

    own: the stamp of the last one.

    A mark that is the same for all (`true`, "done") is kept: the earlier bot may ask for it.
    """
    last = values[-1]
    if isinstance(last, dict):
        return entry_like(last, message, now, own=own)
    if isinstance(last, list):
        return []
    if own is not None and stamp_in(last) == own:
        return written_like(last, message)
    mark = isinstance(last, bool) or (isinstance(last, str | int) and len(values) > 1)
    if mark and all(type(value) is type(last) and value == last for value in values):
        return last
    return _time_like("", last, now)


def leaves_zeros_out(entries: Iterable[Any]) -> bool:
    """Return whether the writer of these entries turned stamps into numbers, and the numbers into texts."""
    return any(is_short(part) for entry in entries for part in (entry.values() if isinstance(entry, dict) else [entry]))


def _stamp_of_object(entry: dict[str, Any]) -> str | None:
    """Return the stamp, the full one if any key has it in full: an `id` may be the earlier bot's own number."""
    by_name = {name: value for key, value in entry.items() if (name := _plain(key)) in _NAMES_IT}
    cut_off = None
    for value in (by_name[name] for name in _NAMES_IT if name in by_name):
        stamp = _stamp_of_part(value)
        if stamp and len(stamp) == _IN_FULL:
            return stamp
        cut_off = cut_off or stamp
    return cut_off


def _stamp_of_part(value: Any) -> str | None:
    if isinstance(value, dict):  # {"message": {"ts": …}}
        return next((stamp for name in ("ts", "id") if (stamp := stamp_in(value.get(name)))), None)
    return stamp_in(value)


@lru_cache
def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _words(key: str) -> set[str]:
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", key).lower().replace("-", "_").split("_"))


def _names_channel(part: Any) -> bool:
    return isinstance(part, str) and stamp_in(part) is None and in_channel(part, Message("", "")) != part


def _time_like(key: str, value: Any, now: datetime) -> Any:
    """Return the moment, written as `value` is; None if that is no time, or not the entry's."""
    if _words(key) & _OF_SOMETHING_ELSE or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _number_like(value, now)
    with suppress(ValueError):
        return _text_like(value, now) if isinstance(value, str) else None
    return None


def _number_like(value: float, now: datetime) -> float | None:
    for size, unit in ((SECONDS, 1), (MILLISECONDS, 1000)):
        if size.start <= value < size.stop:
            moment = now.timestamp() * unit
            return int(moment) if isinstance(value, int) else round(moment, 6)
    return None


def _text_like(value: str, now: datetime) -> str:
    """Parse an ISO 8601 time, UTC if it has no zone. Raises ValueError."""
    then = datetime.fromisoformat(value)
    if len(value) <= _DATE:
        return f"{now:%Y-%m-%d}"
    there = now.astimezone(then.tzinfo or UTC)
    if then.tzinfo is None:
        there = there.replace(tzinfo=None)
    places = {"": "seconds", "000": "milliseconds"}.get("0" * len(_fraction(value)), "microseconds")
    written = there.isoformat(sep=value[_DATE], timespec=places)
    return written.replace("+00:00", "Z") if value.endswith("Z") else written


def _fraction(value: str) -> str:
    found = re.search(r"\.([0-9]+)", value)
    return found[1] if found else ""
