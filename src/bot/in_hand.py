"""The messages that a tick works on, shared between its loop and its pool's threads."""

from __future__ import annotations

import threading

from ..state.records import Request
from ..state.state_manager import ClaimedMessage
from .job_slots import Key


class InHand:
    """Messages by their key, and whose step is being run. Thread-safe. `problems`: what on-call is to be told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: dict[Key, ClaimedMessage] = {}
        self._busy: set[Key] = set()
        self._starting: set[tuple[str, str, str]] = set()
        self.problems: list[str] = []

    def __contains__(self, key: object) -> bool:
        return key in self._messages

    def __len__(self) -> int:
        return len(self._messages)

    def messages(self) -> list[ClaimedMessage]:
        """Return the messages in hand now."""
        with self._lock:
            return list(self._messages.values())

    def requests(self) -> list[Request]:
        """Return the requests of the messages in hand."""
        return [request for claimed in self.messages() for request in claimed.record.requests]

    def add(self, claimed: ClaimedMessage) -> None:
        """Take a message in hand, in place of an earlier version of it."""
        with self._lock:
            self._messages[claimed.key] = claimed

    def drop(self, claimed: ClaimedMessage) -> None:
        """Leave a message to the next look, unless an edit of it was taken in hand meanwhile."""
        with self._lock:
            if self._messages.get(claimed.key) is claimed:
                del self._messages[claimed.key]
            self.problems.extend(claimed.problems)
            claimed.problems.clear()

    def begin_step(self, claimed: ClaimedMessage, request: Request, *, starts_job: bool) -> None:
        """Note that a step of a message is being run; no other is until it has ended."""
        with self._lock:
            self._busy.add(claimed.key)
            if starts_job:
                self._starting.add((*claimed.key, request.key))

    def end_step(self, claimed: ClaimedMessage, request: Request) -> None:
        """Note that its step has ended."""
        with self._lock:
            self._busy.discard(claimed.key)
            self._starting.discard((*claimed.key, request.key))

    def is_busy(self, key: Key | None = None) -> bool:
        """Return whether a step of this message is being run; of any message if none is named."""
        return bool(self._busy) if key is None else key in self._busy

    def jobs(self, claimed: ClaimedMessage) -> int:
        """Count the jobs that a message has or is about to start."""
        with self._lock:
            return sum(
                request.state in {"submitting", "running"} or (*claimed.key, request.key) in self._starting
                for request in claimed.record.requests
            )
