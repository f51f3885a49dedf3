"""Steps on the calendar as Presto takes them, in UTC."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

from ..errors import ClaimError
from .unread_dates import ADVICE

DAYS = {"DAY": 1, "WEEK": 7}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
SECONDS = {"HOUR": 3600, "MINUTE": 60, "SECOND": 1}
UNITS = frozenset({*DAYS, *MONTHS, *SECONDS})


def plus(start: datetime, number: int, unit: str) -> datetime:
    """Add `number` of one of UNITS, or subtract them. Raises ClaimError out of the calendar's range."""
    try:
        if unit in DAYS:
            return start + timedelta(days=number * DAYS[unit])
        if unit in SECONDS:
            return start + timedelta(seconds=number * SECONDS[unit])
        return _plus_months(start, number * MONTHS[unit])
    except (OverflowError, ValueError):
        raise ClaimError(f"The date {number} {unit} from {start.date()} is out of range.", ADVICE) from None


def truncated(start: datetime, unit: str) -> datetime:
    """Cut a moment to the beginning of its unit, one of UNITS; a week begins on Monday."""
    midnight = midnight_of(start)
    match unit:
        case "DAY":
            return midnight
        case "WEEK":
            return plus(midnight, -midnight.weekday(), "DAY")
        case "MONTH":
            return midnight.replace(day=1)
        case "QUARTER":
            return midnight.replace(month=(midnight.month - 1) // 3 * 3 + 1, day=1)
        case "YEAR":
            return midnight.replace(month=1, day=1)
    return start - (start - midnight) % timedelta(seconds=SECONDS[unit])


def midnight_of(start: datetime) -> datetime:
    """Of the same day."""
    return start.replace(hour=0, minute=0, second=0, microsecond=0)


def month_end_of(start: datetime) -> datetime:
    """Midnight of the month's last day."""
    return midnight_of(start).replace(day=calendar.monthrange(start.year, start.month)[1])


def _plus_months(start: datetime, months: int) -> datetime:
    """The same day, or the month's last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
