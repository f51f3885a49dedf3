"""Reads Slack's channel and begins a record for each message that is new or was edited.

Links in replies inside a thread are not requests. The cursor object lists the known messages, so that not every record
is read; it is only a hint: a message that it does not list is looked up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import ConfigurationError, CreditsError, StateConflict, StateUnreadable, TransientError, UnexpectedAnswer
from ..looker.links import allowed_hosts
from ..slack.client import EVENT_TYPE
from ..slack.reply import too_many_links
from ..state.records import Cursor, Failure, MessageRecord, Request
from ..state.state_manager import ClaimedMessage, NoRecord
from .damage import DamageReport
from .links import FoundLinks, find_links
from .services import Services

log = logging.getLogger("credits")

LOOK_UP_EVERY = 3600.0
"""Seconds between two look-ups of SLACK_CHANNEL: the name may be another channel's by now; a look-up takes long."""
AHEAD = 3600.0
"""Seconds by which Slack's clock may be ahead of this machine's."""


@dataclass(frozen=True)
class Candidate:
    """A message with requests in it."""

    channel: str
    message: dict[str, Any]
    requests: list[Request]
    found: FoundLinks

    @property
    def ts(self) -> str:
        return str(self.message["ts"])

    @property
    def digest(self) -> str:
        """Return a hash that changes when the message is edited to ask something else."""
        return _key(" ".join(request.key for request in self.requests))


