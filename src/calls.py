"""Every call that leaves the process, counted by service and operation."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Hook = Callable[[str, str], None]


def _nothing(service: str, operation: str) -> None:
    """A hook that does nothing."""


class CallLog:
    """Counts calls; `before` and `after` see each attempt, and may raise (a test that kills the process does)."""

    def __init__(self, before: Hook = _nothing, after: Hook = _nothing) -> None:
        self._before = before
        self._after = after
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def call(self, service: str, operation: str) -> Iterator[None]:
        """Count one attempt of a call, which runs inside; `after` does not see an attempt that raised."""
        self._count(service, operation)
        yield
        self._after(service, operation)

    def attach(self, client: Any) -> None:
        """Count every attempt a boto3 client sends."""
        service = client.meta.service_model.service_name
        # First, because a handler that answers (moto's does) ends the line of those that are asked.
        client.meta.events.register_first("before-send", self._before_send(service))
        client.meta.events.register("response-received", self._response_received(service))

    def counts(self) -> dict[str, int]:
        """Calls so far by service."""
        with self._lock:
            totals: Counter[str] = Counter()
            for (service, _), number in self._counts.items():
                totals[service] += number
            return dict(totals)

    def operations(self) -> dict[tuple[str, str], int]:
        """Calls so far by (service, operation)."""
        with self._lock:
            return dict(self._counts)

    def _count(self, service: str, operation: str) -> None:
        with self._lock:
            self._counts[service, operation] += 1
        self._before(service, operation)

    def _before_send(self, service: str) -> Callable[..., None]:
        def handler(event_name: str, **_: Any) -> None:
            self._count(service, event_name.rsplit(".", 1)[-1])

        return handler

    def _response_received(self, service: str) -> Callable[..., None]:
        def handler(event_name: str, response_dict: Any = None, **_: Any) -> None:
            if response_dict is not None:
                self._after(service, event_name.rsplit(".", 1)[-1])

        return handler
