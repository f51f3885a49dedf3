"""The text that runs, and where each part of it stands in the author's, which alone is quoted in messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

MOST_QUOTED = 200
"""Characters of one quotation."""


class Edit(NamedTuple):
    """`new` instead of what the author wrote from `start` to `end` (exclusive)."""

    start: int
    end: int
    new: str = ""


@dataclass(frozen=True)
class Text:
    """The author's SQL and what was changed of it, in the order of the places."""

    author: str
    edits: tuple[Edit, ...] = ()

    @cached_property
    def as_run(self) -> str:
        """The author's SQL with every edit made."""
        return "".join(self._as_run())

    def written(self, start: int, end: int) -> str:
        """Quote what the author wrote for `as_run` from `start` to `end` (exclusive), in one line, cut."""
        return in_one_line(self.author[self.place(start) : self._place_of_end(end)])

    def place(self, at: int) -> int:
        """Where in the author's text the character at a place of `as_run` stands."""
        shift = 0
        for edit in self.edits:
            at_edit = edit.start + shift
            if at < at_edit:
                break
            if at < at_edit + len(edit.new):
                return edit.start
            shift += len(edit.new) - (edit.end - edit.start)
        return at - shift

    def _place_of_end(self, end: int) -> int:
        """Return where the part that ends before a place of `as_run` ends in the author's text."""
        shift = 0
        for edit in self.edits:
            at_edit = edit.start + shift
            if end <= at_edit:
                break
            if end <= at_edit + len(edit.new):
                return edit.end
            shift += len(edit.new) - (edit.end - edit.start)
        return end - shift

    def _as_run(self) -> Iterator[str]:
        at = 0
        for edit in self.edits:
            yield self.author[at : edit.start]
            yield edit.new
            at = edit.end
        yield self.author[at:]


def in_one_line(text: str) -> str:
    """The text with single blanks, cut at MOST_QUOTED."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_QUOTED else f"{line[: MOST_QUOTED - 1]}…"
