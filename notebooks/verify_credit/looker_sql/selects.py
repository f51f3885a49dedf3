"""Walks a SQL from its outermost SELECT down to the usage table, by sqlglot's analysis of where which name is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.scope import Scope as Names
from sqlglot.optimizer.scope import build_scope

from ..errors import ClaimError
from .names import USAGE, FullName, Read, Tables
from .parsing import keep_text, quote
from .predicates import COLUMNS, Scope
from .trees import parts_of

Columns = Mapping[str, str]
"""Name in a SELECT's result (lower case) to the column of the usage table that it is."""


@dataclass(frozen=True)
class _Source:
    """A table, CTE or subquery that a SELECT reads: its columns; `name` is a table's own if no alias hides it."""

    columns: Columns
    name: FullName = ()

    def is_called(self, column: exp.Column) -> bool:
        """Return whether the column's schema and catalog, if it names them, are this source's."""
        if not column.db:
            return True
        called = tuple(part.lower() for part in (column.catalog, column.db, column.table) if part)
        known = min(len(called), len(self.name))
        return bool(self.name) and called[-known:] == self.name[-known:]


def read_select(select: exp.Select, tables: Tables, scope: Scope) -> list[Read]:
    """Add every filter on the usage table to `scope`; the tables that are read. Raises ClaimError as the parts do.

    A CTE's name means the CTE only after its definition; before and inside it, it means a table, which must be allowed.
    """
    folded = _folded(select)
    _check_ctes(folded, tables)
    names = build_scope(folded)
    assert names is not None
    reader = _Reader(tables, scope)
    for inner in names.traverse():
        reader.find_tables(inner)
    read = list(reader.found.values())
    _require_one_usage(sum(one.is_usage for one in read))
    reader.read(names, outermost=True)
    return read


@dataclass
class _Reader:
    tables: Tables
    scope: Scope
    found: dict[int, Read] = field(default_factory=dict)
    _ctes_read: set[int] = field(default_factory=set)

    def find_tables(self, names: Names) -> None:
        """Hold every table of one SELECT to those that are allowed, also of a CTE that nobody reads."""
        for node in _from(names):
            if isinstance(node, exp.Table) and names.sources.get(node.alias_or_name) is node:
                self.found[id(node)] = self.tables.read(node)

    def read(self, names: Names, *, outermost: bool) -> Columns:
        """Add this SELECT's filters to the scope; what it shows of the usage table's columns."""
        select = names.expression
        if select.args.get("limit") and not outermost:
            raise ClaimError("A SELECT inside the SQL has a LIMIT: rows would be missing.", "Leave it out.")
        sources = {node.alias_or_name.lower(): self._source(names, node) for node in _from(names)}

        def column_of(column: exp.Column) -> str | None:
            return _columns(sources, column).get(column.name.lower())

        where = select.args.get("where")
        if where is not None:
            self.scope.add(where.this, column_of)
        return dict(_shown(select, sources))

    def _source(self, names: Names, node: exp.Expr) -> _Source:
        source = names.sources[node.alias_or_name]
        if isinstance(source, Names):
            if isinstance(node, exp.Table):
                self._read_once(source)
            return _Source(self.read(source, outermost=False))
        read = self.found[id(node)]
        columns = {name: name for name in COLUMNS} if read.is_usage else {}
        return _Source(columns, () if node.alias else read.name)

    def _read_once(self, cte: Names) -> None:
        if id(cte) in self._ctes_read:
            raise ClaimError("The SQL reads one of its CTEs twice.", "Read it once.")
        self._ctes_read.add(id(cte))


