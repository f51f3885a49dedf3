"""When a link's filter_config may be passed over: it says what the filters beside it say, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from src.looker.filter_config import compared


def boxes(*types_and_values: tuple[str, list[dict[str, Any]]]) -> str:
    return json.dumps({"u.a": [{"type": kind, "values": [*values, {}], "id": 0} for kind, values in types_and_values]})


def on(*days: str) -> list[dict[str, Any]]:
    return [{"date": day, "unit": "day", "tz": True, "constant": "7"} for day in days]


def tree(*conditions: Any, either: str = "OR", both: str = "AND") -> str:
    """As newer Lookers repeat their filters; a public page on their OAuth connections has such a link."""
    said = [["FILTER", {"field": field, "value": value, "type": "="}] for field, value in conditions]
    return json.dumps({"__!internal!__": [either, [[both, said]]]})


def of(constant: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"constant": constant, **more}]


@pytest.mark.parametrize(
    ("config", "value", "verdict"),
    [
        ("", "x", "same"),
        ("{}", "x", "same"),
        (boxes(("=", of("NG"))), "NG", "same"),
        (boxes(("=", of("NG"))), "PK", "different"),
        (boxes(("=", [{"constant": "NG"}, {"constant": "PK"}])), "PK, NG", "same"),
        (boxes(("=", of("a.b"))), '"a.b"', "same"),
        (boxes(("=", of('"NG, PK",KE'))), 'KE,"NG, PK"', "same"),
        (boxes(("=", of("NG,PK"))), '"NG,PK"', "different"),  # two values; the filter has one with a comma in it
        (boxes(("=", of(""))), "", "same"),
        (boxes(("=", of("50%"))), "50^%", "unread"),
        (boxes(("!=", of("NG"))), "-NG", "same"),
        (boxes(("!=", of("NG,PK"))), "-NG,-PK", "same"),
        (boxes(("!=", of("NG"))), "NG", "different"),
        (boxes(("!empty", of("")), ("!=", of("pending"))), "-EMPTY,-pending", "same"),
        (boxes(("<", of("134"))), "<134", "same"),
        (boxes(("past", of("8", unit="mo"))), "8 months", "same"),
        (boxes(("past", of("1", unit="day"))), "1 day", "same"),
        (boxes(("past", of("2", unit="yr"))), "2 years", "same"),
        (boxes(("past", of("28", unit="c_day"))), "28 days ago for 28 days", "same"),
        (boxes(("past", of("28", unit="c_day"))), "28 days", "different"),
        (boxes(("past", of("28", unit="fortnight"))), "28 fortnights", "unread"),
        (boxes(("anytime", of("7", unit="day"))), "", "same"),
        (boxes(("anytime", of("7", unit="day"))), "7 days", "different"),
        (boxes(("advanced", of("2025/07/01 to 2025/10/01", unit="day"))), "2025/07/01 to 2025/10/01", "same"),
        (boxes(("user_attribute", of(None))), "", "unread"),
        (boxes(("some new box", of("NG"))), "NG", "unread"),
        (json.dumps({"u.b": [{"type": "=", "values": of("x")}]}), "x", "different"),  # another field
        ("[]", "x", "unread"),
        ('{"u.a": 7}', "x", "unread"),
        ('{"u.a": [{"type": [], "values": [{}]}]}', "x", "unread"),
        ("{" * 100_000, "x", "unread"),
        # Influitive's SQL for Looker's SQL Runner ends in a share link with these two and a window.
        (boxes(("=", of("infusionsoft,brainshark,bmc"))), "infusionsoft,brainshark,bmc", "same"),
        (boxes(("=", of("message_sent"))), "message^_sent", "same"),
        (
            boxes(("between", on("2016-11-20T14:43:30.562Z", "2016-12-24T14:43:30.562Z"))),
            "2016/11/20 to 2016/12/24",
            "same",
        ),
        (
            boxes(("between", on("2016-11-20T14:43:30.562Z", "2016-12-24T14:43:30.562Z"))),
            "2016-11-20 to 2016-12-24",
            "same",
        ),
        (
            boxes(("between", on("2016-11-20T14:43:30.562Z", "2016-12-24T14:43:30.562Z"))),
            "2016/11/20 to 2016/12/25",
            "different",
        ),
        (
            boxes(("between", on("2016-11-20T10:00:00.000Z", "2016-12-24T10:00:00.000Z"))),
            "2016/11/20 10:00 to 2016/12/24 10:00",
            "unread",
        ),
        (boxes(("between", [{"constant": "1"}, {"constant": "5"}])), "[1,5]", "unread"),
        # A LookML view on a cloud's bills: one day.
        (boxes(("on", on("2024-07-15T00:00:00.000Z"))), "2024/07/15", "same"),
        (boxes(("on", on("2024-07-15T00:00:00.000Z"))), "2024/07/16", "different"),
        # A React page around an embedded dashboard: complete weeks.
        (boxes(("past", of("24", unit="c_wk"))), "24 weeks ago for 24 weeks", "same"),
        # LookML on Irish weather: a year.
        (boxes(("year", of("2017", unit="yr"))), "2017", "same"),
        # A LookML view of calls: a bound that moves.
        (
            boxes(("after", [{"date": "2021-05-31T12:24:34.757Z", "constant": "5", "unit": "yr"}])),
            "after 5 years ago",
            "unread",
        ),
        # A model that demonstrates functions in LookML (thelook_events).
        (boxes(("!null", of("7", unit="day"))), "NOT NULL", "same"),
        (boxes(("!null", of(""))), "-NULL", "same"),
        (tree(("u.a", "-NULL")), "-NULL", "same"),
        (tree(("u.a", "NG"), ("u.b", "0")), "NG", "different"),
        (tree(("u.a", "NG"), ("u.a", "PK")), "PK", "unread"),
        (tree(("u.a", "NG"), both="OR"), "NG", "unread"),
    ],
)
def test_only_what_is_surely_the_same_is_passed_over(config: str, value: str, verdict: str) -> None:
    assert compared(config, {"u.a": value}) == verdict
