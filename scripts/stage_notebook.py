"""Brings a notebook's folder to where an image is built from: `python3 scripts/stage_notebook.py NOTEBOOK TARGET`.

Prints 12 hex digits: the hash of what was brought, of relative names, contents, who may be executed, and which file is
the notebook. The same folder has the same digits on every machine. Standard library only: a builder has no .venv.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "sagemaker"))

from runner.workdir import LARGE, taken  # noqa: E402 (what a job on this machine would be given)

REQUIREMENTS = "requirements.txt"
OF_ALL_NOTEBOOKS = ROOT / "notebooks" / REQUIREMENTS
NO_SECRETS = (".env*", "*.pem", "*.key", ".aws", ".ssh", ".netrc")
"""Files that may hold secrets are not staged; .dockerignore keeps the first two kinds out of every image."""


class Refused(Exception):
    """What cannot be staged, in words for the person who builds."""


def main(arguments: list[str]) -> int:
    """Stage; return 0, or 1 after a sentence that says why it cannot be done."""
    try:
        print(stage(Path(arguments[0]).resolve(), Path(arguments[1])))
    except (Refused, OSError) as error:
        print(f"build_and_push: {_words(error)}", file=sys.stderr)
        return 1
    return 0


def stage(notebook: Path, target: Path) -> str:
    """Copy the notebook's folder into `target`, which is empty; the hash. Raises Refused."""
    if notebook.suffix != ".ipynb" or not notebook.is_file():
        raise Refused(f"NOTEBOOK is {notebook}, which is no notebook: give the path of an .ipynb file.")
    if ROOT.is_relative_to(notebook.parent):
        raise Refused(f"{notebook} is in a folder that holds this repository: move it into a folder of its own.")
    for source, name in _entries(notebook.parent, (notebook.parent,)):
        copy = target / name
        if source.is_dir():
            copy.mkdir()
            continue
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)
    _add_requirements(target / REQUIREMENTS)
    return _hash(target, notebook.name)


def _entries(folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, Path]]:
    """Yield each file's path and its name relative to the notebook's folder; links are followed: images have none."""
    for entry in taken(folder, top=len(above) == 1):
        name = entry.relative_to(above[0])
        if any(fnmatch.fnmatch(entry.name, pattern) for pattern in NO_SECRETS):
            _say_left_out(name, "no secret belongs into it")
        elif entry.is_dir():
            if entry.resolve() in {one.resolve() for one in above}:
                raise Refused(f"{name} beside the notebook is a link to a folder above itself: take it out.")
            yield entry, name
            yield from _entries(entry, (*above, entry))
        elif entry.is_file():
            _check_size(entry, name)
            yield entry, name
        else:
            _say_left_out(name, "it is no file, or a link to none")


def _check_size(file: Path, name: Path) -> None:
    size = file.stat().st_size
    if size > LARGE:
        raise Refused(
            f"{name} beside the notebook has {size / 1024**2:,.1f} MB, and an image takes files of up to "
            f"{LARGE // 1024**2} MB: have the notebook read it from S3, or take it out."
        )


def _say_left_out(name: Path, why: str) -> None:
    print(f"build_and_push: left out of the image: {name} ({why})", file=sys.stderr)


def _add_requirements(staged: Path) -> None:
    """The list beside the notebook, and this repository's for every notebook."""
    lists = [_text(path) for path in (staged, OF_ALL_NOTEBOOKS) if path.is_file()]
    staged.write_text("".join(f"{text}\n" for text in dict.fromkeys(lists)), encoding="utf-8")


def _text(requirements: Path) -> str:
    try:
        return requirements.read_text(encoding="utf-8-sig").rstrip("\n")
    except UnicodeDecodeError:
        raise Refused(f"The notebook's {REQUIREMENTS} is no UTF-8: save it as UTF-8.") from None


def _hash(folder: Path, notebook: str) -> str:
    digest = hashlib.sha256(os.fsencode(notebook))
    for path in sorted(folder.rglob("*")):
        kind = "d" if path.is_dir() else "x" if path.stat().st_mode & 0o111 else "-"
        content = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(b"\0".join((b"", os.fsencode(path.relative_to(folder)), kind.encode(), content.encode())))
    return digest.hexdigest()[:12]


def _words(error: Refused | OSError) -> str:
    if isinstance(error, OSError):
        return f"{error.filename} cannot be put into the image ({error.strerror}): fix that, or take it out."
    return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
