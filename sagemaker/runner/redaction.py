"""Takes secrets out of whatever is uploaded or logged, in every form they are likely to appear in."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"
SHORTEST = 4
"""Characters of the shortest secret that is taken out; a shorter one would be found in ordinary words."""


class Redactor:
    """Knows secrets; gives texts and JSON values without them. Secrets under 4 characters cannot be told from text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Learn more secrets."""
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text, each form of each secret replaced."""
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value, redacted in all of its texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value


class RedactingFormatter(logging.Formatter):
    """Log lines without secrets, each with the execution's id; a line break in what is said makes no second line."""

    def __init__(self, execution_id: str, redactor: Redactor) -> None:
        super().__init__(f"%(asctime)s {execution_id or '-'} %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """One record, redacted."""
        return "".join(map(_shown, self._redactor.text(super().format(record))))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    forms = {secret, html.escape(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1], raw.hex()}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return forms | encoded | {form.rstrip("=") for form in encoded}
