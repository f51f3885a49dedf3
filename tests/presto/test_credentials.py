"""The secret: what it must hold, and the sentence for each thing that is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
import trustme
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from verify_credit.credentials import Credentials, load_credentials
from verify_credit.errors import JobError, SettingError, WarehouseUnavailable

from tests.state.memory_bucket import refusal

GOOD = {"host": "presto.example.com", "port": 8443, "username": "credits", "password": "not shown"}


class SecretsManager:
    """One secret."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def get_secret_value(self, **_name: str) -> dict[str, Any]:
        return {"SecretString": self._text}


def load(**changes: Any) -> Credentials:
    return load_credentials("the-secret", SecretsManager(json.dumps({**GOOD, **changes})))


def test_catalog_schema_and_scheme_may_be_left_out() -> None:
    found = load()
    assert (found.catalog, found.schema, found.http_scheme, found.port) == ("hive", "authy", "https", 8443)
    assert load(host="127.0.0.1").http_scheme == "http"
    assert load(port="443").port == 443
    assert (load(port=1).port, load(port=65_535).port) == (1, 65_535)


def test_neither_password_nor_ca_is_in_the_repr() -> None:
    ca = trustme.CA().cert_pem.bytes().decode()
    assert "not shown" not in repr(load(ca_pem=ca))
    assert "CERTIFICATE" not in repr(load(ca_pem=ca))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": ""}, "has no host"),
        ({"host": None, "password": ""}, "has no host and no password"),
        ({"host": "https://presto.example.com"}, "host in the secret the-secret is 'https://presto.example.com'"),
        ({"host": "presto.example.com:8443"}, "not a host's bare name"),
        ({"host": " presto.example.com"}, "not a host's bare name"),
        ({"port": "8443/tcp"}, "port in the secret the-secret is not a number"),
        ({"port": 99_999}, "from 1 to 65535"),
        ({"port": 65_536}, "from 1 to 65535"),
        ({"port": "0"}, "from 1 to 65535"),
        ({"http_scheme": "ftp"}, "http_scheme in the secret the-secret"),
        ({"ca_pem": "MIIB…"}, "ca_pem in the secret the-secret is not a certificate"),
        ({"ca_pem": "-----BEGIN CERTIFICATE-----"}, "ca_pem in the secret the-secret is not a certificate"),
    ],
)
def test_each_fault_of_the_secret_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError) as raised:
        load(**changes)
    assert words in str(raised.value)
    assert raised.value.advice
    assert "not shown" not in str(raised.value)


@pytest.mark.parametrize("text", [None, "", "host=presto", "[]", '"presto"'])
def test_a_secret_that_is_no_json_object_is_named(text: str | None) -> None:
    with pytest.raises(SettingError, match=r"The secret the-secret is not (JSON|a JSON object)\."):
        load_credentials("the-secret", SecretsManager(text))


@pytest.mark.parametrize("missing", ["credentials", "region"])
def test_somebody_who_is_not_signed_in_is_told_so(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # may hold another test's credentials
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    if missing == "credentials":
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(SettingError, match="no AWS credentials here to read the secret the-secret") as raised:
        load_credentials("the-secret")
    assert "AWS_PROFILE" in raised.value.advice


@pytest.mark.parametrize(
    ("error", "kind", "words", "advice"),
    [
        (refusal("ResourceNotFoundException"), SettingError, "There is no secret the-secret.", "PRESTO_SECRET_NAME"),
        (
            refusal("AccessDeniedException"),
            SettingError,
            "may not read the secret the-secret (AccessDenied",
            "GetSecret",
        ),
        (refusal("AccessDenied"), SettingError, "may not read the secret the-secret (AccessDenied)", "GetSecretValue"),
        (refusal("DecryptionFailure"), SettingError, "may not read the secret the-secret (Decryption", "kms:Decrypt"),
        (refusal("InternalServiceError"), WarehouseUnavailable, "failed for the secret the-secret (Internal", "again"),
        (EndpointConnectionError(endpoint_url="x"), WarehouseUnavailable, "could not be reached", "endpoint or NAT"),
        (NoCredentialsError(), SettingError, "no AWS credentials here to read the secret the-secret", "AWS_PROFILE"),
    ],
)
def test_what_secrets_manager_refuses_is_said_to_who_can_mend_it(
    error: Exception, kind: type[JobError], words: str, advice: str
) -> None:
    class Refusing:
        def get_secret_value(self, **_name: str) -> None:
            raise error

    with pytest.raises(kind) as raised:
        load_credentials("the-secret", Refusing())
    assert words in str(raised.value)
    assert advice in raised.value.advice
