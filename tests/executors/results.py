"""A result that the schema accepts, and an error.json, for tests that need one and care little what it says."""

from __future__ import annotations

from typing import Any

from sandbox.aws.outcomes import canned_result

SHA = "0" * 64
ACCOUNT = "AC" + "5" * 32
PLANS_TEN: dict[str, Any] = {
    "credit_amount": 4948.80,
    "account_sid": ACCOUNT,
    "fraud_start": "2025-07-01",
    "fraud_end": "2025-09-30",
    "fraud_total": 9218.18,
    "mrr": 3,
    "timestamp": "2026-01-15T12:34:56Z",
    "output_df": [{"mode": "max", "credit": 4948.80}],
    "summary": {"days": 92},
}
"""The plan's fields, without the execution_id that each execution has of its own."""


def valid_result(execution_id: str) -> dict[str, Any]:
    """The result of a scripted job, with one mode, and with hashes and a time that never change."""
    return canned_result(execution_id, ACCOUNT, image=None) | {
        "timestamp": "2026-01-15T12:34:56Z",
        "output_df": [_mode()],
        "provenance": {
            "sql_sha256": SHA,
            "sql_as_run_sha256": SHA,
            "notebook_sha256": SHA,
            "executed_notebook_sha256": SHA,
            "report_sha256": SHA,
            "image": None,
            "queries": [_query()],
        },
    }


def failure(execution_id: str) -> dict[str, Any]:
    return {
        "schema_version": "1",
        "execution_id": execution_id,
        "category": "claim",
        "message": "The window of the query is open.",
        "advice": "Give the query an end date.",
        "retry_helps": False,
        "cell_title": "The claim",
        "traceback": ["ClaimError: The window of the query is open."],
        "timestamp": "2026-01-15T12:34:56Z",
    }


def _mode() -> dict[str, Any]:
    return {
        "mode": "max",
        "attempts": 89835,
        "blocked": 124240,
        "block_rate": 0.5803,
        "charged": 9218.18,
        "provider_cost": 5337.53,
        "share": 1.0,
        "credit": 4948.80,
    }


def _query() -> dict[str, Any]:
    return {
        "name": "usage",
        "query_id": "20260115_123456_00001_abcde",
        "rows": 92,
        "seconds": 0.5,
        "file": "data/usage.jsonl.gz",
        "sha256": SHA,
        "sql_file": "data/usage.sql",
        "sql_sha256": SHA,
    }
