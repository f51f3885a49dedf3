"""Shows a comparison as rows, sentences and an HTML page of one file that needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from ..terminal import shown
from .verdict import EQUAL, WITHIN, Comparison

COLUMNS = ("what", "old", "new", "difference", "%", "recorded", "expected", "old s", "new s", "verdict")
MOST_SAID = 50
"""Lines for a case's differences, at most."""
_FINE = frozenset({EQUAL, WITHIN})


def row(comparison: Comparison, tolerance: Decimal) -> list[Any]:
    """Return a case's cells in the order of COLUMNS."""
    case, old, new = comparison.case, comparison.old, comparison.new
    return [
        case.name,
        _amount(old.credit if old else None),
        _amount(new.credit if new else None),
        _amount(comparison.difference),
        comparison.percent,
        _amount(case.recorded),
        _amount(case.expected),
        old.seconds if old else None,
        new.seconds if new else None,
        comparison.verdict(tolerance),
    ]


def said_of(comparison: Comparison, tolerance: Decimal) -> list[str]:
    """Return what differs, a line each; for two failures alike, their words."""
    lines = [comparison.problem] if comparison.problem else []
    lines += comparison.unexpected(tolerance)
    found = list(map(str, comparison.differences()))
    if len(found) > MOST_SAID:
        found[MOST_SAID:] = [f"and {len(found) - MOST_SAID} more (--json has them all)"]
    if not found and comparison.old and comparison.old.failure:
        found = [f"refused alike: {comparison.old.failure}"]
    return lines + found


def is_fine(comparison: Comparison, tolerance: Decimal) -> bool:
    """Return whether the case counts for the new side."""
    return comparison.verdict(tolerance) in _FINE


def sentence(comparisons: Sequence[Comparison], tolerance: Decimal) -> str:
    """Return one sentence about the whole comparison."""
    verdicts = Counter(comparison.verdict(tolerance) for comparison in comparisons)
    told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items(), key=lambda pair: -pair[1]))
    allowed = f"up to {tolerance} % of a credit" if tolerance else "nothing"
    return f"{len(comparisons)} compared: {told or 'none'}; {allowed} may differ{_times(comparisons)}."


def _times(comparisons: Sequence[Comparison]) -> str:
    old = [comparison.old.seconds for comparison in comparisons if comparison.old]
    new = [comparison.new.seconds for comparison in comparisons if comparison.new]
    return f"; median {median(old):.0f} s old, {median(new):.0f} s new" if old and new else ""


def write_page(file: Path, comparisons: Sequence[Comparison], tolerance: Decimal, old_notebook: str = "") -> None:
    """Write the HTML page. old_notebook: what the old side ran, if the new side ran another."""
    import jinja2  # noqa: PLC0415 (part of the notebook stack, which the old side needs anyway)

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    fine = all(is_fine(comparison, tolerance) for comparison in comparisons)
    page = environment.get_template("page.html.j2").render(
        verdict="alike" if fine else "they differ",
        sentence=sentence(comparisons, tolerance),
        old_notebook=old_notebook,
        columns=COLUMNS,
        rows=[
            {"bad": not is_fine(comparison, tolerance), "cells": [shown(cell) for cell in row(comparison, tolerance)]}
            for comparison in comparisons
        ],
        details=[_detail(comparison, said) for comparison in comparisons if (said := said_of(comparison, tolerance))],
    )
    file.write_text(page, encoding="utf-8")


def as_json(comparison: Comparison, tolerance: Decimal) -> dict[str, Any]:
    """Return the comparison as plain values for JSON."""
    names = (
        "what",
        "old",
        "new",
        "difference",
        "percent",
        "recorded",
        "expected",
        "old_seconds",
        "new_seconds",
        "verdict",
    )
    found = [
        {"row": each.row or None, "what": each.what, "old": _plain(each.old), "new": _plain(each.new)}
        for each in comparison.differences()
    ]
    return {
        **dict(zip(names, row(comparison, tolerance), strict=True)),
        "old_execution": comparison.old.execution_id if comparison.old else None,
        "new_execution": comparison.new.execution_id if comparison.new else None,
        "differences": found,
        "said": said_of(comparison, tolerance),
    }


def _detail(comparison: Comparison, said: list[str]) -> dict[str, Any]:
    return {
        "name": comparison.case.name,
        "old": comparison.old.execution_id if comparison.old else "–",
        "new": comparison.new.execution_id if comparison.new else "–",
        "said": said,
    }


def _amount(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
