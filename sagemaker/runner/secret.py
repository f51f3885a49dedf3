"""The secret with the notebook's credentials: read so that its texts can be taken out of everything, and for its CA.

A secret of any shape is accepted, and a missing one is no error: only the notebook knows what it needs.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import ssl
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import boto3
import certifi
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runner.errors import OutOfReach, SettingError
from runner.redaction import Redactor

log = logging.getLogger("job")

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 5, "mode": "standard"})
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_NOT_SECRET = {
    *("host", "port", "username", "user", "catalog", "schema", "http_scheme", "ca_pem", "engine"),
    *("database", "dbname", "dialect", "protocol", "region", "scheme", "sslmode", "type"),
}
_NAMES_A_SECRET = re.compile(r"pass|secret|token|key|pin|pwd", re.IGNORECASE)
"""Only under such a name is a number taken for a secret: another number may stand in any text."""


def know_secrets(redactor: Redactor, secret_name: str) -> str:
    """Tell the redactor AWS's credentials and the secret's values, before anything could show them.

    Returns the secret's ca_pem, or "". A secret that cannot be read is only logged.
    """
    _know_aws(redactor)
    try:
        return _know(redactor, read(secret_name))
    except (SettingError, OutOfReach) as error:
        log.warning("%s The notebook runs without it.", error)
        return ""


def know_secrets_or_fail(redactor: Redactor, secret_name: str) -> str:
    """Do as know_secrets. Raises SettingError and OutOfReach if the secret cannot be read."""
    _know_aws(redactor)
    return _know(redactor, read(secret_name))


def _know_aws(redactor: Redactor) -> None:
    found = boto3.Session().get_credentials()
    if found is not None:
        frozen = found.get_frozen_credentials()
        redactor.add([secret for secret in (frozen.secret_key, frozen.token) if secret])


def _know(redactor: Redactor, values: Any) -> str:
    redactor.add(secrets_of(values))
    return str(values.get("ca_pem") or "") if isinstance(values, Mapping) else ""


def trust(ca_pem: str, folder: Path, environ: MutableMapping[str, str]) -> None:
    """Have the notebook's HTTPS trust this CA besides what it trusts anyway: the environment's list, or everybody's.

    A text that is no certificate is logged, and not trusted.
    """
    if not ca_pem:
        return
    try:
        ssl.create_default_context(cadata=ca_pem)
    except (ssl.SSLError, ValueError, TypeError):  # TypeError: not ASCII
        log.warning("ca_pem in the secret is not a certificate: it is not trusted")
        return
    for name in CA_VARIABLES:
        trusted = Path(environ.get(name) or certifi.where())
        if trusted.is_file():
            bundle = folder / f"{name.lower()}.pem"
            bundle.write_bytes(b"%s\n%s\n" % (trusted.read_bytes(), ca_pem.encode("ascii")))
            environ[name] = str(bundle)


def secrets_of(secret: object) -> list[str]:
    """List the texts that must not be seen, at any depth, and user name and password as Basic auth writes them."""
    hidden = list(_texts(secret))
    if isinstance(secret, Mapping):
        user, password = secret.get("username") or secret.get("user"), secret.get("password")
        if user and password:
            hidden.append(base64.b64encode(f"{user}:{password}".encode()).decode())
    return hidden


def _texts(value: object, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif value and name.lower() not in _NOT_SECRET and (isinstance(value, str) or _NAMES_A_SECRET.search(name)):
        yield str(value)


def read(name: str) -> Any:
    """The secret's JSON, or its text where it is none. Raises SettingError and OutOfReach, naming it."""
    try:
        answer = boto3.client("secretsmanager", config=CONFIG).get_secret_value(SecretId=name)
    except ClientError as error:
        raise _refused(name, str(error.response.get("Error", {}).get("Code", "?"))) from error
    except BotoCoreError as error:
        raise OutOfReach(
            f"Secrets Manager could not be reached for the secret {name} ({type(error).__name__}).",
            "In a VPC the job needs an endpoint or NAT for Secrets Manager.",
        ) from error
    text = answer.get("SecretString") or ""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refused(name: str, code: str) -> SettingError | OutOfReach:
    if code == "ResourceNotFoundException":
        return SettingError(
            f"There is no secret {name}.", "Create it, or correct PRESTO_SECRET_NAME (the job's SECRET_NAME)."
        )
    if code in {"AccessDeniedException", "AccessDenied", "DecryptionFailure"}:
        return SettingError(
            f"The job's role may not read the secret {name} ({code}).",
            "Give the role secretsmanager:GetSecretValue on it (and kms:Decrypt with a key of your own).",
        )
    return OutOfReach(f"Secrets Manager failed for the secret {name} ({code}).", "Try again in a few minutes.")
