"""Presto's HTTP protocol: a statement is posted, its answer read page by page along nextUri.

https://prestodb.io/docs/current/develop/client-protocol.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sandbox.faults import Fault
from sandbox.presto.world import PrestoWorld, Query
from sandbox.warehouse import CATALOG
from sandbox.wire import Answer, body, default_fault_answer

PAGE = 200
LONG_POLL = 0.5
_EXECUTING = re.compile(r"/v1/statement/executing/([^/]+)/(\d+)")
_QUERY = re.compile(r"/v1/query/([^/]+)")
_UNAUTHORIZED = (
    "<html><head><title>Error 401 Access Denied: Invalid credentials</title></head>"
    "<body><h2>HTTP ERROR 401</h2><p>Problem accessing /v1/statement.</p></body></html>"
)


def operation(environ: WSGIEnvironment) -> str:
    """What a call is named in the records: `POST statement`, `GET page`, `DELETE query`."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if _EXECUTING.fullmatch(path):
        return f"{method} page"
    return f"{method} {path.removeprefix('/v1/').split('/')[0] or 'unknown'}"


def fault_answer(environ: WSGIEnvironment, fault: Fault) -> Answer:
    """A busy Presto answers 503."""
    if fault.kind == "throttle":
        return Answer(503, [("Content-Type", "text/plain")], b"Server is busy")
    return default_fault_answer(environ, fault)


def create_app(world: PrestoWorld) -> WSGIApplication:
    """The server as a WSGI app."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, kind, content = _answer(world, environ)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
        return [content]

    return app


def _answer(world: PrestoWorld, environ: WSGIEnvironment) -> tuple[str, str, bytes]:
    if not _is_allowed(world, environ):
        return "401 Unauthorized", "text/html", _UNAUTHORIZED.encode()
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if (method, path) == ("POST", "/v1/statement"):
        return _post(world, environ)
    if (method, path) == ("GET", "/v1/query"):
        return _json(world.queries())
    found = _EXECUTING.fullmatch(path) or _QUERY.fullmatch(path)
    query = world.query(found[1]) if found else None
    if query is None:
        return "404 Not Found", "text/plain", b"Query not found"
    if method == "DELETE":
        world.cancel(query)
        return "204 No Content", "text/plain", b""
    query.ended.wait(LONG_POLL)
    return _json(_page(environ, query, int(found[2]) if found and found.lastindex == 2 else 0))


def _post(world: PrestoWorld, environ: WSGIEnvironment) -> tuple[str, str, bytes]:
    if world.take_busy():
        return "503 Service Unavailable", "text/plain", b"Server is busy"
    query = world.start(
        body(environ).decode("utf-8"),
        environ.get("HTTP_X_PRESTO_CATALOG") or CATALOG,
        environ.get("HTTP_X_PRESTO_SCHEMA"),
        environ.get("HTTP_X_PRESTO_TIME_ZONE"),
    )
    return _json({**_head(environ, query, "QUEUED"), "nextUri": _uri(environ, query, 0)})


def _page(environ: WSGIEnvironment, query: Query, token: int) -> dict[str, Any]:
    if not query.ended.is_set():
        return {**_head(environ, query, "RUNNING"), "nextUri": _uri(environ, query, token)}
    answer = _head(environ, query, query.state)
    if query.error is not None:
        error = {
            "message": str(query.error),
            "errorCode": query.error.code,
            "errorName": query.error.name,
            "errorType": query.error.kind,
            "failureInfo": {"type": "sandbox", "message": str(query.error), "suppressed": [], "stack": []},
        }
        return {**answer, "error": error}
    assert query.table is not None
    rows = query.table.rows[token * PAGE : (token + 1) * PAGE]
    answer["columns"] = [
        {"name": name, "type": kind, "typeSignature": {"rawType": kind.split("(")[0], "arguments": []}}
        for name, kind in query.table.columns
    ]
    if rows:
        answer["data"] = rows
    if (token + 1) * PAGE < len(query.table.rows):
        answer["nextUri"] = _uri(environ, query, token + 1)
    return answer


def _head(environ: WSGIEnvironment, query: Query, state: str) -> dict[str, Any]:
    return {
        "id": query.id,
        "infoUri": f"https://{environ['HTTP_HOST']}/ui/query.html?{query.id}",
        "stats": {"state": state, "queued": state == "QUEUED", "scheduled": state != "QUEUED", "nodes": 1},
        "warnings": [],
    }


def _uri(environ: WSGIEnvironment, query: Query, token: int) -> str:
    return f"https://{environ['HTTP_HOST']}/v1/statement/executing/{query.id}/{token}"


def _is_allowed(world: PrestoWorld, environ: WSGIEnvironment) -> bool:
    try:
        kind, _, encoded = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return kind == "Basic" and world.accepts(username, password)


def _json(content: object) -> tuple[str, str, bytes]:
    return "200 OK", "application/json", json.dumps(content).encode()
