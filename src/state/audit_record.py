"""What is kept of every execution for seven years: its result, whose it was and what it cost.

audit/YYYY/MM/DD/{id}.json: its SHA-256 is in the object's metadata. It holds that of result.json, which holds those of
what the job made, and those of all that is there besides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .. import paths
from ..executor import CreditResult, JobStatus, ReadResult
from ..prices import PRICES_AS_OF, estimate
from .object_store import ObjectStore
from .recommendations import Earlier
from .records import Attempt, Cost, ExecutionRecord, Failure, Purpose, ReplyKind, Understood

LOCAL = "local"
"""In the place of an instance's type: a job on the bot's own machine, which has no price."""


class AuditWriter:
    """Writes audit records. Raises TransientError and ConfigurationError as ObjectStore does."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def create(self, record: Mapping[str, Any]) -> bool:
        """Write a record unless the execution has one; whether it had none."""
        key, body, seal = self._sealed(record)
        return self._store.create_bytes(key, body, Metadata=seal)

    def replace(self, record: Mapping[str, Any]) -> None:
        """Write a record over an earlier one of the execution; the same record again writes the same bytes."""
        key, body, seal = self._sealed(record)
        self._store.put_bytes(key, body, Metadata=seal)

    def _sealed(self, record: Mapping[str, Any]) -> tuple[str, bytes, dict[str, str]]:
        files = paths.ExecutionPaths(record["execution_id"])
        result: CreditResult | None = record["result"]
        hashes = {"files_sha256": self._not_vouched_for(files, result)}
        body = json.dumps({**record, **hashes}, sort_keys=True, ensure_ascii=False, indent=1).encode()
        return files.audit, body, {"sha256": hashlib.sha256(body).hexdigest()}

    def _not_vouched_for(self, files: paths.ExecutionPaths, result: CreditResult | None) -> dict[str, str | None]:
        """Hash the execution's files that result.json has no hash of; progress.json aside, which changes."""
        elsewhere = {files.progress, files.result, *vouched(files, result)} if result else {files.progress}
        keys = [*self._store.keys(files.input_prefix), *self._store.keys(files.output_prefix)]
        return {key: self._sha256(key) for key in keys if key not in elsewhere}

    def _sha256(self, key: str) -> str | None:
        found = self._store.get_bytes(key)
        return hashlib.sha256(found[0]).hexdigest() if found else None


def keep_query(store: ObjectStore, execution_id: str, sql: str) -> None:
    """Write a SQL to the key from which its job would read it."""
    content = sql.encode("utf-8", "replace")
    store.put_bytes(paths.ExecutionPaths(execution_id).query, content, "application/sql")


def vouched(files: paths.ExecutionPaths, result: Mapping[str, Any]) -> dict[str, str]:
    """Key to SHA-256 of each file that a result.json vouches for."""
    provenance = result.get("provenance") or {}
    named = {
        files.query: "sql_sha256",
        files.notebook: "executed_notebook_sha256",
        files.report: "report_sha256",
        files.picture: "picture_sha256",
    }
    kept = {key: str(provenance[name]) for key, name in named.items() if name in provenance}
    for query in _queries(provenance):
        for file, digest in (("file", "sha256"), ("sql_file", "sql_sha256")):
            if isinstance(query.get(file), str) and isinstance(query.get(digest), str):
                kept[files.output_prefix + query[file]] = query[digest]
    return kept


