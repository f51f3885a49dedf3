"""The server's files, in a folder of its own: properties, key store, who may in and what they may do."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_pem_x509_certificate

from sandbox.warehouse import CATALOG

ADMINISTRATOR = "sandbox"
_HASH = "import bcrypt, sys; print(bcrypt.hashpw(sys.stdin.buffer.read(), bcrypt.gensalt(8)).decode())"


class Configuration:
    """`python`: one that has bcrypt.

    The https port wants TLS and the password, as in production, and its user may only read. The http port is for the
    server's own parts and the sandbox's administration: Presto asks for no password there.
    """

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder = folder
        self._python = python
        self._authority = trustme.CA()
        self._store_password = secrets.token_urlsafe(18)
        self.http_port, self.https_port = _free_ports()
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_text(self.ca_pem)
        self._write_properties()

    @property
    def ca_pem(self) -> str:
        """The authority that signs its certificates."""
        return self._authority.cert_pem.bytes().decode()

    @property
    def properties_file(self) -> Path:
        """What the server reads first."""
        return self._folder / "etc" / "config.properties"

    @property
    def catalog_folder(self) -> Path:
        """A file a catalog."""
        return self._folder / "etc" / "catalog"

    def write_key_store(self, *, expired: bool) -> None:
        """A certificate for loopback; `expired`: of the day before yesterday, for a day."""
        now = datetime.now(UTC)
        issued = self._authority.issue_cert(
            "127.0.0.1",
            "localhost",
            not_before=now - timedelta(days=2),
            not_after=now + timedelta(days=-1 if expired else 30),
        )
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        chain = [load_pem_x509_certificate(blob.bytes()) for blob in issued.cert_chain_pems]
        encryption = BestAvailableEncryption(self._store_password.encode())
        file = self._folder / "keystore.p12"
        file.touch(0o600)
        file.write_bytes(serialize_key_and_certificates(b"presto", key, chain[0], chain[1:], encryption))

    def set_users(self, passwords: Mapping[str, str]) -> None:
        """Set who may log in; the server reads the file again within a second."""
        lines = (f"{user}:{self._hashed(password)}\n" for user, password in passwords.items())
        file = self._folder / "password.db"
        file.with_suffix(".new").write_text("".join(lines))
        file.with_suffix(".new").replace(file)

    def _hashed(self, password: str) -> str:
        """bcrypt; Presto knows it by the name $2y$ only."""
        done = subprocess.run(
            [str(self._python), "-c", _HASH], input=password.encode(), capture_output=True, check=True
        )
        return done.stdout.decode().strip().replace("$2b$", "$2y$", 1)

    def _write_properties(self) -> None:
        store, users, rules = self._folder / "keystore.p12", self._folder / "password.db", self._folder / "rules.json"
        files: dict[str, dict[str, object]] = {
            "config": {
                "coordinator": "true",
                "node-scheduler.include-coordinator": "true",
                "discovery-server.enabled": "true",
                "discovery.uri": f"http://127.0.0.1:{self.http_port}",
                "http-server.http.port": self.http_port,
                "http-server.https.enabled": "true",
                "http-server.https.port": self.https_port,
                "http-server.https.keystore.path": store,
                "http-server.https.keystore.key": self._store_password,
                "http-server.authentication.type": "PASSWORD",
                "query.max-memory": "256MB",
                "query.max-memory-per-node": "256MB",
                "query.max-total-memory-per-node": "384MB",
                "memory.heap-headroom-per-node": "256MB",
            },
            "password-authenticator": {
                "password-authenticator.name": "file",
                "file.password-file": users,
                "file.refresh-period": "1s",
            },
            "access-control": {"access-control.name": "file", "security.config-file": rules},
            f"catalog/{CATALOG}": {"connector.name": "memory", "memory.max-data-per-node": "128MB"},
        }
        self.catalog_folder.mkdir(parents=True)
        for name, properties in files.items():
            text = "".join(f"{key}={value}\n" for key, value in properties.items())
            (self._folder / "etc" / f"{name}.properties").write_text(text)
        all_may_read = {"catalog": ".*", "allow": "read-only"}
        rules.write_text(json.dumps({"catalogs": [{"user": ADMINISTRATOR, "allow": "all"}, all_may_read]}))


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]
