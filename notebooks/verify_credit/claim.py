"""The claim: what the Looker SQL asks a credit for. Read from SQL by looker_sql; standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Flag:
    """Something that makes the result doubtful: a code for machines, a text for the reader."""

    code: str
    text: str


@dataclass(frozen=True)
class Claim:
    """One account's fraud in one window. Dates are UTC and half-open: `start` is in, `end` is out.

    services, countries, mccs: the filters of the SQL, sorted; None means all.
    sql: as Looker gave it; sql_as_run: without Looker's totals and pivot, relative dates replaced by literals, every
    table with its catalog and schema, no trailing semicolon; tables: the full names of those it reads.
    limit: the SQL's LIMIT, where it has one.
    as_of: the UTC date of the execution id.
    """

    account_sid: str
    start: date
    end: date
    services: tuple[str, ...] | None
    countries: tuple[str, ...] | None
    mccs: tuple[str, ...] | None
    sql: str
    sql_as_run: str
    as_of: date
    limit: int | None = None
    flags: tuple[Flag, ...] = ()
    tables: tuple[str, ...] = ()

    @property
    def fraud_start(self) -> date:
        """The window's first day."""
        return self.start

    @property
    def fraud_end(self) -> date:
        """The window's last day, inclusive."""
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days the window has."""
        return (self.end - self.start).days

    def scope(self) -> dict[str, object]:
        """The scope as result.json holds it; `end` is exclusive, null means all."""
        return {
            "account_sid": self.account_sid,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "services": _listed(self.services),
            "countries": _listed(self.countries),
            "mccs": _listed(self.mccs),
        }


def is_account(sid: str) -> bool:
    """Whether it has the form of an account's SID."""
    return re.fullmatch(r"AC[0-9a-fA-F]{32}", sid) is not None


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
