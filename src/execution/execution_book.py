"""Keeps an execution's record, written before its job is created, and its audit record, written after its end."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .. import paths
from ..config import Settings
from ..errors import CreditsError, StateConflict, TransientError
from ..executor import JobStatus, ReadResult
from ..state.audit_record import AuditWriter, record_of_execution
from ..state.execution_records import demanded_of, find_record
from ..state.object_store import ObjectStore
from ..state.records import ExecutionRecord, Origin
from ..times import iso
from .endings import failure_of_end
from .submission import Submission

log = logging.getLogger("credits")

START_SECONDS = 900.0
"""Given to a job to start, besides its MaxRuntime, before it is given up or seen as abandoned."""


class ExecutionBook:
    """`clock`: seconds since 1970. Raises TransientError and ConfigurationError as ObjectStore does."""

    def __init__(self, store: ObjectStore, settings: Settings, origin: Origin, clock: Callable[[], float]) -> None:
        self._store = store
        self._settings = settings
        self._origin = origin
        self._clock = clock
        self._writer = AuditWriter(store)
        self._profiles: dict[str, str] = {}

    def begin(self, submission: Submission) -> None:
        """Create the record, unless there is one: without it nobody could stop a running job, or tell whose it is."""
        key = paths.ExecutionPaths(submission.execution_id).record
        if self._store.get_bytes(key) is not None:
            return
        try:
            self._store.create(key, self._record_for(submission))
        except StateConflict:
            log.debug("%s was begun by another bot", submission.execution_id)
        else:
            self._profiles[submission.execution_id] = self._settings.demanded_profile

    def find(self, job_name: str) -> ExecutionRecord | None:
        """The record of a job's execution; None if there is none that can be read."""
        found = self._read(job_name)
        return found[0] if found else None

    def profile_of(self, execution_id: str) -> str:
        """The profile that its result must keep: the one demanded when it began, not the settings' of now."""
        if execution_id not in self._profiles:
            self._profiles[execution_id] = demanded_of(find_record(self._store, execution_id), self._settings)
        return self._profiles[execution_id]

    def limit_of(self, job_name: str) -> float:
        """Its MaxRuntime in seconds; the settings' if S3 does not say."""
        try:
            record = self.find(job_name)
        except TransientError:
            record = None
        return (record and record.max_runtime) or self._settings.sagemaker_max_runtime

    def note_stop(self, job_name: str) -> None:
        """Write in the execution's record that the bot stopped it."""
        found = self._read(job_name)
        if found is None or found[0].stopped_because:
            return
        record, etag = found
        record.stopped_because = "stopped by the bot"
        try:
            self._store.replace(paths.ExecutionPaths(record.execution_id).record, record, etag)
        except StateConflict:
            log.debug("%s: another bot has the record", job_name)

    def to_be_kept(self, job_name: str) -> ExecutionRecord | None:
        """The record of an execution whose audit record its waiter writes: the tick writes a message's."""
        record = self.find(job_name)
        return None if record is None or record.purpose in {"message", "check"} else record

    def keep(
        self, record: ExecutionRecord, end: ReadResult | CreditsError, status: JobStatus | None, instance_type: str
    ) -> None:
        """Write the audit record of an execution that has ended, unless there is one."""
        kept = record_of_execution(
            record,
            read=None if isinstance(end, CreditsError) else end,
            failure=failure_of_end(end, status) if isinstance(end, CreditsError) else None,
            status=status,
            instance_type=instance_type,
        )
        self._writer.create(kept)

    def _record_for(self, submission: Submission) -> ExecutionRecord:
        now, limit = self._clock(), self._settings.sagemaker_max_runtime
        return ExecutionRecord(
            execution_id=submission.execution_id,
            job_name=submission.job_name,
            purpose="check" if submission.is_check else self._origin.purpose,
            asid=submission.asid,
            link=self._origin.link,
            result_profile=self._settings.demanded_profile,
            max_runtime=limit,
            created_at=iso(now),
            lease_until=now + limit + START_SECONDS,
        )

    def _read(self, job_name: str) -> tuple[ExecutionRecord, str] | None:
        execution_id = paths.execution_id_of(job_name)
        return find_record(self._store, execution_id) if execution_id else None
