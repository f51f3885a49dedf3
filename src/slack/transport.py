"""slack_sdk's WebClient with this project's rules for the wire.

Each attempt is counted, no redirect is followed with the token, and a retry waits by a sleep that is passed in.
"""

from __future__ import annotations

import logging
import random
import ssl
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from .errors import CONNECTION_ERRORS

if TYPE_CHECKING:
    from ..calls import CallLog

Sleep = Callable[[float], object]

MAX_WAIT = 60.0  # seconds; Slack asking for more is told to the caller instead
LOOPBACK = ("127.0.0.1", "localhost", "::1")

_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.CRITICAL)  # the SDK logs what we raise; its debug lines would be formatted for nothing


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the Authorization header on to any host."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def make_opener(url: str) -> urllib.request.OpenerDirector:
    """One opener for all calls: proxies of the environment except to loopback, certificates read once."""
    proxies: dict[str, str] | None = {} if is_loopback(url) else None
    https = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    return urllib.request.build_opener(urllib.request.ProxyHandler(proxies), _NoRedirect(), https)


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    return urlsplit(url).hostname in LOOPBACK


def counted(call_log: CallLog | None, operation: str) -> AbstractContextManager[object]:
    """Count one attempt of a Slack call."""
    return call_log.call("slack", operation) if call_log else nullcontext()


class CountingWebClient(WebClient):
    """A WebClient whose every attempt is counted. One may be shared between threads: a call keeps no state on it."""

    def __init__(
        self,
        token: str,
        base_url: str,
        opener: urllib.request.OpenerDirector,
        handlers: list[RetryHandler],
        call_log: CallLog | None,
        timeout: int,
    ) -> None:
        super().__init__(token=token, base_url=base_url, timeout=timeout, logger=_quiet, retry_handlers=handlers)
        self._opener = opener
        self._call_log = call_log

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:
        with (
            counted(self._call_log, urlsplit(url).path.rsplit("/", 1)[-1]),
            self._opener.open(req, timeout=self.timeout) as response,
        ):
            body = response.read().decode("utf-8", "replace")
            return {"status": response.status, "headers": response.headers, "body": body}


class _Waiting(RetryHandler):
    """A retry handler that waits by the sleep it was given."""

    def __init__(self, sleep: Sleep, attempts: int) -> None:
        super().__init__(max_retry_count=attempts)
        self._sleep = sleep

    def _seconds(self, state: RetryState, _response: HttpResponse | None) -> float:
        return float(min(2**state.current_attempt, 8)) * random.uniform(0.5, 1.0)  # noqa: S311 (jitter)

    def prepare_for_next_attempt(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002 (the SDK's signature)
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> None:
        state.next_attempt_requested = True
        self._sleep(self._seconds(state, response))
        state.increment_current_attempt()


class RateLimited(_Waiting):
    """429: Slack did nothing; again after the time it names, where that is within MAX_WAIT."""

    def _can_retry(
        self,
        *,
        state: RetryState,  # noqa: ARG002
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> bool:
        return response is not None and response.status_code == 429 and (_retry_after(response) or 0) <= MAX_WAIT

    def _seconds(self, state: RetryState, response: HttpResponse | None) -> float:
        asked = _retry_after(response) if response else None
        spread = random.uniform(0, 0.25)  # noqa: S311 (jitter)
        return asked + spread if asked is not None else super()._seconds(state, response)


class Unanswered(_Waiting):
    """Connection lost or a server error: again. Only for calls that may be carried out twice."""

    def _can_retry(
        self,
        *,
        state: RetryState,  # noqa: ARG002
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is not None:
            return response.status_code >= 500
        return isinstance(error, CONNECTION_ERRORS)


def _retry_after(response: HttpResponse) -> float | None:
    for name, values in response.headers.items():
        if name.lower() == "retry-after" and values and str(values[0]).isdigit():
            return float(values[0])
    return None
