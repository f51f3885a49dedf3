"""The error tree: what src/errors.py says of it is all that there is."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import src
from src import errors
from src.errors import CreditsError

TOLD = errors.__doc__ or ""


def _defined() -> list[type]:
    modules = [import_module(found.name) for found in pkgutil.walk_packages(src.__path__, "src.")]
    kinds = [kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)]
    ours = {kind for kind in kinds if issubclass(kind, Exception) and kind.__module__.startswith("src.")}
    return sorted(ours, key=str)


def _place(kind: type) -> str:
    """Its own name if it is defined with the tree, else its module's file."""
    if kind.__module__ == errors.__name__:
        return f" {kind.__name__} "
    return kind.__module__.removeprefix("src.").replace(".", "/") + ".py"


def test_every_error_of_the_bot_is_a_credits_error_or_is_said_to_be_none() -> None:
    others = {kind.__name__ for kind in _defined() if not issubclass(kind, CreditsError)}
    assert others == {"ConnectionLost", "HttpRefusal", "NotMade"}
    assert [name for name in others if name not in TOLD] == []


def test_the_tree_names_every_error_or_the_module_it_is_defined_in() -> None:
    found = [kind for kind in _defined() if kind is not CreditsError]
    assert [kind for kind in found if _place(kind) not in TOLD] == []
    assert len(found) > 30
