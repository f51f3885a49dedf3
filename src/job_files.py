"""Where the job's own files are: in `job/` of an installed package, in the repository's folders of a checkout.

They are found by path, and never by importing `sagemaker`: Amazon's SDK of that name may be installed.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "job"


def job_file(name: str) -> Path:
    """The path of a file that the job and its callers share: its entrypoint, the schema of its result."""
    folder = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "sagemaker"
    return folder / name


def own_revision() -> str:
    """The commit that this image was built of, 12 digits, as its job's tag has it; "" outside of an image."""
    try:
        return (_PACKAGE.parent / "revision").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def notebook_folder() -> Path:
    """The folder that holds our notebook and verify_credit, the package it is thin over."""
    return _INSTALLED / "notebook" if _INSTALLED.is_dir() else _PACKAGE.parent / "notebooks"
