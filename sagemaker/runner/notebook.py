"""The notebook as a file: which one, whether it can be run here, which parameters it asks for."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from typing import Any

import nbformat

from runner.errors import WHOEVER, NotebookFailed, SettingError

log = logging.getLogger("job")

DEFAULT = "Verify - Credit Recommendation.ipynb"
PARAMETERS, INJECTED, SKIP = "parameters", "injected-parameters", "skip-execution"
KERNEL = "python3"


class Notebook:
    """One notebook, opened. `content` is nbformat's, version 4."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = _opened(path)

    def check(self) -> None:
        """Raise NotebookFailed if no run can succeed: no parameter looker, another language."""
        language = self._language()
        if language not in {"", "python", "ipython"}:
            raise NotebookFailed(
                f"The notebook {self.path.name} is in {language}: only Python runs here.", f"{WHOEVER}."
            )
        if not any(PARAMETERS in _tags(cell) for cell in self.content.cells):
            raise NotebookFailed(
                f"The notebook {self.path.name} has no cell tagged parameters.",
                f"{WHOEVER}: give the cell that sets looker the tag parameters (in JupyterLab: Property Inspector).",
            )
        if "looker" not in self.parameters():
            raise NotebookFailed(
                f"The cell tagged parameters of {self.path.name} has no looker.",
                f'{WHOEVER}: add the line looker = "" to it; the job puts the query\'s SQL there.',
            )

    def parameters(self) -> set[str]:
        """The names that its cell tagged parameters sets."""
        [cell] = [cell for cell in self.content.cells if PARAMETERS in _tags(cell)][:1] or [None]
        return _names_set(cell.source) if cell is not None else set()

    def prepare(self, target: Path) -> None:
        """A copy at `target` for papermill: on our kernel, without the parameters of an earlier run."""
        content = nbformat.from_dict(self.content)  # type: ignore[no-untyped-call]
        content.cells = [cell for cell in content.cells if INJECTED not in _tags(cell)]
        asked = content.metadata.get("kernelspec", {}).get("name")
        if asked != KERNEL:
            log.info("the notebook's kernel %s is run on %s", asked or "(none)", KERNEL)
        content.metadata["kernelspec"] = {"name": KERNEL, "display_name": "Python 3", "language": "python"}
        nbformat.write(content, target)  # type: ignore[no-untyped-call]

    def _language(self) -> str:
        metadata = self.content.metadata
        known = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name") or ""
        return str(known).lower()


def find(folder: Path, name: str) -> Path:
    """The notebook that NOTEBOOK names, absolute or below `folder`. Raises SettingError."""
    path = folder / (name or DEFAULT)
    if not path.is_file():
        there = ", ".join(sorted(file.name for file in folder.glob("*.ipynb"))) or "none"
        raise SettingError(
            f"There is no notebook {path.name} in {path.parent}; there: {there}.",
            "Correct NOTEBOOK, or build the image with it.",
        )
    return path


def never_run(executed: Path) -> int:
    """Count the code cells of an executed notebook that hold code and were never run."""
    return sum(
        cell.cell_type == "code"
        and cell.execution_count is None
        and bool(cell.source.strip())
        and SKIP not in _tags(cell)
        for cell in read(executed).cells
    )


def begun(executed: Path) -> bool:
    """Whether any of its code was run."""
    return executed.is_file() and any(cell.get("execution_count") for cell in read(executed).cells)


def running(executed: Path) -> str:
    """Name the cell that was running at the last save, by its place and first line; "" if none was."""
    cells = read(executed).cells if executed.is_file() else []
    for place, cell in enumerate(cells, 1):
        if cell.metadata.get("papermill", {}).get("status") == "running":
            return f"cell {place} ({cell.source.strip().partition(chr(10))[0][:80]})"
    return ""


def ended_by_itself(executed: Path) -> bool:
    """Return whether a cell called sys.exit(0), so that the cells after it were not meant to run."""
    return any(
        output.output_type == "error" and output.ename == "SystemExit"
        for cell in read(executed).cells
        for output in cell.get("outputs", [])
    )


def without_magics(source: str) -> str:
    """Return a cell's text with IPython's lines (%, !, ?) blanked."""
    if source.lstrip().startswith("%%"):
        return ""
    return "\n".join("" if re.match(r"\s*[%!?]", line) else line for line in source.splitlines())


def read(path: Path) -> Any:
    """A notebook file, whatever version it was written in."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _opened(path: Path) -> Any:
    try:
        return read(path)
    except Exception as error:  # nbformat raises what its parts raise
        raise NotebookFailed(
            f"{path.name} cannot be opened as a notebook ({type(error).__name__}).", f"{WHOEVER}."
        ) from error


def _names_set(source: str) -> set[str]:
    """Return the names that plain assignments set; a cell that Python cannot parse fails later, when it runs."""
    try:
        tree = ast.parse(without_magics(source))
    except SyntaxError:
        return set(re.findall(r"^(\w+)\s*(?::[^=\n]*)?=", source, re.MULTILINE))
    targets = [
        target
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
    ]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))
