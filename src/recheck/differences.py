"""Checks a past execution against what is kept of it: every hash, and the credit computed anew from the saved rows.

The audit record's hash is in its object's metadata; the record holds that of result.json, and result.json those of the
SQL, the data, the notebook and the report. Needs neither Presto nor SageMaker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from verify_credit.errors import JobError
from verify_credit.policy import policy_version
from verify_credit.result import output_rows

from .. import paths
from ..errors import ResultInvalid, StateUnreadable
from ..execution.results import OURS, checked_result
from ..executor import CreditResult
from ..history.reader import purpose_of
from ..state.audit import IndexEntry, index_entry, indexed
from ..state.audit_record import vouched
from ..state.object_store import ObjectStore
from .saved_rows import NotComputable, decide_anew

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
    changed = list(_changed(files.audit, body, metadata.get("sha256")))
    yield from changed
    record = {} if changed else _parsed(body)
    if record.get("result") is None and not changed:
        yield from _other_differences(store, record)
    else:
        yield from _result_differences(store, files, record)


def profile_of(record: Record) -> str:
    """What the execution's result had to keep: records older than the question are of our notebook."""
    return str(record.get("result_profile", OURS))


def _other_differences(store: ObjectStore, record: Record) -> Iterator[str]:
    """Of what no result.json vouches for."""
    for key, digest in (record.get("files_sha256") or {}).items():
        yield from _changed(key, _read(store, key), digest)


def _result_differences(store: ObjectStore, files: paths.ExecutionPaths, record: Record) -> Iterator[str]:
    """`record` is empty where the audit record cannot be trusted: what is kept is then held to result.json alone."""
    body = _read(store, files.result)
    if record or body is None:
        yield from _changed(files.result, body, record.get("result_sha256"))
    told = json.dumps(record["result"]).encode() if record else body or b""
    profile = profile_of(record)
    try:
        result = checked_result(told, files.execution_id, files.audit if record else files.result, profile)
    except ResultInvalid as error:
        yield str(error)
        return
    yield from _file_differences(store, files, result)
    yield from _other_differences(store, record)
    if profile == OURS:
        yield from _credit_differences(store, result)
    if record and purpose_of(record) == "message" and indexed(result):
        yield from _index_differences(store, record, result)


def _file_differences(store: ObjectStore, files: paths.ExecutionPaths, result: CreditResult) -> Iterator[str]:
    for key, digest in vouched(files, result).items():
        yield from _changed(key, _read(store, key), digest)


def _credit_differences(store: ObjectStore, result: CreditResult) -> Iterator[str]:
    try:
        decision = decide_anew(store, result, policy_version(result.get("policy_version", "")))
    except NotComputable as error:
        yield str(error)
        return
    except JobError as error:
        yield f"{error.message} {error.advice}"
        return
    if f"{decision.credit:.2f}" != f"{result['credit_amount']:.2f}":
        yield f"The saved rows give a credit of {decision.credit:.2f}, the result says {result['credit_amount']:.2f}."
    now, then = output_rows(decision), result["output_df"]
    if now != then:
        yield from (f"The saved rows give {new}, which the result does not say." for new in now if new not in then)
        yield from (f"The result says {old}, which the saved rows do not give." for old in then if old not in now)


def _index_differences(store: ObjectStore, record: Record, result: CreditResult) -> Iterator[str]:
    entry = index_entry(record["channel"], record["message_ts"], result)
    key = paths.account_index(entry.account_sid, entry.fraud_end, entry.execution_id)
    try:
        found = store.get(key, IndexEntry)
    except StateUnreadable as error:
        yield str(error)
        return
    if found is None:
        yield f"{key} is missing: later requests for the account are not told of this one."
    elif found[0] != entry:
        yield f"{key} is not what the audit record says."


def _changed(key: str, content: bytes | None, digest: str | None) -> Iterator[str]:
    if content is None:
        yield f"{key} is missing."
    elif hashlib.sha256(content).hexdigest() != digest:
        yield f"{key} is not what was recorded: its SHA-256 differs."


def _read(store: ObjectStore, key: str) -> bytes | None:
    found = store.get_bytes(key)
    return found[0] if found else None


def _parsed(body: bytes) -> Record:
    parsed = json.loads(body)
    return parsed if isinstance(parsed, dict) else {}
