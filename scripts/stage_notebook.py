"""Brings a notebook's folder to where an image is built from: `python3 scripts/stage_notebook.py NOTEBOOK TARGET`.

Prints 12 hex digits: the hash of what was brought, of relative names, contents, who may be executed, and which file is
the notebook. The same folder has the same digits on every machine. Standard library only: a builder has no .venv.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "sagemaker"))

from runner.workdir import LARGE, taken  # noqa: E402 (what a job on this machine would be given)

REQUIREMENTS = "requirements.txt"
OF_ALL_NOTEBOOKS = ROOT / "notebooks" / REQUIREMENTS
NOT_IN_AN_IMAGE = (".env*", "*.pem", "*.pyc")
"""As .dockerignore has it: an image is no place for secrets."""


class Refused(Exception):
    """What cannot be staged, in words for whoever builds."""


def main(arguments: list[str]) -> int:
    """Stage; 0, or 1 with a sentence where that cannot be."""
    try:
        print(stage(Path(arguments[0]).resolve(), Path(arguments[1])))
    except Refused as refused:
        print(f"build_and_push: {refused}", file=sys.stderr)
        return 1
    return 0


def stage(notebook: Path, target: Path) -> str:
    """Copy the notebook's folder into `target`, which is empty; the hash. Raises Refused."""
    if notebook.suffix != ".ipynb" or not notebook.is_file():
        raise Refused(f"NOTEBOOK is {notebook}, which is no notebook: give the path of an .ipynb file.")
    for source, name in _files(notebook.parent, (notebook.parent,)):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)
    _add_requirements(target / REQUIREMENTS)
    return _hash(target, notebook.name)


def _files(folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, Path]]:
    """(where it is, its name relative to the notebook's folder) of each; links are followed, an image has no others."""
    for entry in taken(folder, top=len(above) == 1):
        name = entry.relative_to(above[0])
        if any(fnmatch.fnmatch(entry.name, pattern) for pattern in NOT_IN_AN_IMAGE):
            print(f"build_and_push: left out of the image, where no secret belongs: {name}", file=sys.stderr)
        elif entry.is_dir():
            if entry.resolve() in {one.resolve() for one in above}:
                raise Refused(f"{name} beside the notebook is a link to a folder above itself: take it out.")
            yield from _files(entry, (*above, entry))
        elif entry.is_file():
            if entry.stat().st_size > LARGE:
                raise Refused(
                    f"{name} beside the notebook has {entry.stat().st_size / 1024**2:,.0f} MB, and an image takes "
                    f"files of up to {LARGE // 1024**2} MB: have the notebook read it from S3, or take it out."
                )
            yield entry, name


def _add_requirements(staged: Path) -> None:
    """The list beside the notebook, and this repository's for every notebook."""
    lists = [path.read_text(encoding="utf-8").rstrip("\n") for path in (staged, OF_ALL_NOTEBOOKS) if path.is_file()]
    staged.write_text("".join(f"{text}\n" for text in dict.fromkeys(lists)), encoding="utf-8")


def _hash(folder: Path, notebook: str) -> str:
    digest = hashlib.sha256(notebook.encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        executable = "x" if path.stat().st_mode & 0o111 else "-"
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0{executable}\0{content}".encode())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
