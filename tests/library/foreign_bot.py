"""Somebody else's bot (foreign_bot/), changed by the document's diff, with the wheel beside its own `src`."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.documentation.blocks import blocks
from tests.library.installed import FOREIGN, Installed

DOCUMENT = "YOUR_OWN.md"
[DIFF] = [block.code for block in blocks(DOCUMENT, "diff")]
[OWN_TEST] = [block.code for block in blocks(DOCUMENT, "python") if "mock_aws" in block.code]
PROCESSED = "processed_messages.json"
WITH_NOTHING_ELSE = {"AWS_ENDPOINT_URL": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class ForeignBot:
    """Its folder, a copy; `installed`: where the wheel is."""

    def __init__(self, installed: Installed, folder: Path, of: Path | None = None) -> None:
        shutil.copytree(of or Path(__file__).parent / "foreign_bot", folder)
        self.folder = folder
        self._installed = replace(installed, folder=folder)
        if of is None:
            (folder / PROCESSED).write_text("[]")

    def copied(self, folder: Path) -> ForeignBot:
        """As it is now."""
        return ForeignBot(self._installed, folder, of=self.folder)

    def change(self, *options: str) -> None:
        """Apply the document's diff; `-R`: take it back."""
        subprocess.run(["git", "apply", *options, "-"], cwd=self.folder, input=DIFF, text=True, check=True)

    def run(self, messages: list[dict[str, Any]], **environment: str) -> list[dict[str, str]]:
        """What it posts, in order."""
        (self.folder / "messages").write_text("".join(f"{json.dumps(message)}\n" for message in messages))
        own = {"MESSAGES": "messages", "PROCESSED": PROCESSED, **FOREIGN}
        said = self._installed.run(self._installed.python, "-m", "src.credit_bot", **own, **environment)
        return [json.loads(line) for line in said.splitlines()]

    def run_own_test(self) -> str:
        """The document's test, run by pytest in the bot's folder."""
        (self.folder / "test_credits.py").write_text(OWN_TEST)
        python = self._installed.python
        return self._installed.run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", **WITH_NOTHING_ELSE)

    @property
    def processed(self) -> list[str]:
        """The time stamps in its list."""
        found: list[str] = json.loads((self.folder / PROCESSED).read_text())
        return found
