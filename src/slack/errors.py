"""What Slack's refusals mean: slack_sdk's errors and lost connections, translated to this project's own."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

from ..errors import ConfigurationError, CreditsError, TransientError

CONNECTION_ERRORS = (OSError, http.client.HTTPException)  # urllib's URLError and every timeout are OSErrors

_TOKEN = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "enterprise_is_restricted",
    "token_revoked",
    "token_expired",
    "org_login_required",
    "not_allowed_token_type",
}
_TRANSIENT = {
    "ratelimited",
    "rate_limited",
    "message_limit_exceeded",
    "internal_error",
    "fatal_error",
    "request_timeout",
    "service_unavailable",
    "accesslimited",
    "team_added_to_org",
    "external_channel_migrating",
}
_UNDELIVERABLE = {
    "user_not_found",
    "user_not_visible",
    "user_disabled",
    "users_not_found",
    "user_is_bot",
    "user_is_restricted",
    "cannot_dm_bot",
    "not_enough_users",
    "invalid_users",
    "invalid_user_combination",
    "messages_tab_disabled",
}
_GONE = {
    "message_not_found",
    "thread_not_found",
    "cant_update_message",
    "cant_delete_message",
    "cannot_reply_to_message",
}
_BODY_REFUSED = (400, 413)  # HTTP statuses that mean the content, not the address
_CHANNEL = {
    "not_in_channel": "the bot is not in {channel}: invite the bot there (/invite), then all is picked up",
    "channel_not_found": "the bot can see no channel {channel}: check SLACK_CHANNEL; "
    "invite the bot where the channel is private",
    "is_archived": "{channel} is archived: unarchive it, or name another in SLACK_CHANNEL",
    "restricted_action": "the workspace does not let the bot post in {channel}: a workspace admin allows it",
    "restricted_action_read_only_channel": "{channel} is read-only for the bot: a channel manager allows it to post",
    "restricted_action_thread_only_channel": "{channel} allows replies only: a channel manager allows posts",
    "restricted_action_non_threadable_channel": "{channel} takes no replies: a channel manager allows them",
    "restricted_action_thread_locked": "the thread is locked: whoever locked it opens it",
    "access_denied": "the workspace denies the bot access to {channel}: a workspace admin allows it",
    "ekm_access_denied": "the workspace's key management denies the bot access: an admin allows it",
    "no_permission": "the bot's token may not do this: reinstall the app with the scopes in Documentation",
    "team_access_not_granted": "the app has no access to this workspace: an admin grants it",
}


class PermanentSlackError(CreditsError):
    """Slack would say the same again until somebody changes something; `code` is its own word for why."""

    def __init__(self, message: str = "", code: str = "") -> None:
        super().__init__(message)
        self.code = code or "no reason given"


class InstallationRefused(PermanentSlackError, ConfigurationError):
    """Slack refuses whatever this installation sends: messages wait until an engineer fixes it."""


class TokenRefused(InstallationRefused):
    """Nothing can be said in Slack at all: token, address or certificate; the message names which."""


class MissingScope(InstallationRefused):
    """The app's token lacks a scope; the message names it."""


class ChannelRefused(PermanentSlackError, ConfigurationError):
    """A channel takes nothing from the bot until its people, or an admin, change that; the message says what."""


class Undeliverable(PermanentSlackError):
    """A direct message that cannot reach its reader: no such user, a bot, deactivated."""


class MessageGone(PermanentSlackError):
    """The message or thread to act on was deleted."""


class SlackRefused(PermanentSlackError):
    """Slack refused what was sent and would refuse it again."""


class BlocksRefused(SlackRefused):
    """The workspace refuses a block of the message, most often one of a kind that it does not know."""


class BlocksTooLong(SlackRefused):
    """The blocks of one message are more than Slack takes."""


_BLOCKS = {
    "invalid_blocks": BlocksRefused,
    "invalid_blocks_format": BlocksRefused,
    "invalid_attachments": BlocksRefused,  # Slack's code for tables, though nothing was attached
    "msg_blocks_too_long": BlocksTooLong,
}


class SlackUnavailable(TransientError):
    """Slack cannot be reached or asks to wait."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(SlackUnavailable):
    """HTTP 429: Slack did nothing and asks to wait, so that even a post may be made again."""


def translate(error: Exception, method: str, *, channel: str = "the channel") -> CreditsError:
    """This project's error for one of slack_sdk's, or for a lost connection; never holds the token."""
    if isinstance(error, SlackApiError):
        return _refusal(error, method, channel)
    if isinstance(error, SlackClientError):
        return SlackRefused(f"{method}: {type(error).__name__}, the request could not be made.")
    if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
        return TokenRefused("Slack's certificate is not trusted here: check SLACK_API_URL and the CA bundle.")
    return SlackUnavailable(f"Slack did not answer {method} ({_cause(error)}); it will be tried again.")


def _cause(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return "timed out" if isinstance(reason, TimeoutError) else type(reason).__name__


def _refusal(error: SlackApiError, method: str, channel: str) -> CreditsError:
    status = int(getattr(error.response, "status_code", 0) or 0)
    data = getattr(error.response, "data", None)
    answer: Mapping[str, Any] = data if isinstance(data, dict) else {}
    code = str(answer.get("error", ""))[:80]
    if status == 429 or status >= 500 or code in _TRANSIENT:
        kind = RateLimited if status == 429 else SlackUnavailable
        return kind(f"Slack asks to wait with {method} ({code or status}).", _retry_after(error))
    if status in _BODY_REFUSED:
        return SlackRefused(
            f"{method} was refused with HTTP {status}: Slack, or a proxy, does not take this.", f"http_{status}"
        )
    if status != 200:
        return TokenRefused(f"SLACK_API_URL answered {method} with HTTP {status}, not as Slack does: check it.")
    return _by_code(code, answer, method, channel)


def _by_code(code: str, answer: Mapping[str, Any], method: str, channel: str) -> CreditsError:
    if code in _TOKEN:
        return TokenRefused(f"Slack refuses SLACK_BOT_TOKEN ({code}): put in the app's current bot token.", code)
    if code == "missing_scope":
        return MissingScope(
            f"The Slack app lacks the scope {str(answer.get('needed', '?'))[:80]} that {method} needs: "
            "add it under OAuth & Permissions and reinstall the app.",
            code,
        )
    if code in _CHANNEL:
        return ChannelRefused(f"Slack refused {method} ({code}): {_CHANNEL[code].format(channel=channel)}.", code)
    if code in _UNDELIVERABLE:
        return Undeliverable(f"The direct message cannot be delivered ({code}).", code)
    if code in _GONE:
        return MessageGone(f"The Slack message was deleted ({method}: {code}).", code)
    if code.startswith("Received a response in a non-JSON format"):
        return SlackUnavailable(f"Slack answered {method} with something that is not JSON; it will be tried again.")
    refused = _BLOCKS.get(code, SlackRefused)
    return refused(f"Slack refused {method}: {code or 'no reason given'}.", code)


def _retry_after(error: SlackApiError) -> float | None:
    headers = getattr(error.response, "headers", None) or {}
    for name, value in headers.items():
        if name.lower() == "retry-after":
            text = value[0] if isinstance(value, list) else value
            return float(text) if str(text).isdigit() else None
    return None
