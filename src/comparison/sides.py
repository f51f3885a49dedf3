"""Runs one case on one executor and keeps its answer in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from .. import paths
from ..errors import CapacityError, CreditsError, ExecutionError, QueryError
from ..executor import CreditResult, Executor, JobStatus
from ..retries import when_there_is_room
from .cases import Case
from .journal import Answer, Journal, Side

_TRY_AGAIN = frozenset({"lost", "no_capacity", "stopped", "cancelled"})


class Sides:
    """Both executors and their journal. `sleep` may raise Interrupted: jobs then run on."""

    def __init__(
        self,
        executors: Mapping[Side, Executor],
        journal: Journal,
        *,
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._executors = executors
        self._journal = journal
        self._sleep = sleep
        self._clock = clock

    def ask(self, case: Case, side: Side) -> Answer:
        """Return the side's answer: from the journal, from a job that was begun, or from a new one.

        Raises ConfigurationError, TransientError, Interrupted: the same call later goes on.
        """
        known = self._journal.answer(case.key, side)
        if known is not None:
            return known
        self._sleep(0.0)  # told to end: nothing is begun any more
        execution_id = self._journal.execution(case.key, side)
        if execution_id is None:
            execution_id = paths.new_execution_id(datetime.fromtimestamp(self._clock(), UTC))
            self._journal.begin(case.key, side, execution_id)
        answer = self._run(self._executors[side], case.sql, execution_id)
        self._journal.end(case.key, side, answer)
        return answer

    def _run(self, executor: Executor, sql: str, execution_id: str) -> Answer:
        began = self._clock()
        try:
            job_name = self._start(executor, sql, execution_id)
            status = executor.wait_for_completion(job_name)
        except (ExecutionError, QueryError) as error:
            return _failed(execution_id, self._clock() - began, error, again=False)
        seconds = _seconds(status)
        try:
            return _answered(executor.get_results(execution_id), seconds)
        except (ExecutionError, CapacityError) as error:
            failure = error.failure if isinstance(error, ExecutionError) else None
            again = status["outcome"] in _TRY_AGAIN or bool(failure and failure["retry_helps"])
            return _failed(execution_id, seconds, error, again=again)

    def _start(self, executor: Executor, sql: str, execution_id: str) -> str:
        return when_there_is_room(lambda: executor.execute(sql, execution_id=execution_id), self._sleep)["job_name"]


def _seconds(status: JobStatus) -> float:
    return round(status["elapsed_seconds"], 1)


def _answered(result: CreditResult, seconds: float) -> Answer:
    return Answer(
        execution_id=result["execution_id"],
        seconds=seconds,
        credit=Decimal(f"{result['credit_amount']:.2f}"),
        policy_version=result.get("policy_version", ""),
        flags=sorted(flag["code"] for flag in result["flags"]) if "flags" in result else None,
        currency=result.get("currency") or "USD",
        modes=[{**row} for row in result["output_df"]],
    )


def _failed(execution_id: str, seconds: float, error: CreditsError, *, again: bool) -> Answer:
    failure = error.failure if isinstance(error, ExecutionError) else None
    said = f"{failure['category']}: {failure['message']}" if failure else error.message
    return Answer(execution_id=execution_id, seconds=round(seconds, 1), failure=said, again=again)
