"""Whether a link's `filter_config`, the state of Looker's filter boxes, says what its `f[…]` say. Pure.

Its form is Looker's own and undocumented: what is not surely the same counts as different.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

_UNITS = {"day": "day", "hour": "hour", "week": "week", "mo": "month", "month": "month", "quarter": "quarter"}
_UNITS |= {"year": "year", "min": "minute", "minute": "minute", "second": "second"}

Values = list[dict[str, Any]]


def says_the_same(config: str, filters: Mapping[str, str]) -> bool:
    """Whether every field of `config` has the filter in `filters` that it describes. Nothing given says nothing."""
    if not config.strip():
        return True
    try:
        fields = json.loads(config)
    except (ValueError, RecursionError):
        return False
    if not isinstance(fields, dict):
        return False
    return all(field in filters and _same(boxes, filters[field]) for field, boxes in fields.items())


def _same(boxes: Any, value: str) -> bool:
    try:
        said = [_EXPRESSIONS[box["type"]]([entry for entry in box["values"] if entry]) for box in boxes]
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return False
    return _items(",".join(said)) == _items(value)


def _items(expression: str) -> list[str]:
    """A filter's alternatives; neither their order matters, nor spaces, nor quotes around one as a whole."""
    return sorted(" ".join(item.split()).strip('"') for item in expression.split(","))


def _each(form: str) -> Callable[[Values], str]:
    return lambda values: ",".join(form.format(_plain(entry["constant"])) for entry in values)


def _plain(constant: Any) -> str:
    """One value, which must not be read as several. Raises ValueError."""
    if constant is None or "," in str(constant):
        raise ValueError("not one value")
    return str(constant)


def _past(values: Values) -> str:
    """The past N units, the running one included: `N units`; of complete ones: `N units ago for N units`."""
    entry = values[0]
    unit, number = str(entry["unit"]), str(int(entry["constant"]))
    name = _UNITS[unit.removeprefix("c_")] + ("" if number == "1" else "s")
    length = f"{number} {name}"
    return f"{length} ago for {length}" if unit.startswith("c_") else length


_EXPRESSIONS: dict[str, Callable[[Values], str]] = {
    "=": _each("{}"),
    "is": _each("{}"),
    "advanced": lambda values: ",".join(str(entry["constant"]) for entry in values),
    "!=": _each("-{}"),
    "<": _each("<{}"),
    ">": _each(">{}"),
    "<=": _each("<={}"),
    ">=": _each(">={}"),
    "contains": _each("%{}%"),
    "starts": _each("{}%"),
    "past": _past,
    "any": lambda _: "",
    "anytime": lambda _: "",
    "null": lambda _: "NULL",
    "!null": lambda _: "-NULL",
    "empty": lambda _: "EMPTY",
    "!empty": lambda _: "-EMPTY",
}
