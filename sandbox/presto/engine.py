"""The tables, in DuckDB, and Presto's SQL translated to it by sqlglot."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import duckdb
import sqlglot
from sqlglot import errors as sqlglot_errors
from sqlglot import exp

from sandbox import warehouse
from sandbox.presto.types import presto_type, presto_value

CATALOG = "hive"


class PrestoError(Exception):
    """An error with Presto's name, code and type."""

    def __init__(self, message: str, name: str = "SYNTAX_ERROR", code: int = 1, kind: str = "USER_ERROR") -> None:
        super().__init__(message)
        self.name = name
        self.code = code
        self.kind = kind


class Table(NamedTuple):
    """A query's answer: columns as (name, Presto's type), rows of JSON values."""

    columns: list[tuple[str, str]]
    rows: list[list[Any]]


class Engine:
    """One database in memory. Thread-safe: each query has a cursor of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """The warehouse as at the start."""
        connection = duckdb.connect(":memory:")
        connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        connection.execute(f"USE {CATALOG}")
        connection.execute("SET TimeZone = 'UTC'")
        warehouse.load(connection)
        with self._lock:
            self._connection = connection

    def execute(self, statement: str) -> None:
        """Change the data, in DuckDB's own SQL."""
        with self._cursor() as cursor:
            cursor.execute(statement)

    def query(self, sql: str, catalog: str, schema: str | None) -> Table:
        """Answer one statement of Presto's SQL. Raises PrestoError as Presto would word it."""
        statement = _parsed(sql)
        if catalog != CATALOG:
            raise PrestoError(f"line 1:1: Catalog {catalog} does not exist", "CATALOG_NOT_FOUND", 47)
        with self._cursor() as cursor:
            try:
                if schema:
                    cursor.execute(f'USE {CATALOG}."{schema}"')
                cursor.execute(statement.sql(dialect="duckdb"))
            except duckdb.Error as error:
                raise PrestoError(f"line 1:1: {str(error).splitlines()[0]}") from error
            columns = _columns(statement, cursor.description or [])
            return Table(columns, [[presto_value(value) for value in row] for row in cursor.fetchall()])

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            cursor = self._connection.cursor()
        cursor.execute(f"USE {CATALOG}")
        return cursor


def _columns(statement: exp.Query, description: list[Any]) -> list[tuple[str, str]]:
    """Presto calls a column without a name `_col` and its place."""
    selects = statement.selects
    names = [column[0] for column in description]
    if len(selects) == len(names):
        names = [select.alias_or_name or f"_col{place}" for place, select in enumerate(selects)]
    return [(str(name), presto_type(column[1])) for name, column in zip(names, description, strict=True)]


def _parsed(sql: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="presto") if statement is not None]
    except sqlglot_errors.SqlglotError as error:
        raise PrestoError(f"line 1:1: mismatched input: {str(error).splitlines()[0]}") from error
    if len(statements) != 1:
        raise PrestoError("line 1:1: mismatched input ';'. Expecting: <EOF>")
    [statement] = statements
    if not isinstance(statement, exp.Query):
        raise PrestoError("Access Denied: the sandbox's Presto only reads", "PERMISSION_DENIED", 4)
    return statement
