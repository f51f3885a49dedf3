"""Shows requests without an answer as records like those of the audit trail."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from .. import paths
from ..errors import StateUnreadable
from ..state.object_store import ObjectStore
from ..state.records import UNANSWERED, MessageRecord, Request
from ..state.state_manager import open_markers
from .reader import Record

log = logging.getLogger("credits")


def in_hand(store: ObjectStore) -> list[Record]:
    """Return a record for each link that waits for its answer, oldest message first, with its request's `state`.

    A record that cannot be read is left out, and logged. Raises ConfigurationError and TransientError as ObjectStore.
    """
    messages, _ = open_markers(store)
    return [record for channel, ts in messages for record in _of_message(store, channel, ts)]


def _of_message(store: ObjectStore, channel: str, ts: str) -> Iterator[Record]:
    try:
        found = store.get(paths.message_record(channel, ts), MessageRecord)
    except StateUnreadable as error:
        log.error("%s", error)
        return
    if found is not None:
        yield from (_record(found[0], request) for request in found[0].requests if request.state in UNANSWERED)


def _record(message: MessageRecord, request: Request) -> Record:
    return {
        "execution_id": request.execution.execution_id if request.execution else None,
        "channel": message.channel,
        "message_ts": message.ts,
        "requester": message.user,
        "seen_at": message.seen_at,
        "state": request.state,
        "refusal": request.refusal,
        "link": request.link,
    }
