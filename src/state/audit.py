"""The audit trail of what was answered in Slack, and what each answer says of the account's earlier recommendations.

audit/YYYY/MM/DD/{id}.json         see audit_record.py
index/account/{account_sid}/       see account_index.py
"""

from __future__ import annotations

from .. import paths
from ..config import BotSettings
from ..executor import CreditResult, JobStatus
from .account_index import AccountIndex, Tell
from .audit_record import LOCAL, AuditWriter, audit_record, cost_of, keep_query
from .execution_records import demanded_of, find_record
from .object_store import ObjectStore
from .recommendations import Earlier
from .records import Cost, MessageRecord, Request


class AuditTrail:
    """Writes messages' audit records, and enters what they answer in the account index."""

    def __init__(self, store: ObjectStore, settings: BotSettings) -> None:
        self._store = store
        self._writer = AuditWriter(store)
        self._settings = settings
        self._index = AccountIndex(store)

    def saved_query(self, request: Request) -> str | None:
        """The SQL of the request's execution; None if it is not uploaded yet."""
        if request.execution is None:
            return None
        found = self._store.get_bytes(paths.ExecutionPaths(request.execution.execution_id).query)
        return found[0].decode() if found else None

    def keep_query(self, execution_id: str, sql: str) -> None:
        """Write a SQL that no job is started for to the key that a job's SQL has."""
        keep_query(self._store, execution_id, sql)

    def report(self, execution_id: str) -> bytes | None:
        """An execution's report.html; None if there is none."""
        found = self._store.get_bytes(paths.ExecutionPaths(execution_id).report)
        return found[0] if found else None

    def picture(self, execution_id: str) -> bytes | None:
        """An execution's breakdown.png; None if there is none."""
        found = self._store.get_bytes(paths.ExecutionPaths(execution_id).picture)
        return found[0] if found else None

    def recommend(self, message: MessageRecord, result: CreditResult, tell: Tell) -> Earlier:
        """Enter a result in the account's index before it is posted; the account's other recommendations near it.

        The index is read after the entry is written: of two answered at once, at least one finds the other. tell: takes
        a sentence for on-call about each entry that cannot be read.
        """
        entry = self._index.enter(message.channel, message.ts, result)
        return self._index.earlier(entry, tell) if entry else Earlier()

    def reached_nobody(self, told: Earlier | None) -> None:
        """Mark the answer that was to say this as posted nowhere: later answers do not tell of it. None: do nothing."""
        self._index.reached_nobody(told)

    def write(self, message: MessageRecord, request: Request, result: CreditResult | None) -> None:
        """Write the audit record of how a request ended; the same again writes the same."""
        if request.execution is None:
            return
        if result is not None and request.earlier is None:  # answered by an earlier release, which entered it here
            self._index.enter(message.channel, message.ts, result)
        record = audit_record(
            purpose="message",
            result_profile=demanded_of(find_record(self._store, request.execution.execution_id), self._settings),
            attempts=request.attempts,
            outcome=request.reply,
            understood=request.understood,
            result=result,
            result_sha256=request.result_sha256,
            failure=request.failure,
            seen_at=message.seen_at,
            job_status=request.status,
            started_at=request.started_at,
            ended_at=request.ended_at,
            cost=request.cost,
            link=request.link,
            channel=message.channel,
            message_ts=message.ts,
            requester=message.user,
            reply_ts=request.reply_ts,
            earlier=request.earlier,
            refusal=request.refusal,
            unreached=request.unreached,
        )
        self._writer.replace(record)

    def cost(self, status: JobStatus) -> Cost:
        """Estimate a job's cost in USD from its times."""
        kind = LOCAL if self._settings.executor == "local" else self._settings.sagemaker_instance_type
        return cost_of(kind, status["elapsed_seconds"])
