"""Slack: the token, its scopes, the channel, and SLACK_ERROR_USER, who hears of failures that nobody else can fix."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property

from ..config import BotSettings
from ..errors import ConfigurationError
from ..slack.client import SlackClient
from ..slack.errors import MissingScope
from .findings import Examination, NotMade
from .settings import setting

TOKEN, SCOPES = "Slack token", "Slack scopes"
NEEDED_SCOPES = (
    "channels:history",
    "channels:read",
    "chat:write",
    "files:write",
    "im:history",
    "im:write",
    "reactions:write",
)


class SlackChecks:
    """`sleep` waits between retries."""

    def __init__(self, examination: Examination, settings: BotSettings, sleep: Callable[[float], None]) -> None:
        self._examination = examination
        self._settings = settings
        self._sleep = sleep

    @cached_property
    def _slack(self) -> SlackClient:
        return SlackClient(self._settings, sleep=self._sleep)

    def make(self) -> None:
        """Four lines; nothing is posted."""
        check = self._examination.check
        check(
            TOKEN,
            self._token,
            needs=(setting("SLACK_BOT_TOKEN"), setting("SLACK_API_URL")),
            fix="Documentation/SLACK.md says where it is.",
        )
        check(
            SCOPES,
            self._scopes,
            needs=(TOKEN,),
            fix="Add them under OAuth & Permissions (api.slack.com/apps), then reinstall the app to the workspace.",
        )
        check(
            "Slack channel",
            self._channel,
            needs=(TOKEN, setting("SLACK_CHANNEL")),
            fix="In the channel: /invite @credit-bot; a private channel by its id, and with groups:history.",
        )
        check(
            "Slack error user",
            self._error_user,
            needs=(TOKEN,),
            fix="Put a person's user id into SLACK_ERROR_USER (their profile, ⋮, Copy member ID).",
        )

    def _token(self) -> str:
        who = self._slack.identity()
        return f"is of {who['user']} in the workspace {who['team']}"

    def _scopes(self) -> str:
        granted = self._slack.scopes()
        missing = [scope for scope in NEEDED_SCOPES if scope not in granted]
        if missing:
            raise ConfigurationError(f"The app lacks {', '.join(missing)}.")
        return "are all there"

    def _channel(self) -> str:
        try:
            channel = self._slack.channel_id(self._settings.slack_channel)
            self._slack.history(channel, oldest=f"{time.time():.6f}")
        except MissingScope as error:
            raise self._without_scope(error) from error
        return f"{self._settings.slack_channel} may be read by the bot"

    def _error_user(self) -> str:
        user = self._settings.slack_error_user
        if not user:
            raise NotMade("SLACK_ERROR_USER is not set: nobody hears of failures that no requester can fix")
        try:
            self._slack.open_dm(user)
        except MissingScope as error:
            raise self._without_scope(error) from error
        return f"{user} can be sent direct messages"

    def _without_scope(self, error: MissingScope) -> Exception:
        """A scope that the scopes' own line names already has no second line."""
        return error if self._examination.is_ok(SCOPES) else NotMade("stands on: a missing scope")
