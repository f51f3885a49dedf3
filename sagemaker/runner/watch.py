"""Watches the notebook while papermill runs it: a stop, the deadline, a kernel that does not end when told to."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Protocol

from runner.errors import JobError, Stopped

GRACE_SECONDS = 4.0
"""How long an interrupted kernel has before it is killed."""
_LOOK_EVERY = 0.1
"""Seconds between two looks at stop and deadline."""


class Interruptible(Protocol):
    """What the watch needs of a kernel."""

    def interrupt(self) -> None: ...
    def kill(self) -> None: ...


class StopSignal:
    """Set by SIGTERM (the platform) or SIGINT (a person at a terminal)."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def install(self) -> None:
        """Listen from now on; in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._event.set())

    @property
    def requested(self) -> bool:
        """Whether somebody wants the job to end."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Stopped if somebody wants the job to end."""
        if self.requested:
            raise Stopped("The job was stopped before it had a result.", "Post the link again if nobody meant to.")


class Watch:
    """Runs work in a thread of its own until its end, a stop, or a deadline (a moment in `clock`'s time).

    too_slow: makes the error of a missed deadline; besides: returns the error of anything else that has to end it.
    """

    def __init__(
        self,
        kernel: Interruptible,
        stop: StopSignal,
        deadline: float | None,
        too_slow: Callable[[], JobError],
        *,
        besides: Callable[[], JobError | None] = lambda: None,
        grace: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernel = kernel
        self._stop = stop
        self._deadline = deadline
        self._too_slow = too_slow
        self._besides = besides
        self._grace = grace
        self._clock = clock
        self._gave_up_at = 0.0
        self._killed = False
        self.reason: JobError | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Do the work. Raises its error; if the watch ended it, Stopped or the error of `too_slow` or `besides`."""
        errors: list[BaseException] = []
        done = threading.Event()
        thread = threading.Thread(target=_do, args=(work, errors, done), name="papermill", daemon=True)
        thread.start()
        while not done.wait(_LOOK_EVERY) and not self._beyond_hope():
            self._look()
        if self.reason and (errors or not done.is_set()):
            raise self.reason from (errors[0] if errors else None)
        if errors:
            raise errors[0]

    def _look(self) -> None:
        if self.reason is None:
            self.reason = self._why_end()
            if self.reason is not None:
                self._gave_up_at = self._clock()
                self._kernel.interrupt()
        elif not self._killed and self._clock() > self._gave_up_at + self._grace:
            self._killed = True
            self._kernel.kill()

    def _why_end(self) -> JobError | None:
        if self._deadline is not None and self._clock() > self._deadline:
            return self._too_slow()
        try:
            self._stop.check()
        except Stopped as stopped:
            return stopped
        return self._besides()

    def _beyond_hope(self) -> bool:
        return self._killed and self._clock() > self._gave_up_at + 2 * self._grace


def _do(work: Callable[[], None], errors: list[BaseException], done: threading.Event) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
        errors.append(error)
    finally:
        done.set()
