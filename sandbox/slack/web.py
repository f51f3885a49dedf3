"""The HTTP side: POST /api/<method> as form or JSON with a bearer token, and the address files are sent to."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox.faults import Fault
from sandbox.slack.api import Api, Refusal
from sandbox.slack.world import SlackWorld
from sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UPLOAD = "/upload/v1/"
MAX_BODY = 1_000_000_000
_JSON_HEADER = ("Content-Type", "application/json; charset=utf-8")


def create_app(world: SlackWorld) -> WSGIApplication:
    """Slack's Web API for this workspace."""
    api = Api(world)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_form_memory_size = MAX_BODY
        request.max_form_parts = 100_000
        return _respond(api, world, request)(environ, start_response)

    return app


def operation(environ: WSGIEnvironment) -> str:
    """What a request is called in counts and faults: the method's name, or `upload`."""
    path = str(environ.get("PATH_INFO", ""))
    return "upload" if path.startswith(UPLOAD) else path.rsplit("/", 1)[-1]


def fault_answer(_environ: WSGIEnvironment, fault: Fault) -> Answer:
    """A throttle, a server error or a refusal by code as Slack words it."""
    if fault.kind == "throttle":
        wait = str(max(1, math.ceil(fault.seconds)))
        return Answer(429, [_JSON_HEADER, ("Retry-After", wait)], b'{"ok":false,"error":"ratelimited"}')
    status = fault.status if fault.kind == "status" else 503
    if 300 <= status < 400:
        return Answer(status, [("Location", "https://elsewhere.example/")], b"")
    code = fault.says or "service_unavailable"
    return Answer(status, [_JSON_HEADER], json.dumps({"ok": False, "error": code}).encode())


def _respond(api: Api, world: SlackWorld, request: Request) -> Response:
    if request.path.startswith(UPLOAD):
        received = api.receive(request.path.removeprefix(UPLOAD), _sent_bytes(request))
        return Response("OK - received" if received else "bad upload", status=200 if received else 400)
    method = operation(request.environ)
    try:
        arguments = _arguments(request)
        _check_token(world, request, arguments)
        wait = _wait(world, method, arguments)
        if wait:
            return _json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(wait)})
        with world.lock:  # the answer holds live messages until it is written out
            scopes = {"X-OAuth-Scopes": ",".join(sorted(world.scopes))}
            return _json(api.call(method, arguments, request.host_url.rstrip("/")), headers=scopes)
    except Refusal as refusal:
        return _json(refusal.answer)


def _arguments(request: Request) -> dict[str, Any]:
    if request.mimetype != "application/json":
        return {**request.args.to_dict(), **request.form.to_dict()}
    try:
        body = json.loads(request.get_data() or "{}")
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return body


def _check_token(world: SlackWorld, request: Request, arguments: dict[str, Any]) -> None:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(arguments.get("token") or "")
    if not token:
        raise Refusal("not_authed")
    if token != world.token:
        raise Refusal("invalid_auth")


def _wait(world: SlackWorld, method: str, arguments: dict[str, Any]) -> int:
    with world.lock:
        return world.limits.admit(method, str(arguments.get("channel") or arguments.get("channel_id") or ""))


def _sent_bytes(request: Request) -> bytes:
    if request.mimetype == "multipart/form-data":
        return b"".join(part.read() for part in request.files.values())
    return request.get_data()


def _json(answer: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(answer), status=status, content_type="application/json; charset=utf-8", headers=headers)
