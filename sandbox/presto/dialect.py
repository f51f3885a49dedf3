"""What Presto's SQL means and DuckDB's does not: division and decimals, dates that stay dates, types that do not mix.

https://prestodb.io/docs/0.287/functions/decimal.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import errors as sqlglot_errors
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import Schema

from sandbox.presto.errors import PrestoError

ZERO = "Division by zero"
_MOST_DIGITS = 38
_DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INT": 10, "BIGINT": 19}
_KINDS = {
    **dict.fromkeys((*_DIGITS, "DECIMAL", "DOUBLE", "FLOAT"), "number"),
    **dict.fromkeys(("VARCHAR", "TEXT", "CHAR"), "text"),
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMPTZ"), "time"),
    "BOOLEAN": "boolean",
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_EXTRACTED = {"DAY_OF_WEEK": "ISODOW", "DOW": "ISODOW", "DAY_OF_MONTH": "DAY", "DAY_OF_YEAR": "DOY"}
_DATE_STEPS = (exp.DateAdd, exp.Add, exp.Sub, exp.TimestampTrunc, exp.DateTrunc)


class Decimal(NamedTuple):
    """A decimal type: so many digits, so many of them behind the point."""

    digits: int
    places: int

    def times(self, other: Decimal) -> Decimal:
        """The type of a product."""
        return Decimal(min(_MOST_DIGITS, self.digits + other.digits), self.places + other.places)

    def by(self, other: Decimal) -> Decimal:
        """The type of a quotient: it has few places."""
        digits = self.digits + other.places + max(0, other.places - self.places)
        return Decimal(min(_MOST_DIGITS, digits), max(self.places, other.places))

    def __str__(self) -> str:
        return f"DECIMAL({self.digits}, {self.places})"


def as_presto_means(statement: exp.Query, schema: Schema, catalog: str, session_schema: str | None) -> exp.Query:
    """The statement in words that make DuckDB answer as Presto. Raises PrestoError for what Presto refuses.

    If its names cannot be resolved, it is returned unchanged, for DuckDB to refuse.
    """
    try:
        typed = qualify(
            statement.copy(),
            dialect="presto",
            schema=schema,
            catalog=catalog,
            db=session_schema,
            quote_identifiers=True,
        )
        typed = annotate_types(typed, schema=schema, dialect="presto")
    except sqlglot_errors.SqlglotError:
        return statement
    for comparison in typed.find_all(*_COMPARISONS):
        _refuse_mixed(comparison)
    changed = typed.transform(_changed, copy=False)
    assert isinstance(changed, exp.Query)
    return changed


def _refuse_mixed(comparison: exp.Expr) -> None:
    sides = [side for side in _sides(comparison) if _kind(side)]
    for side in sides[1:]:
        if _kind(side) != _kind(sides[0]):
            types = ", ".join("varchar" if _kind(one) == "text" else str(one.type).lower() for one in (sides[0], side))
            raise PrestoError(f"line 1:1: '{comparison.key}' cannot be applied to {types}")


def _sides(comparison: exp.Expr) -> Iterator[exp.Expr]:
    yield comparison.this
    for name in ("expression", "low", "high"):
        if (side := comparison.args.get(name)) is not None:
            yield side
    yield from comparison.args.get("expressions") or ()


def _kind(node: exp.Expr) -> str | None:
    return _KINDS.get(_type_name(node))


def _type_name(node: exp.Expr) -> str:
    return node.type.this.name if node.type is not None and isinstance(node.type.this, exp.DataType.Type) else ""


def _changed(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Div):
        return _division(node)
    if isinstance(node, exp.Avg | exp.Mul) and (decimal := _decimal(node)):
        return _cast(node.copy(), decimal)
    if isinstance(node, _DATE_STEPS) and _type_name(node.this) == "DATE":
        return exp.cast(_inside_changed(node), "DATE")
    if isinstance(node, exp.Extract):
        node.set("this", exp.var(_EXTRACTED.get(node.name.upper(), node.name)))
    return node


def _inside_changed(node: exp.Expr) -> exp.Expr:
    """A copy whose parts are changed: what is put around a node is not looked into again."""
    copy = node.copy()
    for part in list(copy.iter_expressions()):
        part.replace(part.transform(_changed))
    return copy


def _division(node: exp.Div) -> exp.Expr:
    """Whole numbers cut off, decimals rounded to few places, doubles as ever; by zero: refused but for doubles."""
    left, right = node.this, node.expression
    if _type_name(left) in _DIGITS and _type_name(right) in _DIGITS:
        quotient: exp.Expr = exp.IntDiv(this=exp.paren(left), expression=exp.paren(right))
    elif decimal := _decimal(node):
        exact = exp.Div(this=exp.paren(left), expression=exp.paren(right))
        quotient = _cast(exp.Round(this=exact, decimals=exp.Literal.number(decimal.places)), decimal)
    else:
        return node
    failed = exp.Anonymous(this="error", expressions=[exp.Literal.string(ZERO)])
    return exp.Case(
        ifs=[exp.If(this=exp.EQ(this=exp.paren(right), expression=exp.Literal.number(0)), true=failed)],
        default=quotient,
    )


def _cast(node: exp.Expr, decimal: Decimal) -> exp.Expr:
    return exp.cast(node, str(decimal))


def _decimal(node: exp.Expr) -> Decimal | None:
    """The decimal type of an expression, None where it has another or is not known."""
    match node:
        case exp.Paren() | exp.Neg() | exp.Avg() | exp.Max() | exp.Min() | exp.Nullif():
            return _decimal(node.this)
        case exp.Literal() if not node.is_string and "." in node.name and "E" not in node.name.upper():
            whole, _, places = node.name.partition(".")
            return Decimal(len(whole.lstrip("0")) + len(places), len(places))
        case exp.Sum():
            inner = _decimal(node.this)
            return Decimal(_MOST_DIGITS, inner.places) if inner else None
        case exp.Mul() | exp.Div():
            return _decimal_of_two(node)
        case _:
            return _declared(node)


def _decimal_of_two(node: exp.Mul | exp.Div) -> Decimal | None:
    left, right = _decimal(node.this), _decimal(node.expression)
    if left is None and right is None:
        return None
    left, right = left or _whole(node.this), right or _whole(node.expression)
    if left is None or right is None:
        return None
    return left.times(right) if isinstance(node, exp.Mul) else left.by(right)


def _whole(node: exp.Expr) -> Decimal | None:
    digits = _DIGITS.get(_type_name(node))
    return Decimal(digits, 0) if digits else None


def _declared(node: exp.Expr) -> Decimal | None:
    if _type_name(node) != "DECIMAL" or node.type is None:
        return None
    digits = [int(parameter.name) for parameter in node.type.expressions]
    return Decimal(*digits) if len(digits) == 2 else None
