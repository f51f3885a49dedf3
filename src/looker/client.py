"""From a Looker link to the SQL behind it. The SDK (a second to import) is loaded at the first link."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..config import LOOKER_LOGIN, BotSettings
from ..errors import ConfigurationError, CreditsError, LinkError, QueryError, TransientError
from ..executor import MAX_QUERY_BYTES
from ..loopback import check_https, is_loopback
from ..retries import with_retries
from .links import LookerLink
from .question import NOT_PERMITTED, Explores, Question

if TYPE_CHECKING:
    from ..calls import CallLog
    from .api import HttpRefusal

Answer = TypeVar("Answer")

TIMEOUT = 30  # seconds without a byte
TOTAL = 90.0  # seconds for one whole answer
ALL_ACCESS = "all_access"
OF_AN_EXPLORE = ("run_inline_query", "lookml_model_explore")

_WHAT = {
    "query": "query",
    "explore": "explore",
    "look": "look",
    "sql_runner": "SQL Runner query",
}


class _TokenExpired(TransientError):
    """Looker no longer knows the token: log in again."""


class LookerClient:
    """One Looker, as the API user of LOOKERSDK_CLIENT_ID. Safe to use from several threads.

    The token goes to LOOKERSDK_BASE_URL alone, whatever a link's host is. `sleep` waits between attempts.
    """

    def __init__(
        self,
        settings: BotSettings,
        *,
        call_log: CallLog | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._call_log = call_log
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sdk: Any = None
        self._wire: Any = None
        self._explores: Explores = {}

    def sql(self, link: LookerLink) -> str:
        """The SQL that Looker makes of the link, byte for byte.

        Raises LinkError (deleted, not visible, no SQL), QueryError (empty, over 4 MB), ConfigurationError (login),
        TransientError once all attempts are used up.
        """
        return _checked(with_retries(lambda: self._once(link), self._sleep))

    def log_in(self) -> None:
        """Get a token. Raises ConfigurationError (the login, the address), TransientError."""
        with_retries(lambda: self._translating(lambda sdk: sdk.auth.authenticate({})), self._sleep)

    def permissions(self) -> frozenset[str] | None:
        """What the API user may do, in any of its roles: ALL_ACCESS is all; None if Looker does not tell it.

        Raises ConfigurationError (the login, the address), TransientError.
        """
        return with_retries(lambda: self._translating(_permissions), self._sleep)

    def close(self) -> None:
        """Close the connections."""
        if self._wire is not None:
            self._wire.close()

    def _once(self, link: LookerLink) -> str:
        return self._translating(lambda sdk: _text(Question(sdk, link, self._explores).sql()), _WHAT[link.kind])

    def _translating(self, ask: Callable[[Any], Answer], what: str = "login") -> Answer:
        from looker_sdk.error import SDKError  # noqa: PLC0415 (lazy: see the module)
        from looker_sdk.rtl.serialize import DeserializeError  # noqa: PLC0415

        from .api import ConnectionLost, HttpRefusal  # noqa: PLC0415

        sdk = self._connected()
        try:
            return ask(sdk)
        except HttpRefusal as refusal:
            raise self._translated(refusal, what) from refusal
        except ConnectionLost as error:
            host = urlsplit(self._settings.lookersdk_base_url).hostname
            raise TransientError(
                f"Looker at {host} did not answer ({error}): try again in a few minutes, "
                "or have LOOKERSDK_BASE_URL checked."
            ) from error
        except (SDKError, DeserializeError, UnicodeDecodeError) as error:
            raise TransientError(f"Looker gave an answer that cannot be read ({type(error).__name__}).") from error

    def _connected(self) -> Any:
        from .api import Transport, make_sdk  # noqa: PLC0415

        with self._lock:
            if self._sdk is None:
                settings = self._settings
                settings.require(*LOOKER_LOGIN)
                url = settings.lookersdk_base_url
                check_https("LOOKERSDK_BASE_URL", url)
                self._wire = Transport(TIMEOUT, TOTAL, self._call_log, proxies=not is_loopback(url))
                self._sdk = make_sdk(
                    url,
                    settings.lookersdk_client_id,
                    settings.lookersdk_client_secret.get_secret_value(),
                    self._wire,
                    TIMEOUT,
                )
            return self._sdk

    def _translated(self, refusal: HttpRefusal, what: str) -> CreditsError:
        if refusal.operation == "login" and refusal.status in (400, 401, 403, 404):
            return ConfigurationError(
                "Looker refuses the login of LOOKERSDK_CLIENT_ID: check it, LOOKERSDK_CLIENT_SECRET and "
                "LOOKERSDK_BASE_URL (the API's address, often with port 19999)."
            )
        if refusal.status == 401:
            self._forget_token()
            return _TokenExpired("Looker does not accept its own token: check LOOKERSDK_CLIENT_ID's API user.")
        return _refused(refusal, what)

    def _forget_token(self) -> None:
        with self._lock:
            wire, self._sdk, self._wire = self._wire, None, None
        if wire is not None:
            wire.close()


def _permissions(sdk: Any) -> frozenset[str] | None:
    from .api import HttpRefusal  # noqa: PLC0415 (lazy: see the module)

    try:
        roles = sdk.user_roles(sdk.me(fields="id").id, fields="id,permission_set")
    except HttpRefusal as refusal:
        if refusal.status not in NOT_PERMITTED or refusal.operation == "login":
            raise
        return None
    sets = [role.permission_set for role in roles if role.permission_set]
    everything = [ALL_ACCESS] if any(one.all_access for one in sets) else []
    return frozenset([*everything, *(name for one in sets for name in one.permissions or ())])


def _refused(refusal: HttpRefusal, what: str) -> CreditsError:
    status = refusal.status
    if status in NOT_PERMITTED and refusal.operation in OF_AN_EXPLORE:
        look = "save it with these filters, as a look of its own," if what == "look" else "save the query as a look"
        return LinkError(
            f"The bot's Looker user may not run what this link makes of the {what}, or its model is gone: have that "
            f"user given the permission `explore` on the model, or {look} and post that look's link."
        )
    if status == 404:
        return LinkError(
            f"This {what} was deleted or is not visible to the bot's Looker user: share it, or post another."
        )
    if status == 403:
        return LinkError(f"The bot's Looker user may not see this {what}: share its folder or model with that user.")
    if status in (408, 425, 429) or status >= 500:
        return TransientError(f"Looker is busy (HTTP {status}): try again in a few minutes.")
    if 300 <= status < 400:
        return ConfigurationError("LOOKERSDK_BASE_URL redirects elsewhere: set it to the API's own address.")
    said = f": {refusal.message}" if refusal.message else ""
    return LinkError(f"Looker can make no SQL of this {what} (HTTP {status}){said}")


def _text(answer: str | bytes) -> str:
    return answer.decode("utf-8") if isinstance(answer, bytes) else answer


def _checked(sql: str) -> str:
    if not sql.strip():
        raise QueryError("Looker has no SQL for this link: open it in Looker, run it, and post its link.")
    if len(sql.encode("utf-8", "surrogatepass")) > MAX_QUERY_BYTES:
        raise QueryError("The SQL behind this link is over 4 MB: narrow the query and post its new link.")
    return sql
