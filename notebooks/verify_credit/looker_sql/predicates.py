"""The claim's scope, gathered from the predicates of the SQL one by one; what is not understood is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlglot import exp

from ..claim import Flag, is_account
from ..errors import ClaimError
from .relative_dates import moment

ACCOUNT, DAY, FRAUD = "account_sid", "usage_date", "is_fraud"
FILTERS = ("service_sid", "country_iso", "mcc")
COLUMNS = (ACCOUNT, DAY, FRAUD, *FILTERS)
MOST_DAYS_AHEAD = 366
_MIRRORED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
}

ColumnOf = Callable[[exp.Column], str | None]
"""Which column of the usage table a column is, or None."""


@dataclass
class Scope:
    """What the predicates read so far leave; `start` is in, `end` is out."""

    accounts: frozenset[str] | None = None
    start: date | None = None
    end: date | None = None
    fraud: bool = False
    filters: dict[str, frozenset[str]] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)

    def add(self, predicate: exp.Expression, column_of: ColumnOf) -> None:
        """Narrow the scope by one predicate. Raises ClaimError naming one that cannot be read."""
        for part in _conjuncts(predicate):
            if not _is_always_true(part) and not self._read(part, column_of):
                raise ClaimError(
                    f"The SQL filters by {_text(part)}, which a claim cannot hold.",
                    "Filter by account, dates, is_fraud, service, country and MCC only (=, IN; for dates also "
                    "<, <=, >, >=, BETWEEN).",
                )

    def _read(self, part: exp.Expression, column_of: ColumnOf) -> bool:
        if _is_fraud_true(part, column_of):
            self.fraud = True
            return True
        values = _values_of(part, column_of)
        if values is not None:
            self._narrow(*values)
            return True
        return self._read_date(part, column_of)

    def _narrow(self, column: str, values: frozenset[str]) -> None:
        if column == ACCOUNT:
            self.accounts = values if self.accounts is None else self.accounts & values
            return
        known = self.filters.get(column)
        self.filters[column] = values if known is None else known & values
        if not self.filters[column]:
            raise ClaimError(f"The SQL's filters on {column} leave nothing.", "Correct the filters in Looker.")

    def _read_date(self, part: exp.Expression, column_of: ColumnOf) -> bool:
        if isinstance(part, exp.Between) and _is_day(part.this, column_of):
            self._bound(exp.GTE, moment(part.args["low"]))
            self._bound(exp.LTE, moment(part.args["high"]))
            return True
        operator: type[exp.Expression] = type(part)
        if operator not in _MIRRORED:
            return False
        if _is_day(part.this, column_of):
            self._bound(operator, moment(part.expression))
        elif _is_day(part.expression, column_of):
            self._bound(_MIRRORED[operator], moment(part.this))
        else:
            return False
        return True

    def _bound(self, operator: type[exp.Expression], bound: datetime) -> None:
        """Dates count by their midnight: `> 10:00` and `>= 10:00` begin with the next day's."""
        day, at_midnight = bound.date(), bound.time() == datetime.min.time()
        if not at_midnight:
            text = f"The bound {bound:%Y-%m-%d %H:%M:%S} has a time of day; days count by their midnight (UTC)."
            self.flags.append(Flag("time_of_day", text))
        after = day + timedelta(days=1) if day < date.max else day
        if operator is exp.EQ and not at_midnight:
            raise ClaimError(f"No day is {bound:%Y-%m-%d %H:%M:%S}.", "Compare dates with dates.")
        if issubclass(operator, exp.GTE | exp.GT | exp.EQ):
            first = after if operator is exp.GT or not at_midnight else day
            self.start = first if self.start is None else max(self.start, first)
        if issubclass(operator, exp.LT | exp.LTE | exp.EQ):
            end = day if operator is exp.LT and at_midnight else after
            self.end = end if self.end is None else min(self.end, end)


def account_of(scope: Scope) -> str:
    """The one account. Raises ClaimError for none, several, or what is no account SID."""
    if scope.accounts is None:
        raise ClaimError("The SQL names no account.", "Filter by one account_sid.")
    if len(scope.accounts) != 1:
        shown = ", ".join(sorted(scope.accounts)[:5]) or "accounts that exclude each other"
        raise ClaimError(f"The SQL is about {shown}: a claim is about one account.", "Filter by one account_sid.")
    [account] = scope.accounts
    if not is_account(account):
        raise ClaimError(f"'{account[:60]}' is not an account SID.", "It is AC and 32 hex digits.")
    return account


