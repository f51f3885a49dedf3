"""What a parenthesis or a chain of ANDs or ORs is around, in sqlglot's trees."""

from __future__ import annotations

from sqlglot import exp


def parts_of(node: exp.Expression, kind: type[exp.Expression]) -> list[exp.Expression]:
    """List the parts of a chain of ANDs, or of ORs, in their order. No recursion: a long chain is a deep tree."""
    found, left = [], [node]
    while left:
        one = bare(left.pop())
        if isinstance(one, kind):
            left += [one.expression, one.this]
        else:
            found.append(one)
    return found


def bare(node: exp.Expression) -> exp.Expression:
    """Return the expression without parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node
