"""How to reach Presto: the secret in Secrets Manager, read and checked, each fault named."""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore import exceptions as aws_errors
from botocore.config import Config

from .errors import JobError, SettingError, WarehouseUnavailable

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that are asked by plain http, unless the secret says otherwise."""
REQUIRED = ("host", "port", "username", "password")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]+")
_SEE = "Documentation/SAGEMAKER_SETUP.md"
_NOT_SIGNED_IN = (
    aws_errors.NoCredentialsError,
    aws_errors.PartialCredentialsError,
    aws_errors.ProfileNotFound,
    aws_errors.NoRegionError,
)


@dataclass(frozen=True)
class Credentials:
    """How to reach Presto; `password` and `ca_pem` are left out of the repr."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    catalog: str = "hive"
    schema: str = "authy"
    http_scheme: str = "https"
    ca_pem: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


def load_credentials(secret_name: str, client: Any = None) -> Credentials:
    """Read the secret. Raises SettingError, naming the secret and what it lacks, and WarehouseUnavailable."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 5, "mode": "standard"})
    try:
        client = client or boto3.client("secretsmanager", config=config)
        text = client.get_secret_value(SecretId=secret_name).get("SecretString") or ""
    except aws_errors.ClientError as error:
        raise _refused(secret_name, error) from error
    except _NOT_SIGNED_IN as error:
        raise SettingError(
            f"There are no AWS credentials here to read the secret {secret_name} with ({type(error).__name__}).",
            "By hand: sign in, and export AWS_PROFILE and AWS_DEFAULT_REGION. A job has its role's.",
        ) from error
    except aws_errors.BotoCoreError as error:
        raise WarehouseUnavailable(
            f"Secrets Manager could not be reached for the secret {secret_name} ({type(error).__name__}).",
            "In a VPC the job needs an endpoint or NAT for Secrets Manager.",
        ) from error
    return _parsed(secret_name, text)


def _refused(name: str, error: aws_errors.ClientError) -> JobError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code == "ResourceNotFoundException":
        return SettingError(
            f"There is no secret {name}.", "Create it, or correct PRESTO_SECRET_NAME (the job's SECRET_NAME)."
        )
    if code in {"AccessDeniedException", "AccessDenied", "DecryptionFailure"}:
        return SettingError(
            f"The job's role may not read the secret {name} ({code}).",
            "Give the role secretsmanager:GetSecretValue on it (and kms:Decrypt with a key of your own).",
        )
    return WarehouseUnavailable(
        f"Secrets Manager failed for the secret {name} ({code}).", "Try again in a few minutes."
    )


def _parsed(name: str, text: str) -> Credentials:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SettingError(f"The secret {name} is not JSON.", f"Make it a JSON object ({_SEE}).") from error
    if not isinstance(values, dict):
        raise SettingError(f"The secret {name} is not a JSON object.", f"See {_SEE}.")
    missing = [key for key in REQUIRED if not values.get(key)]
    if missing:
        raise SettingError(f"The secret {name} has no {' and no '.join(missing)}.", f"Add it ({_SEE}).")
    _check(name, values)
    host = str(values["host"])
    return Credentials(
        host=host,
        port=int(values["port"]),
        username=str(values["username"]),
        password=str(values["password"]),
        catalog=str(values.get("catalog") or "hive"),
        schema=str(values.get("schema") or "authy"),
        http_scheme=str(values.get("http_scheme") or ("http" if host in LOOPBACK else "https")),
        ca_pem=values.get("ca_pem") or None,
    )


def _check(name: str, values: dict[str, Any]) -> None:
    """Refuse a value by its name here: on the network it would fail without saying why."""
    if not _HOST.fullmatch(str(values["host"])):
        raise SettingError(
            f"host in the secret {name} is {str(values['host'])[:80]!r}, not a host's bare name.",
            "Leave out https:// and the port, which has a key of its own.",
        )
    if not (str(values["port"]).isdecimal() and 0 < int(values["port"]) < 65536):
        raise SettingError(f"port in the secret {name} is not a number from 1 to 65535.", "Correct it.")
    if (values.get("http_scheme") or "https") not in {"http", "https"}:
        raise SettingError(f"http_scheme in the secret {name} is neither http nor https.", "Leave it out for https.")
    if values.get("ca_pem") and not _is_certificate(values["ca_pem"]):
        raise SettingError(
            f"ca_pem in the secret {name} is not a certificate.",
            "Put in the text from -----BEGIN CERTIFICATE----- to the end, line breaks included, or leave it out.",
        )


def _is_certificate(text: object) -> bool:
    try:
        ssl.create_default_context(cadata=str(text))
    except (ssl.SSLError, TypeError, ValueError):  # TypeError: not ASCII
        return False
    return True
