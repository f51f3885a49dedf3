"""Identifies the reader by a hash: two readers of one hash read every SQL alike, given the same day and session."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlglot._version import __version__ as sqlglot_version

from .names import DEFAULT_ALLOWED_TABLES

_ROOM = Path(__file__).parent
_BESIDE = ("claim.py", "errors.py")
"""The files of verify_credit that looker_sql imports."""


def reader_sha256(allowed_tables: Sequence[str] = ()) -> str:
    """The hex digest of the reader's files, its parser's and Python's version, and the allowed tables; () the default.

    Python's, since which character is a digit or a letter comes with it.
    """
    tables = sorted({name.lower() for name in allowed_tables or DEFAULT_ALLOWED_TABLES})
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(f"sqlglot {sqlglot_version}\npython {version}\n{' '.join(tables)}\n".encode())
    for file in (*sorted(_ROOM.glob("*.py")), *(_ROOM.parent / name for name in _BESIDE)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(_ROOM.parent).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
