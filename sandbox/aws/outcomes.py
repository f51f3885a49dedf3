"""How a scripted job ends: what it leaves in S3, its status, and what its log says."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from sandbox.aws.jobs import Status
from sandbox.warehouse import SAMPLE_ACCOUNT_SID

Files = Literal["result", "another", "error", "presto_down", "invalid", "none"]
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
_REPORT = b"<!doctype html><title>Credit recommendation</title><p>A scripted job's report.</p>"
_MODES = (
    ("disabled", 16378, 0, 1801.58, 1064.57, 0.0, 0.0),
    ("basic", 23260, 5815, 1860.80, 1046.70, 0.5, 465.20),
    ("standard", 21444, 32166, 2680.50, 1501.08, 0.75, 1608.30),
    ("max", 28753, 86259, 2875.30, 1725.18, 1.0, 2875.30),
)


@dataclass(frozen=True)
class Outcome:
    """The end of a job: which files it leaves, its status, FailureReason, ExitMessage."""

    files: Files = "none"
    status: Status = "Completed"
    reason: str | None = None
    message: str | None = None
    over_time: bool = False


_EXIT = "AlgorithmError: , exit code: {}"
OUTCOMES: dict[str, Outcome] = {
    "result": Outcome("result"),
    "error": Outcome("error", "Failed", _EXIT.format(11), "data: two accounts in the rows"),
    "none": Outcome(),
    "invalid": Outcome("invalid"),
    "another": Outcome("another"),
    "platform_lost": Outcome(
        status="Failed", reason="InternalServerError: We encountered an internal error. Please try again."
    ),
    "capacity": Outcome(
        status="Failed",
        reason="CapacityError: Unable to provision requested ML compute capacity. Please retry using a different "
        "ML instance type.",
    ),
    "image_pull": Outcome(status="Failed", reason="ClientError: Failed to pull image, repository or tag not found."),
    "out_of_memory": Outcome(status="Failed", reason=_EXIT.format(137)),
    "stopped": Outcome(status="Stopped"),
    "presto_down": Outcome("presto_down", "Failed", _EXIT.format(13), "warehouse: Presto cannot be reached"),
    "result then failed": Outcome("result", "Failed", _EXIT.format(1)),
    "timeout": Outcome(status="Stopped", over_time=True),
}
_FAILURES = {
    "error": {
        "category": "data",
        "message": "The query's rows name two accounts.",
        "advice": "Add the account to the Looker query's filters and post the link again.",
        "retry_helps": False,
        "cell_title": "Query the warehouse",
        "traceback": ["DataError: The query's rows name two accounts."],
    },
    "presto_down": {
        "category": "warehouse",
        "message": "Presto cannot be reached.",
        "advice": "Post the link again when Presto answers.",
        "retry_helps": True,
        "cell_title": "Query the warehouse",
        "traceback": ["WarehouseUnavailable: Presto cannot be reached."],
    },
}


def output_files(
    outcome: Outcome, execution_id: str, sql: str, image: str | None, reader_sha256: str | None = None
) -> Iterator[tuple[str, bytes]]:
    """(name under outputs/{id}/, content), in the order a job uploads them: result.json last."""
    if outcome.files == "result":
        yield from _data_files(sql)
        yield "report.html", _REPORT
        yield "notebook_output.ipynb", _NOTEBOOK
        yield "result.json", json.dumps(canned_result(execution_id, sql, image, reader_sha256)).encode()
    elif outcome.files == "another":
        another = canned_result(execution_id, f"{sql} -- of another execution", image)
        yield "result.json", json.dumps(another | {"credit_amount": 999_999.99}).encode()
    elif outcome.files == "invalid":
        yield "result.json", b'{"credit_amount": NaN'
    elif outcome.files in _FAILURES:
        failure = _FAILURES[outcome.files]
        yield "notebook_output.ipynb", _NOTEBOOK
        said = {"schema_version": "1", "execution_id": execution_id, "timestamp": _now()} | failure
        yield "error.json", json.dumps(said).encode()


def log_lines(outcome: Outcome) -> list[str]:
    """What the job's log says."""
    if outcome.files in _FAILURES:
        return ["Running the notebook", *_FAILURES[outcome.files]["traceback"]]  # type: ignore[misc]
    return ["Running the notebook", "Done"]


def canned_result(execution_id: str, sql: str, image: str | None, reader_sha256: str | None = None) -> dict[str, Any]:
    """A valid result.json with the sample account's figures, for the account that the SQL names.

    reader_sha256: what read the SQL; None: as of a job of before it was said.
    """
    named = _ACCOUNT.search(sql)
    account = named[0] if named else SAMPLE_ACCOUNT_SID
    names = ("mode", "attempts", "blocked", "charged", "provider_cost", "share", "credit")
    rows = [dict(zip(names, row, strict=True)) for row in _MODES]
    for row in rows:
        row["block_rate"] = row["blocked"] / (row["attempts"] + row["blocked"])  # type: ignore[operator]
    return {
        "schema_version": "1",
        "policy_version": "2025-1",
        "credit_amount": 4948.80,
        "currency": "USD",
        "account_sid": account,
        "parent_account_sid": account,
        "account_name": "Sample",
        "fraud_start": "2025-07-01",
        "fraud_end": "2025-09-30",
        "fraud_total": 9218.18,
        "fraud_attempts": 89835,
        "mrr": 3.0,
        "execution_id": execution_id,
        "timestamp": _now(),
        "output_df": rows,
        "summary": {
            "attempts": 89835,
            "blocked": 124240,
            "block_rate": 124240 / 214075,
            "charged": 9218.18,
            "provider_cost": 5337.53,
            "credit": 4948.80,
            "days": 92,
            "countries": 3,
        },
        "scope": {
            "account_sid": account,
            "start": "2025-07-01",
            "end": "2025-10-01",
            "services": None,
            "countries": None,
            "mccs": None,
        },
        "flags": [],
        "provenance": _provenance(sql, image) | ({"reader_sha256": reader_sha256} if reader_sha256 else {}),
    }


def _provenance(sql: str, image: str | None) -> dict[str, Any]:
    (rows_file, rows), (sql_file, sql_text) = _data_files(sql)
    return {
        "sql_sha256": _sha256(sql_text),
        "sql_as_run_sha256": _sha256(sql_text),
        "notebook_sha256": _sha256(_NOTEBOOK),
        "executed_notebook_sha256": _sha256(_NOTEBOOK),
        "report_sha256": _sha256(_REPORT),
        "image": image,
        "queries": [
            {
                "name": "looker",
                "query_id": None,
                "rows": 1,
                "seconds": 0.1,
                "file": rows_file,
                "sha256": _sha256(rows),
                "sql_file": sql_file,
                "sql_sha256": _sha256(sql_text),
            }
        ],
    }


def _data_files(sql: str) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    return ("data/looker.jsonl.gz", _rows()), ("data/looker.sql", sql.encode("utf-8", "replace"))


@cache
def _rows() -> bytes:
    return gzip.compress(b'{"attempts": 89835, "amount": "9218.1800"}\n', mtime=0)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
