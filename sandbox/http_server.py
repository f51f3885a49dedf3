"""A small threaded HTTP/1.1 server for WSGI apps: keep-alive, no Nagle, no log, whole bodies.

werkzeug's own closes every connection after one answer, and cannot reset one: the sandbox needs both.
"""

from __future__ import annotations

import contextlib
import io
import socket
import socketserver
import ssl
import struct
import sys
import traceback
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_NO_BODY = {204, 304}
_MAX_LINE = 65_536
"""Bytes of a request line or header."""


class ResetConnection(Exception):
    """Raised by an app to have its connection reset without an answer."""


class HttpServer(socketserver.ThreadingTCPServer):
    """Listens on a loopback port that the system picks; HTTPS where a context is given."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, app: WSGIApplication, ssl_context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.app = app
        self.ssl_context = ssl_context

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        if not isinstance(sys.exception(), OSError):  # ssl.SSLError and every lost connection are OSErrors
            traceback.print_exc()


class _Connection(socketserver.BaseRequestHandler):
    server: HttpServer

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.ssl_context:
            self.request = self.server.ssl_context.wrap_socket(self.request, server_side=True)
        self.stream: IO[bytes] = self.request.makefile("rb")

    def handle(self) -> None:
        while (environ := _read_request(self.stream, self.request, self.server.server_address[1])) is not None:
            try:
                answer, keep = _run(self.server.app, environ)
            except ResetConnection:
                self._reset()
                return
            self.request.sendall(answer)
            if not keep:
                return

    def finish(self) -> None:
        self.stream.close()
        with contextlib.suppress(OSError):
            self.request.close()

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read_request(stream: IO[bytes], connection: Any, port: int) -> WSGIEnvironment | None:
    """The next request on this connection, its body read in whole; None at the end or for what is not HTTP."""
    words = stream.readline(_MAX_LINE).split()
    if len(words) != 3:
        return None
    method, target, version = (word.decode("latin-1") for word in words)
    headers = _read_headers(stream)
    environ = make_environ(method, target, version, headers, port)
    if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    environ["wsgi.input"] = io.BytesIO(_read_body(stream, environ))
    return environ


def _read_headers(stream: IO[bytes]) -> list[tuple[str, str]]:
    headers = []
    while (line := stream.readline(_MAX_LINE)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.strip(), value.strip()))
    return headers


def make_environ(method: str, target: str, version: str, headers: list[tuple[str, str]], port: int) -> WSGIEnvironment:
    """A request as a WSGI app sees it, but for its body (`wsgi.input`)."""
    path, _, query = target.partition("?")
    environ: WSGIEnvironment = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": version,
        "sandbox.headers": headers,
    }
    for name, value in headers:
        if "_" not in name:  # an underscore would stand in for the hyphen of another header
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def _read_body(stream: IO[bytes], environ: WSGIEnvironment) -> bytes:
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
        content = b"".join(iter(lambda: _read_chunk(stream), b""))
        environ["CONTENT_LENGTH"] = str(len(content))
        return content
    return stream.read(int(environ.get("CONTENT_LENGTH") or 0))


def _read_chunk(stream: IO[bytes]) -> bytes:
    size = int(stream.readline(_MAX_LINE).split(b";")[0] or b"0", 16)
    chunk = stream.read(size)
    stream.readline(_MAX_LINE)
    return chunk


def _run(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[bytes, bool]:
    """The whole answer as bytes, and whether the connection stays open."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        started[:] = [(status, headers)]
        return written.append

    try:
        content = app(environ, start_response)
        try:
            written.extend(content)
        finally:
            close = getattr(content, "close", None)
            if close:
                close()
    except ResetConnection:
        raise
    except Exception:  # noqa: BLE001 - a broken app answers 500, as any server would
        traceback.print_exc()
        started, written = [("500 Internal Server Error", [("Content-Type", "text/plain")])], [b"Internal error"]
    return _answer(environ, *started[0], b"".join(written))


def _answer(environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]], body: bytes) -> tuple[bytes, bool]:
    code = int(status[:3])
    names = {name.lower() for name, _ in headers}
    keep = environ["SERVER_PROTOCOL"] == "HTTP/1.1" and environ.get("HTTP_CONNECTION", "").lower() != "close"
    lines = [f"HTTP/1.1 {code} {status[4:] or _REASONS.get(code, '')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if "content-length" not in names and code not in _NO_BODY:
        lines.append(f"Content-Length: {len(body)}")
    if not keep:
        lines.append("Connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return (head if environ["REQUEST_METHOD"] == "HEAD" or code in _NO_BODY else head + body), keep
