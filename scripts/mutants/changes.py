"""Which one-token changes there are of the money modules and the decisions, and a random choice of them."""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from scripts.mutants.operators import CallLeftOut, NoneReturned

SCOPE = (
    "notebooks/verify_credit",
    "src/bot",
    "src/state",
    "src/execution",
    *(f"src/slack/{name}_urls.py" for name in ("message", "block", "text", "bare", "attachment")),
    "src/slack/reply.py",
    "src/slack/earlier.py",
    *(f"src/looker/{name}.py" for name in ("links", "parameters", "filter_config", "question", "wrapped")),
    "src/recheck",
)
COMPARISONS = "Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt"
ARITHMETIC = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul BitOr_BitAnd BitAnd_BitOr"
OPERATORS = {
    **{
        name: get_operator(f"core/{name}")
        for name in (
            *("AddNot", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub"),
            *("ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
            *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop", "NumberReplacer"),
            *(f"ReplaceComparisonOperator_{pair}" for pair in COMPARISONS.split()),
            *(f"ReplaceBinaryOperator_{pair}" for pair in ARITHMETIC.split()),
        )
    },
    "CallLeftOut": CallLeftOut,
    "NoneReturned": NoneReturned,
}
"""Of Cosmic Ray's those that change what code means and not how it says it (`== None`), and two of our own."""

LOG_LEVELS = {"debug", "info", "warning", "error", "exception", "log"}

Position = tuple[int, int]
"""Line from 1, column from 0."""
Span = tuple[Position, Position]
"""Half-open."""


@dataclass(frozen=True)
class Change:
    """One change of a file: the operator's `occurrence`-th place in it, counted from 0."""

    path: str
    operator: str
    occurrence: int
    start: Position

    def applied(self, source: str) -> str:
        """The file's text with the change. Raises ValueError for another text than it was found in."""
        changed = mutate_code(source, OPERATORS[self.operator](), self.occurrence)
        if changed is None:
            raise ValueError(f"no {self.operator} {self.occurrence} in {self.path}")
        return str(changed)

    def shown(self, source: str) -> str:
        """`old line → new line`, of the first line that differs."""
        pairs = zip(source.splitlines(), self.applied(source).splitlines(), strict=False)
        return next(f"{old.strip()} → {new.strip()}" for old, new in pairs if old != new)


def choose(root: Path, scope: Sequence[str], seed: int, how_many: int) -> list[Change]:
    """At random, by the seed: places first, each as likely as any other, then a change of each."""
    chance = random.Random(seed)
    sources = {path: (root / path).read_text() for path in _files(root, scope)}
    places: dict[tuple[str, Position], list[Change]] = defaultdict(list)
    for path, source in sources.items():
        for change in changes_of(path, source):
            places[path, change.start].append(change)
    shuffled = chance.sample(sorted(places), len(places))
    chosen = (chance.choice(places[place]) for place in shuffled)
    return list(islice((change for change in chosen if _is_program(change, sources[change.path])), how_many))


def changes_of(path: str, source: str) -> Iterator[Change]:
    """Every change of a file, but in an annotation, a line of log, and what a dataclass is made by."""
    tree, nodes = ast.parse(source), list(ast_nodes(get_ast(source)))
    unmeant, computed = list(_unmeant(tree)), [_span(node) for node in ast.walk(tree) if isinstance(node, ast.BinOp)]
    for name, operator in OPERATORS.items():
        positions = chain.from_iterable(map(operator().mutation_positions, nodes))
        for occurrence, (start, _) in enumerate(positions):
            is_sign = "BinaryOperator" in name and not _is_in(start, computed)  # `*` among parameters
            if not is_sign and not _is_in(start, unmeant):
                yield Change(path, name, occurrence, start)


def _is_program(change: Change, source: str) -> bool:
    """Whether Python takes it, and for another one than it was."""
    try:
        return ast.dump(ast.parse(change.applied(source))) != ast.dump(ast.parse(source))
    except SyntaxError:  # `case int() & str()`
        return False


def _files(root: Path, scope: Iterable[str]) -> list[str]:
    found = [
        path for name in scope for path in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))
    ]
    return sorted({path.relative_to(root).as_posix() for path in found})


def _is_in(place: Position, spans: Iterable[Span]) -> bool:
    return any(first <= place < end for first, end in spans)


def _unmeant(tree: ast.Module) -> Iterator[Span]:
    """Where nothing is computed, or only said in the log."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(returns=said) | ast.AnnAssign(annotation=said) | ast.arg(annotation=said) if said:
                yield _span(said)
            case ast.ClassDef(decorator_list=made_by):
                yield from map(_span, made_by)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=level)) as call):
                if level in LOG_LEVELS and "log" in name.lower():
                    yield _span(call)


def _span(node: ast.expr) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
