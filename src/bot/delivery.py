"""Delivers a reply that Slack refuses: in a simpler form, by direct message, or to nobody, which ends the request.

A reply that the thread refuses for good is not posted there again. A channel that its people can fix has an hour for
that. Replies wait while Slack refuses the token or a scope, which concerns the whole installation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..executor import CreditResult
from ..slack.errors import ChannelRefused, InstallationRefused, MessageGone, PermanentSlackError
from ..state.records import Request
from ..state.state_manager import ClaimedMessage, StateManager
from .notifier import Notifier, Unreached

log = logging.getLogger("credits")

CHANNEL_FIXED_WITHIN = 3600.0
"""Seconds for on-call to fix a channel that takes no replies; then they are sent directly."""


class Delivery:
    """Delivers replies; saves that the thread is given up before it sends directly. `clock`: seconds since 1970."""

    def __init__(self, state: StateManager, notifier: Notifier, clock: Callable[[], float]) -> None:
        self._state = state
        self._notifier = notifier
        self._clock = clock

    def reach(self, claimed: ClaimedMessage, request: Request, result: CreditResult | None) -> str | None:
        """Post a request's reply; its time stamp in the thread, None where it was sent directly.

        Raises Unreached and MessageGone, which end it; PermanentSlackError while on-call may fix what refuses it.
        """
        if not request.directly:
            try:
                return self._notifier.reply(claimed, request, result)
            except (MessageGone, InstallationRefused):
                raise
            except PermanentSlackError as error:
                self._note_refusal(claimed, request, error)
                if not request.directly:
                    raise
        self._notifier.reply_directly(claimed, request, result)
        if request.reply == "failure":
            request.done.append("dm")
        claimed.problems.append(
            f"Slack refused a reply to {_named(claimed)} ({request.refusal}): it was sent directly."
        )
        return None

    def _note_refusal(self, claimed: ClaimedMessage, request: Request, error: PermanentSlackError) -> None:
        now = self._clock()
        request.refusal = error.code
        request.refused_since = request.refused_since or now
        waited = now - request.refused_since
        request.directly = waited >= CHANNEL_FIXED_WITHIN or not isinstance(error, ChannelRefused)
        self._state.save(claimed)


def note_unreached(claimed: ClaimedMessage, request: Request, error: MessageGone | Unreached) -> None:
    """Note in the record that a reply reached nobody, and tell on-call unless the thread was deleted."""
    if isinstance(error, MessageGone):
        log.warning("not answered: %s", error)
        request.unreached = f"deleted: {error.code}"
        return
    log.error("reached nobody: %s", error)
    request.unreached = f"thread: {request.refusal}, {error.reason}"
    what = f"execution {request.execution.execution_id}" if request.execution else f"the link {request.link}"
    claimed.problems.append(f"A reply to {_named(claimed)} reached nobody ({request.unreached}), {what}: tell them.")


def _named(claimed: ClaimedMessage) -> str:
    return f"the message {claimed.record.ts} in {claimed.record.channel} by {claimed.record.user or 'nobody known'}"
