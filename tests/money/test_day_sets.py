"""Sets of days as spans: AND, OR and gaps of all that six days can make."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product

from verify_credit.looker_sql.day_sets import Days, all_of, any_of

SIX = range(1, 7)
SETS = [frozenset(some) for size in range(7) for some in combinations(SIX, size)]


def days(some: Iterable[int]) -> Days:
    return Days.of((day, day + 1) for day in some)


def listed(found: Days) -> set[int]:
    return {day for start, end in found.spans for day in range(start, end)}


def test_the_days_of_two_filters_are_those_of_both_or_of_either_in_spans_that_do_not_touch() -> None:
    for one, other in product(SETS, SETS):
        both, either = all_of([days(one), days(other)]), any_of([days(one), days(other)])
        assert (listed(both), listed(either)) == (one & other, one | other)
        for found in (both, either):
            assert all(before[1] < after[0] for before, after in zip(found.spans, found.spans[1:], strict=False))


def test_the_gaps_are_the_days_between_the_first_and_the_last_that_are_missing() -> None:
    for some in SETS:
        between = range(min(some, default=1), max(some, default=0) + 1)
        gaps = {day for start, end in days(some).gaps for day in range(start, end)}
        assert gaps == set(between) - some
