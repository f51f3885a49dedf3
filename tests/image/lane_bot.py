"""The bot's images, each as its pod runs it, against the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sandbox.client import Sandbox
from tests.image.containers import Image, image

pytestmark = pytest.mark.timeout(300)
COMMAND = ("python", "-m", "src.credit_bot")


def tick(bot: Image, box: Sandbox, environment: Mapping[str, str]) -> tuple[int, list[str], str]:
    """One message, one tick: exit code, what was said in the thread, the pod's log."""
    host = box.env["LOOKER_HOSTS"].split(",")[0]
    ts = box.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/sample>")
    done = bot.run(*COMMAND, environment={**box.env, **environment})
    replies = [message["text"] for message in box.slack.thread(ts=ts)[1:] if not message.get("files")]
    return done.returncode, replies, done.stdout + done.stderr


def test_the_bot_answers_from_its_image() -> None:
    with Sandbox.start(jobs="scripted", presto="none") as box:
        code, replies, log = tick(image("BOT_IMAGE"), box, {})

        assert code == 0, log
        assert len(replies) == 1
        assert "credit recommended" in replies[0]
        assert box.env["SLACK_BOT_TOKEN"] not in log


def test_rolled_back_the_notebook_runs_beside_the_bot() -> None:
    with Sandbox.start(jobs="scripted", presto="embedded") as box:
        code, replies, log = tick(image("BOT_LOCAL_IMAGE"), box, {"EXECUTOR": "local"})

        assert code == 0, log
        assert ["4,948.80 USD" in reply for reply in replies] == [True]
        assert box.aws.jobs() == []


def test_rolled_back_another_notebook_runs_beside_the_bot() -> None:
    with Sandbox.start(jobs="scripted", presto="embedded") as box:
        code, [reply], log = tick(image("OWN_BOT_LOCAL_IMAGE"), box, {"EXECUTOR": "local"})

        assert code == 0, log
        assert "4,948.80 USD" in reply
        assert "Policy" not in reply  # which only ours names


def test_without_the_notebook_stack_a_rollback_says_which_image_it_needs() -> None:
    with Sandbox.start(jobs="scripted", presto="none") as box:
        _, replies, log = tick(image("BOT_IMAGE"), box, {"EXECUTOR": "local"})

        assert "bot-local" in log + "".join(replies)
