"""What the notebook needs of an installation: a complete secret, Presto, each table and query. Prints its findings.

The job's MODE=check runs it as credits_check.py; a line of JSON a finding, as sagemaker/runner/check.py reads them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

import sqlglot
from sqlglot import exp

from .claim import Claim
from .credentials import Credentials, load_credentials
from .errors import JobError, QueryFailed
from .presto import Warehouse
from .queries import COLUMNS, render

QUERY_SECONDS = 60.0
"""Limit of one query of a check, which asks for no rows."""
ATTEMPTS = 3
"""How often a check's query is tried, the first time included."""
PRESTO_SECRET, PRESTO = "Presto's secret", "Presto"


def main() -> None:
    """Make all checks."""
    tables = [name.strip() for name in os.environ.get("ALLOWED_TABLES", "").split(",") if name.strip()]
    _Checks(os.environ["SECRET_NAME"], tables).make()


class _Checks:
    def __init__(self, secret_name: str, tables: list[str]) -> None:
        self._secret_name = secret_name
        self._tables = tables
        self._states: dict[str, str] = {}
        self._credentials: Credentials | None = None

    def make(self) -> None:
        """Make each check after those that it needs."""
        self._check(PRESTO_SECRET, self._secret)
        self._check(PRESTO, self._presto, needs=[PRESTO_SECRET])
        for table in self._tables:
            self._check(_table(table), partial(self._table, table), needs=[PRESTO])
        for name, sql in _queries().items():
            read = [_table(table) for table in _read_by(sql) if _table(table) in self._states]
            self._check(f"query {name}", partial(self._query, name, sql), needs=[PRESTO, *read])

    def _check(self, name: str, look: Callable[[], str], needs: Iterable[str] = ()) -> None:
        missing = [need for need in needs if self._states[need] != "ok"]
        if missing:
            self._tell(name, "not_made", f"it stands on: {', '.join(missing)}")
            return
        try:
            self._tell(name, "ok", look())
        except JobError as error:
            self._tell(name, "wrong", f"{error.message} {error.detail}".strip(), error)

    def _tell(self, name: str, state: str, found: str, error: JobError | None = None) -> None:
        self._states[name] = state
        said: dict[str, object] = {"check": name, "state": state, "found": found}
        if error is not None:
            said |= {"fix": error.advice, "category": error.category, "retry_helps": error.retry_helps}
        print(json.dumps(said), flush=True)

    def _secret(self) -> str:
        self._credentials = load_credentials(self._secret_name)
        ca = ", with ca_pem" if self._credentials.ca_pem else ""
        return f"{self._secret_name} is complete{ca}"

    def _presto(self) -> str:
        """Query a table that every catalog has: Presto answers a bare SELECT 1 even if the catalog does not exist."""
        try:
            return self._answers("SELECT 1 FROM information_schema.schemata LIMIT 0", PRESTO)
        except QueryFailed as error:
            raise QueryFailed(error.message, "Correct catalog in the secret.", error.detail) from error

    def _table(self, table: str) -> str:
        try:
            self._answers(f"SELECT 1 FROM {table} LIMIT 0", table)  # noqa: S608 (ALLOWED_TABLES is ours)
        except QueryFailed as error:
            user = self._credentials.username if self._credentials else "Presto's user"
            raise QueryFailed(
                error.message,
                f"Give {user} SELECT on {table}, create it, or take it out of ALLOWED_TABLES.",
                error.detail,
            ) from error
        return "may be read"

    def _query(self, name: str, sql: str) -> str:
        self._answers(f"SELECT * FROM (\n{sql}\n) AS checked LIMIT 0", name)  # noqa: S608 (the file's own)
        return f"has its {len(COLUMNS[name])} columns"

    def _answers(self, sql: str, name: str) -> str:
        assert self._credentials is not None
        warehouse = Warehouse(self._credentials, query_seconds=QUERY_SECONDS, attempts=ATTEMPTS)
        result = warehouse.run_all({name: sql})[name]
        return f"{self._credentials.place} answers as {self._credentials.username} ({result.seconds:.1f} s)"


def _table(name: str) -> str:
    return f"table {name.lower()}"


def _queries() -> dict[str, str]:
    """Render the notebook's own queries for an account that is nobody's; the Looker SQL comes with a link only."""
    nobody = Claim(
        account_sid="AC" + "0" * 32,
        start=date(2025, 1, 1),
        end=date(2025, 1, 2),
        services=None,
        countries=None,
        mccs=None,
        sql="",
        sql_as_run="",
        as_of=date(2025, 1, 2),
    )
    return {name: sql for name, sql in render(nobody).items() if name in COLUMNS}


def _read_by(sql: str) -> list[str]:
    """The tables a query reads, as schema.table."""
    found = sqlglot.parse_one(sql, read="presto").find_all(exp.Table)
    return sorted({f"{table.db}.{table.name}".lower() for table in found})
