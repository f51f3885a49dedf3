"""Reads the claim from the SQL that Looker gives: which account, which days, which services, countries and MCCs.

The SQL must be one SELECT over allowed tables whose every filter is understood. Nothing is guessed: what cannot be
read is refused by name before anything runs, because a filter left out of the claim would credit what nobody asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import sqlglot
from sqlglot import errors as sqlglot_errors
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from .claim import Claim, Flag
from .errors import ClaimError
from .predicates import COLUMNS, FILTERS, Scope, account_of, window_of
from .relative_dates import without_now

USAGE = "authy.verification_usage"
DEFAULT_SCHEMA = "authy"
DEFAULT_CATALOG = "hive"
DEFAULT_ALLOWED_TABLES = (
    USAGE,
    "verify.mcc_codes",
    "verify.fraud_guard_settings",
    "verify.accounts",
    "verify.mrr",
    "verify.provider_costs",
    "verify.blocking_events",
)
MAX_CHARACTERS = 500_000
_UNREADABLE: dict[str, str] = {
    "having": "HAVING",
    "qualify": "QUALIFY",
    "offset": "OFFSET",
    "laterals": "LATERAL",
    "pivots": "PIVOT",
    "match": "MATCH_RECOGNIZE",
    "into": "INTO",
    "connect": "CONNECT BY",
}
_PARTS_OF_A_TABLE = {"this", "db", "catalog", "alias"}

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what it cannot read; here that is refused by name

Columns = Mapping[str, str]
"""By the name a SELECT shows it under (lower case): which column of the usage table it is."""


def read_claim(
    sql: str,
    *,
    as_of: date,
    allowed_tables: Sequence[str] = DEFAULT_ALLOWED_TABLES,
    asid: str | None = None,
) -> Claim:
    """The claim that `sql` makes. Raises ClaimError naming what is missing or cannot be read.

    as_of: the execution id's UTC date, which NOW() and its like stand for; asid: the account it must be about.
    """
    if len(sql) > MAX_CHARACTERS:
        raise ClaimError(f"The SQL has {len(sql):,} characters; {MAX_CHARACTERS:,} is the most.", "Ask for less.")
    try:
        return _read(sql, as_of, allowed_tables, asid)
    except (sqlglot_errors.SqlglotError, RecursionError) as error:
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ClaimError(f"The SQL cannot be read: {said}.", "Run it in Looker: it must be one SELECT.") from error


def _read(sql: str, as_of: date, allowed_tables: Sequence[str], asid: str | None) -> Claim:
    tokens = sqlglot.tokenize(sql, read="presto")
    text = _without_semicolon(sql, tokens)
    as_run = without_now(text, sqlglot.tokenize(text, read="presto"), as_of)
    select = _one_select(as_run)
    _check_tables(select, allowed_tables)
    scope = Scope()
    _Reader(select, scope).read(select, outermost=True)
    if not scope.fraud:
        raise ClaimError(
            "The SQL has no is_fraud = true: honest traffic would be credited.", "Add that filter in Looker."
        )
    account = account_of(scope)
    if asid and asid != account:
        raise ClaimError(f"The SQL is about {account}, the request about {asid}.", "Post the link of this account.")
    start, end = window_of(scope, as_of)
    filters = {name: tuple(sorted(scope.filters[name])) if name in scope.filters else None for name in FILTERS}
    return Claim(
        account_sid=account,
        start=start,
        end=end,
        services=filters["service_sid"],
        countries=filters["country_iso"],
        mccs=filters["mcc"],
        sql=sql,
        sql_as_run=as_run,
        as_of=as_of,
        limit=_limit(select),
        flags=(*_relative(text, as_run, as_of), *_not_over(end, as_of), *scope.flags),
    )


class _Reader:
    """Walks from the outer SELECT down to the usage table, gathering every filter on the way."""

    def __init__(self, select: exp.Select, scope: Scope) -> None:
        self._scope = scope
        ctes = list(select.find_all(exp.CTE))
        for cte in ctes:
            _refuse_renamed_columns(cte)
        self._ctes = {cte.alias.lower(): cte.this for cte in ctes}

    def read(self, select: exp.Select, *, outermost: bool) -> Columns:
        """Add this SELECT's filters to the scope; what it shows of the usage table's columns."""
        self._refuse_clauses(select, outermost)
        sources = dict(self._sources(select))
        if len(sources) != len(list(self._from(select))):
            raise ClaimError("The SQL gives two tables one name.", "Rename one.")

        def column_of(column: exp.Column) -> str | None:
            name, table = column.name.lower(), column.table.lower()
            if table:
                return sources.get(table, {}).get(name)
            found = [columns[name] for columns in sources.values() if name in columns]
            return found[0] if len(found) == 1 else None

        where = select.args.get("where")
        if where is not None:
            self._scope.add(where.this, column_of)
        return dict(self._shown(select, sources))

    def _sources(self, select: exp.Select) -> Iterator[tuple[str, Columns]]:
        for source in self._from(select):
            yield source.alias_or_name.lower(), self._columns(source)

    def _columns(self, source: exp.Expression) -> Columns:
        if isinstance(source, exp.Subquery):
            _refuse_renamed_columns(source)
            return self._inner(source.this)
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            _refuse_renamed_columns(source)
            _require_plain(source)
            if not source.db and source.name.lower() in self._ctes:
                return self._inner(self._ctes[source.name.lower()])
            return {name: name for name in COLUMNS} if _full_name(source) == USAGE else {}
        raise ClaimError(f"The SQL reads from {_text(source)}.", "Read from tables, CTEs and subqueries only.")

    def _inner(self, query: exp.Expression) -> Columns:
        if isinstance(query, exp.Select):
            return self.read(query, outermost=False)
        raise ClaimError(f"The SQL holds {_kind(query)}: {_text(query)}.", "Make it one SELECT.")

    def _from(self, select: exp.Select) -> Iterator[exp.Expression]:
        from_ = select.args.get("from_") or select.args.get("from")
        if from_ is None:
            raise ClaimError("A SELECT in the SQL reads from no table.", f"Read from {USAGE}.")
        yield from_.this
        for join in select.args.get("joins") or []:
            _check_join(join)
            yield join.this

    def _refuse_clauses(self, select: exp.Select, outermost: bool) -> None:
        for name, words in _UNREADABLE.items():
            if select.args.get(name):
                raise ClaimError(f"The SQL has {words}, which a claim cannot hold.", "Leave it out in Looker.")
        if select.args.get("limit") and not outermost:
            raise ClaimError("A SELECT inside the SQL has a LIMIT: rows would be missing.", "Leave it out.")

    def _shown(self, select: exp.Select, sources: Mapping[str, Columns]) -> Iterator[tuple[str, str]]:
        for shown in select.selects:
            if isinstance(shown, exp.Star) or (isinstance(shown, exp.Column) and isinstance(shown.this, exp.Star)):
                table = shown.table.lower() if isinstance(shown, exp.Column) else ""
                for alias, columns in sources.items():
                    yield from columns.items() if table in {"", alias} else ()
                continue
            bare = shown.this if isinstance(shown, exp.Alias) else shown
            if isinstance(bare, exp.Column):
                columns = sources.get(bare.table.lower(), {}) if bare.table else _only(sources, bare.name.lower())
                if bare.name.lower() in columns:
                    yield shown.alias_or_name.lower(), columns[bare.name.lower()]


def _refuse_renamed_columns(source: exp.Expression) -> None:
    """`AS x (a, b)` would give columns names that are not theirs."""
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.args.get("columns"):
        raise ClaimError(f"The SQL renames columns in {_text(alias)}.", "Give each its name in the SELECT itself.")


def _require_plain(table: exp.Table) -> None:
    """Nothing beside name and alias: no FOR TIMESTAMP AS OF, which would read other rows than the evidence does."""
    if any(value for name, value in table.args.items() if name not in _PARTS_OF_A_TABLE):
        raise ClaimError(f"The SQL reads {_text(table)}, not a plain table.", "Read the table as it is.")


def _only(sources: Mapping[str, Columns], name: str) -> Columns:
    found = [columns for columns in sources.values() if name in columns]
    return found[0] if len(found) == 1 else {}


def _one_select(sql: str) -> exp.Select:
    statements = [statement for statement in sqlglot.parse(sql, read="presto") if statement is not None]
    if len(statements) != 1:
        raise ClaimError(f"The SQL has {len(statements)} statements; it must be one SELECT.", "Post one query.")
    [statement] = statements
    while isinstance(statement, exp.Subquery) and not statement.alias:
        statement = statement.this
    if not isinstance(statement, exp.Select):
        raise ClaimError(f"The SQL is {_kind(statement)}, not one SELECT.", "Post the link of a Looker query.")
    with_ = statement.args.get("with_") or statement.args.get("with")
    if with_ is not None and with_.args.get("recursive"):
        raise ClaimError("The SQL is WITH RECURSIVE.", "Make it one plain SELECT.")
    return statement


def _check_tables(select: exp.Select, allowed_tables: Sequence[str]) -> None:
    ctes = [cte.alias.lower() for cte in select.find_all(exp.CTE)]
    if len(set(ctes)) != len(ctes):
        raise ClaimError("Two CTEs of the SQL have one name.", "Rename one.")
    read = [t for t in select.find_all(exp.Table) if t.db or t.name.lower() not in ctes]
    allowed = {name.lower() for name in allowed_tables}
    for table in read:
        if _full_name(table) not in allowed:
            raise ClaimError(
                f"The SQL reads {_text(table)}, which is not allowed.", f"Allowed are {', '.join(sorted(allowed))}."
            )
    if select.find(exp.TableSample):
        raise ClaimError("The SQL has TABLESAMPLE, which a claim cannot hold.", "Leave it out in Looker.")
    uses = sum(_full_name(table) == USAGE for table in read)
    if uses != 1:
        raise ClaimError(
            f"The SQL reads {USAGE} {'twice or more' if uses else 'nowhere'}: it must read it once.",
            "Post the link of a query on Verify's usage.",
        )
    references = [t.name.lower() for t in select.find_all(exp.Table) if not t.db and t.name.lower() in ctes]
    if len(set(references)) != len(references):
        raise ClaimError("The SQL reads one of its CTEs twice.", "Read it once.")


def _full_name(table: exp.Table) -> str:
    name = f"{(table.db or DEFAULT_SCHEMA).lower()}.{table.name.lower()}"
    catalog = table.catalog.lower()
    return name if catalog in {"", DEFAULT_CATALOG} else f"{catalog}.{name}"


def _check_join(join: exp.Expression) -> None:
    """Columns of two tables may be made equal; a filter in ON would be one that the claim does not hold."""
    on = join.args.get("on")
    parts = list(on.flatten()) if isinstance(on, exp.And) else [on] if on is not None else []
    for part in parts:
        bare = part.unnest()
        columns = [bare.this, bare.expression] if isinstance(bare, exp.EQ) else []
        two = len(columns) == 2 and all(isinstance(column, exp.Column) and column.table for column in columns)
        if not two or columns[0].table.lower() == columns[1].table.lower():
            raise ClaimError(f"The SQL joins on {_text(part)}, which a claim cannot hold.", "Join on equal columns.")


def _limit(select: exp.Select) -> int | None:
    limit = select.args.get("limit")
    if limit is None:
        return None
    number = limit.expression
    if not (isinstance(number, exp.Literal) and number.name.isdecimal() and len(number.name) < 19):
        raise ClaimError(f"The SQL ends in {_text(limit)}: not LIMIT and a whole number.", "Write LIMIT 5000.")
    return int(number.name)


def _relative(text: str, as_run: str, as_of: date) -> tuple[Flag, ...]:
    if text == as_run:
        return ()
    return (
        Flag(
            "relative_dates", f"The SQL's relative dates (NOW, CURRENT_DATE) were taken as of {as_of.isoformat()} UTC."
        ),
    )


def _not_over(end: date, as_of: date) -> tuple[Flag, ...]:
    if end <= as_of:
        return ()
    last = (end - timedelta(days=1)).isoformat()
    text = f"The window ends on {last}, which was not over on {as_of.isoformat()}: what came later is not in it."
    return (Flag("window_not_over", text),)


def _without_semicolon(sql: str, tokens: Sequence[Token]) -> str:
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        sql, tokens = sql[: tokens[-1].start], tokens[:-1]
    return sql.strip()


def _kind(node: exp.Expr) -> str:
    """Its first word, as its author wrote it: `EXPLAIN` is a Command to sqlglot."""
    return str(node.this).upper() if isinstance(node, exp.Command) else node.key.upper()


def _text(node: exp.Expr) -> str:
    text = " ".join(node.sql(dialect="presto").split())
    return text if len(text) <= 200 else f"{text[:199]}…"
