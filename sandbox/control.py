"""The control port: how tests and the demo drive the sandbox. JSON over HTTP, for the sandbox's own client.

GET /health   GET /env   POST, GET, DELETE /faults   GET, DELETE /calls   GET /calls/count   POST /reset
POST /control/<service>/<verb> with the verb's keyword arguments as one JSON object
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from sandbox.wire import Hub, body

Verb = Callable[..., Any]


class UnknownVerb(LookupError):
    """There is no such path or verb."""


class ControlApp:
    """A WSGI app over the hub and each service's own verbs."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.env: dict[str, str] = {}
        self._verbs: dict[tuple[str, str], Verb] = {}
        self._resets: list[Callable[[], None]] = []
        self._routes: dict[tuple[str, str], Verb] = {
            ("GET", "/health"): lambda: {"ok": True},
            ("GET", "/env"): lambda: self.env,
            ("GET", "/faults"): hub.faults.list,
            ("POST", "/faults"): hub.faults.add,
            ("DELETE", "/faults"): hub.faults.clear,
            ("GET", "/calls"): hub.calls.seen,
            ("GET", "/calls/count"): hub.calls.count,
            ("DELETE", "/calls"): hub.calls.clear,
            ("POST", "/reset"): self.reset,
        }

    def register(self, service: str, verbs: dict[str, Verb], reset: Callable[[], None] | None = None) -> None:
        """Make a service's verbs reachable as /control/<service>/<verb>; `reset` is called on /reset."""
        self._verbs.update({(service, name): verb for name, verb in verbs.items()})
        if reset:
            self._resets.append(reset)

    def reset(self) -> None:
        """No faults, no recorded calls, every service as it was at the start."""
        self._hub.faults.clear()
        for reset in self._resets:
            reset()
        self._hub.calls.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = "200 OK", self._answer(environ)
        except UnknownVerb as error:
            status, answer = "404 Not Found", {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a verb raises is told to its caller
            status, answer = "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer, default=str).encode()]

    def _answer(self, environ: WSGIEnvironment) -> Any:
        content = body(environ)
        arguments = dict(parse_qsl(environ["QUERY_STRING"])) | (json.loads(content) if content else {})
        return self._verb(environ["REQUEST_METHOD"], environ["PATH_INFO"])(**arguments)

    def _verb(self, method: str, path: str) -> Verb:
        if (method, path) in self._routes:
            return self._routes[method, path]
        parts = path.strip("/").split("/")
        if method == "POST" and len(parts) == 3 and parts[0] == "control" and (parts[1], parts[2]) in self._verbs:
            return self._verbs[parts[1], parts[2]]
        known = sorted(f"{service}/{verb}" for service, verb in self._verbs)
        raise UnknownVerb(f"The sandbox has no {method} {path}; its verbs are {', '.join(known)}.")
