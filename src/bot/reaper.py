"""Stops running jobs that nobody waits for: what a bot that died, or a command that was killed, left behind.

A job is stopped only where its execution record in this bucket shows it abandoned, and only by whoever wins that
record by a conditional write. A job without a record is another installation's, or a person's: reported, never stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from .. import paths
from ..aws import AwsClients
from ..config import Settings
from ..errors import CreditsError, StateConflict, StateUnreadable
from ..executor import Executor
from ..state.audit_record import AuditWriter, record_of_execution
from ..state.lease import LeaseKeeper
from ..state.records import UNANSWERED, ExecutionRecord, Failure
from ..state.state_manager import StateManager

log = logging.getLogger("credits")

MIN_AGE = 1200.0


class Reaper:
    """Looks once a tick, by one list call. `clock`: seconds since 1970."""

    def __init__(
        self,
        settings: Settings,
        *,
        clients: AwsClients,
        writer: AuditWriter,
        executor: Executor,
        state: StateManager,
        lease: LeaseKeeper,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._writer = writer
        self._executor = executor
        self._state = state
        self._lease = lease
        self._clock = clock

    def run(self) -> list[str]:
        """Stop abandoned jobs; what on-call should know, a sentence each."""
        try:
            return [said for name in self._old_jobs() if (said := self._look_at(name))]
        except CreditsError as error:
            log.warning("abandoned jobs not looked for: %s", error)
            return []

    def _old_jobs(self) -> Iterator[str]:
        before = datetime.fromtimestamp(self._clock() - MIN_AGE, UTC)
        more: dict[str, Any] = {}
        while True:
            page = self._clients.call(
                self._clients.sagemaker,
                "list_processing_jobs",
                "listing running jobs",
                NameContains=paths.JOB_NAME_PREFIX,
                StatusEquals="InProgress",
                CreationTimeBefore=before,
                MaxResults=100,
                **more,
            )
            yield from (row["ProcessingJobName"] for row in page["ProcessingJobSummaries"])
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def _look_at(self, job_name: str) -> str | None:
        execution_id = paths.execution_id_of(job_name)
        if execution_id is None:
            return None
        try:
            return self._stop_if_abandoned(execution_id, job_name)
        except StateUnreadable as error:
            return f"{job_name} was left alone: {error}"

    def _stop_if_abandoned(self, execution_id: str, job_name: str) -> str | None:
        found = self._state.execution(execution_id)
        if found is None:
            return f"{job_name} runs without a record in this bucket; it was left alone. Stop it if it is nobody's."
        record, etag = found
        why = None if record.stopped_because else self._abandoned_because(record)
        if why is None or self._executor.has_result(execution_id):
            return None
        return self._stop(record, etag, why)

    def _abandoned_because(self, record: ExecutionRecord) -> str | None:
        """Read after the execution's record: a request names its execution before that record is written."""
        if record.purpose != "message" or record.channel is None or record.ts is None:
            over = record.lease_until is not None and self._clock() > record.lease_until
            return "the command that started it is gone" if over else None
        message = self._state.read(record.channel, record.ts)
        if message is None:
            return "its message's record is gone"
        if self._lease.is_live(message.owner):
            return None
        waits = any(
            request.state in UNANSWERED and request.execution and request.execution.execution_id == record.execution_id
            for request in message.requests
        )
        return None if waits else "its message was answered without it"

    def _stop(self, record: ExecutionRecord, etag: str, why: str) -> str | None:
        record.stopped_because = f"abandoned: {why}"
        try:
            self._state.replace_execution(record, etag)
        except StateConflict:
            return None
        self._executor.stop(record.job_name)
        self._keep(record, why)
        log.warning("abandoned job stopped: %s (%s)", record.job_name, why)
        return f"{record.job_name} was stopped: {why}."

    def _keep(self, record: ExecutionRecord, why: str) -> None:
        """Whoever ends an execution keeps how it ended."""
        failure = Failure(category="cancelled", message=f"The execution was stopped: {why}.", retry_helps=True)
        kind = self._settings.sagemaker_instance_type
        status = self._executor.poll([record.job_name]).get(record.job_name)
        kept = record_of_execution(record, read=None, failure=failure, status=status, instance_type=kind)
        self._writer.create(kept)
