"""The earlier bot's `processed_messages.json` in S3: read before a message is begun, added to once it is answered.

While the file is there, either bot can take over from the other at any time. Where it is not, none is made.
"""

from __future__ import annotations

from threading import Lock

from .. import paths
from ..retries import until_unchanged
from .object_store import ObjectStore
from .processed_file import ProcessedFile
from .slack_stamps import Message


class ProcessedMessages:
    """The list, read when first asked for, and again after somebody else has written it.

    Every method raises StateUnreadable if the file is no list of messages, and what ObjectStore raises.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = Lock()
        self._is_read = False
        self._found: tuple[ProcessedFile, str] | None = None

    def lists(self, ts: str) -> bool:
        """Whether a message is noted as done."""
        with self._lock:
            found = self._read()
        return found is not None and found[0].lists(ts)

    def add(self, channel: str, ts: str, now: float) -> None:
        """Note a message as done, unless it is noted or there is no file; a second time it changes nothing.

        now: seconds since 1970, for the entry's times. Raises StateConflict if others write at every try.
        """
        with self._lock:
            until_unchanged(lambda: self._add(Message(channel, ts), now))

    def _add(self, message: Message, now: float) -> None:
        found = self._read()
        if found is None or found[0].lists(message.ts):
            return
        body = found[0].with_message(message, now)
        self._is_read = False
        etag = self._store.replace_bytes(paths.PROCESSED_MESSAGES, body, found[1])
        self._found, self._is_read = (ProcessedFile(body), etag), True

    def _read(self) -> tuple[ProcessedFile, str] | None:
        if not self._is_read:
            found = self._store.get_bytes(paths.PROCESSED_MESSAGES)
            self._found = (ProcessedFile(found[0]), found[1]) if found else None
            self._is_read = True
        return self._found
