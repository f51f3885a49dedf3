"""One reading of a SQL whose words were checked: parsed, its names and filters followed. It has no time limit."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import errors as sqlglot_errors
from sqlglot import exp

from ..claim import Claim, Flag
from ..errors import ClaimError
from .additions import authors_part
from .authors_text import Edit, Text
from .lexing import Piece, pieces_of, require_same
from .names import Session, Tables
from .now import without_now
from .parsing import ADVICE, DIALECT, Parser, quote
from .predicates import FILTERS, Scope, account_of
from .selects import read_select
from .shape import check_shape
from .window import window_of

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # sqlglot warns of what it cannot read; here it is refused by name


@dataclass(frozen=True)
class Question:
    """What read_claim was asked."""

    sql: str
    as_of: date
    allowed_tables: tuple[str, ...]
    asid: str | None
    session: Session | None


def read(question: Question, most_steps: float = math.inf) -> Claim:
    """The claim. Raises ClaimError, also for what sqlglot cannot read; TooManySteps."""
    scope, tables = Scope(), Tables(question.allowed_tables, question.session)
    try:
        with _telling_what_was_read(scope, tables):
            return _read(question, most_steps, scope, tables)
    except RecursionError as error:
        said = "The SQL cannot be read: it nests or chains too much."
        refusal = ClaimError(said, "Make it plainer: fewer functions and operators inside each other.")
        refusal.certain = False
        raise refusal from error
    except sqlglot_errors.SqlglotError as error:
        refusal = ClaimError("The SQL cannot be read.", ADVICE)
        refusal.certain = not tables.need_session
        raise refusal from error


@contextmanager
def _telling_what_was_read(scope: Scope, tables: Tables) -> Iterator[None]:
    try:
        yield
    except ClaimError as error:
        error.so_far, error.certain = scope.so_far(), not tables.need_session
        raise


def _read(question: Question, most_steps: float, scope: Scope, tables: Tables) -> Claim:
    sql, as_of = question.sql, question.as_of
    pieces, tokens = pieces_of(sql), DIALECT.tokenize(sql)
    require_same(pieces, tokens)
    part = authors_part(sql, pieces)
    starts = {piece.start for piece in part.pieces}
    relative = without_now([token for token in tokens if token.start in starts], as_of)
    text = Text(sql, tuple(sorted([*part.text.edits, *relative])))
    select = _one_select(Parser(most_steps).trees(text), part.pieces)
    check_shape(select)
    if any(column.catalog for column in select.find_all(exp.Column)):
        tables.need_session = question.session is None
    read_tables = read_select(select, tables, scope)
    if not scope.fraud:
        raise ClaimError(
            "The SQL has no is_fraud = true: honest traffic would be credited.", "Add that filter in Looker."
        )
    account = account_of(scope)
    if question.asid and question.asid != account:
        raise ClaimError(
            f"The SQL is about {account}, the request about {question.asid}.", "Post the link of this account."
        )
    start, end = window_of(scope.days, as_of)
    filters = {name: tuple(sorted(scope.filters[name])) if name in scope.filters else None for name in FILTERS}
    return Claim(
        account_sid=account,
        start=start,
        end=end,
        services=filters["service_sid"],
        countries=filters["country_iso"],
        mccs=filters["mcc"],
        sql=sql,
        sql_as_run=tables.in_full(text.as_run, read_tables),
        as_of=as_of,
        limit=_limit(select),
        flags=(*part.flags, *_relative(relative, as_of), *_not_over(end, as_of), *scope.flags),
        tables=tuple(sorted(".".join(one.name) for one in read_tables)),
    )


def _one_select(statements: Sequence[exp.Expr], pieces: Sequence[Piece]) -> exp.Select:
    statement = statements[0] if len(statements) == 1 else None
    while isinstance(statement, exp.Subquery) and not [name for name, value in statement.args.items() if value][1:]:
        statement = statement.this  # in parentheses, and nothing beside them
    if isinstance(statement, exp.Subquery):
        raise ClaimError("The SQL has a clause outside of its parentheses.", "Put it inside them.")
    if not isinstance(statement, exp.Select):
        raise ClaimError("The SQL is not one SELECT.", "Make it one SELECT with nothing around it.")
    if sum(piece.word == "SELECT" for piece in pieces) != len(list(statement.find_all(exp.Select))):
        raise ClaimError("The SQL has a FROM without a SELECT.", "Write SELECT before it.")
    return statement


def _limit(select: exp.Select) -> int | None:
    limit = select.args.get("limit")
    if limit is None:
        return None
    written = quote(limit)
    found = re.fullmatch(r"LIMIT ([0-9]{1,18})|FETCH FIRST ([0-9]{1,18}) ROWS ONLY", written, re.IGNORECASE)
    if found is None:
        raise ClaimError(f"The SQL ends in {written}: not LIMIT and a whole number.", "Write LIMIT 5000.")
    return int(found[1] or found[2])


def _relative(edits: Sequence[Edit], as_of: date) -> tuple[Flag, ...]:
    if not edits:
        return ()
    return (
        Flag(
            "relative_dates", f"The SQL's relative dates (NOW, CURRENT_DATE) were taken as of {as_of.isoformat()} UTC."
        ),
    )


def _not_over(end: date, as_of: date) -> tuple[Flag, ...]:
    if end <= as_of:
        return ()
    last = (end - timedelta(days=1)).isoformat()
    text = f"The window ends on {last}, which was not over on {as_of.isoformat()}: what came later is not in it."
    return (Flag("window_not_over", text),)
