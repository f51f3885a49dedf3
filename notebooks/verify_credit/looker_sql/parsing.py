"""sqlglot's parser of Presto, which counts its steps and notes where in the text each part of the tree stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlglot import errors as sqlglot_errors
from sqlglot import exp
from sqlglot.dialects.presto import Presto
from sqlglot.parser import SENTINEL_NONE
from sqlglot.parsers.presto import PrestoParser
from sqlglot.tokenizer_core import Token

from ..errors import ClaimError
from .authors_text import Text
from .lexing import pieces_of

DIALECT = Presto()
ADVICE = "Write it in Presto's plain SQL: it must be one SELECT."
_SPAN, _TEXT = "span", "text"
_OPERANDS_AND_CLAUSES = (
    "_parse_unary",
    "_parse_select_query",
    "_parse_with",
    "_parse_cte",
    "_parse_table",
    "_parse_join",
    "_parse_limit",
)
"""Methods whose results begin before their first part (a function's name, SELECT, a bracket). Few, because each costs a
call more for a level of nesting. Every other part begins with one of these and ends where it was made."""

Span = tuple[int, int]
Parse = TypeVar("Parse", bound=Callable[..., Any])


class TooManySteps(Exception):
    """Parsing took more steps than it may take here."""


class Parser(PrestoParser):
    """One parser for one text. Its trees can be quoted."""

    def __init__(self, most_steps: float) -> None:
        super().__init__(dialect=DIALECT)
        self._steps_left = most_steps
        self._failed_at: Token | None = None

    def trees(self, text: Text) -> list[exp.Expr]:
        """A tree for each statement of the text as it runs. Raises ClaimError for what cannot be read; TooManySteps."""
        try:
            trees = self.parse(DIALECT.tokenize(text.as_run), text.as_run)
        except sqlglot_errors.ParseError as error:
            raise self._unreadable(text) from error
        found = [tree for tree in trees if tree is not None]
        for tree in found:
            tree.meta[_TEXT] = text
        return found

    def expression(self, instance: Any, *args: Any, **options: Any) -> Any:
        """As sqlglot's: the node, which ends here."""
        made = super().expression(instance, *args, **options)
        if self._prev:
            made.meta.setdefault(_SPAN, (self._prev.end + 1, self._prev.end + 1))
        return made

    def raise_error(self, message: str, token: Token = SENTINEL_NONE) -> None:
        """As sqlglot's; it notes where."""
        self._failed_at = token or self._curr or self._prev
        super().raise_error(message, token)

    def _advance(self, times: int = 1) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise TooManySteps
        super()._advance(times)

    def _unreadable(self, text: Text) -> ClaimError:
        token = self._failed_at
        if not token:
            return ClaimError("The SQL cannot be read.", ADVICE)
        line = text.author.count("\n", 0, text.place(token.start)) + 1
        written = text.written(token.start, token.end + 1)
        return ClaimError(f"The SQL cannot be read at {written} in line {line}.", ADVICE)


def _noting(parse: Parse) -> Parse:
    """Wrap the method: the node that it returns is noted with the tokens that it took."""

    def parse_and_note(self: Parser, *args: Any, **options: Any) -> Any:
        first = self._curr
        node = parse(self, *args, **options)
        if isinstance(node, exp.Expr) and first and self._prev and first.start <= self._prev.start:
            span = (first.start, self._prev.end + 1)
            node.meta[_SPAN] = _joined(node.meta.get(_SPAN, span), span)
        return node

    return parse_and_note  # type: ignore[return-value]


for _name in _OPERANDS_AND_CLAUSES:
    setattr(Parser, _name, _noting(getattr(PrestoParser, _name)))


def keep_text(node: exp.Expr, of: exp.Expr) -> None:
    """Let a copied part of a tree be quoted as the tree is."""
    text = _text_of(of)
    if text is not None:
        node.meta[_TEXT] = text


def quote(node: exp.Expr, *to: exp.Expr) -> str:
    """The author's own words for a part of a tree, or from one to the last of others; in one line, cut."""
    text = _text_of(node)
    if text is None:
        return "…"
    part: exp.Expr | None = node
    while part is not None:
        span = _span(part)
        if span is not None:
            last = _span(to[-1]) if to else None
            return text.written(*_with_brackets(text.as_run, _joined(span, last or span)))
        part = part.parent
    return "…"


def _text_of(node: exp.Expr) -> Text | None:
    part: exp.Expr | None = node
    while part is not None:
        if _TEXT in part.meta:
            found = part.meta[_TEXT]
            assert isinstance(found, Text)
            return found
        part = part.parent
    return None


def _span(node: exp.Expr) -> Span | None:
    """From the first to the last place that is known of the node or a part of it."""
    spans = list(_spans(node))
    starts = [start for start, end in spans if start < end]
    return (min(starts), max(end for _, end in spans)) if starts else None


def _spans(node: exp.Expr) -> Iterator[Span]:
    for part in node.walk():
        if _SPAN in part.meta:
            yield part.meta[_SPAN]
        if "start" in part.meta:
            yield part.meta["start"], part.meta["end"] + 1


def _joined(one: Span, other: Span) -> Span:
    return min(one[0], other[0]), max(one[1], other[1])


def _with_brackets(text: str, span: Span) -> Span:
    """Widen the span on both sides until its brackets are in pairs."""
    pieces = [piece for piece in pieces_of(text) if piece.sign in {"(", ")"}]
    opened: list[int] = []
    start, end = span
    for piece in pieces:
        if piece.sign == "(":
            opened.append(piece.start)
        elif opened:
            opens = opened.pop()
            if opens < start < piece.end <= end:
                start = opens
            elif start <= opens < end < piece.end:
                end = piece.end
    return start, end
