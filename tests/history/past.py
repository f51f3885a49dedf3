"""Answered executions made from a ledger's rows: computed, written and recorded by the real code, without a job."""

from __future__ import annotations

import gzip
import json
from typing import Any, cast

from verify_credit.calculation import decide
from verify_credit.policy import policy_version
from verify_credit.result import build_result, sha256

from src import paths
from src.config import load_settings
from src.executor import CreditResult
from src.state.audit import AuditTrail
from src.state.object_store import ObjectStore
from src.state.records import Attempt, MessageRecord, Request
from tests.money.ledger import Ledger

SEEN_AT = "2026-01-15T12:00:00.000Z"


def record(store: ObjectStore, execution_id: str, ledger: Ledger, policy: str = "2025-1") -> dict[str, Any]:
    """Leave in the bucket what a job and the bot would have left; the result."""
    files = paths.ExecutionPaths(execution_id)
    queries = [_leave_query(store, files, name, rows) for name, rows in sorted(ledger.rows.items())]
    for key, body in ((files.query, ledger.sql), (files.report, "report"), (files.notebook, "{}")):
        store.put_bytes(key, body.encode())
    provenance = {
        "sql_sha256": sha256(ledger.sql),
        "sql_as_run_sha256": sha256(ledger.sql),
        "notebook_sha256": sha256(""),
        "executed_notebook_sha256": sha256("{}"),
        "report_sha256": sha256("report"),
        "image": None,
        "queries": queries,
    }
    result = build_result(
        ledger.claim,
        ledger.evidence,
        decide(ledger.claim, ledger.evidence, policy_version(policy)),
        execution_id=execution_id,
        timestamp="2026-01-15T12:00:00Z",
        provenance=provenance,
    )
    store.put_bytes(files.result, json.dumps(result).encode())
    _audit(store, execution_id, cast("CreditResult", result), sha256(json.dumps(result)))
    return result


def _leave_query(store: ObjectStore, files: paths.ExecutionPaths, name: str, rows: list[Any]) -> dict[str, Any]:
    body = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0)
    file, sql_file = f"data/{name}.jsonl.gz", f"data/{name}.sql"
    store.put_bytes(files.output_prefix + file, body)
    store.put_bytes(files.output_prefix + sql_file, b"SELECT 1")
    hashes = {"file": file, "sha256": sha256(body), "sql_file": sql_file, "sql_sha256": sha256("SELECT 1")}
    return {"name": name, "query_id": None, "rows": len(rows), "seconds": 0.1, **hashes}


def _audit(store: ObjectStore, execution_id: str, result: CreditResult, digest: str) -> None:
    attempt = Attempt(execution_id=execution_id, job_name=paths.job_name(execution_id))
    request = Request(key="k", link="https://looker.example/x/1", state="answered", attempts=[attempt], reply="answer")
    request.result_sha256 = digest
    message = MessageRecord(
        channel="C1", ts="1768478400.000100", user="U0SUPPORT1", digest="d", seen_at=SEEN_AT, requests=[request]
    )
    AuditTrail(store, load_settings()).write(message, request, result)