def _from(names: Names) -> list[exp.Expr]:
    """What a SELECT reads, in its order. Raises ClaimError for none, two of one name, joins not on columns."""
    select = names.expression
    from_ = select.args.get("from_")
    if from_ is None:
        raise ClaimError("A SELECT in the SQL reads from no table.", f"Read from {USAGE}.")
    joins = select.args.get("joins") or []
    for join in joins:
        _check_join(join)
    nodes = [from_.this, *(join.this for join in joins)]
    if len({node.alias_or_name.lower() for node in nodes}) != len(nodes):
        raise ClaimError("The SQL gives two tables one name.", "Rename one.")
    return nodes


def _check_join(join: exp.Expr) -> None:
    """Refuse an ON that does more than make columns of two tables equal: its filter would not be in the claim."""
    kind = str(join.args.get("kind") or "").upper()
    if kind not in {"", "INNER", "OUTER", "CROSS"}:
        raise ClaimError(f"The SQL has {kind} JOIN, which a claim cannot hold.", "Make it a plain JOIN with ON.")
    on = join.args.get("on")
    for part in parts_of(on, exp.And) if on is not None else []:
        columns = [part.this.unnest(), part.expression.unnest()] if isinstance(part, exp.EQ) else []
        two = len(columns) == 2 and all(isinstance(column, exp.Column) and column.table for column in columns)
        if not two or columns[0].table.lower() == columns[1].table.lower():
            raise ClaimError(
                f"The SQL joins on {quote(part)}, which a claim cannot hold.",
                "In ON let a plain column equal one of another table, each with its table's name; filter in WHERE.",
            )


def _check_ctes(select: exp.Select, tables: Tables) -> None:
    with_ = select.args.get("with_")
    ctes = list(with_.expressions) if with_ is not None else []
    if len({cte.alias for cte in ctes}) != len(ctes):
        raise ClaimError("Two CTEs of the SQL have one name.", "Rename one.")
    for cte in ctes:
        if cte.alias in tables.bare_names():
            raise ClaimError(f"A CTE of the SQL has a table's name: {quote(cte.args['alias'])}.", "Rename the CTE.")


def _require_one_usage(uses: int) -> None:
    if uses != 1:
        raise ClaimError(
            f"The SQL reads {USAGE} {'twice or more' if uses else 'nowhere'}: it must read it once.",
            "Leave one of them out." if uses else "Post the link of a query on Verify's usage.",
        )


def _columns(sources: Mapping[str, _Source], column: exp.Column) -> Columns:
    """Those of the source that a column is of."""
    name = column.name.lower()
    if column.table:
        source = sources.get(column.table.lower())
        return source.columns if source is not None and source.is_called(column) else {}
    found = [source.columns for source in sources.values() if name in source.columns]
    return found[0] if len(found) == 1 else {}


def _shown(select: exp.Expr, sources: Mapping[str, _Source]) -> Iterator[tuple[str, str]]:
    for shown in select.expressions:
        if isinstance(shown, exp.Star) or (isinstance(shown, exp.Column) and isinstance(shown.this, exp.Star)):
            table = shown.table.lower() if isinstance(shown, exp.Column) else ""
            for alias, source in sources.items():
                yield from source.columns.items() if table in {"", alias} else ()
            continue
        bare = shown.this if isinstance(shown, exp.Alias) else shown
        if isinstance(bare, exp.Column):
            columns = _columns(sources, bare)
            if bare.name.lower() in columns:
                yield shown.alias_or_name.lower(), columns[bare.name.lower()]


def _folded(select: exp.Select) -> exp.Select:
    """A copy whose names of tables are in lower case, quoted ones too: that is how Presto compares them."""
    copy = select.copy()
    keep_text(copy, select)
    for node in copy.find_all(exp.Table, exp.TableAlias):
        for identifier in (node.args.get(part) for part in ("this", "db", "catalog")):
            if not isinstance(identifier, exp.Identifier):
                continue
            if not identifier.name.isascii():
                said = f"The SQL names a table {quote(identifier)}: only English letters are sure to be read alike."
                raise ClaimError(said, "Rename it.")
            identifier.set("this", identifier.name.lower())
    return copy
