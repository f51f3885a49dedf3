"""The real server's data, password and life, and the verbs that tests drive it with.

`RealPrestoWorld.control` holds what the control port offers as POST /control/presto/<verb>. A real
Presto has no verbs for delays, failures and faults, as the embedded one has: a slow query is made of SQL.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from sandbox import warehouse
from sandbox.real_presto.configuration import ADMINISTRATOR
from sandbox.real_presto.errors import NoNodes, StatementFailed
from sandbox.real_presto.server import Server
from sandbox.warehouse import CATALOG, SCHEMA, USERNAME

_SECONDS = 60.0
"""How long one statement of the administrator may take."""
_PASSWORD_SECONDS = 10.0
"""How long the server may take to notice a new password."""


class RealPrestoWorld:
    """One server that runs, with the warehouse loaded into its catalog."""

    def __init__(self) -> None:
        self._password = secrets.token_urlsafe(18)
        self._server = Server()
        self._configuration = self._server.configuration
        try:
            self._configuration.set_users({USERNAME: self._password})
            self._start()
        except BaseException:
            self._server.close()
            raise

    @property
    def control(self) -> dict[str, Callable[..., Any]]:
        """The verbs of the control port: plain values in, plain values out."""
        verbs = (self.execute, self.queries, self.set_password, self.reset_password, self.kill, self.start)
        return {verb.__name__: verb for verb in verbs}

    def credentials(self) -> dict[str, Any]:
        """The secret's content for this server."""
        known = self._configuration
        return warehouse.secret(port=known.https_port, password=self._password, ca_pem=known.ca_pem)

    def reset(self) -> None:
        """Running, with its own certificate, password and data."""
        if not self._server.is_running or self._is_expired:
            self.start()
        if self._is_changed:
            self._load()
        self.reset_password()

    def close(self) -> None:
        """Kill it, and clear away its files."""
        self._server.close()

    # Verbs

    def execute(self, sql: str) -> None:
        """Change the data, in Presto's SQL."""
        self._is_changed = True
        self._run(sql)

    def queries(self, state: str = "*") -> list[dict[str, Any]]:
        """The user's queries in such a state, oldest first, as the server lists them."""
        listed = self._get("/v1/query")
        return [
            {"id": query["queryId"], "sql": query["query"], "state": query["state"], "error": query.get("errorCode")}
            for query in sorted(listed, key=lambda query: str(query["queryId"]))
            if query["session"]["user"] == USERNAME and fnmatchcase(query["state"], state)
        ]

    def set_password(self, password: str) -> None:
        """The server's password changes; the secret does not."""
        self._configuration.set_users({USERNAME: password})
        self._wait_for_password(password)

    def reset_password(self) -> None:
        """The server's password is the secret's again."""
        self.set_password(self._password)

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        self._server.kill()

    def start(self, expired: bool = False) -> None:
        """Start it again, with fresh data; `expired`: with a certificate whose time is over."""
        self._server.kill()
        self._start(expired)

    def _start(self, expired: bool = False) -> None:
        self._is_expired = expired
        self._server.start(expired=expired)
        for statement in warehouse.statements():
            self._run(statement)
        self._is_changed = False

    def _load(self) -> None:
        for name in warehouse.TABLES:
            self._run(f"DROP VIEW IF EXISTS {name}")
            self._run(f"DROP TABLE IF EXISTS {name}")
        for statement in warehouse.statements():
            if not statement.startswith("CREATE SCHEMA"):
                self._run(statement)
        self._is_changed = False

    @retry(retry=retry_if_exception_type(NoNodes), stop=stop_after_delay(_SECONDS), wait=wait_fixed(0.5), reraise=True)
    def _run(self, sql: str) -> None:
        """Each page to the end: Presto works on a statement only as far as somebody reads."""
        headers = {"X-Presto-User": ADMINISTRATOR, "X-Presto-Catalog": CATALOG, "X-Presto-Schema": SCHEMA}
        headers["X-Presto-Time-Zone"] = "UTC"
        posted = requests.post(
            f"{self._server.admin_url}/v1/statement", data=sql.encode(), headers=headers, timeout=_SECONDS
        )
        answer = posted.json()
        while "nextUri" in answer:
            answer = requests.get(answer["nextUri"], timeout=_SECONDS).json()
        if "error" in answer:
            name = answer["error"]["errorName"]
            failed = NoNodes if name == "NO_NODES_AVAILABLE" else StatementFailed
            raise failed(f"{name}: {answer['error']['message']}: {sql[:200]}")

    def _get(self, path: str) -> Any:
        headers = {"X-Presto-User": ADMINISTRATOR}
        return requests.get(f"{self._server.admin_url}{path}", headers=headers, timeout=_SECONDS).json()

    def _wait_for_password(self, password: str) -> None:
        """It reads its file again each second, when somebody comes."""
        deadline = time.monotonic() + _PASSWORD_SECONDS
        while not self._server.lets_in(USERNAME, password):
            if time.monotonic() > deadline:
                raise StatementFailed("Presto did not take in its new password file.")
            time.sleep(0.1)
