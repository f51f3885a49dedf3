"""The tests' clocks, in seconds since 1970 (UTC): one that tests move, one that waits for work, one that runs fast."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from src.errors import Interrupted
from src.waiting import Waiter

DAY = 86_400.0
A_DAY_IN_JANUARY = 1_768_480_496.0
"""2026-01-15 12:34:56 UTC."""


class MovedClock:
    """For one thread: stands still until waiting, or a test, moves it; waiting takes no time."""

    def __init__(self, now: float = A_DAY_IN_JANUARY) -> None:
        self.now = now
        self.stopped = False

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if self.stopped:
            raise Interrupted("told to end")
        self.now += max(0.0, seconds)

    def sleep_past_midnight_if_within(self, seconds: float) -> None:
        """For what must happen on one day (UTC): wait for the next where this one ends within so many seconds."""
        left = DAY - self.now % DAY
        if left <= seconds:
            self.sleep(left)

    def pause(self, seconds: float) -> None:
        self.now += max(0.0, seconds)

    def wake(self) -> None:
        """Pauses are over before anything could happen in them."""


class PatientClock(MovedClock):
    """For threads and processes: stands still, however slow the machine is, while anything is `at_work`."""

    def __init__(self, now: float = A_DAY_IN_JANUARY) -> None:
        super().__init__(now)
        self.at_work: Callable[[], bool] = lambda: False
        self._woken = threading.Event()

    def pause(self, seconds: float) -> None:
        while not self._woken.wait(0.02):
            if not self.at_work():
                super().pause(seconds)
                break
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()


class FastClock(Waiter):
    """For many threads: runs `speed` times as fast as the real one, for waiting too.

    For tests marked `alone`: on a busy machine it would run away from what it is to time.
    """

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed
        self._started = self._began = time.time()

    def __call__(self) -> float:
        return self._began + (time.time() - self._started) * self._speed

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / self._speed)

    def pass_by(self, seconds: float) -> None:
        """Between two ticks, when nobody waits."""
        self._began += seconds

    def pause(self, seconds: float) -> None:
        super().pause(seconds / self._speed)
