"""The tables, in DuckDB, and Presto's SQL translated to it by sqlglot."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, NamedTuple

import duckdb
import sqlglot
from sqlglot import errors as sqlglot_errors
from sqlglot import exp
from sqlglot.schema import MappingSchema

from sandbox import warehouse
from sandbox.presto.dialect import as_presto_means
from sandbox.presto.errors import PrestoError, translated
from sandbox.presto.types import presto_type, presto_value
from sandbox.warehouse import CATALOG

Tables = dict[str, dict[str, dict[str, str]]]
"""Each column's type, by schema, table and name."""
Columns = tuple[tuple[str, str, str, str], ...]
"""Schema, table, name and type of every column there is."""


class Table(NamedTuple):
    """A query's answer: columns as (name, Presto's type), rows of JSON values."""

    columns: list[tuple[str, str]]
    rows: list[list[Any]]


class Engine:
    """One database in memory. Thread-safe: each query has a cursor of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._there: list[Columns] = []
        self._fill()

    def reset(self) -> None:
        """The warehouse as at the start."""
        if self._changed:
            self._fill()

    def _fill(self) -> None:
        connection = duckdb.connect(":memory:")
        connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        connection.execute(f"USE {CATALOG}")
        connection.execute("SET TimeZone = 'UTC'")
        for statement in warehouse.statements():
            connection.execute(statement)
        with self._lock:
            self._connection, self._changed = connection, False
            self._there = []

    def execute(self, statement: str) -> None:
        """Change the data, in DuckDB's own SQL."""
        self._changed = True
        try:
            with self._cursor() as cursor:
                cursor.execute(statement)
        finally:
            self._there = []

    def query(self, sql: str, catalog: str, schema: str | None) -> Table:
        """Answer one statement of Presto's SQL. Raises PrestoError as Presto would word it."""
        known = self._there  # another once something was changed: what is found meanwhile stays with this one
        with self._cursor() as cursor:
            try:
                if not known:
                    known.append(_columns_there(cursor))
                statement, meant = _translated(sql, catalog, schema, known[0])
                if any(schema == name for name, *_ in known[0]):
                    cursor.execute(f'USE {CATALOG}."{schema}"')
                cursor.execute(meant)
                rows = cursor.fetchall()
            except duckdb.Error as error:
                raise translated(error, sql) from error
            columns = _columns(statement, cursor.description or [])
            return Table(columns, [[presto_value(value) for value in row] for row in rows])

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            cursor = self._connection.cursor()
        cursor.execute(f"USE {CATALOG}")
        return cursor


def _columns_there(cursor: duckdb.DuckDBPyConnection) -> Columns:
    cursor.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_catalog = ? ORDER BY ordinal_position",
        [CATALOG],
    )
    return tuple(cursor.fetchall())


@lru_cache(256)
def _translated(sql: str, catalog: str, schema: str | None, there: Columns) -> tuple[exp.Query, str]:
    """A statement of Presto's, and what answers it in DuckDB's SQL. Raises PrestoError."""
    statement = _parsed(sql)
    tables: Tables = {}
    for in_schema, table, column, kind in there:
        tables.setdefault(in_schema, {}).setdefault(table, {})[column] = kind
    _check_tables(statement, tables, catalog, schema)
    meant = as_presto_means(statement, MappingSchema({CATALOG: tables}, dialect="duckdb"), CATALOG, schema)
    for named in meant.find_all(exp.Table):
        if named.db == "information_schema":  # DuckDB has one for all catalogs
            named.set("catalog", None)
    return statement, meant.sql(dialect="duckdb")


def _check_tables(statement: exp.Query, tables: Tables, catalog: str, schema: str | None) -> None:
    ctes = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or (not table.db and table.name.lower() in ctes):
            continue
        where, db, name = (table.catalog or catalog).lower(), (table.db or schema or "").lower(), table.name.lower()
        if where != CATALOG:
            raise PrestoError(f"Catalog {where} does not exist")
        if db == "information_schema":  # every catalog has one
            continue
        if db not in tables:
            raise PrestoError(f"Schema {db} does not exist")
        if name not in tables[db]:
            raise PrestoError(f"Table {where}.{db}.{name} does not exist")


def _columns(statement: exp.Query, description: list[Any]) -> list[tuple[str, str]]:
    """Presto calls a column without a name `_col` and its place."""
    selects = statement.selects
    names = [column[0] for column in description]
    if len(selects) == len(names) and not any(select.is_star for select in selects):
        names = [_name(select) or f"_col{place}" for place, select in enumerate(selects)]
    return [(str(name), presto_type(column[1])) for name, column in zip(names, description, strict=True)]


def _name(select: exp.Expr) -> str:
    return select.alias_or_name if isinstance(select, exp.Alias | exp.Column) else ""


def _parsed(sql: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="presto") if statement is not None]
    except sqlglot_errors.SqlglotError as error:
        raise PrestoError(f"line 1:1: mismatched input: {str(error).splitlines()[0]}") from error
    if len(statements) != 1:
        raise PrestoError("line 1:1: mismatched input ';'. Expecting: <EOF>")
    [statement] = statements
    if not isinstance(statement, exp.Query):
        raise PrestoError("Access Denied: the sandbox's Presto only reads", "PERMISSION_DENIED")
    return statement
