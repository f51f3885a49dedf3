"""From Slack's channel to records: which messages are new, which were edited, which the bot knows already.

Links in replies inside a thread are not requests. The cursor object saves a look at every known message's record; it
is only a hint: a message it does not know is looked up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from src.config import Settings
from src.message_parser import FoundLinks, allowed_hosts, find_links
from src.records import Cursor, Failure, MessageRecord, Request
from src.slack_client import EVENT_TYPE, SlackClient
from src.state_manager import Held, StateManager


class Inbox:
    """Reads the channel's look-back window. `clock`: seconds since 1970."""

    def __init__(
        self, settings: Settings, *, slack: SlackClient, state: StateManager, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._slack = slack
        self._state = state
        self._clock = clock
        self._hosts = allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url)
        self._known: dict[str, str] = {}
        self._channel = ""

    def read(self) -> list[Held]:
        """Begin a record for each new request in the window, oldest first; they are this bot's to answer."""
        cursor, etag = self._state.cursor()
        before = cursor.model_copy(deep=True)
        channel = self._channel_id(cursor)
        oldest = self._clock() - self._settings.lookback_hours * 3600
        self._known.update(cursor.known)
        messages = sorted(self._slack.history(channel, oldest), key=lambda message: str(message.get("ts", "")))
        begun = [held for message in messages if (held := self._begin(channel, message)) is not None]
        cursor.known = {ts: digest for ts, digest in self._known.items() if float(ts) >= oldest}
        if cursor != before:
            self._state.save_cursor(cursor, etag)
        return begun

    def requests(self, message: dict[str, Any]) -> tuple[list[Request], FoundLinks]:
        """The requests a message holds, and what was found of links in it."""
        found = find_links(message, self._hosts)
        requests = [Request(key=_key(link.canonical), link=link.url) for link in found.links]
        requests += [_refused(problem.url, problem.reason) for problem in found.problems]
        return requests, found

    def _channel_id(self, cursor: Cursor) -> str:
        name = self._settings.slack_channel
        if not self._channel:
            self._channel = cursor.channel_id if cursor.channel_name == name else self._slack.channel_id(name)
        cursor.channel_name, cursor.channel_id = name, self._channel
        return self._channel

    def _begin(self, channel: str, message: dict[str, Any]) -> Held | None:
        ts = str(message.get("ts", ""))
        if not _is_request(message):
            return None
        requests, found = self.requests(message)
        if not requests:
            return None
        digest = _key(" ".join(request.key for request in requests))
        if self._known.get(ts) == digest:
            return None
        held = self._add(channel, ts, message, requests, found, digest)
        self._known[ts] = digest
        return held

    def _add(
        self, channel: str, ts: str, message: dict[str, Any], requests: list[Request], found: FoundLinks, digest: str
    ) -> Held | None:
        if ts in self._known:
            return self._state.extend(channel, ts, requests, digest)
        if self._state.processed_before(ts):
            return None
        record = MessageRecord(
            channel=channel,
            ts=ts,
            user=message.get("user"),
            user_is_bot=bool(message.get("bot_id")),
            digest=digest,
            duplicates=found.duplicates,
            left_out=found.left_out,
            seen_at=datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            requests=requests,
        )
        return self._state.add(record) or self._state.extend(channel, ts, requests, digest)


def _is_request(message: dict[str, Any]) -> bool:
    """Posted in the channel itself, and not by this bot."""
    in_thread = message.get("thread_ts") not in {None, message.get("ts")}
    ours = (message.get("metadata") or {}).get("event_type") == EVENT_TYPE
    return bool(message.get("ts")) and not in_thread and not ours


def _refused(url: str, reason: str) -> Request:
    failure = Failure(category="request", message=reason, requester_mends=True)
    return Request(key=_key(url), link=url[:500], state="replying", reply="refused", failure=failure)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
