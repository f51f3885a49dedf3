"""Checks a past execution against what is kept of it: every hash, and the credit computed anew from the saved rows.

The audit record's hash is in its object's metadata; the record holds that of result.json, and result.json those of the
SQL, the data, the notebook and the report. Needs neither Presto nor SageMaker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verify_credit.errors import JobError
from verify_credit.policy import policy_version
from verify_credit.result import output_rows

from .. import paths
from ..errors import ResultInvalid
from ..execution.results import checked_result
from ..executor import CreditResult
from ..history.reader import purpose_of
from ..notebook_choice import OUR_PROFILE
from ..state.audit_record import vouched
from ..state.object_store import ObjectStore
from ..state.recommendations import has_window, index_entry, is_indexed
from .saved_rows import NotComputable, decide_anew

Record = dict[str, Any]


OWN_NOTEBOOK = "The notebook is the company's own: its credit cannot be computed anew here."


@dataclass(frozen=True)
class Rechecked:
    """One execution. differences: a sentence each, none if all is as it was; note: what could not be checked."""

    differences: list[str]
    note: str = ""


def recheck(store: ObjectStore, execution_id: str) -> Rechecked:
    """Check what is kept of an execution against what was recorded.

    Raises ConfigurationError and TransientError as ObjectStore does.
    """
    files = paths.ExecutionPaths(execution_id)
    found = store.get_with_metadata(files.audit)
    if found is None:
        return Rechecked([f"{files.audit} is missing: there is no audit record of this execution."])
    body, metadata = found
    changed = list(_changed(files.audit, body, metadata.get("sha256")))
    record = {} if changed else _parsed(body)
    if record.get("result") is None and not changed:
        return Rechecked([*_not_as_answered(store, files, record), *_other_differences(store, record)])
    note = "" if is_of_ours(record) else f"{OWN_NOTEBOOK} Every hash was taken anew."
    return Rechecked([*changed, *_result_differences(store, files, record)], note)


def differences(store: ObjectStore, execution_id: str) -> list[str]:
    """Return the differences that `recheck` reports."""
    return recheck(store, execution_id).differences


def is_of_ours(record: Record) -> bool:
    """Return whether the execution's result had to keep our notebook's profile."""
    return profile_of(record) == OUR_PROFILE


def profile_of(record: Record) -> str:
    """Return the profile that the result had to keep; ours for records that do not say."""
    return str(record.get("result_profile", OUR_PROFILE))


def _not_as_answered(store: ObjectStore, files: paths.ExecutionPaths, record: Record) -> Iterator[str]:
    """Yield how the result.json differs that had changed, or was gone, when its audit record was written."""
    if digest := record.get("result_sha256"):
        yield from _changed(files.result, _read(store, files.result), digest)


def _other_differences(store: ObjectStore, record: Record) -> Iterator[str]:
    """Yield how the files that no result.json vouches for differ."""
    for key, digest in (record.get("files_sha256") or {}).items():
        yield from _changed(key, _read(store, key), digest)


def _result_differences(store: ObjectStore, files: paths.ExecutionPaths, record: Record) -> Iterator[str]:
    """Yield how the result differs. `record` is empty if the audit record cannot be trusted: then from result.json."""
    body = _read(store, files.result)
    if record or body is None:
        yield from _changed(files.result, body, record.get("result_sha256"))
    told = json.dumps(record["result"]).encode() if record else body or b""
    place = files.audit if record else files.result
    try:
        result = checked_result(told, files.execution_id, place, profile_of(record))
    except ResultInvalid as error:
        yield str(error)
        return
    yield from _file_differences(store, files, result)
    yield from _other_differences(store, record)
    if is_of_ours(record):
        yield from _credit_differences(store, result)
    if record and purpose_of(record) == "message":
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
    """Yield how the account's index differs. Earlier releases entered only answers that have a window."""
    if not is_indexed(result) or not ("earlier" in record or has_window(result)):
        return
    entry = index_entry(record["channel"], record["message_ts"], result)
    body = _read(store, entry.key)
    if body is None:
        yield f"{entry.key} is missing: later requests for the account are not told of this one."
        return
    told = entry.model_dump(mode="json")
    if _parsed(body) not in [told, {name: told[name] for name in told if name not in entry.filters}]:
        yield f"{entry.key} is not what the audit record says."


def _changed(key: str, content: bytes | None, digest: str | None) -> Iterator[str]:
    if content is None:
        yield f"{key} is missing."
    elif hashlib.sha256(content).hexdigest() != digest:
        yield f"{key} is not what was recorded: its SHA-256 differs."


def _read(store: ObjectStore, key: str) -> bytes | None:
    found = store.get_bytes(key)
    return found[0] if found else None


def _parsed(body: bytes) -> Record:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
