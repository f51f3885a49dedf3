"""Compares two tables with any columns: pairs their rows, and finds the cells that differ. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..executor import is_number

CREDIT = "credit"
Row = Mapping[str, Any]
_SAME = 1e-9
"""Relative tolerance; floats summed in another order differ by less."""


class Cell(NamedTuple):
    """A cell that differs. row: what its row is known by, such as `mode standard`."""

    row: str
    column: str
    old: Any
    new: Any


def cells(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Cell]:
    """Yield the cells that differ in the tables' common columns, credits first; a missing row counts as empty."""
    keys, shared = key_columns(old, new), shared_columns(old, new)
    before, after = (dict(_named(table, keys)) for table in (old, new))
    for name in dict.fromkeys([*before, *after]):
        first, second = before.get(name, {}), after.get(name, {})
        for column in sorted(set(shared) - set(keys), key=lambda column: (column != CREDIT, column)):
            one, other = first.get(column), second.get(column)
            if not same(one, other):
                yield Cell(name, column, one, other)


def key_columns(old: Sequence[Row], new: Sequence[Row]) -> tuple[str, ...]:
    """Return the first columns, texts before whole numbers, that tell each table's rows apart; none if none do."""
    shared = shared_columns(old, new)
    rows = [*old, *new]
    texts = [name for name in shared if all(isinstance(row.get(name), str | bool | None) for row in rows)]
    wholes = [name for name in shared if name not in texts and all(isinstance(row.get(name), int) for row in rows)]
    for count in range(1, len(texts) + len(wholes) + 1):
        keys = tuple([*texts, *wholes][:count])
        found = [[_key(row, keys) for row in table] for table in (old, new)]
        if all(len(set(names)) == len(names) for names in found):
            return keys if count <= len(texts) or set(found[0]) == set(found[1]) else ()
    return ()


def columns(table: Sequence[Row]) -> list[str]:
    """Return the columns in the order they come."""
    return list(dict.fromkeys(name for row in table for name in row))


def shared_columns(old: Sequence[Row], new: Sequence[Row]) -> list[str]:
    """Return the columns of both tables; of the only one with rows if the other is empty."""
    first, second = columns(old), columns(new)
    return [name for name in first if name in second] if first and second else first or second


def same(old: Any, new: Any) -> bool:
    """Return whether two cells are equal, floats but for rounding."""
    numbers = is_number(old) and is_number(new)
    return math.isclose(old, new, rel_tol=_SAME) if numbers else old == new


def _named(table: Sequence[Row], keys: tuple[str, ...]) -> Iterator[tuple[str, Row]]:
    for place, row in enumerate(table, 1):
        yield ", ".join(f"{key} {row.get(key)}" for key in keys) or f"row {place}", row


def _key(row: Row, keys: tuple[str, ...]) -> str:
    return repr([row.get(key) for key in keys])
