"""How deep a SQL nests and how much it chains, counted from its words and signs before it is parsed.

sqlglot calls itself for each level, and tries some of them twice (DATE, JOIN): Python's stack and our time are short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ClaimError
from .lexing import Piece, words

MOST_LEVELS = 32
"""Looker's own filter on "last week" nests 16 deep, and 21 in a pivot; Python's stack is enough for over 40."""
MOST_CHAINED = 400
"""ANDs, ORs and plus signs in a row at most: each is a level of the tree that is read."""

_OPERATORS = frozenset({"+", "-", "*", "/", "%", "||", "=", "<>", "!=", "<", "<=", ">", ">="})
_PREFIXES = frozenset({"+", "-"})
_CLAUSES = words("SELECT FROM WHERE ON BY HAVING LIMIT WHEN THEN ELSE JOIN AS")
_NO_OPERANDS = _CLAUSES | words("AND OR NOT IN LIKE BETWEEN IS CASE DISTINCT")


@dataclass
class _Level:
    """One pair of brackets or CASE … END: what has been counted in it so far."""

    closed_by: str = ""
    outside: int = 0
    chained: int = 0
    prefixes: int = 0

    @property
    def deep(self) -> int:
        """How many levels are open here: brackets, CASEs, and NOTs and signs before an operand."""
        return self.outside + self.prefixes

    def inner(self, closed_by: str) -> _Level:
        """The level of a bracket or CASE that opens here."""
        return _Level(closed_by, outside=self.deep + 1)


def check_nesting(pieces: Sequence[Piece]) -> None:
    """Raises ClaimError for what nests or chains too much, saying where."""
    levels, deepest, where = [_Level()], 0, 0
    for place, piece in enumerate(pieces):
        if piece.sign == "(":
            levels.append(levels[-1].inner(")"))
        elif piece.word == "CASE":
            levels.append(levels[-1].inner("END"))
        elif levels[-1].closed_by and levels[-1].closed_by in {piece.sign, piece.word}:
            levels.pop()
        else:
            _count(levels[-1], pieces, place)
        if levels[-1].deep > deepest:
            deepest, where = levels[-1].deep, piece.line
    if deepest > MOST_LEVELS:
        raise ClaimError(
            f"The SQL nests {deepest} deep in line {where}; {MOST_LEVELS} is the most.",
            "Make it plainer: fewer functions, CASEs and parentheses inside each other.",
        )


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


def _is_operand(piece: Piece) -> bool:
    """Return whether the piece ends an operand, so that a sign after it is binary."""
    return piece.word not in _NO_OPERANDS and (piece.kind != "sign" or piece.sign == ")")
