"""Watches the running jobs beside the tick's loop: looks for their results and asks for their statuses."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from ..errors import CreditsError
from ..state.records import Request
from .services import Services
from .transitions import Signals
from .work_pool import ANSWER, SUBMIT

log = logging.getLogger("credits")


class JobWatch:
    """Puts results and statuses into `signals` and ends the loop's pause. Looks at no job twice at a time."""

    def __init__(self, services: Services, signals: Signals) -> None:
        self._executor = services.executor
        self._pool = services.pool
        self._waiting = services.waiting
        self._signals = signals
        self._looking: set[str] = set()
        self._asking: set[str] = set()

    def look_for_results(self, requests: Iterable[Request]) -> None:
        """Look for the result of each running request's job."""
        for request in requests:
            execution_id = request.attempts[-1].execution_id
            wanted = request.state == "running" and execution_id not in self._signals.results
            if wanted and execution_id not in self._looking:
                self._looking.add(execution_id)
                self._pool.submit(ANSWER, partial(self._look, execution_id))

    def ask_for_statuses(self, requests: Iterable[Request]) -> None:
        """Ask for the status of each job whose end is not known, many by one call.

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
