"""When a link's filter_config may be passed over: it says what the filters beside it say, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src.looker.filter_config import says_the_same


def boxes(*types_and_values: tuple[str, list[dict[str, Any]]]) -> str:
    return json.dumps({"u.a": [{"type": kind, "values": [*values, {}], "id": 0} for kind, values in types_and_values]})


def of(constant: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"constant": constant, **more}]


@pytest.mark.parametrize(
    ("config", "value", "same"),
    [
        ("", "x", True),
        ("{}", "x", True),
        (boxes(("=", of("NG"))), "NG", True),
        (boxes(("=", of("NG"))), "PK", False),
        (boxes(("=", [{"constant": "NG"}, {"constant": "PK"}])), "PK, NG", True),
        (boxes(("=", of("NG,PK"))), "NG,PK", False),  # one value with a comma in it; the filter has two
        (boxes(("=", of("a.b"))), '"a.b"', True),
        (boxes(("=", of(""))), "", True),
        (boxes(("!=", of("NG"))), "-NG", True),
        (boxes(("!=", of("NG"))), "NG", False),
        (boxes(("!empty", of("")), ("!=", of("pending"))), "-EMPTY,-pending", True),
        (boxes(("<", of("134"))), "<134", True),
        (boxes(("past", of("8", unit="mo"))), "8 months", True),
        (boxes(("past", of("1", unit="day"))), "1 day", True),
        (boxes(("past", of("28", unit="c_day"))), "28 days ago for 28 days", True),
        (boxes(("past", of("28", unit="c_day"))), "28 days", False),
        (boxes(("anytime", of("7", unit="day"))), "", True),
        (boxes(("anytime", of("7", unit="day"))), "7 days", False),
        (boxes(("advanced", of("2025/07/01 to 2025/10/01", unit="day"))), "2025/07/01 to 2025/10/01", True),
        (boxes(("user_attribute", of(None))), "", False),
        (boxes(("some new box", of("NG"))), "NG", False),
        (json.dumps({"u.b": [{"type": "=", "values": of("x")}]}), "x", False),  # another field
        ("[]", "x", False),
        ('{"u.a": 7}', "x", False),
        ('{"u.a": [{"type": [], "values": [{}]}]}', "x", False),
        ("{" * 100_000, "x", False),
    ],
)
def test_only_what_is_surely_the_same_is_passed_over(config: str, value: str, same: bool) -> None:
    assert says_the_same(config, {"u.a": value}) is same
