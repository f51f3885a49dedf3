"""The notebook as it is kept: thin, with a word for its reader, and without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from sandbox.client import ROOT, Sandbox

NOTEBOOK = ROOT / "notebooks" / "Verify - Credit Recommendation.ipynb"


@pytest.fixture(scope="module")
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def test_it_has_no_stored_outputs(notebook: Any) -> None:
    assert [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_each_code_cell_has_a_heading_and_a_sentence_before_it(notebook: Any) -> None:
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown"
            assert before.source.startswith("## ")
            assert len(before.source.splitlines()) >= 3


def test_its_cells_are_short(notebook: Any) -> None:
    code = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    ]
    assert max(len(cell.source.splitlines()) for cell in code) <= 20


def test_it_sets_what_the_plan_names(notebook: Any) -> None:
    source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "credit_amount = " in source
    assert "output_df = " in source


def test_opened_by_hand_it_runs_from_top_to_bottom_on_the_sandbox(
    sandbox: Sandbox, notebook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As an analyst does in Jupyter: the environment of `python -m sandbox` exported, nothing else set."""
    for name, value in {**sandbox.env, "TMPDIR": str(tmp_path), "IPYTHONDIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    opened = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]

    NotebookClient(opened, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()

    outputs = [output for cell in opened.cells for output in cell.get("outputs", [])]
    assert outputs[-1]["text"] == "credit 4948.80 USD\n"
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) == 2
    assert sum("text/html" in output.get("data", {}) for output in outputs) >= 3
