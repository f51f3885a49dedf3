"""The audit trail of what was answered in Slack, and how an account's earlier recommendations are found.

audit/YYYY/MM/DD/{id}.json                         see audit_record.py
index/account/{account_sid}/{fraud_end}_{id}       one small object a recommendation, found by one list
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from .. import paths
from ..config import BotSettings
from ..executor import CreditResult, JobStatus, is_account
from .audit_record import LOCAL, AuditWriter, audit_record, cost_of
from .execution_records import demanded_of, find_record
from .object_store import ObjectStore
from .records import Cost, MessageRecord, Request

MAX_EARLIER = 5


class IndexEntry(BaseModel):
    """One recommendation of an account; dates ISO and inclusive, money in USD."""

    execution_id: str
    account_sid: str
    fraud_start: str
    fraud_end: str
    credit_amount: float
    currency: str
    channel: str
    ts: str


class AuditTrail:
    """Writes messages' audit records and the account index; reads both."""

    def __init__(self, store: ObjectStore, settings: BotSettings) -> None:
        self._store = store
        self._writer = AuditWriter(store)
        self._settings = settings

    def saved_query(self, request: Request) -> str | None:
        """The SQL an execution was given, where it was uploaded already."""
        if request.execution is None:
            return None
        found = self._store.get_bytes(paths.ExecutionPaths(request.execution.execution_id).query)
        return found[0].decode() if found else None

    def report(self, execution_id: str) -> bytes | None:
        """An execution's report.html."""
        found = self._store.get_bytes(paths.ExecutionPaths(execution_id).report)
        return found[0] if found else None

    def picture(self, execution_id: str) -> bytes | None:
        """An execution's breakdown.png, where one was asked for."""
        found = self._store.get_bytes(paths.ExecutionPaths(execution_id).picture)
        return found[0] if found else None

    def earlier(self, result: CreditResult) -> list[IndexEntry]:
        """Recommendations for the same account whose windows overlap this one's, latest first, at most MAX_EARLIER."""
        account, first = result.get("account_sid"), result.get("fraud_start")
        if not indexed(result):
            return []
        prefix = paths.account_index_prefix(account or "")
        keys = list(self._store.keys(prefix, start_after=f"{prefix}{first}"))
        return list(self._overlapping(reversed(keys), result))[:MAX_EARLIER]

    def write(self, message: MessageRecord, request: Request, result: CreditResult | None) -> None:
        """Keep how a request ended; the same again writes the same."""
        if request.execution is None:
            return
        if result is not None and "audit" not in request.done:  # the job's end, noted later, changes nothing there
            self._index(message, result)
        record = audit_record(
            purpose="message",
            result_profile=demanded_of(find_record(self._store, request.execution.execution_id), self._settings),
            attempts=request.attempts,
            outcome=request.reply,
            result=result,
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
        )
        self._writer.replace(record)

    def cost(self, status: JobStatus) -> Cost:
        """An estimate from the job's times."""
        kind = LOCAL if self._settings.executor == "local" else self._settings.sagemaker_instance_type
        return cost_of(kind, status["elapsed_seconds"])

    def _index(self, message: MessageRecord, result: CreditResult) -> None:
        if not indexed(result):
            return
        entry = index_entry(message.channel, message.ts, result)
        key = paths.account_index(entry.account_sid, entry.fraud_end, entry.execution_id)
        self._store.put_bytes(key, entry.model_dump_json().encode())

    def _overlapping(self, keys: Iterator[str], result: CreditResult) -> Iterator[IndexEntry]:
        for key in keys:
            found = self._store.get(key, IndexEntry)
            if found is None or found[0].execution_id == result["execution_id"]:
                continue
            if found[0].fraud_start <= (result.get("fraud_end") or ""):
                yield found[0]


def indexed(result: CreditResult) -> bool:
    """Whether the account's index holds it: it says which account, as an SID, and which days."""
    return bool(is_account(result.get("account_sid") or "") and result.get("fraud_start") and result.get("fraud_end"))


def index_entry(channel: str, ts: str, result: CreditResult) -> IndexEntry:
    """What the account index says of a result that was answered in this thread."""
    return IndexEntry(
        execution_id=result["execution_id"],
        account_sid=result.get("account_sid") or "",
        fraud_start=result.get("fraud_start") or "",
        fraud_end=result.get("fraud_end") or "",
        credit_amount=result["credit_amount"],
        currency=result.get("currency") or "USD",
        channel=channel,
        ts=ts,
    )
