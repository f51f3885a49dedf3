"""The grammar of dates: what Looker's date filters are made of, computed as Presto does; else refused by name."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from sqlglot import exp

from . import date_texts
from .calendar_steps import SECONDS, UNITS, midnight_of, month_end_of, plus, truncated
from .integers import whole
from .unread_dates import refused

_INTERVALS = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}
_DATE, _TIMESTAMPS = (
    exp.DataType.Type.DATE,
    {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.DATETIME, exp.DataType.Type.TIMESTAMPTZ},
)


class _Moment(NamedTuple):
    """In UTC; a DATE has no hours to add to."""

    at: datetime
    is_date: bool


def moment(node: exp.Expression) -> datetime:
    """Compute the moment, in UTC, of an expression of literals. Raises ClaimError quoting what is none."""
    return _moment(node).at


def _moment(node: exp.Expression) -> _Moment:  # noqa: C901 (a case for each form)
    match node:
        case exp.Paren():
            return _moment(node.this)
        case exp.Literal() if node.is_string:
            raise date_texts.bare_text(node.name)
        case exp.Cast():
            return _cast(node)
        case exp.Date() | exp.TsOrDsToDate() if not node.args.get("zone") and not node.expressions:
            return _as_date(node.this)
        case exp.FromISO8601Date() if _is_text(node.this):
            return _Moment(date_texts.iso_date_of(node.this.name), is_date=True)
        case exp.FromISO8601Timestamp() if _is_text(node.this):
            return _Moment(date_texts.iso_timestamp_of(node.this.name), is_date=False)
        case exp.StrToTime() if _is_text(node.this):
            parsed = date_texts.parsed_by(node.args["format"].name, node.this.name)
            if parsed is not None:
                return _Moment(parsed, is_date=False)
        case exp.DateAdd() | exp.DateTrunc() | exp.TimestampTrunc() | exp.Add() | exp.Sub() | exp.LastDay():
            return _computed(node)
    raise refused(node)


def _computed(node: exp.Expression) -> _Moment:
    start = _moment(node.this)
    match node:
        case exp.LastDay():
            return _Moment(month_end_of(start.at), is_date=True)
        case exp.DateTrunc() | exp.TimestampTrunc():
            unit = unit_of(node)
            if unit in UNITS and not (start.is_date and unit in SECONDS):
                return start._replace(at=truncated(start.at, unit))
        case exp.DateAdd():
            number, unit = whole(node.expression, moment), unit_of(node)
            if unit in UNITS and not (start.is_date and unit in SECONDS):
                return start._replace(at=plus(start.at, number, unit))
        case _:
            number, unit = _interval(node.expression)
            later = plus(start.at, -number if isinstance(node, exp.Sub) else number, unit)
            if not start.is_date or later == midnight_of(later):
                return start._replace(at=later)
    raise refused(node)


def unit_of(node: exp.Expression) -> str:
    """Return the unit of a step or a truncation in capitals; "" if it cannot be read."""
    return str(node.args["unit"].name).upper() if node.args.get("unit") is not None else ""


def _cast(node: exp.Cast) -> _Moment:
    kind = node.to.this
    if kind == _DATE:
        return _as_date(node.this)
    if kind not in _TIMESTAMPS or node.to.expressions:
        raise refused(node)
    at = date_texts.timestamp_of(node.this.name) if _is_text(node.this) else moment(node.this)
    return _Moment(at, is_date=False)


def _as_date(node: exp.Expression) -> _Moment:
    return _Moment(date_texts.date_of(node.name) if _is_text(node) else midnight_of(moment(node)), is_date=True)


def _interval(node: exp.Expression) -> tuple[int, str]:
    """(number, unit) of INTERVAL '30' DAY, also times a whole number."""
    match node:
        case exp.Paren():
            return _interval(node.this)
        case exp.Interval() if unit_of(node) in _INTERVALS:
            return _written(node.this), unit_of(node)
        case exp.Mul() if isinstance(node.this, exp.Interval):
            number, unit = _interval(node.this)
            return number * whole(node.expression, moment), unit
        case exp.Mul() if isinstance(node.expression, exp.Interval):
            number, unit = _interval(node.expression)
            return whole(node.this, moment) * number, unit
    raise refused(node)


def _written(node: exp.Expression) -> int:
    """The number in an interval's quotes, which a sign may precede."""
    if isinstance(node, exp.Neg):
        return -_written(node.this)
    if isinstance(node, exp.Literal) and re.fullmatch("-?[0-9]{1,6}", node.name):
        return int(node.name)
    raise refused(node)


def _is_text(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and node.is_string
