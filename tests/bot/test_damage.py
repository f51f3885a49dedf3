"""Of how many damaged objects on-call is told, and in how many messages: by table."""

from __future__ import annotations

import pytest

from src.bot.damage import AGAIN_AFTER
from src.errors import CreditsError, TransientError
from src.slack.errors import MessageGone, SlackRefused
from tests.bot.parts import ON_CALL, TS, Parts


def noted(parts: Parts, first: int, last: int) -> None:
    """Objects of these numbers, the last one too."""
    for number in range(first, last + 1):
        parts.damage.add(f"key{number:03}", f"Object {number:03} is broken.")


@pytest.mark.parametrize(
    ("objects", "messages", "named", "more"),
    [(1, 1, 1, None), (5, 5, 5, None), (6, 1, 6, None), (20, 1, 20, None), (21, 1, 20, 1), (25, 1, 20, 5)],
)
def test_five_are_told_of_in_a_message_each_more_in_one_that_names_twenty_and_counts_the_others(
    objects: int, messages: int, named: int, more: int | None
) -> None:
    parts = Parts()
    noted(parts, 1, objects)

    parts.damage.tell()

    assert [said.to for said in parts.slack.said] == [ON_CALL] * messages
    told = " ".join(said.text for said in parts.slack.said)
    assert [f"Object {number:03} is" in told for number in range(1, objects + 1)] == [
        number <= named for number in range(1, objects + 1)
    ]
    assert (f"And {more} more objects: the bot's log names them." in told) == (more is not None)
    assert ("more objects" in told) == (more is not None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MessageGone("gone", "message_not_found"), "The record is broken. The message was deleted."),
        (SlackRefused("no", "odd"), "The record is broken."),
    ],
)
def test_without_a_link_it_is_told_all_the_same(error: CreditsError, words: str) -> None:
    parts = Parts()
    parts.slack.refuses["permalink"] = [error]
    parts.damage.add("key", "The record is broken.", ("C1", TS))
    parts.damage.tell()
    [said] = parts.slack.said
    assert words in said.text
    assert "slack.example" not in said.text


def test_each_is_told_of_once_with_a_link_to_its_message() -> None:
    parts = Parts()
    for _ in range(2):
        parts.damage.add("key", "The record is broken.", ("C1", TS))
        parts.damage.tell()

    [said] = parts.slack.said
    assert "The record is broken. The message: " in said.text
    assert f"slack.example/C1/{TS}" in said.text
    assert (len(parts.damage), parts.damage.is_told("key"), parts.damage.is_told("other")) == (1, True, False)


def test_what_could_not_be_told_is_told_after_a_pause() -> None:
    parts = Parts()
    parts.slack.refuses["send_dm"] = [TransientError("Slack is out of reach.")]
    noted(parts, 1, 1)
    for seconds, told in ((0, 0), (AGAIN_AFTER - 1, 0), (1, 1), (60, 1)):
        parts.clock.sleep(seconds)

        parts.damage.tell()

        assert len(parts.slack.said) == told
