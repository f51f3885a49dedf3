"""Documentation/SAGEMAKER_SETUP.md, followed to the letter on an empty account: its commands, run from the file.

Only the declared placeholders are filled in. The images are given as pushed already: building them is the image lane's.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.client import ROOT, Sandbox
from tests.aws.lane_deploy import ISSUER, LINK, Operator

DOCUMENT = ROOT / "Documentation" / "SAGEMAKER_SETUP.md"
STACK_IS_THERE = "### 2."
pytestmark = pytest.mark.timeout(1500)


class Step(NamedTuple):
    """A block of commands, the heading it stands under, and what the document says it prints."""

    heading: str
    commands: str
    expected: list[str]


def steps() -> list[Step]:
    text = DOCUMENT.read_text(encoding="utf-8").partition("\n## Settings\n")[0]
    found = []
    for section in re.split(r"(?m)^(?=### )", text)[1:]:
        blocks = re.findall(r"```bash\n(.*?)```(?:\s*```text\n(.*?)```)?", section, re.DOTALL)
        found += [Step(section.splitlines()[0], commands, said.splitlines()) for commands, said in blocks]
    return found


def test_the_document_leads_from_an_empty_account_to_an_answer(tmp_path: Path) -> None:
    with Sandbox.start(jobs="process", presto="embedded") as box:
        operator = Operator(box, tmp_path)
        box.slack.post(text=f"<{LINK}>")
        given = {
            "ISSUER": ISSUER,
            "PRESTO_JSON": operator.presto,
            "DAGS": operator.dags,
            "SLACK_CHANNEL": box.env["SLACK_CHANNEL"],
            "SLACK_ERROR_USER": box.env["SLACK_ERROR_USER"],
            "SLACK_BOT_TOKEN": box.env["SLACK_BOT_TOKEN"],
            "LOOKER_URL": box.env["LOOKERSDK_BASE_URL"],
            "LOOKER_ID": box.env["LOOKERSDK_CLIENT_ID"],
            "LOOKER_SECRET": box.env["LOOKERSDK_CLIENT_SECRET"],
            "LOOKER_LINK": LINK,
        }
        # What a sandbox has and an account has not, and what CI has done for this commit.
        outside = {"SLACK_API_URL": box.env["SLACK_API_URL"], "LOOKER_HOSTS": box.env["LOOKER_HOSTS"], "CHECK": "true"}
        for number, step in enumerate(steps()):
            said = _follow(operator, step, given, outside, tmp_path / "exported")
            for line in step.expected:
                assert line in said, f"{step.heading}, block {number}: {line!r} is not in\n{said}"
            if step.heading.startswith(STACK_IS_THERE):
                outside |= operator.push_images()
        [message] = [found for found in box.slack.messages() if not found.get("bot_id")]
        assert any("4,948.80 USD" in reply["text"] for reply in box.slack.thread(ts=message["ts"]))


def _follow(operator: Operator, step: Step, given: dict[str, str], outside: dict[str, str], exported: Path) -> str:
    commands = re.sub(r"<([A-Z_]+)>", lambda found: given[found[1]], step.commands)
    exported.touch()
    done = operator.run(
        "bash",
        "-c",
        f"set -euo pipefail\n. {exported}\n{commands}\nexport -p >{exported}",
        **{**outside, "DAGS": "", "SMOKE_LINK": "", "STACK_PARAMETERS": "", "PWD": os.fspath(operator.clone)},
    )
    assert done.returncode == 0, f"{step.heading}\n{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_every_placeholder_is_declared() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    declared = set(re.findall(r"`<([A-Z_]+)>`", text.partition("### 1.")[0]))
    used = {name for step in steps() for name in re.findall(r"<([A-Z_]+)>", step.commands)}
    assert used == declared
