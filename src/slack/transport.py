"""slack_sdk's WebClient with this project's rules for the wire: one attempt a call, counted, no redirect followed."""

from __future__ import annotations

import logging
import ssl
import urllib.request
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slack_sdk import WebClient

from ..loopback import is_loopback

if TYPE_CHECKING:
    from ..calls import CallLog

TIMEOUT = 10
"""Seconds without a byte."""

_certificates = cache(ssl.create_default_context)  # it takes 40 ms to read them
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.CRITICAL)  # the SDK logs what we raise; its debug lines would be formatted for nothing


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the Authorization header on to any host."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def make_opener(url: str) -> urllib.request.OpenerDirector:
    """One opener for all calls: proxies of the environment except to loopback, certificates read once."""
    proxies: dict[str, str] | None = {} if is_loopback(url) else None
    https = urllib.request.HTTPSHandler(context=_certificates())
    return urllib.request.build_opener(urllib.request.ProxyHandler(proxies), _NoRedirect(), https)


def counted(call_log: CallLog | None, operation: str) -> AbstractContextManager[object]:
    """Count one attempt of a Slack call."""
    return call_log.call("slack", operation) if call_log else nullcontext()


class CountingWebClient(WebClient):
    """A WebClient whose calls are counted. One may be shared between threads: a call keeps no state on it."""

    def __init__(
        self, token: str, base_url: str, opener: urllib.request.OpenerDirector, call_log: CallLog | None
    ) -> None:
        super().__init__(token=token, base_url=base_url, timeout=TIMEOUT, logger=_quiet, retry_handlers=[])
        self._opener = opener
        self._call_log = call_log

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:
        with (
            counted(self._call_log, urlsplit(url).path.rsplit("/", 1)[-1]),
            self._opener.open(req, timeout=self.timeout) as response,
        ):
            body = response.read().decode("utf-8", "replace")
            return {"status": response.status, "headers": response.headers, "body": body}
