"""Runs steps of many messages side by side in a bounded pool, the most urgent first."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

log = logging.getLogger("credits")

Task = Callable[[], None]
Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAP_THREADS = 8

ANSWER, SUBMIT, RESOLVE, AFTER, REACT = range(5)
"""Urgency: replies to people first, then jobs (one that can start does, before the next link is looked up), reports and
records after them, reactions last."""


class WorkPool(Protocol):
    """Where the tick hands in work."""

    def submit(self, urgency: int, task: Task) -> None: ...

    def map(self, task: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]: ...

    def idle(self) -> bool: ...

    def close(self, wait_seconds: float) -> None: ...


class ThreadedPool:
    """`size` threads for work; `reactions` more for reactions, so that Slack's limits on these hold up nothing."""

    def __init__(self, size: int = 16, reactions: int = 4) -> None:
        self._numbers = itertools.count()
        self._pending = 0
        self._lock = threading.Lock()
        self._queues: dict[bool, queue.PriorityQueue[tuple[int, int, Task | None]]] = {
            False: queue.PriorityQueue(),
            True: queue.PriorityQueue(),
        }
        self._sizes = {False: size, True: reactions}
        self._threads = [
            self._start(only, name=f"{'reactions' if only else 'work'}-{number}")
            for only, threads in self._sizes.items()
            for number in range(threads)
        ]

    def submit(self, urgency: int, task: Task) -> None:
        """Queue a task; the most urgent first, first come first served within each urgency."""
        with self._lock:
            self._pending += 1
        self._queues[urgency == REACT].put((urgency, next(self._numbers), task))

    def map(self, task: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Run the task for each item side by side; return the answers in order, or raise the first error."""
        with ThreadPoolExecutor(MAP_THREADS) as threads:
            return list(threads.map(task, items))

    def idle(self) -> bool:
        """Whether nothing is queued or being done."""
        with self._lock:
            return self._pending == 0

    def close(self, wait_seconds: float) -> None:
        """Drop what is queued, and give what is being done `wait_seconds` to finish."""
        for only_reactions, pending in self._queues.items():
            _drain(pending)
            for _ in range(self._sizes[only_reactions]):
                pending.put((-1, next(self._numbers), None))
        deadline = time.monotonic() + wait_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self, only_reactions: bool, name: str) -> threading.Thread:
        thread = threading.Thread(target=self._work, args=(self._queues[only_reactions],), name=name, daemon=True)
        thread.start()
        return thread

    def _work(self, pending: queue.PriorityQueue[tuple[int, int, Task | None]]) -> None:
        while True:
            task = pending.get()[2]
            if task is None:
                return
            try:
                task()
            except Exception as error:  # (a thread that ends here would take its share of the work with it)
                log.error("unexpected error", exc_info=error)
            finally:
                with self._lock:
                    self._pending -= 1


class InlinePool:
    """Runs each task at once in the caller's thread, so that the order of calls is always the same."""

    def submit(self, urgency: int, task: Task) -> None:  # noqa: ARG002 (there is no queue to order)
        """Run it now."""
        task()

    def map(self, task: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Run the task for one item after the other."""
        return [task(item) for item in items]

    def idle(self) -> bool:
        """Always: nothing is ever queued."""
        return True

    def close(self, wait_seconds: float) -> None:
        """Nothing to wait for."""


def _drain(pending: queue.PriorityQueue[tuple[int, int, Task | None]]) -> None:
    while True:
        try:
            pending.get_nowait()
        except queue.Empty:
            return