class Inbox:
    """Reads the channel's look-back window."""

    def __init__(self, services: Services, damage: DamageReport) -> None:
        self._settings = services.settings
        self._slack = services.slack
        self._state = services.state
        self._pool = services.pool
        self._clock = services.clock
        self._damage = damage
        self._hosts = allowed_hosts(services.settings.looker_hosts, services.settings.lookersdk_base_url)
        self._known: dict[str, str] = {}
        self._again: set[str] = set()
        self.problems: list[str] = []

    def read(self) -> list[ClaimedMessage]:
        """Begin a record for each new or edited message in the window, oldest first; return those this bot claimed."""
        cursor, etag = self._state.cursor()
        before = cursor.model_copy(deep=True)
        messages = self._history(cursor)
        self._known.update((ts, digest) for ts, digest in cursor.known.items() if ts not in self._again)
        new = [found for found in self._requests_in(messages) if self._known.get(found.ts) != found.digest]
        begun = [claimed for claimed in self._pool.map(self._claim, new) if claimed is not None]
        cursor.known = {ts: digest for ts, digest in self._known.items() if self.is_in_window(ts)}
        if cursor != before:
            self._state.save_cursor(cursor, etag)
        return begun

    def window(self) -> list[Candidate]:
        """Return every message with requests in the look-back window, oldest first. Changes nothing."""
        return list(self._requests_in(self._history(self._state.cursor()[0])))

    def is_in_window(self, ts: str, margin: float = 0.0) -> bool:
        """Return whether a message is in the look-back, or up to `margin` seconds older, and not from the future."""
        return self._oldest() - margin <= float(ts) <= self._clock() + AHEAD

    def begin_again(self, ts: str) -> None:
        """Have the next read begin anew a message that lost its record; its reply is looked for first."""
        self._again.add(ts)
        self._known.pop(ts, None)

    def requests(self, message: dict[str, Any]) -> tuple[list[Request], FoundLinks]:
        """Return the requests that a message holds, and the links found in it."""
        found = find_links(message, self._hosts)
        requests = [Request(key=_key(link.canonical), link=link.url) for link in found.links]
        requests += [_refused(problem.url, problem.reason) for problem in found.problems]
        if found.left_out:
            requests.append(_refused("", too_many_links(len(requests), found.left_out).text))
        return requests, found

    def _history(self, cursor: Cursor) -> tuple[str, list[dict[str, Any]]]:
        """Return the channel's id and its messages in the look-back; look up its name if the hint may be wrong."""
        name = self._settings.slack_channel
        if cursor.channel_name != name or not cursor.channel_id:
            self._remember(cursor, self._slack.channel_id(name))
        elif not 0 <= self._clock() - cursor.looked_up_at < LOOK_UP_EVERY:
            self._look_up_again(cursor)
        try:
            return cursor.channel_id, self._slack.history(cursor.channel_id, self._oldest())
        except ConfigurationError as refusal:
            self._remember(cursor, self._other_of_that_name(cursor.channel_id, refusal))
        return cursor.channel_id, self._slack.history(cursor.channel_id, self._oldest())

    def _look_up_again(self, cursor: Cursor) -> None:
        try:
            channel = self._slack.channel_id(cursor.channel_name)
        except TransientError as error:
            log.info("channel not looked up: %s", error)
            return
        except ConfigurationError as error:  # renamed, it is answered in all the same
            self.problems.append(f"{error} Until then the bot reads {cursor.channel_id}, which had that name.")
            channel = cursor.channel_id
        self._remember(cursor, channel)

    def _other_of_that_name(self, channel: str, refusal: ConfigurationError) -> str:
        """Return the id of the channel that has the name now. Raises the refusal if that is the refused channel."""
        try:
            now = self._slack.channel_id(self._settings.slack_channel)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error} Of the channel that had that name: {refusal}") from refusal
        if now == channel:
            raise refusal
        return now

    def _remember(self, cursor: Cursor, channel: str) -> None:
        """Note the channel in the cursor; forget the known messages if they are another channel's."""
        name = self._settings.slack_channel
        if cursor.channel_id not in {"", channel}:
            self._known.clear()
            cursor.known = {}
            if cursor.channel_name == name:
                self.problems.append(f"{name} is the channel {channel} now; before it was {cursor.channel_id}.")
        cursor.channel_name, cursor.channel_id, cursor.looked_up_at = name, channel, self._clock()

    def _oldest(self) -> float:
        return self._clock() - self._settings.lookback_hours * 3600

    def _requests_in(self, history: tuple[str, list[dict[str, Any]]]) -> Iterator[Candidate]:
        channel, messages = history
        for message in sorted(filter(_is_request, messages), key=lambda message: str(message["ts"])):
            try:
                requests, found = self.requests(message)
            except Exception as error:  # noqa: BLE001 (a bug here must cost one message an answer, not all of them)
                self._unread(str(message["ts"]), error)
                continue
            if requests:
                yield Candidate(channel, message, requests, found)

    def _claim(self, candidate: Candidate) -> ClaimedMessage | None:
        try:
            claimed = self._add(candidate)
        except StateUnreadable as error:
            if error.key:
                self._damage.add(error.key, str(error), (candidate.channel, candidate.ts))
            else:  # the earlier bot's list, which is about all of them
                self.problems.append(str(error))
            return None
        except StateConflict as error:
            if isinstance(error, NoRecord):
                self._again.add(candidate.ts)
            log.info("left to the next look: %s", error)
            self._known.pop(candidate.ts, None)
            return None
        except UnexpectedAnswer as error:  # to a call about this message's own objects
            self.problems.append(str(error))
            return None
        except CreditsError:
            raise
        except Exception as error:  # noqa: BLE001 (as in _requests_in)
            self._unread(candidate.ts, error)
            return None
        self._known[candidate.ts] = candidate.digest
        self._again.discard(candidate.ts)
        return claimed

    def _unread(self, ts: str, error: Exception) -> None:
        log.error("unexpected error", exc_info=error)
        self.problems.append(f"The message {ts} cannot be read ({type(error).__name__}); the bot's log shows where.")

    def _add(self, new: Candidate) -> ClaimedMessage | None:
        if new.ts not in self._known:
            if self._state.processed_before(new.ts) and self._state.read(new.channel, new.ts) is None:
                return None
            claimed = self._state.add(self._record(new), again=new.ts in self._again)
            if claimed is not None:
                return claimed
        return self._state.extend(new.channel, new.ts, new.requests, new.digest)

    def _record(self, new: Candidate) -> MessageRecord:
        return MessageRecord(
            channel=new.channel,
            ts=new.ts,
            user=new.message.get("user"),
            user_is_bot=bool(new.message.get("bot_id")),
            digest=new.digest,
            duplicates=new.found.duplicates,
            seen_at=datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            requests=new.requests,
        )


def _is_request(message: dict[str, Any]) -> bool:
    """Return whether a message was posted in the channel itself, and not by this bot."""
    in_thread = message.get("thread_ts") not in {None, message.get("ts")}
    ours = (message.get("metadata") or {}).get("event_type") == EVENT_TYPE
    return bool(message.get("ts")) and not in_thread and not ours


def _refused(url: str, reason: str) -> Request:
    failure = Failure(category="request", message=reason, requester_mends=True)
    return Request(key=_key(url), link=url[:500], state="replying", reply="refused", failure=failure)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
