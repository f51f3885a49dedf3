"""Which tables a SQL reads: names as Presto takes them, held to those that are allowed, and written out in its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp

from ..errors import ClaimError
from .parsing import quote

USAGE = "authy.verification_usage"
DEFAULT_ALLOWED_TABLES = (
    USAGE,
    "verify.mcc_codes",
    "verify.fraud_guard_settings",
    "verify.accounts",
    "verify.mrr",
    "verify.provider_costs",
    "verify.blocking_events",
)

FullName = tuple[str, ...]
"""Catalog, schema, table in lower case; without a session only what the text says of them."""


@dataclass(frozen=True)
class Session:
    """Where Presto looks for a name that says less than catalog, schema and table."""

    catalog: str
    schema: str

    def full(self, name: FullName) -> FullName:
        """The whole name."""
        return (self.catalog.lower(), self.schema.lower())[: 3 - len(name)] + name


class Read(NamedTuple):
    """A table of the SQL: the node, its full name, and whether it is the usage table."""

    table: exp.Table
    name: FullName
    is_usage: bool


class Tables:
    """The tables that may be read. An entry of two parts is in the session's catalog, as our own queries are.

    session: None where it is not known (the bot has no secret). Then catalogs are not compared, and a bare name is the
    allowed table of that name: the job has checked both against the real session.
    """

    def __init__(self, allowed: Iterable[str], session: Session | None) -> None:
        self._session = session
        self.need_session = False
        """Whether the meaning of a name that was read may depend on the session, which is not known."""
        self._allowed = {self._full(tuple(entry.lower().split("."))) for entry in allowed}
        self._usage = self._full(tuple(USAGE.split(".")))

    def read(self, table: exp.Table) -> Read:
        """The table that a name of the SQL means. Raises ClaimError for one that is not allowed."""
        name = self._full(name_of(table))
        if not any(self._same(name, entry) for entry in self._allowed):
            written, full = quote(*_parts(table)), ".".join(name)
            meant = "" if written.lower() == full else f", which is {full} to Presto"
            said = f"The SQL reads {written}{meant}: not allowed."
            raise ClaimError(said, f"Allowed are {', '.join(sorted('.'.join(entry) for entry in self._allowed))}.")
        self.need_session |= self._session is None and len(name) != len(self._usage)
        return Read(table, name, self._same(name, self._usage))

    def bare_names(self) -> set[str]:
        """The allowed tables' names without catalog and schema."""
        return {entry[-1] for entry in self._allowed}

    def in_full(self, text: str, read: Sequence[Read]) -> str:
        """The text with the session's catalog and schema before each name that lacks them; else as it was."""
        if self._session is None:
            return text
        for one in sorted(read, key=lambda one: start_of(one.table), reverse=True):
            missing = self._session.full(one.name[-1:])[: 3 - len(name_of(one.table))]
            at = start_of(one.table)
            text = text[:at] + "".join(f"{_quoted(part)}." for part in missing) + text[at:]
        return text

    def _full(self, name: FullName) -> FullName:
        return self._session.full(name) if self._session else name

    def _same(self, name: FullName, entry: FullName) -> bool:
        if self._session is not None:
            return name == entry
        known = min(len(name), len(entry), 2)
        return name[-known:] == entry[-known:]


def name_of(table: exp.Table) -> FullName:
    """What the SQL says of the table: one to three parts."""
    return tuple(part.lower() for part in (table.catalog, table.db, table.name) if part)


def start_of(table: exp.Table) -> int:
    """Where its name begins in the text."""
    return int(_parts(table)[0].meta["start"])


def _parts(table: exp.Table) -> list[exp.Expression]:
    return [part for name in ("catalog", "db", "this") if (part := table.args.get(name)) is not None]


def _quoted(name: str) -> str:
    """As a quoted name: it may be a word of Presto's own (default)."""
    return '"' + name.replace('"', '""') + '"'
