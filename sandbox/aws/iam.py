"""Whether policies allow an action: IAM's evaluation, for the elements that this project's policies use.

An element that is not known here is refused (UnsupportedPolicy), never passed over.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

Decision = Literal["allowed", "not allowed", "denied"]
Statement = Mapping[str, Any]

_ELEMENTS = frozenset({"Sid", "Effect", "Action", "Resource", "Condition", "Principal"})


class UnsupportedPolicy(Exception):
    """A policy uses what this evaluation does not know; the text names it."""


@dataclass(frozen=True)
class Demand:
    """One action on one resource, which a request needs. `context`: condition key to value or values."""

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def key(self) -> tuple[Any, ...]:
        """What makes two demands the same."""
        return self.action, self.resource, tuple(sorted(self.context.items()))


def decide(documents: Iterable[Mapping[str, Any]], demand: Demand) -> Decision:
    """Decide a demand by identity policies: an explicit deny wins, and without an allow it is denied."""
    effects = {said["Effect"] for document in documents for said in statements(document) if _fits(said, demand)}
    if "Deny" in effects:
        return "denied"
    return "allowed" if "Allow" in effects else "not allowed"


def trusts(document: Mapping[str, Any], kind: str, principal: str, demand: Demand) -> bool:
    """Whether a trust policy lets a principal (kind "Service" or "Federated") take the role: `demand` names how."""
    anywhere = [{"Resource": "*", **said} for said in statements(document) if principal in _principals(said, kind)]
    return decide([{"Statement": anywhere}], demand) == "allowed"


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """A policy's statements. Raises UnsupportedPolicy for an element that is not known here."""
    found = _many(document["Statement"])
    for said in found:
        unknown = said.keys() - _ELEMENTS
        if unknown:
            raise UnsupportedPolicy(f"{sorted(unknown)} in the statement {said.get('Sid', said)}")
    return found


def _principals(said: Statement, kind: str) -> list[str]:
    return _many(said.get("Principal", {}).get(kind, []))


def _fits(said: Statement, demand: Demand) -> bool:
    return (
        any(_like(action.lower(), demand.action.lower()) for action in _many(said["Action"]))
        and any(_like(resource, demand.resource) for resource in _many(said["Resource"]))
        and all(
            _holds(operator, key, _many(wanted), demand.context)
            for operator, tests in said.get("Condition", {}).items()
            for key, wanted in tests.items()
        )
    )


def _holds(operator: str, key: str, wanted: list[Any], context: Mapping[str, str | tuple[str, ...]]) -> bool:
    """Evaluate one test of a condition. It fails if the request lacks the key, except for ForAllValues."""
    for_all = operator.startswith("ForAllValues:")
    test = _OPERATORS.get(operator.removeprefix("ForAllValues:"))
    if test is None:
        raise UnsupportedPolicy(f"the condition operator {operator}")
    given = _many({name.lower(): value for name, value in context.items()}.get(key.lower(), ()))
    if len(given) > 1 and not for_all:
        raise UnsupportedPolicy(f"{operator} on {key}, which has several values here: use ForAllValues")
    enough = all if for_all else any
    return enough(any(test(str(value), _plain(one)) for one in wanted) for value in given)


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda given, wanted: given == wanted,
    "StringLike": lambda given, wanted: _like(wanted, given),
    "NumericLessThanEquals": lambda given, wanted: float(given) <= float(wanted),
    "Bool": lambda given, wanted: given.lower() == wanted.lower(),
}


def _like(pattern: str, text: str) -> bool:
    if "${" in pattern:
        raise UnsupportedPolicy(f"the policy variable in {pattern}")
    return _pattern(pattern).fullmatch(text) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
