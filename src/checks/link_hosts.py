"""Which Looker links are answered, in words: by host and port."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..config import BotSettings
from ..looker.links import allowed_hosts


def answered_hosts(settings: BotSettings) -> str:
    """The hosts that links may name; if the API has a port of its own, how to name another port for the pages."""
    hosts = f"links to {', '.join(allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url))} are answered"
    port = urlsplit(settings.lookersdk_base_url).port
    if settings.looker_hosts or port in (None, 443):
        return hosts
    return (
        f"{hosts} (the API has port {port}; if people's links have a port that is not among these, put host:port into "
        "LOOKER_HOSTS)"
    )
