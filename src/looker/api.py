"""The Looker SDK with this project's rules for the wire. Imported only when there is a link to resolve.

No looker.ini and no environment is read; no redirect is followed (a login's secret would go with it); an answer is
UTF-8 unless it says otherwise, bounded in size and time; a refusal is raised with its HTTP status before the SDK can
ask an outside host for an article about it.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import requests
from cattrs.cols import is_sequence, list_structure_factory
from looker_sdk.rtl import api_settings, auth_session, serialize, transport
from looker_sdk.sdk.api40 import methods
from requests.utils import get_encoding_from_headers

from ..errors import QueryError

if TYPE_CHECKING:
    from ..calls import CallLog

MAX_ANSWER = 32_000_000  # bytes; JSON may hold 4 MB of SQL with every character escaped
CHUNK = 65_536  # bytes

_OPERATIONS = (
    ("login", re.compile(r"/login$")),
    ("query_for_slug", re.compile(r"/queries/slug/")),
    ("run_inline_query", re.compile(r"/queries/run/")),
    ("run_query", re.compile(r"/queries/[^/]+/run/")),
    ("run_look", re.compile(r"/looks/[^/]+/run/")),
    ("look", re.compile(r"/looks/[^/]+$")),
    ("lookml_model_explore", re.compile(r"/lookml_models/[^/]+/explores/[^/]+$")),
    ("sql_query", re.compile(r"/sql_queries/")),
    ("me", re.compile(r"/user$")),
    ("user_roles", re.compile(r"/users/[^/]+/roles$")),
)


class HttpRefusal(Exception):
    """An answer other than 2xx: its operation, status and Looker's own words."""

    def __init__(self, operation: str, status: int, message: str) -> None:
        super().__init__(f"{operation}: HTTP {status}: {message}")
        self.operation = operation
        self.status = status
        self.message = message


class ConnectionLost(Exception):
    """No answer: refused, reset, timed out, or too slow as a whole."""


def operation(path: str) -> str:
    """The SDK's name for the call to this path."""
    bare = path.partition("?")[0]
    return next((name for name, pattern in _OPERATIONS if pattern.search(bare)), "other")


class Transport(transport.Transport):
    """One requests session; `timeout` bounds a wait for bytes, `total` the whole answer, both in seconds.

    proxies: whether the environment's proxies and CA bundle apply; not for a Looker on this machine.
    """

    def __init__(
        self,
        timeout: float,
        total: float,
        call_log: CallLog | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        proxies: bool = True,
    ) -> None:
        self._timeout = timeout
        self._total = total
        self._call_log = call_log
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = proxies

    @classmethod
    def configure(cls, settings: transport.PTransportSettings) -> Transport:
        return cls(settings.timeout, settings.timeout, None)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def request(
        self,
        method: transport.HttpMethod,
        path: str,
        query_params: MutableMapping[str, str] | None = None,
        body: bytes | None = None,
        authenticator: transport.TAuthenticator = None,
        transport_options: transport.TransportOptions | None = None,
    ) -> transport.Response:
        headers = {"Content-Type": "application/json"}
        headers |= authenticator({}) if authenticator else {}
        headers |= (transport_options or {}).get("headers") or {}
        name = operation(path)
        with self._counted(name):
            return self._answer(name, method.name, path, query_params, body, headers)

    def _counted(self, name: str) -> AbstractContextManager[object]:
        return self._call_log.call("looker", name) if self._call_log else nullcontext()

    def _answer(
        self,
        name: str,
        method: str,
        url: str,
        params: MutableMapping[str, str] | None,
        body: bytes | None,
        headers: dict[str, str],
    ) -> transport.Response:
        deadline = self._clock() + self._total
        try:
            with self._session.request(
                method,
                url,
                params=params,
                data=body,
                headers=headers,
                auth=_no_netrc,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = b"".join(self._chunks(response, deadline))
                return _checked(name, response, content)
        except requests.RequestException as error:
            raise ConnectionLost(f"{name}: {type(error).__name__}") from error

    def _chunks(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_content(CHUNK):
            size += len(chunk)
            if size > MAX_ANSWER:
                raise QueryError("Looker's answer is over 32 MB: narrow the query and post its new link.")
            if self._clock() > deadline:
                raise ConnectionLost("the answer took too long")
            yield chunk


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _checked(name: str, response: requests.Response, content: bytes) -> transport.Response:
    if not 200 <= response.status_code < 300:
        raise HttpRefusal(name, response.status_code, _words(content))
    kind = response.headers.get("Content-Type", "")
    answer = transport.Response(True, content, transport.response_mode(kind))
    # requests follows the old RFC in taking text without a charset for Latin-1; Looker sends UTF-8.
    answer.encoding = (get_encoding_from_headers(response.headers) if "charset" in kind.lower() else None) or "utf-8"
    return answer


def _words(content: bytes) -> str:
    text = content[:20_000].decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        return ""  # a proxy's page of HTML says nothing to the reader
    message = found.get("message") if isinstance(found, dict) else None
    return str(message)[:300] if message else ""


class _Settings(api_settings.ApiSettings):
    """Settings handed in; the SDK's own would read looker.ini and the environment."""

    def __init__(self, base_url: str, client_id: str, client_secret: str, timeout: int) -> None:
        self.base_url = base_url.rstrip("/")
        self.verify_ssl = True
        self.timeout = timeout
        self.headers = {}
        self.agent_tag = transport.AGENT_PREFIX
        self._login: api_settings.SettingsConfig = {"client_id": client_id, "client_secret": client_secret}

    def read_config(self) -> api_settings.SettingsConfig:
        return self._login


class _OneLogin(auth_session.AuthSession):
    """Threads that need a token at once share one login."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._lock = threading.Lock()

    def authenticate(self, transport_options: Any) -> dict[str, str]:
        with self._lock:
            headers: dict[str, str] = super().authenticate(transport_options)
            return headers


def make_sdk(base_url: str, client_id: str, client_secret: str, wire: Transport, timeout: int) -> methods.Looker40SDK:
    """The SDK's API 4.0 over this transport; nothing is asked of Looker yet."""
    settings = _Settings(base_url, client_id, client_secret, timeout)
    session = _OneLogin(settings, wire, _deserialize, "4.0")
    return methods.Looker40SDK(session, _deserialize, serialize.serialize40, wire, "4.0")


def _deserialize(data: str, structure: Any) -> Any:
    """Replaces the SDK's own, which registers its hook for lists again with every answer, so that each takes longer."""
    try:
        return serialize.converter40.structure(json.loads(data), structure)
    except (ValueError, TypeError, AttributeError) as error:
        raise serialize.DeserializeError(f"Bad data: {error}") from error


serialize.converter40.register_structure_hook_factory(is_sequence, list_structure_factory)
