"""What no schema can say of result.json: whose it is, of which SQL, how deep, and that its sums are right.

Pure, standard library only. The runner calls it before it uploads, the bot before it posts
(it loads this file by its path).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

OURS = "verify_credit/1"
_EXECUTION = re.compile("[0-9]{8}_[0-9]{6}_[0-9a-f]{8}")
_CENT = Decimal("0.01")
DEEPEST = 100
"""Levels of lists and mappings, the result itself included: code that walks them calls itself a level each."""


def fault(result: Mapping[str, Any], *, execution_id: str, query_sha256: str = "", profile: str = "") -> str | None:
    """What is wrong with a result that keeps its schema, in words; None where nothing is.

    query_sha256: of the SQL that was to be run, where that is known; profile: what the result must keep besides.
    """
    credit = result["credit_amount"]
    if not math.isfinite(credit) or credit < 0:
        return f"its credit_amount is {float(credit):.2f}"
    if result["execution_id"] != execution_id:
        named = _EXECUTION.fullmatch(str(result["execution_id"]))
        return f"it is of execution {named[0] if named else '(no id)'}, not of {execution_id}"
    if is_too_deep(result):
        return f"its lists and mappings are more than {DEEPEST} deep in each other"
    said = (result.get("provenance") or {}).get("sql_sha256")
    if profile and not said:
        return f"the profile {profile} asks for provenance.sql_sha256, and it has none"
    if query_sha256 and said and said != query_sha256:
        return "it is of other SQL than was asked: its provenance.sql_sha256 is not that of the query"
    return _wrong_sum(result) if profile == OURS else None


def broken_rule(error: Any) -> str:
    """Where a result breaks its schema, and which rule: never the value. error: a ValidationError of jsonschema's."""
    place = "".join(_step(step) for step in error.absolute_path)
    rule = error.validator_value
    match error.validator:
        case "required":
            missing = [name for name in rule if name not in error.instance]
            what = " and ".join(f"'{name}' is a required property" for name in missing)
        case "additionalProperties":
            what = "it has a key that is not known there"
        case "type":
            what = f"it is not of type {' or '.join(rule) if isinstance(rule, list) else rule}"
        case "enum":
            what = f"it is not one of {', '.join(map(str, rule))}"
        case "pattern":
            what = f"it does not have the form {rule}"
        case name:
            what = f"it does not keep {name} {rule}" if isinstance(rule, str | int | float) else f"it breaks {name}"
    return f"${place}: {what}"


def _step(step: object) -> str:
    """Quote a key only if it could be one of the schema's own."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch("[a-z][a-z0-9_]{0,40}", str(step)) else ".…"


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
            return f"the mode {row['mode']} has a credit of {credit:.2f}, more than the {most} that was charged"
        if credit != credit.quantize(_CENT):
            return f"the mode {row['mode']} has a credit that is not whole cents"
        total += credit
    said = _exact(result["credit_amount"])
    if total != said:
        return f"its modes' credits sum to {total:.2f}, its credit_amount is {said:.2f}"
    return None


def _exact(number: float) -> Decimal:
    """Return the decimal number that is written in the JSON."""
    return Decimal(str(number))
