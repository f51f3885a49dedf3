"""Whole numbers in date expressions: Looker computes weekdays with them, for weeks of any start day.

Presto's integers: a division cuts off towards zero, and the rest has the sign of what was divided.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from .unread_dates import refused

MOST = 999_999
"""The largest number allowed, in intermediate results too: far within the 32 bits of Presto's integers."""

_PARTS: dict[str, Callable[[datetime], int]] = {
    "YEAR": lambda at: at.year,
    "QUARTER": lambda at: (at.month + 2) // 3,
    "MONTH": lambda at: at.month,
    "WEEK": lambda at: at.isocalendar().week,
    "DAY": lambda at: at.day,
    "DAY_OF_MONTH": lambda at: at.day,
    "DAY_OF_WEEK": lambda at: at.isoweekday(),
    "DOW": lambda at: at.isoweekday(),
    "DAY_OF_YEAR": lambda at: at.timetuple().tm_yday,
    "DOY": lambda at: at.timetuple().tm_yday,
    "YEAR_OF_WEEK": lambda at: at.isocalendar().year,
    "YOW": lambda at: at.isocalendar().year,
    "HOUR": lambda at: at.hour,
    "MINUTE": lambda at: at.minute,
    "SECOND": lambda at: at.second,
}
_FUNCTIONS: dict[type[exp.Expression], str] = {
    exp.Year: "YEAR",
    exp.Quarter: "QUARTER",
    exp.Month: "MONTH",
    exp.WeekOfYear: "WEEK",
    exp.Day: "DAY",
    exp.DayOfMonth: "DAY",
    exp.DayOfWeekIso: "DOW",
    exp.DayOfYear: "DOY",
    exp.YearOfWeek: "YOW",
    exp.Hour: "HOUR",
    exp.Minute: "MINUTE",
    exp.Second: "SECOND",
}
_KINDS = {exp.DataType.Type.INT, exp.DataType.Type.BIGINT}


def whole(node: exp.Expression, moment: Callable[[exp.Expression], datetime]) -> int:
    """The whole number that an expression stands for. Raises ClaimError for what is none, or is out of bounds.

    moment: reads the dates in it.
    """
    number = _number(node, moment)
    if abs(number) > MOST:
        raise refused(node)
    return number


def _number(node: exp.Expression, moment: Callable[[exp.Expression], datetime]) -> int:
    match node:
        case exp.Paren():
            return whole(node.this, moment)
        case exp.Neg():
            return -whole(node.this, moment)
        case exp.Literal() if not node.is_string and re.fullmatch("[0-9]{1,6}", node.name):
            return int(node.name)
        case exp.Cast() if node.to.this in _KINDS:
            return _cast(node.this, moment)
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Div() | exp.Mod():
            return _of_two(node, whole(node.this, moment), whole(node.expression, moment))
        case exp.Extract() if node.name.upper() in _PARTS:
            return _PARTS[node.name.upper()](moment(node.expression))
    part = _FUNCTIONS.get(type(node))
    if part is None:
        raise refused(node)
    return _PARTS[part](moment(node.this))


def _cast(node: exp.Expression, moment: Callable[[exp.Expression], datetime]) -> int:
    if isinstance(node, exp.Literal) and node.is_string and re.fullmatch("-?[0-9]{1,6}", node.name):
        return int(node.name)
    return whole(node, moment)


def _of_two(node: exp.Expression, left: int, right: int) -> int:
    match node:
        case exp.Add():
            return left + right
        case exp.Sub():
            return left - right
        case exp.Mul():
            return left * right
    if right == 0:
        raise refused(node)
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if isinstance(node, exp.Div) else left - right * quotient
