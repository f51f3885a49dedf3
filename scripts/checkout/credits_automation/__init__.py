"""In a checkout `credits_automation`, the name the package is installed by, is `src`: each module is loaded once.

Two names for one file would make two modules of it, and an error raised by one would not be caught by the other's name.
"""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, spec_from_loader
from types import CodeType, ModuleType

import src


class _Alias(MetaPathFinder, Loader):
    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if not fullname.startswith("credits_automation.") or find_spec(_in_src(fullname)) is None:
            return None
        return spec_from_loader(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(_in_src(spec.name))
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own_spec  # which the import system has just replaced by the alias's

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code, for `python -m`."""
        loader = getattr(find_spec(_in_src(fullname)), "loader", None)
        assert isinstance(loader, SourceFileLoader)
        return loader.get_code(loader.name)


def _in_src(fullname: str) -> str:
    return fullname.replace("credits_automation", "src", 1)


sys.meta_path.insert(0, _Alias())
sys.modules[__name__] = src
