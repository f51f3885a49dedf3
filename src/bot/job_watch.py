"""Looks at the jobs that run, beside the tick's loop: their results, and how they ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from ..errors import CreditsError
from ..executor import Executor
from ..state.records import Request
from ..waiting import Waiting
from .transitions import Signals
from .work_pool import ANSWER, SUBMIT, WorkPool

log = logging.getLogger("credits")


class JobWatch:
    """What it sees is in `signals`, and ends the loop's pause. Nothing is looked at twice at a time."""

    def __init__(self, *, executor: Executor, signals: Signals, pool: WorkPool, waiting: Waiting) -> None:
        self._executor = executor
        self._signals = signals
        self._pool = pool
        self._waiting = waiting
        self._looking: set[str] = set()
        self._asking: set[str] = set()

    def look_for_results(self, requests: Iterable[Request]) -> None:
        """See whether those that run have their results."""
        for request in requests:
            execution_id = request.attempts[-1].execution_id
            wanted = request.state == "running" and execution_id not in self._signals.results
            if wanted and execution_id not in self._looking:
                self._looking.add(execution_id)
                self._pool.submit(ANSWER, partial(self._look, execution_id))

    def ask_for_statuses(self, requests: Iterable[Request]) -> None:
        """See which jobs have ended; after a flood there are hundreds to ask for.

        An end is asked for once, however long its request takes to settle.
        """
        names = {r.attempts[-1].job_name for r in requests if self._signals.end_of(r) is None} - self._asking
        if names:
            self._asking.update(names)
            self._pool.submit(SUBMIT, partial(self._ask, sorted(names)))

    def _look(self, execution_id: str) -> None:
        try:
            if self._executor.has_result(execution_id):
                self._signals.results.add(execution_id)
                self._waiting.wake()
        except CreditsError as error:
            log.warning("result not looked for: %s", error)
        finally:
            self._looking.discard(execution_id)

    def _ask(self, job_names: list[str]) -> None:
        try:
            self._signals.statuses.update(self._executor.poll(job_names, self._pool.map))
            self._waiting.wake()
        except CreditsError as error:
            log.warning("status not known: %s", error)
        finally:
            self._asking.difference_update(job_names)
