"""Waits interruptibly, so that SIGTERM ends a tick within seconds."""

from __future__ import annotations

import threading
from typing import Protocol

from .errors import Interrupted


class Waiting(Protocol):
    """Sleeps and pauses; tests pass one that only moves their clock."""

    @property
    def stopped(self) -> bool: ...

    def sleep(self, seconds: float) -> None: ...

    def pause(self, seconds: float) -> None: ...

    def wake(self) -> None: ...


class Waiter:
    """Waits in real time; `stop` ends every wait early, `wake` a pause."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._wake = threading.Event()

    @property
    def stopped(self) -> bool:
        """Return whether the process was told to end."""
        return self._stop.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait between two tries. Raises Interrupted once the process was told to end."""
        if self._stop.wait(max(0.0, seconds)):
            raise Interrupted("The bot was told to end; the next tick goes on from here.")

    def pause(self, seconds: float) -> None:
        """Wait until `wake`, `stop` or the time is up."""
        self._wake.wait(max(0.0, seconds))
        self._wake.clear()

    def wake(self) -> None:
        """End a pause early."""
        self._wake.set()

    def stop(self) -> None:
        """End every sleep, now and from now on."""
        self._stop.set()
        self._wake.set()
