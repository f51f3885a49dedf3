"""What Looker adds to a query by itself, told from what its author asks, by Looker's own words and no others.

After the query: its totals, each behind a comment of Looker's. Around it: a pivot, four SELECTs that number rows and
columns and leave out those beyond the limits. What is left is the author's query, in the author's text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..claim import Flag
from ..errors import ClaimError
from .authors_text import Edit, Text
from .lexing import Piece, comments_of, words

_TOTALS_OF = "-- sql for creating the "
_TOTALS = frozenset(
    f"{_TOTALS_OF}{what}" for what in ("total and/or determining pivot columns", "pivot row totals", "grand totals")
)
_RANKS = words(
    "Z___RANK Z___MIN_RANK Z___PIVOT_ROW_RANK Z__PIVOT_COL_RANK Z__PIVOT_COL_ORDERING Z__IS_HIGHEST_RANKED_CELL"
)
"""The columns that a pivot adds."""


def _pattern(written: str) -> re.Pattern[str]:
    """Compile a pattern of words and signs, a blank after each; `number`, `ordering` (by anything), {optional part}."""
    pattern = re.escape(f"{written} ").replace("number", "[0-9]+").replace(r"\{", "(?:").replace(r"\}\ ", r"\ )?")
    return re.compile(pattern.replace(r"ordering\ ", r"[^()]*(?:\( [^()]*\) [^()]*)*"))


_PIVOT_BEFORE = _pattern(
    "SELECT * FROM ( SELECT * , DENSE_RANK ( ) OVER ( ORDER BY Z___MIN_RANK ) AS Z___PIVOT_ROW_RANK , "
    "RANK ( ) OVER ( PARTITION BY Z__PIVOT_COL_RANK ORDER BY Z___MIN_RANK ) AS Z__PIVOT_COL_ORDERING "
    "{, CASE WHEN Z___MIN_RANK = Z___RANK THEN 1 ELSE 0 END AS Z__IS_HIGHEST_RANKED_CELL} "
    "FROM ( SELECT * , MIN ( Z___RANK ) OVER ( PARTITION BY ordering ) AS Z___MIN_RANK "
    "FROM ( SELECT * , RANK ( ) OVER ( ORDER BY ordering ) AS Z___RANK "
    "FROM ( SELECT * , DENSE_RANK ( ) OVER ( ORDER BY ordering ) AS Z__PIVOT_COL_RANK FROM ("
)
_PIVOT_AFTER = (
    _pattern(
        ") WW ) BB WHERE Z__PIVOT_COL_RANK <= number ) AA ) XX ) ZZ "
        "WHERE ( Z__PIVOT_COL_RANK <= number OR Z__IS_HIGHEST_RANKED_CELL = 1 ) "
        "AND ( Z___PIVOT_ROW_RANK <= number {OR Z__PIVOT_COL_ORDERING = 1} ) ORDER BY Z___PIVOT_ROW_RANK"
    ),
    _pattern(
        ") WW ) BB WHERE Z__PIVOT_COL_RANK <= number ) AA ) XX ) ZZ "
        "WHERE Z___PIVOT_ROW_RANK <= number OR Z__PIVOT_COL_ORDERING = 1 ORDER BY Z___PIVOT_ROW_RANK"
    ),
)
"""As Looker writes it, and as it did before it limited the columns that are shown."""


@dataclass(frozen=True)
class AuthorsPart:
    """The author's query: its words and signs, in places of the author's whole text, and the text with the rest cut."""

    pieces: tuple[Piece, ...]
    text: Text
    flags: tuple[Flag, ...] = ()


def authors_part(sql: str, pieces: Sequence[Piece]) -> AuthorsPart:
    """The query without Looker's totals and pivot, blanks around it and semicolons after it.

    Raises ClaimError for a pivot that is not exactly Looker's, and for more than queries behind Looker's comments.
    """
    kept, end, flags = _without_totals(sql, pieces)
    last = len(kept)
    while last and kept[last - 1].sign == ";":
        last -= 1
    end = kept[last].start if last < len(kept) else end
    start = len(sql) - len(sql.lstrip())
    end = max(start, len(sql[:end].rstrip()))
    around = _pivot_around(kept[:last])
    if not around:
        return AuthorsPart(tuple(kept), _cut(sql, [(start, end)]), flags)
    opens, inner, closes = around
    text = _cut(sql, [(start, kept[opens].start), (kept[inner].start, len(sql[: kept[closes].start].rstrip()))])
    said = (
        "The query is pivoted in Looker: what ran is the query inside, without the pivot's limits on columns and rows."
    )
    return AuthorsPart((*kept[:opens], *kept[inner:closes]), text, (*flags, Flag("pivoted", said)))


def _without_totals(sql: str, pieces: Sequence[Piece]) -> tuple[list[Piece], int, tuple[Flag, ...]]:
    """What stands before Looker's first comment on totals, and where that ends."""
    places = [piece.start for piece in pieces if piece.sign != ";"]
    marks = [mark for mark in _marks(sql) if places and places[0] < mark.start < places[-1]]
    if not marks:
        return list(pieces), len(sql), ()
    if len(marks) > len(_TOTALS):
        raise ClaimError(
            f"The SQL has {len(marks)} of Looker's comments on totals; {len(_TOTALS)} is the most that Looker writes.",
            "Take the totals out in Looker, and post the new link.",
        )
    for number, mark in enumerate(marks):
        until = marks[number + 1].start if number + 1 < len(marks) else len(sql)
        behind = [piece for piece in pieces if mark.start < piece.start < until]
        while behind and behind[-1].sign == ";":
            behind.pop()
        if not behind or behind[0].word not in {"SELECT", "WITH"} or any(piece.sign == ";" for piece in behind):
            raise ClaimError(
                f"The SQL has Looker's comment on totals in line {mark.line}, and not one query behind it.",
                "Take the totals out in Looker, and post the new link.",
            )
    kept = [piece for piece in pieces if piece.start < marks[0].start]
    said = f"Looker's own queries of totals, from its comment in line {marks[0].line} on, were left off."
    return kept, marks[0].start, (Flag("looker_additions", said),)


