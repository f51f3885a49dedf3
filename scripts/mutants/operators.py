"""Two changes that Cosmic Ray lacks: a call whose result nobody takes is left out; a function returns None."""

from __future__ import annotations

from collections.abc import Iterator

from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import Keyword
from parso.tree import BaseNode, NodeOrLeaf

Span = tuple[tuple[int, int], tuple[int, int]]


class CallLeftOut(Operator):  # type: ignore[misc]
    """`lease.keep()` becomes `pass`."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Span]:
        """The statement, where it is a call."""
        if isinstance(node, BaseNode) and node.type == "simple_stmt" and _is_call(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: BaseNode, index: int) -> BaseNode:  # noqa: ARG002
        """The statement, as `pass`."""
        call = node.children[0]
        node.children[0] = Keyword("pass", call.start_pos, prefix=call.get_first_leaf().prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """For Cosmic Ray's own documentation."""
        return (Example("lease.keep()\n", "pass\n"),)


class NoneReturned(Operator):  # type: ignore[misc]
    """`return amount` becomes `return None`."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Span]:
        """What is returned."""
        if isinstance(node, BaseNode) and node.type == "return_stmt":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: BaseNode, index: int) -> BaseNode:  # noqa: ARG002
        """The statement, with None."""
        node.children[1] = Keyword("None", node.children[1].start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """For Cosmic Ray's own documentation."""
        return (Example("return amount", "return None"),)


def _is_call(node: NodeOrLeaf) -> bool:
    return isinstance(node, BaseNode) and node.type == "atom_expr" and node.children[-1].children[0] == "("
