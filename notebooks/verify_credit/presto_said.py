"""What may be said in Slack of an error of Presto's: its name, its kind in our words, line, column and token there.

Its own message may quote values of the warehouse (`Cannot cast '4111-...' to BIGINT`), so no part of it is passed on.
The token is looked up in the SQL that ran: it is that SQL's author's own.
"""

from __future__ import annotations

import re

MOST_OF_A_TOKEN = 100
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,60}")
_PLACE = re.compile(r"line (\d{1,7}):(\d{1,7}): ")
_IDENTIFIER = r'(?:"[^"]*"|\w+)'
_TOKEN = re.compile(rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*|'(?:[^']|'')*'|\S")
_KINDS = (
    (r"'.*' cannot be resolved", "there is no such column"),
    (r"Column .* is ambiguous", "the column is in several of the tables"),
    (r"Table (\S+) does not exist", "there is no such table"),
    (r"Schema (\S+) does not exist", "there is no such schema"),
    (r"Catalog (\S+) does not exist", "there is no such catalog"),
    (r"Function .* not registered", "there is no such function"),
    (r"Unexpected parameters", "the function takes other types"),
    (r"mismatched input|no viable alternative|extraneous input", "the SQL cannot be parsed there"),
    (r"cannot be applied to|must evaluate to a|must be the same type", "the types do not go together"),
    (r"must be an aggregate expression or appear in GROUP BY", "it is neither aggregated nor in GROUP BY"),
    (r"Access Denied", "access denied"),
    (r"Cannot cast|Value cannot be cast", "a value cannot be converted"),
    (r"overflow|out of range", "a number is too large for its type"),
)


def said_of(error_name: object, message: object, sql: str, session: str = "") -> str:
    """`SYNTAX_ERROR, there is no such column, at line 3, column 12: amounts`.

    session: its catalog and schema, `hive.authy`, which a name without a place may be as well.
    """
    name, text = str(error_name), str(message)
    parts = [name if _NAME.fullmatch(name) else "an error without a name"]
    kind = next(((words, found) for pattern, words in _KINDS if (found := re.search(pattern, text))), None)
    token = ""
    if kind:
        parts.append(kind[0])
        token = _own_name(kind[1][1], f"{sql}\n{session}") if kind[1].re.groups else ""
    if place := _PLACE.match(text):
        line, column = int(place[1]), int(place[2])
        parts.append(f"at line {line}, column {column}")
        token = token_at(sql, line, column)
    return ", ".join(parts) + (f": {token}" if token else "")


def token_at(sql: str, line: int, column: int) -> str:
    """The name, literal or sign that stands there (both count from 1), cut where it is long; "" where nothing does."""
    lines = sql.split("\n")
    found = _TOKEN.match(lines[line - 1], column - 1) if 0 < line <= len(lines) and column > 0 else None
    return _short(found[0]) if found else ""


def _own_name(name: str, sql: str) -> str:
    """Return a table's or schema's name, which Presto gave without a place, as the SQL writes it; "" if it does not."""
    last = re.escape(name.strip("'\"").rpartition(".")[2])
    found = re.search(rf'\b(?:{_IDENTIFIER}\.)*"?\b{last}\b"?(?:\.{_IDENTIFIER})*', sql, re.IGNORECASE)
    return _short(found[0]) if last and found else ""


def _short(token: str) -> str:
    return token if len(token) <= MOST_OF_A_TOKEN else f"{token[: MOST_OF_A_TOKEN - 1]}…"
