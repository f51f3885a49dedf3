"""MODE=check: what only a job can see of an installation: secret, Presto, each table and query. Leaves check.json."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Literal

import sqlglot
from sqlglot import exp
from verify_credit.claim import Claim
from verify_credit.credentials import Credentials
from verify_credit.errors import JobError, QueryFailed
from verify_credit.presto import Warehouse
from verify_credit.queries import COLUMNS, render

from runner.redaction import Redactor, know_secrets
from runner.settings import JobSettings
from runner.upload import Outputs
from runner.watch import StopSignal

log = logging.getLogger("job")

CHECK_FILE = "check.json"
SCHEMA_VERSION = "1"
QUERY_SECONDS = 60.0
ATTEMPTS = 3
SECRET, PRESTO = "secret", "Presto"


@dataclass(frozen=True)
class Finding:
    """One check: what was found, or what is wrong and what mends it. not_made: what it stands on was missing."""

    check: str
    state: Literal["ok", "wrong", "not_made"]
    found: str
    mend: str = ""


def check_installation(settings: JobSettings, redactor: Redactor, stop: StopSignal) -> None:
    """Make every check and upload check.json. Raises the first JobError met, so that the job's end says so too."""
    checks = _Checks(settings, redactor, stop)
    checks.make()
    outputs = Outputs(settings.bucket, settings.execution_id, redactor)
    said = {"schema_version": SCHEMA_VERSION, "execution_id": settings.execution_id, "checks": checks.told()}
    outputs.put(CHECK_FILE, json.dumps(redactor.value(said), ensure_ascii=False, indent=1).encode())
    if checks.first_error is not None:
        raise checks.first_error


class _Checks:
    def __init__(self, settings: JobSettings, redactor: Redactor, stop: StopSignal) -> None:
        self._settings = settings
        self._redactor = redactor
        self._stop = stop
        self._findings: dict[str, Finding] = {}
        self._credentials: Credentials | None = None
        self.first_error: JobError | None = None

    def told(self) -> list[dict[str, str]]:
        """Every finding, in order, as check.json has it."""
        return [asdict(finding) for finding in self._findings.values()]

    def make(self) -> None:
        """All of them, each on what it stands on."""
        self._check(SECRET, self._secret)
        self._check(PRESTO, self._presto, needs=[SECRET])
        for table in self._settings.allowed_tables:
            self._check(_table(table), partial(self._table, table), needs=[PRESTO])
        for name, sql in _queries().items():
            read = [_table(table) for table in _tables(sql) if _table(table) in self._findings]
            self._check(f"query {name}", partial(self._query, name, sql), needs=[PRESTO, *read])

    def _check(self, name: str, look: Callable[[], str], needs: Iterable[str] = ()) -> None:
        missing = [need for need in needs if self._findings[need].state != "ok"]
        if missing:
            self._findings[name] = Finding(name, "not_made", f"it stands on: {', '.join(missing)}")
            return
        self._stop.check()
        try:
            self._findings[name] = Finding(name, "ok", look())
        except JobError as error:
            log.error("%s: %s", name, error)
            self.first_error = self.first_error or error
            self._findings[name] = Finding(name, "wrong", error.message, error.advice)

    def _secret(self) -> str:
        self._credentials = know_secrets(self._redactor, self._settings.secret_name)
        ca = ", with ca_pem" if self._credentials.ca_pem else ""
        return f"{self._settings.secret_name} is complete{ca}"

    def _presto(self) -> str:
        """A table that every catalog has: SELECT 1 alone is answered in a catalog that is not there, too."""
        try:
            return self._answers("SELECT 1 FROM information_schema.schemata LIMIT 0", PRESTO)
        except QueryFailed as error:
            raise QueryFailed(error.message, "Correct catalog in the secret.") from error

    def _table(self, table: str) -> str:
        try:
            self._answers(f"SELECT 1 FROM {table} LIMIT 0", table)  # noqa: S608 (ALLOWED_TABLES is ours)
        except QueryFailed as error:
            user = self._credentials.username if self._credentials else "Presto's user"
            raise QueryFailed(
                error.message, f"Give {user} SELECT on {table}, create it, or take it out of ALLOWED_TABLES."
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
    """Every query of the notebook's own, about an account that is nobody's; the Looker SQL comes with its link."""
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


def _tables(sql: str) -> list[str]:
    """The tables a query reads, as schema.table."""
    found = sqlglot.parse_one(sql, read="presto").find_all(exp.Table)
    return sorted({f"{table.db}.{table.name}".lower() for table in found})
