"""Reads the claim from the SQL that Looker gives: which account, which days, which services, countries and MCCs.

The SQL must be one SELECT over allowed tables whose every filter is understood. Nothing is guessed: what cannot be
read is refused by name before anything runs, because a filter left out of the claim would credit what nobody asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date

from ..claim import Claim
from ..errors import ClaimError
from .additions import authors_part
from .functions import check_words
from .lexing import Piece, pieces_of
from .names import DEFAULT_ALLOWED_TABLES, Session
from .nesting import check_nesting
from .parsing import TooManySteps
from .reading import Question, read
from .reading_process import TooIntricate, read_apart

MOST_CHARACTERS = 500_000
WORDS_IN_PLACE, STEPS_IN_PLACE = 8_000, 20_000
"""Words and signs, and steps of the parser, up to which a SQL is read in this process: about the CPU time that starting
another one takes (0.4 s). Looker's own SQL has up to 250 words and takes 310 steps."""

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
    pieces = authors_part(sql, pieces_of(sql)).pieces
    _require_one_select(pieces)
    check_words(pieces)
    check_nesting(pieces)
    question = Question(sql, as_of, tuple(allowed_tables), asid, session)
    if len(pieces) <= WORDS_IN_PLACE:
        with contextlib.suppress(TooManySteps):
            return read(question, STEPS_IN_PLACE)
    return read_apart(question)


def _require_one_select(pieces: Sequence[Piece]) -> None:
    """Raise ClaimError for what is no single SELECT, as far as can be told before parsing."""
    statements = 0
    for before, piece in zip([None, *pieces], pieces, strict=False):
        statements += piece.sign != ";" and (before is None or before.sign == ";")
    if statements != 1:
        advice = "Leave out all but one." if statements else "Post the link of a query that has SQL."
        raise ClaimError(f"The SQL has {statements} statements; it must be one SELECT.", advice)
    first = next((piece for piece in pieces if piece.sign != "("), pieces[0])
    if first.word not in {"SELECT", "WITH"}:
        raise ClaimError(f"The SQL is {first.text[:80]}, not one SELECT.", "Begin it with SELECT or WITH.")
