"""What no schema can say of result.json: whose it is, of which SQL, how deep, and that its sums are right.

Pure, of the standard library alone: the runner calls it before it uploads, the bot before it posts, which finds it
by its path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

OURS = "verify_credit/1"
_CENT = Decimal("0.01")
DEEPEST = 100
"""Lists and mappings in each other, the result itself with them: who goes down them must come up again."""


def fault(result: Mapping[str, Any], *, execution_id: str, query_sha256: str = "", profile: str = "") -> str | None:
    """What is wrong with a result that keeps its schema, in words; None where nothing is.

    query_sha256: of the SQL that was to be run, where that is known; profile: what the result must keep besides.
    """
    credit = result["credit_amount"]
    if not math.isfinite(credit) or credit < 0:
        return f"its credit_amount is {credit}"
    if result["execution_id"] != execution_id:
        return f"it is of execution {result['execution_id']}, not of {execution_id}"
    if is_too_deep(result):
        return f"its lists and mappings are more than {DEEPEST} deep in each other"
    said = (result.get("provenance") or {}).get("sql_sha256")
    if profile and not said:
        return f"the profile {profile} asks for provenance.sql_sha256, and it has none"
    if query_sha256 and said and said != query_sha256:
        return "it is of other SQL than was asked: its provenance.sql_sha256 is not that of the query"
    return _wrong_sum(result) if profile == OURS else None


def is_too_deep(result: object) -> bool:
    """Whether more than DEEPEST lists and mappings are in each other."""
    level: list[Any] = [result]
    for _ in range(DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
    return bool(level)


def _wrong_sum(result: Mapping[str, Any]) -> str | None:
    total = Decimal(0)
    for row in result["output_df"]:
        credit, most = _exact(row["credit"]), _exact(row["charged"]).quantize(_CENT, ROUND_HALF_UP)
        if not 0 <= credit <= most:
            return f"the mode {row['mode']} has a credit of {credit}, more than the {most} that was charged"
        total += credit
    said = _exact(result["credit_amount"])
    if total.quantize(_CENT) != said.quantize(_CENT):
        return f"its modes' credits sum to {total:.2f}, its credit_amount is {said:.2f}"
    return None


def _exact(number: float) -> Decimal:
    """As it is written."""
    return Decimal(str(number))
