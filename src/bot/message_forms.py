"""A message in the best form that Slack takes: with its table, with the table in fixed width, as plain text."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from ..slack.errors import BlocksRefused, BlocksTooLong, SlackRefused
from ..slack.tables import has_table, without_table
from ..slack.text import Message, plain

log = logging.getLogger("credits")

Posted = TypeVar("Posted")


def _at_once() -> None:
    """Default turn: post without waiting."""


class MessageForms:
    """Posts messages of one tick: a table that was refused once is offered to nobody else. Thread-safe."""

    def __init__(self) -> None:
        self._takes_tables = True

    def post(
        self, message: Message, send: Callable[[Message, bool], Posted], turn: Callable[[], None] = _at_once
    ) -> Posted:
        """Send a message, in a simpler form after each refusal; what `send` returned. Raises the last form's refusal.

        send: the message, and whether it may have metadata. Nothing was done by what Slack has refused.
        turn: asked before each try; waits until the channel takes another post.
        """
        metadata = True
        while True:
            turn()
            if not self._takes_tables:  # after the wait: others were refused meanwhile
                message = without_table(message)
            try:
                return send(message, metadata)
            except SlackRefused as error:
                message, metadata = self._simpler(message, error, metadata=metadata)

    def _simpler(self, message: Message, error: SlackRefused, *, metadata: bool) -> tuple[Message, bool]:
        """The next form and whether it has metadata. Raises the refusal where there is no simpler one."""
        if metadata and "metadata" in error.code:
            log.error("as plain text, since %s", error)
            return plain(message), False
        if not message.blocks:
            raise error
        if has_table(message) and isinstance(error, BlocksRefused | BlocksTooLong):
            if isinstance(error, BlocksRefused):
                self._takes_tables = False
            log.warning("with its table in fixed width, since %s", error)
            return without_table(message), metadata
        log.error("as plain text, since %s", error)
        return plain(message), metadata
