"""From Slack's channel to records: which messages are new, which were edited, which the bot knows already.

Links in replies inside a thread are not requests. The cursor object saves a look at every known message's record; it
is only a hint: a message it does not know is looked up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..config import BotSettings
from ..errors import CreditsError, StateConflict, StateUnreadable
from ..looker.links import allowed_hosts
from ..slack.client import EVENT_TYPE, SlackClient
from ..slack.reply import too_many_links
from ..state.records import Cursor, Failure, MessageRecord, Request
from ..state.state_manager import Held, StateManager
from .links import FoundLinks, find_links
from .work_pool import WorkPool

log = logging.getLogger("credits")


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
        """Changes when the message is edited to ask something else."""
        return _key(" ".join(request.key for request in self.requests))


class Inbox:
    """Reads the channel's look-back window. `clock`: seconds since 1970."""

    def __init__(
        self,
        settings: BotSettings,
        *,
        slack: SlackClient,
        state: StateManager,
        pool: WorkPool,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._slack = slack
        self._state = state
        self._pool = pool
        self._clock = clock
        self._hosts = allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url)
        self._known: dict[str, str] = {}
        self.problems: list[str] = []
        self._channel = ""

    def read(self) -> list[Held]:
        """Begin a record for each new request in the window, oldest first; they are this bot's to answer."""
        cursor, etag = self._state.cursor()
        before = cursor.model_copy(deep=True)
        channel = self._channel_id(cursor)
        self._known.update(cursor.known)
        new = [found for found in self._window(channel) if self._known.get(found.ts) != found.digest]
        begun = [held for held in self._pool.map(self._begin, new) if held is not None]
        oldest = self._oldest()
        cursor.known = {ts: digest for ts, digest in self._known.items() if float(ts) >= oldest}
        if cursor != before:
            self._state.save_cursor(cursor, etag)
        return begun

    def window(self) -> list[Candidate]:
        """Every request in the look-back window, oldest first, whatever became of it; changes nothing."""
        return list(self._window(self._channel_id(self._state.cursor()[0])))

    def requests(self, message: dict[str, Any]) -> tuple[list[Request], FoundLinks]:
        """The requests a message holds, and what was found of links in it."""
        found = find_links(message, self._hosts)
        requests = [Request(key=_key(link.canonical), link=link.url) for link in found.links]
        requests += [_refused(problem.url, problem.reason) for problem in found.problems]
        if found.left_out:
            requests.append(_refused("", too_many_links(len(requests), found.left_out).text))
        return requests, found

    def _channel_id(self, cursor: Cursor) -> str:
        name = self._settings.slack_channel
        if not self._channel:
            self._channel = cursor.channel_id if cursor.channel_name == name else self._slack.channel_id(name)
        cursor.channel_name, cursor.channel_id = name, self._channel
        return self._channel

    def _oldest(self) -> float:
        return self._clock() - self._settings.lookback_hours * 3600

    def _window(self, channel: str) -> Iterator[Candidate]:
        messages = filter(_is_request, self._slack.history(channel, self._oldest()))
        for message in sorted(messages, key=lambda message: str(message["ts"])):
            try:
                requests, found = self.requests(message)
            except Exception as error:  # noqa: BLE001 (a bug here must cost one message an answer, not all of them)
                self._unread(str(message["ts"]), error)
                continue
            if requests:
                yield Candidate(channel, message, requests, found)

    def _begin(self, candidate: Candidate) -> Held | None:
        try:
            held = self._add(candidate)
        except StateUnreadable as error:  # one message's, unless it is the earlier bot's list, which is all of them
            self.problems.append(str(error))
            return None
        except StateConflict as error:
            log.info("left to the next look: %s", error)
            self._known.pop(candidate.ts, None)
            return None
        except CreditsError:
            raise
        except Exception as error:  # noqa: BLE001 (as in _window)
            self._unread(candidate.ts, error)
            return None
        self._known[candidate.ts] = candidate.digest
        return held

    def _unread(self, ts: str, error: Exception) -> None:
        log.error("unexpected error", exc_info=error)
        self.problems.append(f"The message {ts} cannot be read ({type(error).__name__}); the bot's log shows where.")

    def _add(self, new: Candidate) -> Held | None:
        if new.ts not in self._known:
            if self._state.processed_before(new.ts) and self._state.read(new.channel, new.ts) is None:
                return None
            held = self._state.add(self._record(new))
            if held is not None:
                return held
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
    """Posted in the channel itself, and not by this bot."""
    in_thread = message.get("thread_ts") not in {None, message.get("ts")}
    ours = (message.get("metadata") or {}).get("event_type") == EVENT_TYPE
    return bool(message.get("ts")) and not in_thread and not ours


def _refused(url: str, reason: str) -> Request:
    failure = Failure(category="request", message=reason, requester_mends=True)
    return Request(key=_key(url), link=url[:500], state="replying", reply="refused", failure=failure)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
