"""How deep and how long a SQL is, counted from its words and signs: what bounds the time of parsing it.

sqlglot calls itself for each level and, where a word may be a type (DATE), tries each level twice: a text of 100
characters can take it minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import ClaimError
from .lexing import Piece, words

MOST_LEVELS = 32
"""Looker's own filter on "last week" nests 16 deep, and 21 in a pivot; Python's stack is enough for over 40."""
MOST_CHAINED = 400
"""So many ANDs, ORs, plus signs in a row: each is a level of the tree that is read."""
TRIED = 3
"""How much longer a level takes that sqlglot reads as a type first (measured: 2.2 to 3)."""

_OPERATORS = frozenset({"+", "-", "*", "/", "%", "||", "=", "<>", "!=", "<", "<=", ">", ">="})
_PREFIXES = frozenset({"+", "-"})
_CLAUSES = words("SELECT FROM WHERE ON BY HAVING LIMIT WHEN THEN ELSE JOIN AS")
_MAY_BE_TYPES = words("DATE")
_NO_OPERANDS = _CLAUSES | words("AND OR NOT IN LIKE BETWEEN IS CASE DISTINCT")


@dataclass
class _Level:
    """One pair of brackets or CASE … END: what has been counted in it so far."""

    tried: int = 0
    outside: int = 0
    chained: int = 0
    prefixes: int = 0

    @property
    def deep(self) -> int:
        """How many levels are open here: brackets, CASEs, and NOTs and signs before an operand."""
        return self.outside + self.prefixes

    def inner(self, tried: bool) -> _Level:
        """The level of a bracket or CASE that opens here."""
        return _Level(tried=self.tried + tried, outside=self.deep + 1)


def weight_of(pieces: Sequence[Piece]) -> int:
    """About how many steps parsing takes. Raises ClaimError for what nests or chains too much, saying where."""
    levels, weight, deepest, where = [_Level()], 0, 0, 0
    for place, piece in enumerate(pieces):
        if piece.sign == "(" or piece.word == "CASE":
            levels.append(levels[-1].inner(tried=piece.sign == "(" and _may_be_type(pieces, place)))
        elif (piece.sign == ")" or piece.word == "END") and len(levels) > 1:
            levels.pop()
        else:
            _count(levels[-1], pieces, place)
        if levels[-1].deep > deepest:
            deepest, where = levels[-1].deep, piece.line
        weight += TRIED ** min(levels[-1].tried, 20)
    if deepest > MOST_LEVELS:
        raise ClaimError(
            f"The SQL nests {deepest} deep in line {where}; {MOST_LEVELS} is the most.",
            "Make it plainer: fewer functions, CASEs and parentheses inside each other.",
        )
    return weight


def _count(level: _Level, pieces: Sequence[Piece], place: int) -> None:
    piece = pieces[place]
    if piece.sign == "," or piece.word in _CLAUSES:
        level.chained = level.prefixes = 0
    elif piece.word in {"AND", "OR"}:
        level.chained, level.prefixes = level.chained + 1, 0
    elif piece.word == "NOT" or (piece.sign in _PREFIXES and not _is_operand(pieces[place - 1])):
        level.prefixes += 1
    elif piece.sign in _OPERATORS:
        level.chained += 1
    if level.chained > MOST_CHAINED:
        raise ClaimError(
            f"The SQL chains over {MOST_CHAINED} operators in line {piece.line}.",
            "Make it plainer: write a list of values as IN (…).",
        )


def _may_be_type(pieces: Sequence[Piece], opens: int) -> bool:
    return opens > 0 and (pieces[opens - 1].word in _MAY_BE_TYPES or (opens > 1 and pieces[opens - 2].word == "AS"))


def _is_operand(piece: Piece) -> bool:
    """Whether a sign after it stands between two operands."""
    return piece.word not in _NO_OPERANDS and (piece.kind != "sign" or piece.sign == ")")
