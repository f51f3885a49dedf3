"""The shape of a claim's SQL: the clauses and expressions that it may be made of, each with its parts.

What sqlglot reads beyond that (it knows thirty dialects) is refused by name, never passed over: a part that nobody
looks at could read a table or leave rows out.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.parsers.presto import PrestoParser

from ..errors import ClaimError
from .lexing import words
from .parsing import quote

_TWO = frozenset({"this", "expression"})
_OF_ONE = frozenset({"this"})
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: words("with_ expressions from_ joins where group order limit distinct"),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.TableAlias: _OF_ONE,
    exp.From: _OF_ONE,
    exp.Join: words("this side kind on"),
    exp.Table: words("this db catalog alias"),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.Where: _OF_ONE,
    exp.Group: frozenset({"expressions"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: words("this desc nulls_first"),
    exp.Limit: frozenset({"expression"}),
    exp.Fetch: words("direction count limit_options"),
    exp.LimitOptions: words("percent rows with_ties"),
    exp.Distinct: frozenset({"expressions"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Column: words("this table db catalog"),
    exp.Star: frozenset(),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _OF_ONE,
    exp.Null: frozenset(),
    exp.Var: _OF_ONE,
    exp.Paren: _OF_ONE,
    exp.Tuple: frozenset({"expressions"}),
    exp.Not: _OF_ONE,
    exp.Neg: _OF_ONE,
    **dict.fromkeys(
        (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.Like, exp.Escape), _TWO
    ),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod), _TWO),
    exp.Div: _TWO | {"typed", "safe"},
    exp.DPipe: _TWO | {"safe"},
    exp.Between: words("this low high"),
    exp.In: frozenset({"this", "expressions"}),
    exp.Case: words("this ifs default"),
    exp.Interval: frozenset({"this", "unit"}),
    exp.AtTimeZone: frozenset({"this", "zone"}),
    exp.DataType: words("this expressions nested"),
    exp.DataTypeParam: _TWO,
    exp.Filter: _TWO,
    exp.Window: words("this partition_by order spec over"),
    exp.WindowSpec: words("kind start start_side end end_side"),
    exp.IgnoreNulls: _OF_ONE,
    exp.RespectNulls: _OF_ONE,
}
_CLAUSES = {
    "laterals": "LATERAL",
    "pivots": "PIVOT",
    "match": "MATCH_RECOGNIZE",
    "connect": "CONNECT BY",
    "sample": "TABLESAMPLE",
    "windows": "WINDOW",
    "locks": "FOR UPDATE",
}
_WITHOUT_PARENTHESES = tuple(PrestoParser.NO_PAREN_FUNCTIONS.values())


def check_shape(select: exp.Select) -> None:
    """Raises ClaimError naming the first part that a claim's SQL may not have."""
    for node in select.walk():
        _check_parts(node)
        if isinstance(node, exp.Select | exp.Subquery | exp.With):
            _check_place(node, select)


def _check_parts(node: exp.Expr) -> None:
    allowed = _PARTS.get(type(node))
    if allowed is None:
        if not isinstance(node, exp.Func) or isinstance(node, _WITHOUT_PARENTHESES):
            raise ClaimError(f"The SQL has {quote(node)}, which a claim cannot hold.", "Leave it out in Looker.")
        return  # a call: its name was held to the list in the author's own words
    for name, value in node.args.items():
        if value and name not in allowed:
            raise _refusal(node, name)


def _refusal(node: exp.Expr, part: str) -> ClaimError:
    if isinstance(node, exp.TableAlias):
        return ClaimError(f"The SQL renames columns in {quote(node)}.", "Give each its name in the SELECT itself.")
    if isinstance(node, exp.Table) and part != "sample":
        return ClaimError(f"The SQL reads {quote(node)}, not a plain table.", "Read the table as it is.")
    if isinstance(node, exp.In) and part == "query":
        return _not_in_from(node.args[part])
    if isinstance(node, exp.Subquery):
        return ClaimError(f"The SQL has {quote(node)}: a clause after a SELECT in parentheses.", "Put it inside them.")
    is_clause = isinstance(node, exp.Select)  # its parts have the names of its clauses; others' have sqlglot's own
    clause = _CLAUSES.get(part, part.strip("_").upper()) if is_clause else quote(node)
    return ClaimError(f"The SQL has {clause}, which a claim cannot hold.", "Leave it out in Looker.")


def _check_place(node: exp.Expr, root: exp.Select) -> None:
    """WITH at the top only; a SELECT is the outermost, a CTE, or in FROM."""
    parent = node.parent
    if isinstance(node, exp.With) and parent is not root:
        raise ClaimError(f"The SQL has a WITH inside: {quote(node)}.", "Put every CTE at the top.")
    if isinstance(node, exp.Select) and node is not root and not isinstance(parent, exp.CTE | exp.Subquery):
        raise _not_in_from(node)
    if isinstance(node, exp.Subquery) and not isinstance(parent, exp.From | exp.Join):
        raise _not_in_from(node)
    if isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Select):
        raise ClaimError(f"The SQL reads from {quote(node)}.", "Read from tables, CTEs and subqueries only.")


def _not_in_from(node: exp.Expr) -> ClaimError:
    return ClaimError(f"The SQL has a SELECT outside of FROM: {quote(node)}.", "Read it as a subquery in FROM.")
