"""Presto's errors: their names, codes and types, and what DuckDB says put into their words.

https://github.com/prestodb/presto/blob/0.287/presto-common/src/main/java/com/facebook/presto/common/ErrorCode.java
"""

from __future__ import annotations

import re

CODES = {
    "SYNTAX_ERROR": (1, "USER_ERROR"),
    "USER_CANCELED": (3, "USER_ERROR"),
    "PERMISSION_DENIED": (4, "USER_ERROR"),
    "DIVISION_BY_ZERO": (8, "USER_ERROR"),
    "INVALID_CAST_ARGUMENT": (9, "USER_ERROR"),
    "NOT_SUPPORTED": (13, "USER_ERROR"),
    "NUMERIC_VALUE_OUT_OF_RANGE": (19, "USER_ERROR"),
    "GENERIC_INTERNAL_ERROR": (65536, "INTERNAL_ERROR"),
    "NO_NODES_AVAILABLE": (65541, "INTERNAL_ERROR"),
    "QUERY_QUEUE_FULL": (131074, "INSUFFICIENT_RESOURCES"),
    "EXCEEDED_GLOBAL_MEMORY_LIMIT": (131073, "INSUFFICIENT_RESOURCES"),
    "EXCEEDED_TIME_LIMIT": (131075, "INSUFFICIENT_RESOURCES"),
    "CLUSTER_OUT_OF_MEMORY": (131076, "INSUFFICIENT_RESOURCES"),
    "EXCEEDED_LOCAL_MEMORY_LIMIT": (131079, "INSUFFICIENT_RESOURCES"),
}

_TRANSLATED = (
    (r'Referenced column "([^"]+)" not found', "SYNTAX_ERROR", "Column '{}' cannot be resolved"),
    (r'does not have a column named "([^"]+)"', "SYNTAX_ERROR", "Column '{}' cannot be resolved"),
    (r"Function with name ([^ ]+) does not exist", "SYNTAX_ERROR", "Function {} not registered"),
    (r"Invalid Input Error: (Division by zero)", "DIVISION_BY_ZERO", "{}"),
    (r"Conversion Error: Could not convert string '(.+)' to", "INVALID_CAST_ARGUMENT", "Cannot cast '{}' to a number"),
    (r"Conversion Error: (.+)", "INVALID_CAST_ARGUMENT", "{}"),
    (r"Out of Range Error: (.+)", "NUMERIC_VALUE_OUT_OF_RANGE", "{}"),
)


class PrestoError(Exception):
    """An error with Presto's name, code and type."""

    def __init__(self, message: str, name: str = "SYNTAX_ERROR") -> None:
        super().__init__(message)
        self.name = name
        self.code, self.kind = CODES.get(name, (0, "USER_ERROR"))


def translated(error: Exception, sql: str) -> PrestoError:
    """DuckDB's error in Presto's words: what is wrong with the SQL has its line and column."""
    said = str(error).splitlines()[0]
    for pattern, name, words in _TRANSLATED:
        if found := re.search(pattern, said):
            return PrestoError(
                f"{_place_of(found[1], sql) if name == 'SYNTAX_ERROR' else ''}{words.format(found[1])}", name
            )
    return PrestoError(f"line 1:1: {said}")


def _place_of(name: str, sql: str) -> str:
    """`line 3:12: `, where a name first stands in the SQL, whatever stands before its dot."""
    found = re.search(rf"(?:[\w\"]+\.)*\"?\b{re.escape(name)}\b", sql, re.IGNORECASE)
    before = sql[: found.start()] if found else ""
    return f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
