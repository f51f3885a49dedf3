"""The folder that a notebook runs in: its own folder's entries in a place that it may write to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

DATA = "data"
RESULT, REPORT, PICTURE, PROGRESS = "result.json", "report.html", "breakdown.png", "progress.json"
LARGE = 64 * 1024 * 1024
"""Bytes; a larger file is linked instead of copied."""
_READ_AFTERWARDS = {RESULT, REPORT, PICTURE, PROGRESS}
"""Not brought along: files of an earlier run must not be taken for this run's."""
_NOT_TAKEN = {".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"


class Workdir:
    """Made by `fill`; afterwards knows which files of data/ the notebook has made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._brought: dict[Path, tuple[int, int]] = {}

    def fill(self, source: Path) -> None:
        """Bring in what is in the notebook's folder; a file over 64 MB as a link."""
        _bring(source, self.folder, top=True)
        self._brought = {path: _state(path) for path in self._data_files()}

    def path(self, name: str) -> Path | None:
        """A file of this name, if the notebook has made one."""
        path = self.folder / name
        return path if path.is_file() else None

    def made_data(self) -> list[Path]:
        """The files in data/ that were not there before, or are not as they were."""
        return [path for path in self._data_files() if self._brought.get(path) != _state(path)]

    def _data_files(self) -> list[Path]:
        folder = self.folder / DATA
        return sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))


def taken(source: Path, top: bool = True) -> Iterator[Path]:
    """The entries of a notebook's folder that are brought along."""
    for entry in sorted(source.iterdir()):
        if entry.name in _NOT_TAKEN or (entry / _VIRTUAL_ENVIRONMENT).is_file():
            continue
        if not (top and entry.name in _READ_AFTERWARDS):
            yield entry


def _bring(source: Path, target: Path, top: bool = False) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in taken(source, top):
        new = target / entry.name
        if entry.is_dir() and entry.is_symlink():
            new.symlink_to(entry.resolve())
        elif entry.is_dir() and not target.resolve().is_relative_to(entry.resolve()):  # a folder in itself has no end
            _bring(entry, new)
        elif entry.is_file():
            _bring_file(entry, new)


def _bring_file(entry: Path, new: Path) -> None:
    if entry.stat().st_size > LARGE:
        new.symlink_to(entry.resolve())
        return
    shutil.copy(entry, new)
    new.chmod(0o644 if not new.stat().st_mode & 0o111 else 0o755)


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
