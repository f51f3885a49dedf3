"""Refuses, before the call, what the service would refuse: the limits in botocore's own model of the service.

botocore itself checks types, required members and minima only; lengths, patterns, enums and maxima come back as a
ValidationException that names no setting of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from ..errors import ConfigurationError

_SPACES = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": _SPACES, r"\p{M}": r"\u0300-\u036f"}
_SHOWN = 80  # characters of a value

Fault = tuple[str, object, str]
"""Where in the request (`Tags[0].Value`), the value, the rule it breaks."""


def check_request(client: Any, operation: str, request: Mapping[str, Any], settings: Mapping[str, str]) -> None:
    """Raise ConfigurationError for the first value outside the service's limits.

    operation: as in the service's API, e.g. `CreateProcessingJob`; settings: from a place in the request
    (`RoleArn`, `Tags`; the longest that matches counts) to the setting it comes from.
    """
    shape = client.meta.service_model.operation_model(operation).input_shape
    for place, value, rule in _faults(shape, request, ""):
        raise ConfigurationError(
            f"{_name(place, settings)} is {_shown(value)}, which {operation} would refuse: {rule}. Correct the setting."
        )


def breaks_limits(client: Any, operation: str, request: Mapping[str, Any]) -> list[Fault]:
    """Every value of a request outside the service's limits."""
    return list(_faults(client.meta.service_model.operation_model(operation).input_shape, request, ""))


def _name(place: str, settings: Mapping[str, str]) -> str:
    fitting = [prefix for prefix in settings if place.startswith(prefix)]
    return f"{settings[max(fitting, key=len)]} ({place})" if fitting else place


def _shown(value: object) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)} entries"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(str(value))} characters)"


def _faults(shape: Any, value: Any, place: str) -> Iterator[Fault]:
    rules: dict[str, Callable[[Any, Any, str], Iterator[Fault]]] = {
        "structure": _structure,
        "list": _list,
        "map": _map,
        "string": _string,
        "integer": _number,
        "long": _number,
        "float": _number,
        "double": _number,
    }
    check = rules.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, place)


def _structure(shape: Any, value: Mapping[str, Any], place: str) -> Iterator[Fault]:
    for name in shape.required_members:
        if name not in value:
            yield _join(place, name), None, "it is required"
    for name, member in value.items():
        if name in shape.members:
            yield from _faults(shape.members[name], member, _join(place, name))
        else:
            yield _join(place, name), member, "the service knows no such member"


def _list(shape: Any, value: list[Any], place: str) -> Iterator[Fault]:
    yield from _range(shape, len(value), value, place, "entries")
    for number, member in enumerate(value):
        yield from _faults(shape.member, member, f"{place}[{number}]")


def _map(shape: Any, value: Mapping[str, Any], place: str) -> Iterator[Fault]:
    yield from _range(shape, len(value), dict(value), place, "entries")
    for name, member in value.items():
        yield from _faults(shape.key, name, _join(place, name))
        yield from _faults(shape.value, member, _join(place, name))


def _string(shape: Any, value: str, place: str) -> Iterator[Fault]:
    yield from _range(shape, len(value), value, place, "characters")
    if shape.enum and value not in shape.enum:
        yield place, value, f"it must be one of {len(shape.enum)} known words, such as {shape.enum[0]}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield place, value, f"it must match {pattern}"


def _number(shape: Any, value: float, place: str) -> Iterator[Fault]:
    yield from _range(shape, value, value, place, "")


def _range(shape: Any, size: float, value: object, place: str, unit: str) -> Iterator[Fault]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield place, value, f"at least {least} {unit}".rstrip()
    if most is not None and size > most:
        yield place, value, f"at most {most} {unit}".rstrip()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
