"""Reads the claim from the SQL that Looker gives: which account, which days, which services, countries and MCCs.

The SQL must be one SELECT over allowed tables whose every filter is understood. Nothing is guessed: what cannot be
read is refused by name before anything runs, because a filter left out of the claim would credit what nobody asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .claim import Claim
from .errors import ClaimError
from .functions import check_words
from .lexing import Piece, pieces_of
from .names import DEFAULT_ALLOWED_TABLES, Session
from .nesting import weight_of
from .reading import Question, read
from .reading_process import TooIntricate, read_apart

MOST_CHARACTERS = 500_000
IN_PLACE = 8_000
"""The weight up to which a SQL is read here: in at most about the CPU time that starting a process takes (0.4 s).
Looker's own weigh 80 to 300."""

__all__ = ["DEFAULT_ALLOWED_TABLES", "Session", "TooIntricate", "read_claim"]


def read_claim(
    sql: str,
    *,
    as_of: date,
    allowed_tables: Sequence[str] = DEFAULT_ALLOWED_TABLES,
    asid: str | None = None,
    session: Session | None = None,
) -> Claim:
    """The claim that `sql` makes. Raises ClaimError naming what is missing or unreadable; TooIntricate for its time.

    as_of: the execution id's UTC date, which NOW() and its like stand for; asid: the account it must be about.
    session: Presto's, of the secret. None where it is not known: then the SQL as run has no names put in.
    """
    if len(sql) > MOST_CHARACTERS:
        raise ClaimError(f"The SQL has {len(sql):,} characters; {MOST_CHARACTERS:,} is the most.", "Ask for less.")
    pieces = pieces_of(sql)
    _require_one_select(pieces)
    check_words(pieces)
    question = Question(sql, as_of, tuple(allowed_tables), asid, session)
    return read(question) if weight_of(pieces) <= IN_PLACE else read_apart(question)


def _require_one_select(pieces: Sequence[Piece]) -> None:
    """What can be told of it before it is parsed."""
    statements = 0
    for before, piece in zip([None, *pieces], pieces, strict=False):
        statements += piece.sign != ";" and (before is None or before.sign == ";")
    if statements != 1:
        raise ClaimError(f"The SQL has {statements} statements; it must be one SELECT.", "Post one query.")
    first = next((piece for piece in pieces if piece.sign != "("), pieces[0])
    if first.word not in {"SELECT", "WITH"}:
        raise ClaimError(f"The SQL is {first.text[:80].upper()}, not one SELECT.", "Post the link of a Looker query.")
