"""Length, range, pattern and enum of a request's members, worded as AWS words them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape

_TEXT = ("string", "character")
_NUMBERS = ("integer", "long", "float", "double")


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Each constraint of `shape` that `value` breaks. `path` is where the value is in the request."""
    for constraint in _broken(shape, value):
        yield f"Value at '{path or 'request'}' failed to satisfy constraint: {constraint}"
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _in_structure(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        yield from _in_map(shape, value, path)


def _in_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None and constrained(member):
            yield from violations(member, value[name], _join(path, name))


def _in_map(shape: MapShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for key, item in value.items():
        yield from violations(shape.key, key, f"{path}.key")
        yield from violations(shape.value, item, f"{path}.{key}.member")


def _join(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _broken(shape: Shape, value: Any) -> list[str]:
    limits = shape.metadata
    broken = _outside(limits, value, shape.type_name) if {"min", "max"} & limits.keys() else []
    if "pattern" in limits and isinstance(value, str) and not _matcher(limits["pattern"])(value):
        broken.append(f"Member must satisfy regular expression pattern: {limits['pattern']}")
    if limits.get("enum") and isinstance(value, str) and value not in limits["enum"]:
        broken.append(f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]")
    return broken


def _outside(limits: dict[str, Any], value: Any, kind: str) -> list[str]:
    if kind in _NUMBERS and isinstance(value, (int, float)):
        size, words = value, ("value greater than or equal to", "value less than or equal to")
    elif kind in (*_TEXT, "list", "map", "blob") and hasattr(value, "__len__"):
        size, words = _length(value), ("length greater than or equal to", "length less than or equal to")
    else:
        return []
    low, high = limits.get("min"), limits.get("max")
    broken = [f"Member must have {words[0]} {low}"] if low is not None and size < low else []
    return broken + ([f"Member must have {words[1]} {high}"] if high is not None and size > high else [])


def _length(value: Any) -> int:
    """The services count a text in UTF-16 units: an emoji is two."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(value, str) else len(value)


@cache
def _matcher(pattern: str) -> Callable[[str], Any]:
    """Compile a match of the whole value. A pattern that Python cannot read is met by every value."""
    try:
        compiled: regex.Pattern[str] = regex.compile(pattern)
        return compiled.fullmatch
    except regex.error:
        return lambda _value: True


def constrained(shape: Shape) -> bool:
    """Whether anything within the shape has a constraint: a request of shapes without any need not be walked."""
    return _constrained(shape, frozenset())


_KNOWN: dict[int, tuple[Shape, bool]] = {}


def _constrained(shape: Shape, outer: frozenset[str]) -> bool:
    known = _KNOWN.get(id(shape))
    if known is None:
        limited = bool({"min", "max", "pattern", "enum"} & shape.metadata.keys())
        answer = limited or any(_constrained(part, outer | {shape.name}) for part in _parts(shape, outer))
        known = _KNOWN[id(shape)] = (shape, answer)
    return known[1]


def _parts(shape: Shape, outer: frozenset[str]) -> list[Shape]:
    if shape.name in outer:
        return []
    if isinstance(shape, StructureShape):
        return list(shape.members.values())
    if isinstance(shape, ListShape):
        return [shape.member]
    return [shape.key, shape.value] if isinstance(shape, MapShape) else []
