"""Looker: the login, and what its user may do. What it may see shows with the first link."""

from __future__ import annotations

from collections.abc import Callable

from ..config import LOOKER_LOGIN, BotSettings
from ..errors import ConfigurationError
from ..looker.client import ALL_ACCESS, LookerClient
from .findings import Examination, NotMade
from .link_hosts import answered_hosts
from .settings import setting

LOGIN = "Looker login"
PERMISSIONS = "Looker permissions"
NEEDED_PERMISSIONS = {
    "access_data": "no query can be run",
    "explore": "links that change a saved query or spell one out are refused, and totals and pivots are not left off",
    "see_looks": "links of looks are refused",
    "see_sql": "no SQL can be had",
}


def check_looker(examination: Examination, settings: BotSettings, sleep: Callable[[float], None]) -> None:
    """Two lines. `sleep` waits between retries."""
    looker = LookerClient(settings, sleep=sleep)
    try:
        examination.check(
            LOGIN,
            lambda: _login(looker, settings),
            needs=[setting(name.upper()) for name in LOOKER_LOGIN],
            fix="Documentation/LOOKER.md says what the API key's user needs.",
        )
        examination.check(
            PERMISSIONS,
            lambda: _permissions(looker),
            needs=[LOGIN],
            fix="In Looker, Admin, Roles: add them to the permission set of the user's role on the model in question.",
        )
    finally:
        looker.close()


def _login(looker: LookerClient, settings: BotSettings) -> str:
    looker.log_in()
    return f"is accepted at {settings.lookersdk_base_url}; {answered_hosts(settings)}"


def _permissions(looker: LookerClient) -> str:
    granted = looker.permissions()
    if granted is None:
        raise NotMade("Looker does not tell this user its own roles: see there that it has explore and see_sql")
    if ALL_ACCESS in granted:
        return "are all there are"
    missing = {name: without for name, without in NEEDED_PERMISSIONS.items() if name not in granted}
    if missing:
        lacks = "; ".join(f"{name} ({without})" for name, without in missing.items())
        raise ConfigurationError(f"The API key's user lacks {lacks}.")
    return f"are there: {', '.join(NEEDED_PERMISSIONS)}"
