"""Looker: the login. What the API user may see shows with the first link."""

from __future__ import annotations

from collections.abc import Callable

from ..config import LOOKER_LOGIN, BotSettings
from ..looker.client import LookerClient
from .findings import Examination
from .link_hosts import answered_hosts
from .settings import setting

LOGIN = "Looker login"


def check_looker(examination: Examination, settings: BotSettings, sleep: Callable[[float], None]) -> None:
    """`sleep` waits between retries."""

    def look() -> str:
        looker = LookerClient(settings, sleep=sleep)
        try:
            looker.log_in()
        finally:
            looker.close()
        return f"is accepted at {settings.lookersdk_base_url}; {answered_hosts(settings)}"

    examination.check(
        LOGIN,
        look,
        needs=[setting(name.upper()) for name in LOOKER_LOGIN],
        mend="Documentation/LOOKER.md says what the API key's user needs.",
    )
