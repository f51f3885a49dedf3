"""Whether a link's `filter_config`, the state of Looker's filter boxes, says what its `f[…]` say. Pure.

Its form is Looker's own and undocumented: what is not surely the same is either different or not read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

Verdict = Literal["same", "different", "unread"]

_UNITS = {"day": "day", "hour": "hour", "week": "week", "wk": "week", "mo": "month", "month": "month"}
_UNITS |= {"quarter": "quarter", "qtr": "quarter", "year": "year", "yr": "year"}
_UNITS |= {"min": "minute", "minute": "minute", "second": "second"}
_UNREADABLE = (KeyError, TypeError, AttributeError, IndexError, ValueError)
_TREE = "__!internal!__"
"""Where newer Lookers repeat all filters: `["OR", [["AND", [["FILTER", {"field": …, "value": …}], …]]]]`."""

_ITEM = re.compile(r'(?:"[^"]*"|[^,"]|")+')  # a comma within quotes parts nothing
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)T[0-9:.]+Z?")

Values = list[dict[str, Any]]


def compared(config: str, filters: Mapping[str, str]) -> Verdict:
    """How `config` stands to `filters`, by field. Nothing given is the same as any."""
    if not config.strip():
        return "same"
    try:
        fields = json.loads(config)
    except (ValueError, RecursionError):
        return "unread"
    if not isinstance(fields, dict):
        return "unread"
    verdicts = {_of_field(field, boxes, filters) for field, boxes in fields.items()}
    return "different" if "different" in verdicts else "unread" if "unread" in verdicts else "same"


def _of_field(field: str, boxes: Any, filters: Mapping[str, str]) -> Verdict:
    try:
        if field == _TREE:
            said = _of_tree(boxes)
        else:
            said = {
                field: ",".join(_EXPRESSIONS[box["type"]]([entry for entry in box["values"] if entry]) for box in boxes)
            }
            _check_form(boxes, filters.get(field, ""))
    except _UNREADABLE:
        return "unread"
    same = all(name in filters and _items(value) == _items(filters[name]) for name, value in said.items())
    return "same" if same else "different"


def _of_tree(tree: Any) -> dict[str, str]:
    """The filters of the one AND in it, by field. Raises ValueError if it holds anything else."""
    [either, [[both, conditions]]] = tree
    if (either, both) != ("OR", "AND") or any(kind != "FILTER" for kind, _ in conditions):
        raise ValueError("not one AND of filters")
    said = {condition["field"]: str(condition["value"]) for _, condition in conditions}
    if len(said) < len(conditions):
        raise ValueError("a field twice")
    return said


def _check_form(boxes: Iterable[Any], value: str) -> None:
    """Raises ValueError for a time of day beside a box of days, which may well mean the same."""
    if ":" in value and any(box["type"] in ("between", "on") for box in boxes):
        raise ValueError("a time of day")


def _items(expression: str) -> list[str]:
    """A filter's alternatives, without what does not matter: order, spaces, quotes around a whole one."""
    return sorted(_plain(item) for item in _ITEM.findall(expression) if item.strip())


def _plain(item: str) -> str:
    """One alternative as Looker may as well write it: days with slashes, _ without its ^, -NULL for NOT NULL."""
    text = " ".join(item.split()).strip('"').replace("^_", "_")
    text = re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b", r"\1/\2/\3", text)
    return re.sub(r"(?i)^not (null|empty)$", lambda found: f"-{found[1].upper()}", text)


def _texts(form: str) -> Callable[[Values], str]:
    """The values of all constants: each holds some with commas between them, as a filter does."""

    def said(values: Values) -> str:
        texts = [item for entry in values for item in _ITEM.findall(_constant(entry, unread="%^"))]
        return ",".join(form.format(text.strip()) for text in texts)

    return said


def _numbers(form: str) -> Callable[[Values], str]:
    return lambda values: ",".join(form.format(_constant(entry, unread=",")) for entry in values)


def _constant(entry: dict[str, Any], unread: str = "") -> str:
    """A box's text. Raises ValueError if there is none, or it has a character of unknown meaning."""
    constant = entry["constant"]
    if constant is None or any(mark in str(constant) for mark in unread):
        raise ValueError("not read")
    return str(constant)


def _past(values: Values) -> str:
    """The past N units, the running one included: `N units`; of complete ones: `N units ago for N units`."""
    entry = values[0]
    unit, number = str(entry["unit"]), str(int(entry["constant"]))
    name = _UNITS[unit.removeprefix("c_")] + ("" if number == "1" else "s")
    length = f"{number} {name}"
    return f"{length} ago for {length}" if unit.startswith("c_") else length


def _between(values: Values) -> str:
    first, last = values
    return f"{_day(first)} to {_day(last)}"


def _day(entry: dict[str, Any]) -> str:
    found = _DAY.fullmatch(entry["date"])
    if not found:
        raise ValueError("no day")
    return "/".join(found.groups())


_EXPRESSIONS: dict[str, Callable[[Values], str]] = {
    "=": _texts("{}"),
    "is": _texts("{}"),
    "advanced": lambda values: ",".join(str(entry["constant"]) for entry in values),
    "!=": _texts("-{}"),
    "<": _numbers("<{}"),
    ">": _numbers(">{}"),
    "<=": _numbers("<={}"),
    ">=": _numbers(">={}"),
    "contains": _texts("%{}%"),
    "starts": _texts("{}%"),
    "past": _past,
    "between": _between,
    "on": lambda values: _day(values[0]),
    "year": lambda values: str(int(values[0]["constant"])),
    "any": lambda _: "",
    "anytime": lambda _: "",
    "null": lambda _: "NULL",
    "!null": lambda _: "-NULL",
    "empty": lambda _: "EMPTY",
    "!empty": lambda _: "-EMPTY",
}
