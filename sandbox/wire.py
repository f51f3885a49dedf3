"""What lies between every sandbox service and its callers: one middleware that records calls and applies faults."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sandbox.faults import Fault, Faults
from sandbox.http_server import HttpServer, ResetConnection

PLATFORM_HEADER = "X-Sandbox-Origin"


class Answer(NamedTuple):
    """One whole HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Call(NamedTuple):
    """One call as it was seen on the wire; `status` is 0 where no answer was given; `at` is a Unix time."""

    service: str
    operation: str
    origin: str
    status: int
    seconds: float
    at: float
    path: str
    fault: str | None


Namer = Callable[[WSGIEnvironment], str]
FaultAnswer = Callable[[WSGIEnvironment, Fault], Answer]


def body(environ: WSGIEnvironment) -> bytes:
    """The whole request body, without using it up."""
    stream = environ["wsgi.input"]
    if isinstance(stream, io.BytesIO):
        return stream.getvalue()
    content: bytes = stream.read()
    environ["wsgi.input"] = io.BytesIO(content)
    return content


def default_origin(environ: WSGIEnvironment) -> str:
    """ "platform" for the sandbox's own calls (they send X-Sandbox-Origin), else "bot"."""
    return str(environ.get("HTTP_X_SANDBOX_ORIGIN", "bot"))


def default_fault_answer(_environ: WSGIEnvironment, fault: Fault) -> Answer:
    """Answer in plain text, for services without an error format of their own."""
    if fault.kind == "throttle":
        return Answer(
            429, [("Content-Type", "text/plain"), ("Retry-After", f"{fault.seconds:g}")], b"Too many requests"
        )
    status = fault.status if fault.kind == "status" else 503
    return Answer(status, [("Content-Type", "text/plain")], b"A fault of the sandbox")


@dataclass
class Calls:
    """Every call, in order. Appending to a list is atomic: recording takes no lock."""

    _calls: list[Call] = field(default_factory=list)

    def record(self, call: Call) -> None:
        self._calls.append(call)

    def clear(self) -> None:
        self._calls = []

    def seen(self, service: str = "*", operation: str = "*", origin: str = "") -> list[dict[str, Any]]:
        """The calls that match these globs; without `origin`, all but the platform's own."""
        return [call._asdict() for call in self._matching(service, operation, origin)]

    def count(self, service: str = "*", operation: str = "*", origin: str = "") -> dict[str, int]:
        """How many of each "service.operation"."""
        return dict(Counter(f"{call.service}.{call.operation}" for call in self._matching(service, operation, origin)))

    def _matching(self, service: str, operation: str, origin: str) -> list[Call]:
        def wanted(call: Call) -> bool:
            right_origin = fnmatchcase(call.origin, origin) if origin else call.origin != "platform"
            return right_origin and fnmatchcase(call.service, service) and fnmatchcase(call.operation, operation)

        return [call for call in list(self._calls) if wanted(call)]


@dataclass
class Hub:
    """What all services share: the faults that are on, and the calls that were made."""

    faults: Faults = field(default_factory=Faults)
    calls: Calls = field(default_factory=Calls)


class _Status:
    """Remembers the status an app starts its answer with."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self.code = 0

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.code = int(status[:3])
        return self._start_response(status, headers, exc_info) if exc_info else self._start_response(status, headers)


class Wire:
    """The middleware: a WSGI app around one service."""

    def __init__(
        self, app: WSGIApplication, service: str | Namer, operation: Namer, hub: Hub, answer: FaultAnswer, origin: Namer
    ) -> None:
        self._app = app
        self._service = service
        self._operation = operation
        self._hub = hub
        self._answer = answer
        self._origin = origin

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        service = self._service if isinstance(self._service, str) else self._service(environ)
        name = (service, self._operation(environ), self._origin(environ))
        path = str(environ["REQUEST_URI"])
        fault = self._hub.faults.strike(*name, path, partial(body, environ))
        started, status = time.perf_counter(), _Status(start_response)
        lost = True
        try:
            content = self._answered(environ, status, fault)
            lost = False
        finally:
            seconds = time.perf_counter() - started
            code = 0 if lost else status.code
            self._hub.calls.record(Call(*name, code, seconds, time.time(), path, fault.kind if fault else None))
        return content

    def _answered(self, environ: WSGIEnvironment, status: _Status, fault: Fault | None) -> Iterable[bytes]:
        if fault is None:
            return self._app(environ, status)
        if fault.kind == "refuse":
            raise ResetConnection
        if fault.kind == "delay":
            time.sleep(fault.seconds)
            return self._app(environ, status)
        if fault.kind == "drop":
            _exhaust(self._app(environ, lambda *_args: lambda _data: None))
            raise ResetConnection
        answer = self._answer(environ, fault)
        status(f"{answer.status} Fault", [*answer.headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]


def _exhaust(content: Iterable[bytes]) -> None:
    for _part in content:
        pass
    close = getattr(content, "close", None)
    if close:
        close()


class Server:
    """A service on a loopback port that the system picked."""

    def __init__(self, http: HttpServer, scheme: str) -> None:
        self._http = http
        self.port: int = http.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=http.serve_forever, args=(1.0,), name=self.url, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections."""
        ending = threading.Thread(target=self._http.shutdown)
        ending.start()
        with contextlib.suppress(OSError):  # one more wakes it: it looks once a second whether it is to end
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        ending.join()
        self._http.server_close()


def serve(
    app: WSGIApplication,
    service: str | Namer,
    operation: Namer,
    *,
    hub: Hub,
    ssl_context: Any = None,
    fault_answer: FaultAnswer = default_fault_answer,
    origin: Namer = default_origin,
) -> Server:
    """Serve `app` on a free loopback port, recording calls and applying faults from `hub`.

    operation: names a call from its environ ("chat.postMessage"); fault_answer: this service's form of a throttle,
    a server error and a refusal; origin: who calls ("bot", "job" or "platform"); ssl_context: HTTPS when given.
    The body is in environ["wsgi.input"] as a BytesIO that is there in whole: `body(environ)` peeks at it.
    """
    wired = Wire(app, service, operation, hub, fault_answer, origin)
    return Server(HttpServer(wired, ssl_context), "https" if ssl_context else "http")
