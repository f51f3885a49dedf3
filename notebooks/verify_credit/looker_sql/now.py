"""NOW() and its like, replaced in the text by literals: the rest of the author's SQL stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlglot.tokenizer_core import Token, TokenType

from .authors_text import Edit

_TODAY = {"CURRENT_DATE"}
_NOW = {"NOW", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP"}


def without_now(tokens: Sequence[Token], as_of: date) -> list[Edit]:
    """Return the edits that make NOW(), CURRENT_DATE, CURRENT_TIMESTAMP and LOCALTIMESTAMP literals of `as_of`."""
    literals = [(place, _literal(tokens, place, as_of)) for place in range(len(tokens))]
    return [
        Edit(tokens[place].start, tokens[_last_of_call(tokens, place)].end + 1, literal)
        for place, literal in literals
        if literal is not None
    ]


def _literal(tokens: Sequence[Token], place: int, as_of: date) -> str | None:
    token = tokens[place]
    word = token.text.upper()
    quoted = token.token_type in {TokenType.IDENTIFIER, TokenType.STRING}
    after_dot = place > 0 and tokens[place - 1].token_type == TokenType.DOT
    before_dot = place + 1 < len(tokens) and tokens[place + 1].token_type == TokenType.DOT
    if quoted or after_dot or before_dot:
        return None
    if word in _TODAY:
        return f"DATE '{as_of.isoformat()}'"
    if word in _NOW and (word != "NOW" or _last_of_call(tokens, place) > place):
        return f"TIMESTAMP '{as_of.isoformat()} 00:00:00'"
    return None


def _last_of_call(tokens: Sequence[Token], place: int) -> int:
    """Where `NOW()` or `CURRENT_TIMESTAMP(3)` ends; the word itself where no parentheses follow."""
    kinds = [token.token_type for token in tokens[place + 1 : place + 4]]
    if kinds[:2] == [TokenType.L_PAREN, TokenType.R_PAREN]:
        return place + 2
    if kinds == [TokenType.L_PAREN, TokenType.NUMBER, TokenType.R_PAREN]:
        return place + 3
    return place
