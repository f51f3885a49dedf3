"""Stops running jobs that nobody waits for, left behind by a bot that died or a command that was killed.

A job is stopped only where its execution record in this bucket shows it abandoned, and only by whoever wins that
record by a conditional write. A job without a record is another installation's, or a person's: reported, never stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from .. import paths
from ..errors import CreditsError, StateConflict, StateUnreadable, UnexpectedAnswer
from ..execution.running_jobs import running_jobs
from ..state.audit_record import AuditWriter, record_of_execution
from ..state.records import UNANSWERED, ExecutionRecord, Failure
from .services import Services

log = logging.getLogger("credits")

MIN_AGE = 1200.0
"""Seconds from its creation before which no job is taken for abandoned: longer than a tick."""


class Reaper:
    """Looks for abandoned jobs, once a tick by one list call."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._clients = services.clients
        self._writer = AuditWriter(services.store)
        self._executor = services.executor
        self._state = services.state
        self._lease = services.lease
        self._clock = services.clock

    def run(self) -> list[str]:
        """Stop abandoned jobs; return what on-call should know, a sentence each."""
        try:
            return [said for name in self._old_jobs() if (said := self._look_at(name))]
        except CreditsError as error:
            log.warning("abandoned jobs not looked for: %s", error)
            return []

    def _old_jobs(self) -> Iterator[str]:
        before = datetime.fromtimestamp(self._clock() - MIN_AGE, UTC)
        for row in running_jobs(self._clients, "listing running jobs", CreationTimeBefore=before):
            yield row["ProcessingJobName"]

    def _look_at(self, job_name: str) -> str | None:
        execution_id = paths.execution_id_of(job_name)
        if execution_id is None:
            return None
        try:
            return self._stop_if_abandoned(execution_id, job_name)
        except (StateUnreadable, UnexpectedAnswer) as error:
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
        """Return why nobody waits for the execution, or None. Its message is read after its record: a request names its
        execution before that record is written.
        """
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
        """Keep how the execution ended, in its audit record."""
        failure = Failure(category="cancelled", message=f"The execution was stopped: {why}.", retry_helps=True)
        kind = self._settings.sagemaker_instance_type
        status = self._executor.poll([record.job_name]).get(record.job_name)
        kept = record_of_execution(record, read=None, failure=failure, status=status, instance_type=kind)
        self._writer.create(kept)
