"""An audit record as a row: one list of columns for tables, JSON, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .reader import Record, purpose_of

UNREACHED = "unreached"
REFUSED = "refused"
STATES = {"answer": "answered", "failure": "failed"}


class Column(NamedTuple):
    """A column: how to find a record's value (None if it has none), and its type in a typed table."""

    of: Callable[[Record], Any]
    sql_type: str = "VARCHAR"


def of_result(record: Record, name: str) -> Any:
    """Return a field of result.json; None without a result."""
    return (record.get("result") or {}).get(name)


def of_claim(record: Record, name: str) -> Any:
    """Return a field of result.json; for a claim refused before its job, what was understood of it."""
    return (record.get("understood") or {}).get(name) if is_refused(record) else of_result(record, name)


def is_refused(record: Record) -> bool:
    """Return whether it was refused without a job."""
    return record.get("outcome") == REFUSED and not any(one.get("created_at") for one in record.get("attempts") or ())


def usd(record: Record) -> float | None:
    """Return the execution's estimated cost in USD; None if unknown."""
    amount: float | None = (record.get("cost_estimate") or {}).get("usd")
    return amount


def seconds(record: Record) -> float | None:
    """Return seconds from the job's creation to its end."""
    found: float | None = (record.get("cost_estimate") or {}).get("seconds")
    return found


def state(record: Record) -> str | None:
    """Return answered, failed, refused, unreached (the reply reached nobody), or the state of a request in hand."""
    if record.get("unreached"):
        return UNREACHED
    outcome = record.get("outcome")
    return record.get("state") or STATES.get(outcome or "", outcome)


def row(record: Record) -> dict[str, Any]:
    """Return every column's value."""
    return {name: column.of(record) for name, column in COLUMNS.items()}


def _result(name: str, sql_type: str = "VARCHAR") -> Column:
    return Column(lambda record: of_result(record, name), sql_type)


def _claim(name: str, sql_type: str = "VARCHAR") -> Column:
    return Column(lambda record: of_claim(record, name), sql_type)


def _failure(name: str) -> Column:
    return Column(lambda record: (record.get("failure") or {}).get(name))


COLUMNS: dict[str, Column] = {
    "execution_id": Column(lambda record: record["execution_id"]),
    "requested_at": Column(lambda record: record.get("seen_at"), "TIMESTAMP"),
    "state": Column(state),
    "credit_amount": _result("credit_amount", "DECIMAL(18,2)"),
    "currency": _result("currency"),
    "account_sid": _claim("account_sid"),
    "parent_account_sid": _result("parent_account_sid"),
    "fraud_start": _claim("fraud_start", "DATE"),
    "fraud_end": _claim("fraud_end", "DATE"),
    "fraud_total": _result("fraud_total", "DECIMAL(20,4)"),
    "mrr": _result("mrr", "DECIMAL(18,2)"),
    "policy_version": _result("policy_version"),
    "flags": Column(lambda record: " ".join(flag["code"] for flag in of_result(record, "flags") or []) or None),
    "requester": Column(lambda record: record.get("requester")),
    "link": Column(lambda record: record.get("link")),
    "failure_category": _failure("category"),
    "failure": _failure("message"),
    "slack_refusal": Column(lambda record: record.get("unreached") or record.get("refusal")),
    "job_status": Column(lambda record: record.get("job_status")),
    "seconds": Column(seconds, "DOUBLE"),
    "cost_usd_estimate": Column(usd, "DECIMAL(18,6)"),
    "purpose": Column(purpose_of),
}
SHORT = ("execution_id", "state", "credit_amount", "account_sid", "fraud_start", "fraud_end", "requester")
