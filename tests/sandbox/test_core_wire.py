"""What lies between every service and its callers: HTTP as clients need it, recorded calls, faults."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import trustme

from sandbox.faults import Fault, Faults
from sandbox.wire import Hub, Server, body, serve


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers with the method, the path and the body; breaks on request."""
    if environ["PATH_INFO"] == "/broken":
        raise ValueError("broken app")
    status = "204 No Content" if environ["PATH_INFO"] == "/nothing" else "200 OK"
    start_response(status, [("Content-Type", "application/octet-stream"), ("X-Path", environ["REQUEST_URI"])])
    return [environ["REQUEST_METHOD"].encode(), b" ", body(environ)]


def last_part(environ: WSGIEnvironment) -> str:
    return str(environ["PATH_INFO"]).rpartition("/")[2]


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def server(hub: Hub) -> Iterator[Server]:
    server = serve(echo, "echo", last_part, hub=hub)
    yield server
    server.stop()


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    yield connection
    connection.close()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, content: Any = None, **more: Any
) -> tuple[int, bytes]:
    connection.request(method, path, content, **more)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_one_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/a") == (200, b"GET ")
    before = connection.sock
    assert ask(connection, "POST", "/b?c=d", b"hello") == (200, b"POST hello")
    assert ask(connection, "HEAD", "/a") == (200, b"")
    assert ask(connection, "GET", "/nothing") == (204, b"")
    assert ask(connection, "GET", "/a") == (200, b"GET ")
    assert connection.sock is before


def test_a_body_in_chunks_arrives_whole(connection: http.client.HTTPConnection) -> None:
    parts = [b"one ", b"two ", b"x" * 100_000]
    assert ask(connection, "PUT", "/a", iter(parts), encode_chunked=True) == (200, b"PUT " + b"".join(parts))


def test_an_app_that_breaks_answers_500_and_the_connection_lives(
    connection: http.client.HTTPConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(connection, "GET", "/broken")[0] == 500
    assert ask(connection, "GET", "/a")[0] == 200
    assert "broken app" in capsys.readouterr().err


def test_https_is_served_with_the_context_given(hub: Hub) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(echo, "echo", last_part, hub=hub, ssl_context=context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trusting, timeout=60)
    try:
        assert ask(connection, "POST", "/a", b"x") == (200, b"POST x")
    finally:
        connection.close()
        server.stop()
    assert server.url == f"https://127.0.0.1:{server.port}"


def test_a_reset_connection_gives_no_answer_and_is_on_record(connection: http.client.HTTPConnection, hub: Hub) -> None:
    hub.faults.add("refuse", operation="a")
    with pytest.raises(ConnectionError):
        ask(connection, "GET", "/a")
    [call] = hub.calls.seen()
    assert (call["operation"], call["status"], call["fault"]) == ("a", 0, "refuse")


def test_calls_are_counted_by_service_operation_and_origin(connection: http.client.HTTPConnection, hub: Hub) -> None:
    for path, headers in (("/a", {}), ("/a", {}), ("/b", {}), ("/a", {"X-Sandbox-Origin": "platform"})):
        ask(connection, "GET", path, headers=headers)

    assert hub.calls.count() == {"echo.a": 2, "echo.b": 1}
    assert hub.calls.count(origin="*") == {"echo.a": 3, "echo.b": 1}
    assert hub.calls.count(operation="b") == {"echo.b": 1}
    hub.calls.clear()
    assert hub.calls.count(origin="*") == {}


def test_the_platforms_own_calls_meet_no_fault(connection: http.client.HTTPConnection, hub: Hub) -> None:
    hub.faults.add("error_5xx")
    assert ask(connection, "GET", "/a", headers={"X-Sandbox-Origin": "platform"})[0] == 200
    assert ask(connection, "GET", "/a")[0] == 503


def test_a_delay_comes_before_the_work(connection: http.client.HTTPConnection, hub: Hub) -> None:
    hub.faults.add("delay", seconds=0.1)
    started = time.monotonic()
    assert ask(connection, "GET", "/a")[0] == 200
    assert time.monotonic() - started >= 0.1


def strikes(fault: dict[str, Any], calls: int = 6) -> list[int]:
    """Which of so many equal calls are struck, counted from 1."""
    faults = Faults()
    faults.add("status", **fault)
    return [number for number in range(1, calls + 1) if faults.strike("s", "o", "bot", "/p")]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 3}, [3]),
        ({"count": 2}, [1, 2]),
        ({"skip": 4}, [5, 6]),
        ({"skip": 2, "count": 1}, [3]),
        ({"probability": 0.0}, []),
        ({"service": "other"}, []),
        ({"operation": "[a-n]*"}, []),
        ({"path": "/p*", "service": "?"}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_fault_strikes_the_calls_it_was_told_to(fault: dict[str, Any], struck: list[int]) -> None:
    assert strikes(fault) == struck


def test_a_fault_strikes_only_calls_whose_body_holds_what_it_names() -> None:
    faults = Faults()
    faults.add("status", holds='"blocks"')
    bodies = [b'{"text": "x"}', b'{"text": "x", "blocks": []}', b""]
    assert [bool(faults.strike("s", "o", "bot", "/p", lambda body=body: body)) for body in bodies] == [  # type: ignore[misc]
        False,
        True,
        False,
    ]


def longest_row(numbers: list[int]) -> int:
    longest = row = 0
    for before, number in pairwise([0, *numbers]):
        row = row + 1 if number == before + 1 else 1
        longest = max(longest, row)
    return longest


def test_no_more_calls_in_a_row_fail_than_asked_for_however_many_there_are() -> None:
    assert longest_row(strikes({"probability": 0.3}, 20_000)) > 4
    assert longest_row(strikes({"probability": 0.3, "in_a_row": 4}, 20_000)) == 4


def test_another_call_between_them_does_not_make_a_call_fail_more_often_in_a_row() -> None:
    faults = Faults()
    faults.add("status", probability=0.9, in_a_row=4)
    mine = []
    for number in range(1, 2001):
        if faults.strike("s3", "PutObject", "bot", "/result.json"):
            mine.append(number)
        faults.strike("s3", "HeadObject", "bot", "/result.json")
    assert longest_row(mine) == 4


def test_chance_is_seeded_and_near_its_share() -> None:
    first = strikes({"probability": 0.1, "seed": 3}, 2000)
    assert first == strikes({"probability": 0.1, "seed": 3}, 2000)
    assert first != strikes({"probability": 0.1, "seed": 4}, 2000)
    assert 150 < len(first) < 250


def test_the_first_fault_that_strikes_is_the_one_that_counts() -> None:
    faults = Faults()
    first = faults.add("refuse", count=1)
    faults.add("drop")
    kinds = [fault.kind for _ in range(2) if (fault := faults.strike("s", "o", "bot", "/"))]
    assert kinds == ["refuse", "drop"]
    faults.remove(first)
    assert [fault["kind"] for fault in faults.list()] == ["drop"]
    faults.clear()
    assert faults.strike("s", "o", "bot", "/") is None


@pytest.mark.parametrize(
    ("options", "words"),
    [({"kind": "explode"}, "no fault 'explode'"), ({"kind": "drop", "probability": 2}, "between 0 and 1")],
)
def test_a_fault_that_makes_no_sense_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault(**options)
