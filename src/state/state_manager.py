"""The bot's state in S3: which messages are open, who works on them, which links and executions are known.

state/messages/{date}/{channel}-{ts}.json   one record a message (records.py)
state/open/{channel}-{ts}                   there while its message has work left: finding it is one list
state/executions/{id}.json                  whose an execution is
state/links/{digest}.json                   who has a link's SQL in hand
state/leases/{owner}.json                   a running bot's sign of life
state/cursor.json                           a hint: what of the look-back is known
state/processed_messages.json               the earlier bot's list, kept up for it where it is there
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from .. import paths
from ..errors import StateConflict, StateUnreadable
from ..retries import until_unchanged
from .lease import LeaseKeeper
from .object_store import ObjectStore
from .processed_messages import ProcessedMessages
from .records import UNANSWERED, Cursor, ExecutionRecord, LinkRecord, MessageRecord, Request

log = logging.getLogger("credits")

HAS_ITS_SQL = frozenset({"running", "replying", "answered", "settled"})
"""States of a request whose record says with which SQL."""


class NoRecord(StateConflict):
    """A message is marked as open and has no record: its bot died between the two writes, or somebody deleted it."""


@dataclass
class ClaimedMessage:
    """A message record this bot owns, at the version it last wrote."""

    record: MessageRecord
    etag: str
    recovered: bool
    """True while steps may have been taken by a bot that died: look outside before repeating one."""
    problems: list[str] = field(default_factory=list)
    _snapshot: MessageRecord | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.record.channel, self.record.ts

    def snapshot(self) -> None:
        """Snapshot the record for rollback; each save does so, too."""
        self._snapshot = self.record.model_copy(deep=True)

    def rollback(self) -> None:
        """Restore the record as it was at the last snapshot or save."""
        if self._snapshot is not None:
            self.record = self._snapshot.model_copy(deep=True)


class StateManager:
    """Reads and writes records. Every write that meets another bot's raises StateConflict."""

    def __init__(self, store: ObjectStore, lease: LeaseKeeper) -> None:
        self._store = store
        self._lease = lease
        self._processed = ProcessedMessages(store)
        self._claimed: dict[tuple[str, ...], str] = {}
        self._cursor_is_unreadable = False

    # Messages

    def open_messages(self) -> list[tuple[str, str]]:
        """(channel, ts) of every message with work left, oldest first."""
        return self.open_markers()[0]

    def open_markers(self) -> tuple[list[tuple[str, str]], list[str]]:
        """The open messages, and the keys of markers that name no message."""
        return open_markers(self._store)

    def read(self, channel: str, ts: str) -> MessageRecord | None:
        """Read a message's record without owning it; None if there is none."""
        found = self._store.get(paths.message_record(channel, ts), MessageRecord)
        return found[0] if found else None

    def add(self, record: MessageRecord, *, again: bool = False) -> ClaimedMessage | None:
        """Write a new message's marker, then its record, and own it. None if another bot began it first.

        again: it was begun before, and may have its reply.
        """
        self._store.put_bytes(paths.open_marker(record.channel, record.ts), b"", "text/plain")
        record.owner = self._lease.acquire()
        try:
            etag = self._store.create(paths.message_record(record.channel, record.ts), record)
        except StateConflict:
            return None
        return ClaimedMessage(record, etag, recovered=again)

    def claim(self, channel: str, ts: str) -> ClaimedMessage | None:
        """Take over an open message whose bot is gone; None if that bot lives, or nothing is left to do.

        Raises NoRecord, StateUnreadable.
        """
        found = self._store.get(paths.message_record(channel, ts), MessageRecord)
        if found is None:
            raise NoRecord(f"There is no record of the message {ts}.")
        claimed = ClaimedMessage(found[0], found[1], recovered=True)
        if claimed.record.ended:
            self.close(claimed)
            return None
        if not self._own(claimed):
            return None
        if self._answered_by_the_earlier_bot(claimed.record):
            self._leave_as_answered(claimed)
            return None
        return claimed

    def extend(self, channel: str, ts: str, requests: list[Request], digest: str) -> ClaimedMessage | None:
        """Add an edited message's new links to its record, whatever state that is in, and own it.

        None if no link is new. Raises NoRecord; StateConflict if another bot has the message, and a later look must add
        its new links.
        """
        found = self._store.get(paths.message_record(channel, ts), MessageRecord)
        if found is None:
            raise NoRecord(f"There is no record of the message {ts}.")
        claimed = ClaimedMessage(found[0], found[1], recovered=True)
        known = {request.key for request in claimed.record.requests}
        added = [request for request in requests if request.key not in known]
        if not added:
            return None
        claimed.record.requests.extend(added)
        claimed.record.digest = digest
        claimed.record.mark = None
        self._store.put_bytes(paths.open_marker(channel, ts), b"", "text/plain")
        if not self._own(claimed):
            raise StateConflict(f"Another bot has the message {ts}; its new links are added later.")
        return claimed

    def save(self, claimed: ClaimedMessage) -> None:
        """Write a record this bot owns. Raises StateConflict if another bot took it over."""
        key = paths.message_record(claimed.record.channel, claimed.record.ts)
        claimed.etag = self._store.replace(key, claimed.record, claimed.etag)
        claimed.snapshot()

    def close(self, claimed: ClaimedMessage) -> None:
        """Delete the marker of a message with nothing left to do; write it again if that was edited meanwhile."""
        marker = paths.open_marker(claimed.record.channel, claimed.record.ts)
        self._store.delete(marker)
        now = self.read(claimed.record.channel, claimed.record.ts)
        if now is not None and not now.ended:
            self._store.put_bytes(marker, b"", "text/plain")

    def forget(self, channel: str, ts: str) -> None:
        """Delete the marker of a message that has no record."""
        self._store.delete(paths.open_marker(channel, ts))

    def check_lease(self, claimed: ClaimedMessage) -> None:
        """Raise LeaseLost unless there is time for one more outside call on this message."""
        self._lease.check(claimed.record.owner)

    def _own(self, claimed: ClaimedMessage) -> bool:
        mine = self._lease.acquire()
        if claimed.record.owner != mine and self._lease.is_live(claimed.record.owner):
            return False
        claimed.record.owner = mine
        try:
            self.save(claimed)
        except StateConflict:
            return False
        return True

    def _leave_as_answered(self, claimed: ClaimedMessage) -> None:
        for request in claimed.record.requests:
            request.state = "settled"
        claimed.record.mark = "white_check_mark"
        self.save(claimed)
        self.close(claimed)

    # What was before

    def cursor(self) -> tuple[Cursor, str | None]:
        """Read the hint and its version; an empty one and None if there is none, or it cannot be read."""
        try:
            found = self._store.get(paths.CURSOR, Cursor)
        except StateUnreadable as error:
            log.warning("made anew: %s", error)
            self._cursor_is_unreadable = True
            found = None
        return found if found else (Cursor(), None)

    def save_cursor(self, cursor: Cursor, etag: str | None) -> None:
        """Write the hint, unless another bot wrote it meanwhile."""
        if self._cursor_is_unreadable:
            self._store.delete(paths.CURSOR)
            self._cursor_is_unreadable = False
        try:
            if etag is None:
                self._store.create(paths.CURSOR, cursor)
            else:
                self._store.replace(paths.CURSOR, cursor, etag)
        except StateConflict:
            return

    def processed_before(self, ts: str) -> bool:
        """Whether the earlier bot's `processed_messages.json` lists this message, whichever bot noted it there."""
        return self._processed.lists(ts)

    def note_processed(self, claimed: ClaimedMessage, now: float) -> None:
        """Add an answered message to the earlier bot's list, if there is one; a second time it changes nothing.

        now: seconds since 1970. Raises StateConflict, StateUnreadable, ConfigurationError, TransientError.
        """
        if all(request.state not in UNANSWERED for request in claimed.record.requests):
            self._processed.add(*claimed.key, now)

    def _answered_by_the_earlier_bot(self, record: MessageRecord) -> bool:
        """Whether the earlier bot has noted a message of which this bot has answered nothing."""
        return all(request.state in UNANSWERED for request in record.requests) and self._processed.lists(record.ts)

    # Links

    def claim_link(self, digest: str, mine: LinkRecord, today: str, problems: list[str]) -> LinkRecord | None:
        """Take a link's SQL in hand; or the record of the request that has it, running or answered.

        today: ISO date in UTC; an answer that holds for another day alone is no answer. A record that names a missing
        request, or one with another SQL, is taken over, and `problems` says so. Raises StateConflict.
        """
        return until_unchanged(lambda: self._claim_link(digest, mine, today, problems))

    def _claim_link(self, digest: str, mine: LinkRecord, today: str, problems: list[str]) -> LinkRecord | None:
        key = paths.link_record(digest)
        with suppress(StateConflict):
            self._claimed[digest, *_whose(mine)] = self._store.create(key, mine)
            return None
        found = self._store.get(key, LinkRecord)
        if found is None:
            raise StateConflict(f"{key} was deleted meanwhile.")
        if not _free(found[0], mine, today):
            if not self._is_of_nobody(found[0], digest):
                return found[0]
            problems.append(f"{key} named a request that has not this SQL: it was taken over.")
        self._claimed[digest, *_whose(mine)] = self._store.replace(key, mine, found[1])
        return None

    def _is_of_nobody(self, link: LinkRecord, digest: str) -> bool:
        try:
            message = self.read(link.channel, link.ts)
        except StateUnreadable:  # it may be its own: the thread is there to look at
            return False
        request = next((r for r in message.requests if r.key == link.request_key), None) if message else None
        return request is None or (request.state in HAS_ITS_SQL and request.sql_digest != digest)

    def update_link(self, digest: str, mine: LinkRecord) -> None:
        """Write how a link's request stands, unless another request has the link by now."""
        key, claimed = paths.link_record(digest), self._claimed.pop((digest, *_whose(mine)), None)
        if claimed is not None:
            with suppress(StateConflict):  # changed since: look at what is there
                self._store.replace(key, mine, claimed)
                return
        try:
            found = self._store.get(key, LinkRecord)
        except StateUnreadable:  # nobody's by now: whoever asks next is to find this one
            self._store.put_bytes(key, mine.model_dump_json().encode())
            return
        if found and _whose(found[0]) == _whose(mine):
            self._store.replace(key, mine, found[1])

    # Executions

    def begin_execution(self, record: ExecutionRecord) -> None:
        """Write whose an execution will be, before its job is created; one that is there stays."""
        try:
            self._store.create(paths.ExecutionPaths(record.execution_id).record, record)
        except StateConflict:
            return

    def execution(self, execution_id: str) -> tuple[ExecutionRecord, str] | None:
        """(record, version) of an execution, or None for one that is not this bucket's."""
        return self._store.get(paths.ExecutionPaths(execution_id).record, ExecutionRecord)

    def replace_execution(self, record: ExecutionRecord, etag: str) -> None:
        """Write an execution's record over exactly that version. Raises StateConflict."""
        self._store.replace(paths.ExecutionPaths(record.execution_id).record, record, etag)


def open_markers(store: ObjectStore) -> tuple[list[tuple[str, str]], list[str]]:
    """(channel, ts) of every message with work left, oldest first; the keys among the markers that name no message."""
    keys = list(store.keys(paths.OPEN_PREFIX))
    named = [(key, paths.message_of_marker(key)) for key in keys]
    messages = sorted((message for _, message in named if message), key=lambda message: message[1])
    return messages, [key for key, message in named if message is None]


def link_digest(canonical: str, sql: str) -> str:
    """What makes two requests the same: the link and the SQL that Looker gave for it."""
    return hashlib.sha256(f"{canonical}\n{sql}".encode("utf-8", "surrogatepass")).hexdigest()


def _whose(link: LinkRecord) -> tuple[str, str, str]:
    return link.channel, link.ts, link.request_key


def _free(found: LinkRecord, mine: LinkRecord, today: str) -> bool:
    if found.state == "failed" or _whose(found) == _whose(mine):
        return True
    return found.only_on is not None and found.only_on != today
