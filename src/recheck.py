"""Checks a past execution against what is kept of it: every hash, and the credit computed anew from the saved rows.

Needs neither Presto nor SageMaker: the calculation is the notebook's own (notebooks/verify_credit, standard library).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from notebooks.verify_credit.calculation import decide
from notebooks.verify_credit.claim import Claim
from notebooks.verify_credit.errors import JobError
from notebooks.verify_credit.evidence import Evidence
from notebooks.verify_credit.policy import policy_version
from notebooks.verify_credit.result import output_rows
from src import paths
from src.object_store import ObjectStore

Record = dict[str, Any]


def differences(store: ObjectStore, execution_id: str) -> Iterator[str]:
    """What differs from what was recorded, a sentence each; nothing where all is as it was.

    Raises ConfigurationError and TransientError as ObjectStore does.
    """
    files = paths.ExecutionPaths(execution_id)
    found = store.get_with_metadata(files.audit)
    if found is None:
        yield f"{files.audit} is missing: there is no audit record of this execution."
        return
    body, metadata = found
    yield from _changed(files.audit, body, metadata.get("sha256"))
    record = _parsed(body)
    if record is None:
        yield f"{files.audit} is not JSON."
    elif record.get("result") is None:
        return
    else:
        yield from _result_differences(store, files, record)


def _result_differences(store: ObjectStore, files: paths.ExecutionPaths, record: Record) -> Iterator[str]:
    body = _read(store, files.result)
    yield from _changed(files.result, body, record.get("result_sha256"))
    result = _parsed(body or b"")
    if result != record["result"]:
        yield f"{files.result} is not the result of the audit record."
    yield from _file_differences(store, files, record["result"]["provenance"])
    yield from _credit_differences(store, files, record["result"])


def _file_differences(store: ObjectStore, files: paths.ExecutionPaths, provenance: Record) -> Iterator[str]:
    kept = {
        files.query: provenance["sql_sha256"],
        files.notebook: provenance["executed_notebook_sha256"],
        files.report: provenance["report_sha256"],
    }
    for query in provenance["queries"]:
        kept[files.output_prefix + query["file"]] = query["sha256"]
        kept[files.output_prefix + query["sql_file"]] = query["sql_sha256"]
    for key, digest in kept.items():
        yield from _changed(key, _read(store, key), digest)


def _credit_differences(store: ObjectStore, files: paths.ExecutionPaths, result: Record) -> Iterator[str]:
    try:
        rows = {
            query["name"]: _rows(_read(store, files.output_prefix + query["file"]) or b"")
            for query in result["provenance"]["queries"]
        }
        claim = _claim(result["scope"], paths.execution_date(files.execution_id))
        decision = decide(claim, Evidence.from_rows(claim, rows), policy_version(result["policy_version"]))
    except (JobError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        yield f"The credit cannot be computed from the saved rows: {error}"
        return
    if f"{decision.credit:.2f}" != f"{result['credit_amount']:.2f}":
        yield f"The saved rows give a credit of {decision.credit:.2f}, the result says {result['credit_amount']:.2f}."
    for now, then in zip(output_rows(decision), result["output_df"], strict=False):
        if now != then:
            yield f"The saved rows give {now}, the result says {then}."


def _claim(scope: Record, as_of: date) -> Claim:
    def listed(name: str) -> tuple[str, ...] | None:
        return None if scope[name] is None else tuple(scope[name])

    return Claim(
        account_sid=scope["account_sid"],
        start=date.fromisoformat(scope["start"]),
        end=date.fromisoformat(scope["end"]),
        services=listed("services"),
        countries=listed("countries"),
        mccs=listed("mccs"),
        sql="",
        sql_as_run="",
        as_of=as_of,
    )


def _rows(content: bytes) -> list[Record]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def _changed(key: str, content: bytes | None, digest: str | None) -> Iterator[str]:
    if content is None:
        yield f"{key} is missing."
    elif hashlib.sha256(content).hexdigest() != digest:
        yield f"{key} is not what was recorded: its SHA-256 differs."


def _read(store: ObjectStore, key: str) -> bytes | None:
    found = store.get_bytes(key)
    return found[0] if found else None


def _parsed(body: bytes) -> Record | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
