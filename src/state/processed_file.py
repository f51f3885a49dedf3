"""What the earlier bot's `processed_messages.json` says, and the same with one message more. Pure.

A list of entries; a mapping whose keys or values are entries; either of them under a name ("processed") or under each
channel's. Tables of what is read and written: tests/state/test_processed_file.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import starmap
from typing import Any

from .. import paths
from ..errors import StateUnreadable
from .entry_shapes import entry_like, leaves_zeros_out, stamp_of, value_like
from .slack_stamps import CUT_OFF, Message, is_channel, stamp_in, written_like

_DEEPEST = 6
"""Mappings inside each other that are looked into for entries."""
_CONTAINERS = (
    "processed_messages",
    "processed",
    "processed_ts",
    "processed_timestamps",
    "processed_ids",
    "messages",
    "message_ids",
    "timestamps",
    "ids",
    "done",
    "seen",
    "handled",
    "answered",
    "entries",
    "items",
)
_OF_NO_MESSAGE = re.compile(r"last|latest|newest|oldest|since|cursor|updated|created|version|time|date", re.IGNORECASE)
"""Beginnings of names whose values say how far the earlier bot has read, or when."""


@dataclass(frozen=True)
class _Place:
    """A container that holds entries itself, and the keys that lead to it."""

    way: tuple[str, ...]
    inside: list[Any] | dict[str, Any]

    @cached_property
    def entries(self) -> list[tuple[Any, str]]:
        """What of it names a message, in its order: a list's items, a mapping's keys or else values; and the stamp."""
        parts = self.inside if isinstance(self.inside, list) else starmap(_naming_part, self.inside.items())
        return [(part, stamp) for part in parts if (stamp := stamp_of(part))]


def _naming_part(key: str, value: Any) -> Any:
    """What of a mapping's item can name a message."""
    if stamp_in(key):
        return key
    return None if _OF_NO_MESSAGE.match(key) else value


class ProcessedFile:
    """One version of the file. Raises StateUnreadable, naming it, for what is no list of messages."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        places = list(_places(_read(body), ()))
        self._stamps = frozenset(stamp for place in places for _, stamp in place.entries)
        if not self._stamps and any(place.inside for place in places):
            raise _unreadable("holds entries, but none of them has a Slack time stamp (1736942400.123456)")

    def lists(self, ts: str) -> bool:
        """Whether the earlier bot, or this one for it, has noted this message as done."""
        return ts in self._stamps or any(ts[:length] in self._stamps for length in CUT_OFF)

    def with_message(self, message: Message, now: float) -> bytes:
        """The file with an entry for the message at its end, in the shape of the last one; all else as it is.

        now: seconds since 1970, for the entry's times.
        """
        content = _read(self._body)
        try:
            place, like = _place_for(message.channel, list(_places(content, ())), content)
            _add(place, like, message, datetime.fromtimestamp(now, UTC))
            return json.dumps(content, indent=_indent(self._body)).encode()
        except RecursionError as error:
            raise _unreadable("is nested too deeply") from error


def _read(body: bytes) -> Any:
    try:
        content = json.loads(body) if body.strip() else []
    except (ValueError, RecursionError) as error:
        raise _unreadable("is not JSON") from error
    if content is None:
        return []
    if not isinstance(content, list | dict):
        raise _unreadable(f"holds a {type(content).__name__} where a list or a mapping of messages belongs")
    return content


def _unreadable(what: str) -> StateUnreadable:
    return StateUnreadable(
        f"{paths.PROCESSED_MESSAGES}, the earlier bot's list, {what}; no new message is answered until it can be read. "
        "Restore an earlier version of it, or delete it (messages of the look-back window may then be answered a "
        "second time)."
    )


def _places(content: Any, way: tuple[str, ...]) -> Iterator[_Place]:
    """Every container of entries, in the order they stand."""
    if isinstance(content, list) or not _leads_on(content, way):
        yield _Place(way, content)
        return
    claimed = {key: value for key, value in content.items() if isinstance(value, list | dict)}
    named = {key: claimed[key] for key in _CONTAINERS if key in claimed}
    for key, value in (named or claimed).items():
        yield from _places(value, (*way, key))


def _leads_on(content: dict[str, Any], way: tuple[str, ...]) -> bool:
    """Whether a mapping holds containers, and no entries."""
    if len(way) >= _DEEPEST or any(stamp_in(key) for key in content):
        return False
    claimed = [value for value in content.values() if isinstance(value, list | dict)]
    return bool(claimed) and not any(isinstance(value, dict) and stamp_of(value) for value in claimed)


def _place_for(channel: str, places: list[_Place], content: Any) -> tuple[_Place, _Place]:
    """Where a new entry belongs, and which entries it is like: its channel's, where each has its own; else the most."""
    fullest = max(places, key=lambda place: len(place.inside))
    for place in places:
        if channel in place.way:
            return place, place if place.inside else fullest
    if not fullest.way or not is_channel(fullest.way[-1]):
        return fullest, fullest
    above = content
    for key in fullest.way[:-1]:
        above = above[key]
    above[channel] = type(fullest.inside)()
    return _Place((*fullest.way[:-1], channel), above[channel]), fullest


def _add(place: _Place, like: _Place, message: Message, now: datetime) -> None:
    sample, stamp = like.entries[-1] if like.entries else (message.ts, message.ts)
    short = leaves_zeros_out(entry for entry, _ in like.entries)
    if isinstance(place.inside, list):
        place.inside.append(entry_like(sample, message, now, short=short))
    elif not like.entries:
        place.inside[message.ts] = {"processed_at": now.isoformat(timespec="seconds").replace("+00:00", "Z")}
    elif isinstance(like.inside, dict) and isinstance(sample, str) and sample in like.inside:
        values = [like.inside[key] for key, _ in like.entries if isinstance(key, str) and key in like.inside]
        place.inside[str(written_like(sample, message, short=short))] = value_like(values, message, now, own=stamp)
    else:
        place.inside[message.ts] = entry_like(sample, message, now, short=short)


def _indent(body: bytes) -> int | None:
    found = re.search(rb"\n( +)\S", body)
    return len(found[1]) if found else None