def _marks(sql: str) -> list[Piece]:
    """Looker's comments on totals."""
    return [comment for comment in comments_of(sql) if comment.text.rstrip() in _TOTALS] if _TOTALS_OF in sql else []


def _pivot_around(pieces: Sequence[Piece]) -> tuple[int, int, int] | None:
    """Find where Looker's pivot opens, the query inside it begins, and the pivot closes; None without a pivot.

    Raises ClaimError for a pivot that is not written as Looker writes it.
    """
    named = _ranked(pieces)
    if named is None:
        return None
    opens = _outermost_select(pieces)
    before = _PIVOT_BEFORE.match(_written(pieces[opens:]))
    inner = opens + before[0].count(" ") if before else opens
    closes = _closing(pieces, inner)
    after = any(pattern.fullmatch(_written(pieces[closes:])) for pattern in _PIVOT_AFTER)
    if not before or not after or pieces[inner].word != "SELECT" or _ranked(pieces[inner:closes]):
        raise ClaimError(
            f"The query is pivoted ({named.text} in line {named.line}), and not in a form of Looker's that is known.",
            "Take the pivot out in Looker, and post the new link.",
        )
    return opens, inner, closes


def _outermost_select(pieces: Sequence[Piece]) -> int:
    """Find the outermost SELECT, behind any CTEs."""
    depth = 0
    for place, piece in enumerate(pieces):
        depth += (piece.sign == "(") - (piece.sign == ")")
        if depth == 0 and piece.word == "SELECT" and (place == 0 or pieces[0].word == "WITH"):
            return place
    return 0


def _closing(pieces: Sequence[Piece], inner: int) -> int:
    """Where the bracket that opens before `inner` closes."""
    depth = 1
    for place in range(inner, len(pieces)):
        depth += (pieces[place].sign == "(") - (pieces[place].sign == ")")
        if depth == 0:
            return place
    return len(pieces)


def _ranked(pieces: Sequence[Piece]) -> Piece | None:
    """Return the first piece that names a column which a pivot adds."""
    named = (piece for piece in pieces if piece.kind in {"word", "quoted"})
    return next((piece for piece in named if piece.text.strip('"').upper() in _RANKS), None)


def _written(pieces: Sequence[Piece]) -> str:
    """Write the pieces in capitals, a blank after each; a quoted name or text is replaced by its kind."""
    return "".join(f"{_NAMELESS.get(piece.kind) or piece.text.upper()} " for piece in pieces)


_NAMELESS = {"quoted": '"', "text": "'"}


def _cut(sql: str, kept: Sequence[tuple[int, int]]) -> Text:
    """Return the text with all but these stretches cut out."""
    ends = [0, *(end for _, end in kept)]
    starts = [*(start for start, _ in kept), len(sql)]
    return Text(sql, tuple(Edit(end, start) for end, start in zip(ends, starts, strict=True) if end < start))