def _queries(provenance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The provenance's queries; none if a company's own notebook uses that name for something else."""
    queries = provenance.get("queries")
    return [query for query in queries if isinstance(query, dict)] if isinstance(queries, list) else []


def cost_of(instance_type: str, seconds: float) -> Cost:
    """An estimate from the job's times: the service reports no billed seconds. A local job has no price."""
    return Cost(instance_type=instance_type, seconds=seconds, usd=estimate(instance_type, seconds))


def record_of_execution(
    execution: ExecutionRecord,
    *,
    read: ReadResult | None,
    failure: Failure | None,
    status: JobStatus | None,
    instance_type: str,
) -> dict[str, Any]:
    """Make the audit record of an execution that answers no message."""
    attempt = Attempt(
        execution_id=execution.execution_id,
        job_name=execution.job_name,
        job_arn=status["job_arn"] if status else None,
        created_at=status["created_at"] if status else execution.created_at,
    )
    return audit_record(
        purpose=_purpose(execution),
        result_profile=execution.result_profile or "",
        attempts=[attempt],
        outcome="answer" if read else "failure",
        result=read.result if read else None,
        result_sha256=read.sha256 if read else None,
        failure=failure,
        seen_at=execution.created_at,
        asid=execution.asid,
        link=execution.link,
        channel=execution.channel,
        message_ts=execution.ts,
        job_status=status["status"] if status else None,
        started_at=status["started_at"] if status else None,
        ended_at=status["ended_at"] if status else None,
        cost=cost_of(instance_type, status["elapsed_seconds"]) if status else None,
    )


def record_of_refusal(
    execution_id: str,
    *,
    purpose: Purpose,
    result_profile: str,
    refusal: Failure,
    understood: Understood | None,
    seen_at: str,
    link: str | None = None,
) -> dict[str, Any]:
    """Make the audit record of a SQL that answers no message and was refused before a job."""
    return audit_record(
        purpose=purpose,
        result_profile=result_profile,
        attempts=[Attempt(execution_id=execution_id, job_name=paths.job_name(execution_id))],
        outcome="refused",
        understood=understood,
        failure=refusal,
        seen_at=seen_at,
        link=link,
    )


def _purpose(execution: ExecutionRecord) -> Purpose:
    match execution.purpose:
        case "command" | "check":
            return "script"
        case purpose:
            return purpose


def audit_record(
    *,
    purpose: Purpose,
    result_profile: str,
    attempts: Sequence[Attempt],
    outcome: ReplyKind | None,
    failure: Failure | None,
    seen_at: str,
    understood: Understood | None = None,
    result: CreditResult | None = None,
    result_sha256: str | None = None,
    job_status: str | None = None,
    started_at: str | None = None,
    ended_at: str | None = None,
    cost: Cost | None = None,
    asid: str | None = None,
    link: str | None = None,
    channel: str | None = None,
    message_ts: str | None = None,
    requester: str | None = None,
    reply_ts: str | None = None,
    earlier: Earlier | None = None,
    refusal: str | None = None,
    unreached: str | None = None,
) -> dict[str, Any]:
    """Make an audit record without the hashes of its files, which AuditWriter adds.

    understood: what the bot's own reading of the SQL took it to ask for; outcome `refused`: no job was started.

    result_profile: what was demanded of the result; result_sha256: of the bytes of result.json that were answered;
    earlier: what an answer said of the account's earlier recommendations; refusal, unreached: as in records.Request.
    """
    return {
        "schema_version": "1",
        "execution_id": attempts[-1].execution_id,
        "purpose": purpose,
        "result_profile": result_profile,
        "asid": asid,
        "channel": channel,
        "message_ts": message_ts,
        "requester": requester,
        "seen_at": seen_at,
        "outcome": outcome,
        "understood": understood.model_dump() if understood else None,
        "link": link,
        "reply_ts": reply_ts,
        "earlier": earlier.model_dump(mode="json") if earlier else None,
        "refusal": refusal,
        "unreached": unreached,
        "attempts": [attempt.model_dump() for attempt in attempts],
        "failure": failure.model_dump() if failure else None,
        "job_status": job_status,
        "started_at": started_at,
        "ended_at": ended_at,
        "cost_estimate": {**cost.model_dump(), "prices_as_of": PRICES_AS_OF} if cost else None,
        "result": result,
        "result_sha256": result_sha256,
    }