def window_of(scope: Scope, as_of: date) -> tuple[date, date]:
    """First day, and the day after the last. Raises ClaimError for an open or empty window.

    A last day such as 9999-12-31 is an open window in other words: refused where over a year after `as_of`.
    """
    if scope.start is None or scope.end is None:
        side = "first" if scope.start is None else "last"
        raise ClaimError(
            f"The SQL's window is open: it names no {side} day.", f"Give usage_date a {side} day in Looker."
        )
    if scope.start >= scope.end:
        raise ClaimError(
            f"The SQL's window is empty: it begins {scope.start} and ends before {scope.end}.", "Correct the dates."
        )
    if scope.end > as_of + timedelta(days=MOST_DAYS_AHEAD):
        raise ClaimError(
            f"The SQL's window is as good as open: its last day is {scope.end - timedelta(days=1)}, over a year ahead.",
            "Give usage_date its real last day in Looker.",
        )
    return scope.start, scope.end


def _conjuncts(node: exp.Expression) -> list[exp.Expression]:
    """In their order, however many: a chain of ANDs is a tree as deep as it is long."""
    found, left = [], [node]
    while left:
        one = _bare(left.pop())
        if isinstance(one, exp.And):
            left += [one.expression, one.this]
        else:
            found.append(one)
    return found


def _is_always_true(part: exp.Expression) -> bool:
    if isinstance(part, exp.EQ) and isinstance(part.this, exp.Literal) and isinstance(part.expression, exp.Literal):
        return bool(part.this == part.expression)
    return isinstance(part, exp.Boolean) and bool(part.this)


def _is_fraud_true(part: exp.Expression, column_of: ColumnOf) -> bool:
    if isinstance(part, exp.Column):
        return column_of(part) == FRAUD
    if isinstance(part, exp.EQ | exp.Is):
        sides = [_bare(part.this), _bare(part.expression)]
        columns = [side for side in sides if isinstance(side, exp.Column) and column_of(side) == FRAUD]
        return bool(columns) and any(isinstance(side, exp.Boolean) and side.this for side in sides)
    return False


def _values_of(part: exp.Expression, column_of: ColumnOf) -> tuple[str, frozenset[str]] | None:
    """(column, values) of `c = 'x'`, `c IN ('x', 'y')`, or an OR of such on one column."""
    part = _bare(part)
    if isinstance(part, exp.Or):
        sides = [_values_of(side, column_of) for side in (part.this, part.expression)]
        known = [side for side in sides if side is not None]
        if len(known) == 2 and known[0][0] == known[1][0]:
            return known[0][0], known[0][1] | known[1][1]
        return None
    if isinstance(part, exp.EQ):
        pairs = [(part.this, [part.expression]), (part.expression, [part.this])]
    elif isinstance(part, exp.In) and part.expressions and not part.args.get("query"):
        pairs = [(part.this, part.expressions)]
    else:
        return None
    for side, values in pairs:
        column, literals = _bare(side), [_bare(value) for value in values]  # Looker writes `(t.country_iso ) = 'NG'`
        name = column_of(column) if isinstance(column, exp.Column) else None
        if name in {ACCOUNT, *FILTERS} and all(isinstance(each, exp.Literal) and each.is_string for each in literals):
            return str(name), frozenset(each.name for each in literals)
    return None


def _is_day(node: exp.Expression, column_of: ColumnOf) -> bool:
    """The day's column, also through a cast that leaves a date's midnight what it is."""
    node = _bare(node)
    if isinstance(node, exp.Date | exp.TsOrDsToDate):
        return _is_day(node.this, column_of)
    if isinstance(node, exp.Cast) and node.to.this in {exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP}:
        return _is_day(node.this, column_of)
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        return str(node.args["unit"].name).upper() == "DAY" and _is_day(node.this, column_of)
    return isinstance(node, exp.Column) and column_of(node) == DAY


def _bare(node: exp.Expression) -> exp.Expression:
    return _bare(node.this) if isinstance(node, exp.Paren) else node


def _text(node: exp.Expression) -> str:
    text = " ".join(node.sql(dialect="presto").split())
    return text if len(text) <= 200 else f"{text[:199]}…"
