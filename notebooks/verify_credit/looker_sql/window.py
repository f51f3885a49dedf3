"""The window: the days that all date filters leave together, which must be one span, closed on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from ..errors import ClaimError
from .day_sets import NO_END, NO_START, Days, Span, all_of

MOST_DAYS_AHEAD = 366
_MOST_GAPS_NAMED = 3


def ends_of(filters: Sequence[Days]) -> tuple[date | None, date | None]:
    """First day, and the day after the last, of what date filters leave together; None for an open side or no day."""
    spans = all_of(filters).spans
    start, end = (spans[0][0], spans[-1][1]) if spans else (NO_START, NO_END)
    return _day(start), _day(end)


def window_of(filters: Sequence[Days], as_of: date) -> tuple[date, date]:
    """First day, and the day after the last. Raises ClaimError for an open or empty window, and one with gaps.

    A last day such as 9999-12-31 is an open window in other words: refused where over a year after `as_of`.
    """
    left = all_of(filters)
    if not left.spans:
        raise _empty(filters)
    start, end = left.spans[0][0], left.spans[-1][1]
    if start == NO_START or end == NO_END:
        side = "first" if start == NO_START else "last"
        raise ClaimError(
            f"The SQL's window is open: it names no {side} day.", f"Give usage_date a {side} day in Looker."
        )
    last = date.fromordinal(end - 1)
    if last >= as_of + timedelta(days=MOST_DAYS_AHEAD):
        raise ClaimError(
            f"The SQL's window is as good as open: its last day is {last}, over a year ahead.",
            "Give usage_date its real last day in Looker.",
        )
    if left.gaps:
        named = ", ".join(_named(gap) for gap in left.gaps[:_MOST_GAPS_NAMED])
        more = f" and {len(left.gaps) - _MOST_GAPS_NAMED} more" if len(left.gaps) > _MOST_GAPS_NAMED else ""
        raise ClaimError(
            f"The SQL's window of {date.fromordinal(start)} to {last} leaves out {named}{more}, by its OR or IN.",
            "A claim has one window: fill the gap, or make a claim of each part.",
        )
    return date.fromordinal(start), last + timedelta(days=1)


def _empty(filters: Sequence[Days]) -> ClaimError:
    """Return the refusal of an empty window; it names the two bounds that exclude each other, if two do."""
    spans = [days.spans for days in filters if days.spans]
    start = max((one[0][0] for one in spans), default=NO_START)
    end = min((one[-1][1] for one in spans), default=NO_END)
    why = "no day is in all of its date filters"
    if end <= start and _day(start) and _day(end):
        why = f"it begins {_day(start)} and ends before {_day(end)}"
    return ClaimError(f"The SQL's window is empty: {why}.", "Correct the dates.")


def _day(ordinal: int) -> date | None:
    """Return the day of an ordinal; None beyond the calendar."""
    return date.fromordinal(ordinal) if NO_START < ordinal <= date.max.toordinal() else None


def _named(gap: Span) -> str:
    first, last = date.fromordinal(gap[0]), date.fromordinal(gap[1] - 1)
    return f"{first}" if first == last else f"{first} to {last}"
