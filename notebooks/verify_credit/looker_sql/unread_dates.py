"""The refusal of a date expression: one place for its words."""

from __future__ import annotations

from sqlglot import exp

from ..errors import ClaimError
from .parsing import quote

ADVICE = "Write the day itself, like DATE '2025-07-01'."


def refused(node: exp.Expression) -> ClaimError:
    """The refusal of an expression, in its author's words."""
    return ClaimError(f"The date expression {quote(node)} cannot be read.", ADVICE)
