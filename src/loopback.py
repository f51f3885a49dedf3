"""Addresses on this machine: plain http is allowed to them alone, and no proxy is asked for them."""

from __future__ import annotations

from urllib.parse import urlsplit

from .errors import ConfigurationError

_HOSTS = ("127.0.0.1", "localhost", "::1")
_SENT_THERE = {"LOOKERSDK_BASE_URL": "the bot's Looker login", "SLACK_API_URL": "the bot's token"}


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    return urlsplit(url).hostname in _HOSTS


def check_https(setting: str, url: str) -> None:
    """Raise ConfigurationError if a setting's URL, to which a secret is sent, is neither https nor on this machine."""
    begins = url.lower()
    if not begins.startswith("https://") and not (begins.startswith("http://") and is_loopback(url)):
        raise ConfigurationError(f"{setting} must begin with https:// ({_SENT_THERE[setting]} goes there).")
