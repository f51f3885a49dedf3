"""What a sandbox held, kept for the search that follows a whole test run (tests/canary.py).

SANDBOX_LEFT_FOLDER names the folder; before each reset and at its end a sandbox adds there, to one file of its own,
all that it holds: objects (unzipped), job logs, messages, files. What was kept already is not kept again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

Left = Iterable[tuple[str, bytes]]
"""Names and contents."""


class LeftBehind:
    """Silent where no folder is named."""

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder or os.environ.get("SANDBOX_LEFT_FOLDER", "")
        self._kept: set[bytes] = set()

    def keep(self, left: Left) -> None:
        """Add what is new."""
        if not self._folder:
            return
        file = Path(self._folder) / f"sandbox-{os.getpid()}"
        with file.open("ab") as out:
            out.writelines(f"\n=== {name}\n".encode() + _unzipped(content) for name, content in self._new(left))

    def _new(self, left: Left) -> Left:
        for name, content in left:
            digest = hashlib.sha256(content).digest()
            if digest not in self._kept:
                self._kept.add(digest)
                yield name, content


def _unzipped(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError):
        return content
