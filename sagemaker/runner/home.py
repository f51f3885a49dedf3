"""A folder of our own to write in, even if the image is read-only and its user has no name or home."""

from __future__ import annotations

import os
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

from runner.errors import SettingError

_CANDIDATES = ("/tmp", "/opt/credits", "/dev/shm")  # noqa: S108 - only as parents of a private mkdtemp
_FOLDERS = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter",
    "JUPYTER_DATA_DIR": "jupyter",
    "JUPYTER_RUNTIME_DIR": "jupyter",
    "MPLCONFIGDIR": "matplotlib",
    "TMPDIR": "tmp",
}


def make_work_folder(environ: MutableMapping[str, str]) -> Path:
    """A new private folder; `environ` is made to send everything that Jupyter and its kernel write into it.

    CREDITS_WORK_DIR says where to make it. Raises SettingError if no folder can be written to.
    """
    work = _new_folder([environ.get("CREDITS_WORK_DIR", ""), environ.get("TMPDIR", ""), *_CANDIDATES])
    for name, folder in _FOLDERS.items():
        (work / folder).mkdir(exist_ok=True)
        environ[name] = str(work / folder)
    if not os.access(environ.get("HOME", ""), os.W_OK):
        environ["HOME"] = str(work)
    environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this Python, not one of the user's
    tempfile.tempdir = environ["TMPDIR"]
    return work


def _new_folder(parents: list[str]) -> Path:
    for parent in filter(None, parents):
        try:
            return Path(tempfile.mkdtemp(prefix="credits-", dir=parent))
        except OSError:
            continue
    raise SettingError(
        f"Nothing can be written to {', '.join(filter(None, parents))}.",
        "Mount a writable folder and name it in CREDITS_WORK_DIR.",
    )
