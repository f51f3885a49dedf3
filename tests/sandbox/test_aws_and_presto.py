"""The account's secret leads to the embedded Presto."""

from __future__ import annotations

import http.client
import json
import ssl
from base64 import b64encode

from sandbox.client import Sandbox
from tests.sandbox.account import Account


def test_the_secret_opens_the_embedded_presto_before_and_after_a_reset() -> None:
    with Sandbox.start(jobs="process", presto="embedded") as box:
        assert first_state(box) in {"QUEUED", "RUNNING", "FINISHED"}
        box.presto.set_password(password="another")
        box.reset()
        assert first_state(box) in {"QUEUED", "RUNNING", "FINISHED"}
    assert not box.log.exists(), box.log.read_text()


def first_state(box: Sandbox) -> str:
    """The state of a statement that was posted as the secret says."""
    answer = Account(box).secretsmanager.get_secret_value(SecretId=box.env["PRESTO_SECRET_NAME"])
    secret = json.loads(answer["SecretString"])
    assert {"host", "port", "username", "password", "catalog", "schema", "ca_pem"} <= set(secret)
    trusting = ssl.create_default_context(cadata=secret["ca_pem"])
    connection = http.client.HTTPSConnection(secret["host"], secret["port"], context=trusting, timeout=60)
    password = b64encode(f"{secret['username']}:{secret['password']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {password}",
        "X-Presto-User": secret["username"],
        "X-Presto-Catalog": secret["catalog"],
        "X-Presto-Schema": secret["schema"],
    }
    try:
        connection.request("POST", "/v1/statement", "SELECT 1", headers)
        state: str = json.loads(connection.getresponse().read())["stats"]["state"]
    finally:
        connection.close()
    return state
