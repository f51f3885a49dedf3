"""Dates in SQL: NOW() and its like replaced by literals, and date expressions computed.

Only what Looker writes for date filters is understood; anything else is refused by name.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from ..errors import ClaimError

_TODAY = {"CURRENT_DATE"}
_NOW = {"NOW", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP"}
_DAYS = {"DAY": 1, "WEEK": 7}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_SECONDS = {"HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_ADVICE = "Use date literals, or Looker's own date filters."


def without_now(sql: str, tokens: Sequence[Token], as_of: date) -> str:
    """The text with NOW(), CURRENT_DATE, CURRENT_TIMESTAMP and LOCALTIMESTAMP as literals of `as_of`; else as it is."""
    pieces, at = [], 0
    for place, token in enumerate(tokens):
        literal = _literal(tokens, place, as_of)
        if literal is None:
            continue
        end = tokens[_last_of_call(tokens, place)].end + 1
        pieces += [sql[at : token.start], literal]
        at = end
    return "".join([*pieces, sql[at:]])


def moment(node: exp.Expression) -> datetime:  # noqa: C901 (a case for each form)
    """The moment, in UTC, that an expression of literals stands for. Raises ClaimError naming what is not one."""
    match node:
        case exp.Paren():
            return moment(node.this)
        case exp.Literal() if node.is_string:
            return _parsed(node.name)
        case exp.Cast() | exp.TryCast():
            return _cast(node)
        case exp.Date() | exp.TsOrDsToDate() | exp.FromISO8601Date():
            return _midnight(moment(node.this))
        case exp.FromISO8601Timestamp():
            return moment(node.this)
        case exp.DateAdd():
            return _plus(moment(node.this), _whole(node.expression), _unit(node))
        case exp.Add() | exp.Sub() if isinstance(node.expression, exp.Interval):
            interval, sign = node.expression, 1 if isinstance(node, exp.Add) else -1
            return _plus(moment(node.this), sign * _whole(interval.this), _unit(interval))
        case exp.DateTrunc() | exp.TimestampTrunc():
            return _truncated(moment(node.this), _unit(node))
        case exp.LastDay():
            day = moment(node.this)
            return _midnight(day.replace(day=calendar.monthrange(day.year, day.month)[1]))
        case exp.StrToTime() if isinstance(node.this, exp.Literal):
            return _by_format(node)
    raise refused(node)


def refused(node: exp.Expression) -> ClaimError:
    """The refusal of an expression, with its text."""
    name = "AT TIME ZONE" if isinstance(node, exp.AtTimeZone) else node.sql(dialect="presto")[:200]
    return ClaimError(f"The date expression {name} cannot be read.", _ADVICE)


def _literal(tokens: Sequence[Token], place: int, as_of: date) -> str | None:
    token = tokens[place]
    word = token.text.upper()
    quoted = token.token_type in {TokenType.IDENTIFIER, TokenType.STRING}
    after_dot = place > 0 and tokens[place - 1].token_type == TokenType.DOT
    before_dot = place + 1 < len(tokens) and tokens[place + 1].token_type == TokenType.DOT
    if quoted or after_dot or before_dot:
        return None
    if word in _TODAY:
        return f"DATE '{as_of.isoformat()}'"
    if word in _NOW and (word != "NOW" or _last_of_call(tokens, place) > place):
        return f"TIMESTAMP '{as_of.isoformat()} 00:00:00'"
    return None


def _last_of_call(tokens: Sequence[Token], place: int) -> int:
    """Where `NOW()` or `CURRENT_TIMESTAMP(3)` ends; the word itself where no parentheses follow."""
    kinds = [token.token_type for token in tokens[place + 1 : place + 4]]
    if kinds[:2] == [TokenType.L_PAREN, TokenType.R_PAREN]:
        return place + 2
    if kinds == [TokenType.L_PAREN, TokenType.NUMBER, TokenType.R_PAREN]:
        return place + 3
    return place


def _cast(node: exp.Cast | exp.TryCast) -> datetime:
    kind = node.to.this
    if kind == exp.DataType.Type.DATE:
        return _midnight(moment(node.this))
    if kind in {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.DATETIME}:
        return moment(node.this)
    raise refused(node)


def _parsed(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ClaimError(f"The date '{text[:80]}' cannot be read.", "Write it like DATE '2025-07-01'.") from None
    if parsed.tzinfo is not None:
        raise ClaimError(f"The date '{text[:80]}' has a time zone.", "Leave it out: dates are UTC.")
    return parsed.replace(tzinfo=UTC)


def _by_format(node: exp.StrToTime) -> datetime:
    """date_parse(text, format); MySQL's %i is minutes where Python's is %M."""
    form = node.args["format"].name.replace("%i", "%M").replace("%s", "%S").replace("%T", "%H:%M:%S")
    try:
        return datetime.strptime(node.this.name, form).replace(tzinfo=UTC)
    except ValueError:
        raise refused(node) from None


def _whole(node: exp.Expression) -> int:
    """A whole number, also in parentheses, as text, or negated."""
    match node:
        case exp.Neg():
            return -_whole(node.this)
        case exp.Paren():
            return _whole(node.this)
        case exp.Literal() if re.fullmatch(r"-?[0-9]{1,6}", node.name):
            return int(node.name)
        case exp.Cast():
            return _whole(node.this)
    raise refused(node)


def _unit(node: exp.Expression) -> str:
    unit = node.args.get("unit")
    return str(unit.name).upper().removesuffix("S") if unit is not None else "DAY"


def _plus(start: datetime, number: int, unit: str) -> datetime:
    try:
        if unit in _DAYS:
            return start + timedelta(days=number * _DAYS[unit])
        if unit in _SECONDS:
            return start + timedelta(seconds=number * _SECONDS[unit])
        if unit in _MONTHS:
            return _plus_months(start, number * _MONTHS[unit])
    except (OverflowError, ValueError):
        raise ClaimError(f"The date {number} {unit} from {start.date()} is out of range.", _ADVICE) from None
    raise ClaimError(f"The unit {unit[:40]} of a date expression is not known.", _ADVICE)


def _plus_months(start: datetime, months: int) -> datetime:
    """As Presto does: the same day, or the month's last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def _truncated(start: datetime, unit: str) -> datetime:
    midnight = _midnight(start)
    match unit:
        case "DAY":
            return midnight
        case "WEEK":
            return midnight - timedelta(days=midnight.weekday())
        case "MONTH":
            return midnight.replace(day=1)
        case "QUARTER":
            return midnight.replace(month=(midnight.month - 1) // 3 * 3 + 1, day=1)
        case "YEAR":
            return midnight.replace(month=1, day=1)
        case "HOUR":
            return start.replace(minute=0, second=0, microsecond=0)
        case "MINUTE":
            return start.replace(second=0, microsecond=0)
    raise ClaimError(f"The unit {unit[:40]} of DATE_TRUNC is not known.", _ADVICE)


def _midnight(start: datetime) -> datetime:
    return start.replace(hour=0, minute=0, second=0, microsecond=0)
