"""Computes a credit anew from the rows that an execution saved, by the notebook's own code: no Presto, no job."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from verify_credit.calculation import Decision, decide
from verify_credit.claim import Claim
from verify_credit.errors import JobError
from verify_credit.evidence import Evidence
from verify_credit.policy import Policy

from .. import paths
from ..errors import CreditsError
from ..state.object_store import ObjectStore

Result = Mapping[str, Any]
_DAMAGED = (JobError, OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError)


class NotComputable(CreditsError):
    """The saved rows give no credit; the message says why."""


def decide_anew(store: ObjectStore, result: Result, policy: Policy) -> Decision:
    """Return what a policy makes of an execution's saved rows. `result`: its result.json.

    Raises NotComputable; ConfigurationError and TransientError as ObjectStore does.
    """
    content = saved_rows(store, result)
    try:
        claim = _claim(result["scope"], paths.execution_date(result["execution_id"]))
        rows = {name: _rows(body) for name, body in content.items()}
        return decide(claim, Evidence.from_rows(claim, rows), policy)
    except _DAMAGED as error:
        said = f"{error.message} {error.advice}" if isinstance(error, JobError) else f"{type(error).__name__}: {error}"
        raise NotComputable(f"The credit cannot be computed from the saved rows: {said}") from error


def saved_rows(store: ObjectStore, result: Result) -> dict[str, bytes]:
    """Return each query's rows file; empty bytes if there is none."""
    prefix = paths.ExecutionPaths(result["execution_id"]).output_prefix
    found = {query["name"]: store.get_bytes(prefix + query["file"]) for query in result["provenance"]["queries"]}
    return {name: body[0] if body else b"" for name, body in found.items()}


def _claim(scope: Mapping[str, Any], as_of: date) -> Claim:
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


def _rows(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]
