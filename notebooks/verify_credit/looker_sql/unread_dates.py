"""The refusal of a date expression: one place for its words."""

from __future__ import annotations

from sqlglot import exp

from ..errors import ClaimError

ADVICE = "Write the day itself, like DATE '2025-07-01'."


def refused(node: exp.Expression) -> ClaimError:
    """The refusal of an expression, with its text."""
    name = "AT TIME ZONE" if isinstance(node, exp.AtTimeZone) else node.sql(dialect="presto")[:200]
    return ClaimError(f"The date expression {name} cannot be read.", ADVICE)
