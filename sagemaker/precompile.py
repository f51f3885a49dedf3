"""Compiles what a start of the image imports into PYTHONPYCACHEPREFIX, which is read-only at run time.

python precompile.py NAME ...: each module with all that it imports; NAME.* also every module of that package.
"""

from __future__ import annotations

import importlib
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path


def main() -> None:
    """Import, then compile. At run time Python does not compare source and cache again: both are read-only."""
    for file in sorted(set(_files(sys.argv[1:]))):
        py_compile.compile(file, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _files(names: list[str]) -> Iterator[str]:
    for name in names:
        module = importlib.import_module(name.removesuffix(".*"))
        if name.endswith(".*") and module.__file__:
            yield from map(str, Path(module.__file__).parent.rglob("*.py"))
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and file.endswith(".py"):
            yield file


if __name__ == "__main__":
    main()
