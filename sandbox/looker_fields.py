"""What Looker's API tells of an explore's fields, and how its `fields` picks parts of an answer."""

from __future__ import annotations

import re
from typing import Any

from sandbox.looker_queries import DIMENSIONS, MEASURES, YESNO
from sandbox.warehouse import TABLES

_PICK = re.compile(r"\s*(\w+)\s*([(),]?)|\s*([),])")


def explore_answer(model: str, view: str, sql: str | None) -> dict[str, Any]:
    """An explore as the API gives it; one of given SQL has the usage table's columns besides."""
    dimensions = [*DIMENSIONS, *YESNO]
    if sql is not None:
        dimensions += [f"{view}.{column.split()[0]}" for column in TABLES["authy.verification_usage"].split(", ")]
    kinds: dict[str, list[str]] = {"dimensions": dimensions, "measures": [*MEASURES], "filters": [], "parameters": []}
    fields = {kind: [{"name": name, "hidden": False} for name in dict.fromkeys(names)] for kind, names in kinds.items()}
    return {"id": f"{model}::{view}", "name": view, "model_name": model, "fields": fields}


def picked(whole: Any, wanted: str | None) -> Any:
    """The parts of an answer that `a,b(c,d)` asks for; all of it where nothing is."""
    return _part(whole, _tree(wanted)) if wanted else whole


def _part(whole: Any, tree: dict[str, Any]) -> Any:
    if isinstance(whole, list):
        return [_part(one, tree) for one in whole]
    if not tree or not isinstance(whole, dict):
        return whole
    return {name: _part(whole[name], inner) for name, inner in tree.items() if name in whole}


def _tree(wanted: str) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [{}]
    for name, after, alone in _PICK.findall(wanted):
        if name:
            inner = levels[-1].setdefault(name, {})
        if after == "(":
            levels.append(inner)
        elif ")" in (after, alone):
            levels.pop()
    return levels[0]
