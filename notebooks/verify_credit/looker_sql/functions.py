"""The functions that a claim's SQL may call, and the words that it may not hold, by name and before it is parsed."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ClaimError
from .lexing import Piece, words

FUNCTIONS = words(
    """
    COUNT SUM MIN MAX AVG APPROX_DISTINCT APPROX_PERCENTILE COUNT_IF ARBITRARY BOOL_AND BOOL_OR EVERY GEOMETRIC_MEAN
    MAX_BY MIN_BY STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP
    ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE
    COALESCE NULLIF IF CAST TRY_CAST TRY GREATEST LEAST
    ABS CEIL CEILING FLOOR ROUND TRUNCATE SIGN SQRT POWER POW EXP LN LOG2 LOG10 MOD IS_NAN IS_FINITE
    CONCAT SUBSTR SUBSTRING LOWER UPPER TRIM LTRIM RTRIM LENGTH REPLACE REVERSE STRPOS LPAD RPAD SPLIT SPLIT_PART
    REGEXP_LIKE REGEXP_EXTRACT REGEXP_REPLACE MD5 TO_HEX FROM_BASE TO_UTF8
    DATE DATE_TRUNC DATE_ADD DATE_DIFF DATE_FORMAT DATE_PARSE FORMAT_DATETIME PARSE_DATETIME
    FROM_ISO8601_DATE FROM_ISO8601_TIMESTAMP TO_ISO8601 FROM_UNIXTIME TO_UNIXTIME LAST_DAY_OF_MONTH
    EXTRACT YEAR QUARTER MONTH WEEK WEEK_OF_YEAR YEAR_OF_WEEK YOW DAY DAY_OF_MONTH DAY_OF_WEEK DOW DAY_OF_YEAR DOY
    HOUR MINUTE SECOND MILLISECOND NOW CURRENT_TIMESTAMP LOCALTIMESTAMP
    """
)
"""What Looker writes and analysts add: one value from its arguments, or one from a group. None reads a table."""

_NO_FUNCTIONS = words(
    """
    SELECT DISTINCT ALL FROM JOIN ON WHERE BY HAVING LIMIT AND OR NOT IN LIKE BETWEEN IS CASE WHEN THEN ELSE OVER
    FILTER WITHIN INTERVAL AS
    """
)
"""Words that a parenthesis may follow."""

_REFUSED = words(
    """
    UNION INTERSECT EXCEPT VALUES TABLE NATURAL USING EXISTS UNNEST RECURSIVE GROUPING CUBE ROLLUP LATERAL TABLESAMPLE
    """
)
"""Refused where unquoted: reserved in Presto, or names that no column has. Other clauses: shape.py."""

_WITH_UNIT = words("DATE_TRUNC DATE_ADD DATE_DIFF")

_ADVICE = "Make it one plain SELECT: tables, equal-column joins with ON, CTEs, and subqueries in FROM."


def check_words(pieces: Sequence[Piece]) -> None:
    """Raises ClaimError naming, in the author's own words, a function or clause that a claim's SQL may not have."""
    for place, piece in enumerate(pieces):
        if piece.kind == "other":
            raise ClaimError(f"The SQL has {piece.text!r} in line {piece.line}, outside of quotes.", "Leave it out.")
        if piece.word in _REFUSED:
            raise ClaimError(f"The SQL has {piece.text} in line {piece.line}, which a claim cannot hold.", _ADVICE)
        if piece.sign == "(" and place and pieces[place - 1].kind in {"word", "quoted"}:
            _check_call(pieces, place)


def _check_call(pieces: Sequence[Piece], opens: int) -> None:
    called = pieces[opens - 1]
    before = pieces[opens - 2] if opens > 1 else None
    after_dot = before is not None and before.sign == "."
    if not after_dot and (called.word in _NO_FUNCTIONS or (before is not None and before.word == "AS")):
        return  # after AS: a type of CAST, or renamed columns, which are refused once they are parsed
    name = called.word or called.text.strip('"').upper()
    if name in FUNCTIONS and not after_dot:
        if name in _WITH_UNIT:
            _check_unit(called, pieces[opens + 1 : opens + 3])
        return
    if _renames_columns(pieces, opens):
        raise ClaimError(
            f"The SQL renames columns in {called.text} (…), line {called.line}.",
            "Give each its name in the SELECT itself.",
        )
    raise ClaimError(
        f"The SQL calls {called.text[:80]}(…) in line {called.line}, which is not an allowed function.",
        "Take it out in Looker, or write it with plain ones: sums, CASE, CAST, and Presto's dates and texts.",
    )


def _check_unit(called: Piece, following: Sequence[Piece]) -> None:
    """Refuse a unit without quotes: Presto reads it as a column, sqlglot as the unit."""
    if [piece.kind if piece.kind == "text" else piece.sign for piece in following] != ["text", ","]:
        raise ClaimError(
            f"The SQL calls {called.text[:80]}(…) in line {called.line} without a unit in quotes.",
            "Write its unit in quotes, like 'day'.",
        )


def _renames_columns(pieces: Sequence[Piece], opens: int) -> bool:
    """Whether it is `name (a, b) AS (`, a CTE with names of its own."""
    depth = 0
    for place in range(opens, len(pieces)):
        depth += (pieces[place].sign == "(") - (pieces[place].sign == ")")
        if depth == 0:
            following = pieces[place + 1 : place + 3]
            return [one.word or one.sign for one in following] == ["AS", "("]
    return False
