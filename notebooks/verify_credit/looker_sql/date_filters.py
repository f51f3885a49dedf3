"""One date filter of the SQL, read as the days that it leaves. A day counts by its midnight (UTC)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlglot import exp

from ..claim import Flag
from ..errors import ClaimError
from .calendar_steps import plus, truncated
from .date_texts import parsed_by
from .dates import moment, unit_of
from .day_sets import NO_END, NO_START, Days, Span, all_of, any_of
from .trees import bare, parts_of

ColumnOf = Callable[[exp.Column], str | None]
"""Which column of the usage table a column is, or None."""

DAY_COLUMN = "usage_date"
_MIRRORED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
}
_UNITS = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
_FORMATS = {"%Y-%m-%d": "DAY", "%Y-%m": "MONTH", "%Y": "YEAR"}
"""Formats whose texts sort as their dates do, and the unit that each writes."""


class DateFilter:
    """Reads one date filter; `flags` collects what is doubtful about its bounds."""

    def __init__(self, column_of: ColumnOf) -> None:
        self._column_of = column_of
        self.flags: list[Flag] = []

    def days(self, part: exp.Expression) -> Days | None:
        """Return the days that it leaves; None if it is no filter on dates alone. Raises ClaimError."""
        part = bare(part)
        if isinstance(part, exp.And | exp.Or):
            return self._days_of_several(part)
        if isinstance(part, exp.Between):
            low = self._compared(exp.GTE, part.this, part.args["low"])
            high = self._compared(exp.LTE, part.this, part.args["high"])
            return low & high if low is not None and high is not None else None
        if isinstance(part, exp.In) and part.expressions:
            return _any_of_all([self._compared(exp.EQ, part.this, each) for each in part.expressions])
        operator: type[exp.Expression] = type(part)
        if operator not in _MIRRORED:
            return None
        straight = self._compared(operator, part.this, part.expression)
        return self._compared(_MIRRORED[operator], part.expression, part.this) if straight is None else straight

    def _days_of_several(self, part: exp.And | exp.Or) -> Days | None:
        sides = [self.days(side) for side in parts_of(part, type(part))]
        known = [side for side in sides if side is not None]
        if len(known) < len(sides):
            return None
        return any_of(known) if isinstance(part, exp.Or) else all_of(known)

    def _compared(self, operator: type[exp.Expression], column: exp.Expression, value: exp.Expression) -> Days | None:
        """None where `column` is not the day's."""
        column = bare(column)
        if isinstance(column, exp.TimeToStr):
            unit, form = self._unit(column.this), column.args["format"].name
            if unit != "DAY" or form not in _FORMATS:
                return None
            bound = _written(bare(value), form)
            return None if bound is None else Days.of([_span(operator, bound, _FORMATS[form])])
        unit = self._unit(column)
        return None if unit is None else Days.of([self._bound(operator, moment(value), unit)])

    def _bound(self, operator: type[exp.Expression], bound: datetime, unit: str) -> Span:
        """`> 10:00` and `>= 10:00` begin with the next day's midnight."""
        if bound != truncated(bound, "DAY"):
            text = f"The bound {bound:%Y-%m-%d %H:%M:%S} has a time of day; days count by their midnight (UTC)."
            self.flags.append(Flag("time_of_day", text))
            if operator is exp.EQ:
                raise ClaimError(f"No day is {bound:%Y-%m-%d %H:%M:%S}.", "Compare dates with dates.")
        return _span(operator, bound, unit)

    def _unit(self, node: exp.Expression) -> str | None:
        """What the day's column is cut to: a DAY, also through casts that leave its midnight, or what DATE_TRUNC says.

        None where it is another column, or changed otherwise.
        """
        node = bare(node)
        if isinstance(node, exp.Date | exp.TsOrDsToDate):
            return self._unit(node.this)
        if isinstance(node, exp.Cast) and node.to.this in {exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP}:
            return self._unit(node.this)
        if isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
            is_day = unit_of(node) in _UNITS and self._unit(node.this) == "DAY"
            return unit_of(node) if is_day else None
        return "DAY" if isinstance(node, exp.Column) and self._column_of(node) == DAY_COLUMN else None


def _any_of_all(sides: Sequence[Days | None]) -> Days | None:
    known = [side for side in sides if side is not None]
    return any_of(known) if len(known) == len(sides) else None


def _span(operator: type[exp.Expression], bound: datetime, unit: str) -> Span:
    """Return the days for which the first midnight of their unit compares with the bound as `operator` asks."""
    first = truncated(bound, unit)
    start, after = first.toordinal(), _day_after(first, unit)
    at_or_after = start if bound == first else after
    spans: dict[type[exp.Expression], Span] = {
        exp.GTE: (at_or_after, NO_END),
        exp.GT: (after, NO_END),
        exp.LT: (NO_START, at_or_after),
        exp.LTE: (NO_START, after),
        exp.EQ: (at_or_after, after),
    }
    return spans[operator]


def _day_after(first: datetime, unit: str) -> int:
    try:
        return plus(first, 1, unit).toordinal()
    except ClaimError:
        return date.max.toordinal() + 1


def _written(value: exp.Expression, form: str) -> datetime | None:
    """Return the first moment that DATE_FORMAT writes as this text; None for a text that it never writes."""
    if not isinstance(value, exp.Literal) or not value.is_string:
        return None
    bound = parsed_by(form, value.name)
    return bound if bound is not None and bound.strftime(form) == value.name else None
