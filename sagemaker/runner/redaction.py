"""Takes secrets out of whatever is uploaded or logged, in every form they are likely to appear in."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import boto3
from verify_credit.credentials import Credentials, load_credentials

REDACTED = "[redacted]"
SHORTEST = 4
_NOT_SECRET = {"host", "port", "username", "user", "catalog", "schema", "http_scheme", "ca_pem", "engine"}


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
    """Log lines without secrets, each with the execution's id."""

    def __init__(self, execution_id: str, redactor: Redactor) -> None:
        super().__init__(f"%(asctime)s {execution_id or '-'} %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """One record, redacted."""
        return self._redactor.text(super().format(record))


def know_secrets(redactor: Redactor, secret_name: str) -> Credentials:
    """Learn what must not be seen, before anything could show it: AWS's secrets, then Presto's. The latter, read.

    Raises SettingError and WarehouseUnavailable as load_credentials does.
    """
    found = boto3.Session().get_credentials()
    if found is not None:
        frozen = found.get_frozen_credentials()
        redactor.add([secret for secret in (frozen.secret_key, frozen.token) if secret])
    known = load_credentials(secret_name)
    redactor.add(secrets_of({"username": known.username, "password": known.password}))
    return known


def secrets_of(secret: Mapping[str, object]) -> list[str]:
    """The texts of a Presto secret that must not be seen, and user name and password as Basic auth has them."""
    hidden = [str(value) for key, value in secret.items() if key.lower() not in _NOT_SECRET and value]
    user, password = secret.get("username"), secret.get("password")
    pair = [base64.b64encode(f"{user}:{password}".encode()).decode()] if user and password else []
    return hidden + pair


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    forms = {secret, html.escape(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1], raw.hex()}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return forms | encoded | {form.rstrip("=") for form in encoded}
