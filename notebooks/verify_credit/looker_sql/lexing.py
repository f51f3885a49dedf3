"""The SQL's words and signs as Presto's own grammar splits them, in positions of the author's text.

sqlglot reads many dialects at once: `{# #}` is a comment to it, and `x@y` three words. What the two split differently
is refused, so that nothing that Presto would run hides from what reads the claim.

https://github.com/prestodb/presto/blob/0.287/presto-parser/src/main/antlr4/com/facebook/presto/sql/parser/SqlBase.g4
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlglot.tokenizer_core import Token

from ..errors import ClaimError

_PIECE = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<comment>--[^\r\n]*|/\*.*?(?:\*/|(?P<open>\Z)))
    | (?P<text>'[^']*(?:''[^']*)*(?:'|(?P<unclosed>\Z)))
    | (?P<quoted>"[^"]*(?:""[^"]*)*(?:"|(?P<unended>\Z)))
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign><>|!=|<=|>=|\|\||[-+*/%=<>(),.;])
    | (?P<other>[0-9][A-Za-z0-9_]*|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Piece(NamedTuple):
    """A text, quoted name, number, word, sign, comment or other character; `end` is exclusive, `line` counts from 1."""

    kind: str
    text: str
    start: int
    end: int
    line: int

    @property
    def word(self) -> str:
        """In capitals; "" for what is no bare word."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def sign(self) -> str:
        """The sign itself; "" for what is none."""
        return self.text if self.kind == "sign" else ""


def words(text: str) -> frozenset[str]:
    """A set of words, written with blanks between."""
    return frozenset(text.split())


def pieces_of(sql: str) -> list[Piece]:
    """Split the SQL, without blanks and comments. Raises ClaimError for quotes or a comment that never close."""
    return [piece for piece in _pieces(sql) if piece.kind != "comment"]


def comments_of(sql: str) -> list[Piece]:
    """The comments alone. Raises ClaimError as `pieces_of` does."""
    return [piece for piece in _pieces(sql) if piece.kind == "comment"]


def require_same(pieces: Sequence[Piece], tokens: Sequence[Token]) -> None:
    """Raises ClaimError where sqlglot splits the text otherwise; several words in one token (GROUP BY) are the same."""
    at = 0
    for token in tokens:
        first = at
        while at < len(pieces) and pieces[at].end <= token.end + 1:
            at += 1
        inside = pieces[first:at]
        whole = bool(inside) and (inside[0].start, inside[-1].end) == (token.start, token.end + 1)
        if not whole or (len(inside) > 1 and not all(piece.word for piece in inside)):
            raise _unreadable(pieces[min(first, len(pieces) - 1)])
    if at < len(pieces):
        raise _unreadable(pieces[at])


def _pieces(sql: str) -> Iterator[Piece]:
    at, line = 0, 1
    while at < len(sql):
        found = _PIECE.match(sql, at)
        assert found is not None  # the pattern's last choice takes any character
        if found["open"] is not None or found["unclosed"] is not None or found["unended"] is not None:
            raise ClaimError(f"The SQL cannot be read: what opens in line {line} is never closed.", "Close it.")
        text = found[0]
        if found.lastgroup != "blank":
            yield Piece(str(found.lastgroup), text, at, found.end(), line)
        line += text.count("\n")
        at = found.end()


def _unreadable(piece: Piece) -> ClaimError:
    said = f"The SQL cannot be read at {piece.text[:80]} in line {piece.line}."
    return ClaimError(said, "Write it in Presto's plain SQL: it must be one SELECT.")
