"""Text from outside that cannot be written as UTF-8: JSON may hold half of a character (`"\\ud83d"` by itself)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator


def writable(value: object) -> object:
    """A text with `?` for each half character; anything else as it is."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


UntrustedText = Annotated[str, BeforeValidator(writable)]
"""A field of a record for words that somebody else chose."""
