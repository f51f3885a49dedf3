"""The claim's scope, gathered from the predicates of the SQL one by one; what is not understood is refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from ..claim import Flag, is_account
from ..errors import ClaimError
from .date_filters import DAY_COLUMN, ColumnOf, DateFilter
from .day_sets import Days
from .parsing import quote
from .trees import bare, parts_of
from .window import ends_of

ACCOUNT, FRAUD = "account_sid", "is_fraud"
FILTERS = ("service_sid", "country_iso", "mcc")
COLUMNS = (ACCOUNT, DAY_COLUMN, FRAUD, *FILTERS)


@dataclass
class Scope:
    """What the predicates read so far leave; `days` are those of each filter on dates."""

    accounts: frozenset[str] | None = None
    days: list[Days] = field(default_factory=list)
    fraud: bool = False
    filters: dict[str, frozenset[str]] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)

    def so_far(self) -> dict[str, object]:
        """Return the part of the scope that was read, in the form of Claim.scope()."""
        accounts = self.accounts or ()
        known: dict[str, object] = {"account_sid": next(iter(accounts))} if len(accounts) == 1 else {}
        known |= {name: day.isoformat() for name, day in zip(("start", "end"), ends_of(self.days), strict=True) if day}
        plural = {"service_sid": "services", "country_iso": "countries", "mcc": "mccs"}
        return known | {plural[name]: sorted(values) for name, values in self.filters.items() if values}

    def add(self, predicate: exp.Expression, column_of: ColumnOf) -> None:
        """Narrow the scope by one predicate. Raises ClaimError naming one that cannot be read."""
        for part in parts_of(predicate, exp.And):
            if not _is_always_true(part) and not self._read(part, column_of):
                said = f"The SQL filters by {quote(part)}, which a claim cannot hold."
                raise ClaimError(said, _advice(part, column_of))

    def _read(self, part: exp.Expression, column_of: ColumnOf) -> bool:
        if _is_fraud_true(part, column_of):
            self.fraud = True
            return True
        values = _values_of(part, column_of)
        if values is not None:
            self._narrow(*values)
            return True
        return self._read_days(part, column_of)

    def _narrow(self, column: str, values: frozenset[str]) -> None:
        if column == ACCOUNT:
            self.accounts = values if self.accounts is None else self.accounts & values
            return
        known = self.filters.get(column)
        self.filters[column] = values if known is None else known & values
        if not self.filters[column]:
            raise ClaimError(f"The SQL's filters on {column} leave nothing.", "Correct the filters in Looker.")

    def _read_days(self, part: exp.Expression, column_of: ColumnOf) -> bool:
        dates = DateFilter(column_of)
        days = dates.days(part)
        if days is None:
            return False
        self.days.append(days)
        self.flags += dates.flags
        return True


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


def _advice(part: exp.Expression, column_of: ColumnOf) -> str:
    """What to do about a filter that is not understood, by the columns that it is about."""
    columns = {column_of(column) for column in part.find_all(exp.Column)} - {None}
    if len(columns) > 1:
        return "Filter by each column on its own, joined by AND; an OR may hold values of one column only."
    if not columns:
        return f"Leave it out: a claim is filtered by the usage table's own {', '.join(COLUMNS)}, by nothing else."
    [column] = columns
    if column == FRAUD:
        return "Write is_fraud = true."
    if column == DAY_COLUMN:
        return "Compare usage_date itself with days (=, <, <=, >, >=, BETWEEN); days in an OR may leave no gap."
    return f"Compare {column} itself with texts, by = or IN, and keep none out."


def _is_always_true(part: exp.Expression) -> bool:
    if isinstance(part, exp.EQ) and isinstance(part.this, exp.Literal) and isinstance(part.expression, exp.Literal):
        return bool(part.this == part.expression)
    return isinstance(part, exp.Boolean) and bool(part.this)


def _is_fraud_true(part: exp.Expression, column_of: ColumnOf) -> bool:
    if isinstance(part, exp.Column):
        return column_of(part) == FRAUD
    if isinstance(part, exp.EQ | exp.Is):
        sides = [bare(part.this), bare(part.expression)]
        columns = [side for side in sides if isinstance(side, exp.Column) and column_of(side) == FRAUD]
        return bool(columns) and any(isinstance(side, exp.Boolean) and side.this for side in sides)
    return False


def _values_of(part: exp.Expression, column_of: ColumnOf) -> tuple[str, frozenset[str]] | None:
    """(column, values) of `c = 'x'`, `c IN ('x', 'y')`, or an OR of such on one column."""
    part = bare(part)
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
        column, literals = bare(side), [bare(value) for value in values]  # Looker writes `(t.country_iso ) = 'NG'`
        name = column_of(column) if isinstance(column, exp.Column) else None
        if name in {ACCOUNT, *FILTERS} and all(isinstance(each, exp.Literal) and each.is_string for each in literals):
            return str(name), frozenset(each.name for each in literals)
    return None
