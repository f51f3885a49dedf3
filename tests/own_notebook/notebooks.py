"""Notebooks of other people, made for a test: cells of text in, a folder with a notebook out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

NAME = "My credits.ipynb"
PARAMETERS = 'looker = ""'


def notebook_folder(
    folder: Path, *cells: str, parameters: str | None = PARAMETERS, name: str = NAME, **more: Any
) -> Path:
    """A folder of its own with one notebook: a cell tagged parameters (None: without), then these.

    metadata: the notebook's.
    """
    made = folder / "notebooks"
    made.mkdir(exist_ok=True)
    first = [] if parameters is None else [v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]  # type: ignore[no-untyped-call]
    content = v4.new_notebook(cells=[*first, *map(v4.new_code_cell, cells)], metadata=more.get("metadata", {}))  # type: ignore[no-untyped-call]
    nbformat.write(content, made / name)  # type: ignore[no-untyped-call]
    return made


def least_notebook(folder: Path, name: str = NAME) -> Path:
    """The least that works, the path of its file: 12.50."""
    cells = ("credit_amount = 12.5", 'output_df = [{"mode": "SMS", "credit": 12.5}]')
    return notebook_folder(folder, *cells, name=name) / name
