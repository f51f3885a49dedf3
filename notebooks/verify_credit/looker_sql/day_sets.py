"""Sets of days, as the spans they are made of: what one date filter leaves, AND and OR of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

NO_START, NO_END = 0, date.max.toordinal() + 2
"""Beyond every day that Python knows: a span open on that side."""

Span = tuple[int, int]
"""First day, and the day after the last, as ordinals."""


@dataclass(frozen=True)
class Days:
    """Its spans are in order, and a day apart at least."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Days:
        """All days that are in any of the spans."""
        joined: list[Span] = []
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if joined and start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((start, end))
        return cls(tuple(joined))

    def __and__(self, other: Days) -> Days:
        found, left, right = [], list(self.spans[::-1]), list(other.spans[::-1])
        while left and right:
            found.append((max(left[-1][0], right[-1][0]), min(left[-1][1], right[-1][1])))
            (left if left[-1][1] <= right[-1][1] else right).pop()
        return Days.of(found)

    @property
    def gaps(self) -> list[Span]:
        """What lies between the spans."""
        return [(before[1], after[0]) for before, after in zip(self.spans, self.spans[1:], strict=False)]


ALL = Days(((NO_START, NO_END),))


def any_of(sets: Iterable[Days]) -> Days:
    """The days that are in any of the sets."""
    return Days.of(span for one in sets for span in one.spans)


def all_of(sets: Iterable[Days]) -> Days:
    """The days that are in each of the sets."""
    left = ALL
    for days in sets:
        left &= days
    return left
