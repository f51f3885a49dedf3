"""What the documents promise to be complete is: every setting, every category of failure."""

from __future__ import annotations

import re
import sys
from typing import get_args

from sandbox.client import ROOT
from src.bot import failures
from src.config import BotSettings
from src.executor import Outcome

sys.path.insert(0, str(ROOT / "notebooks"))

from verify_credit import errors as job_errors

DOCUMENTS = ROOT / "Documentation"
FOR_THE_SANDBOX = {"SLACK_API_URL"}


def rows(document: str, heading: str) -> dict[str, list[str]]:
    """A table's rows by their first cell, marks taken off."""
    section = (DOCUMENTS / document).read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {name: row for row in cells for name in re.findall(r"`([^`]+)`", row[0])}


def test_every_setting_is_in_the_table_with_its_default_and_no_other() -> None:
    settings = {name.upper() for name in BotSettings.model_fields} - FOR_THE_SANDBOX
    table = rows("SAGEMAKER_SETUP.md", "Settings")
    assert table.keys() == settings
    for name, row in table.items():
        default = BotSettings.model_fields[name.lower()].default
        if isinstance(default, int | float):
            assert f"`{str(default).lower()}`" == row[1], name


def test_every_category_of_failure_has_a_row_that_says_what_to_do() -> None:
    job = {
        kind.category
        for kind in vars(job_errors).values()
        if isinstance(kind, type) and issubclass(kind, job_errors.JobError) and kind is not job_errors.JobError
    }
    bot = {category for _, category, _, _ in failures._KINDS} | {"bot"}
    ends = set(get_args(Outcome)) - {"running"}
    table = rows("OPERATIONS.md", "Every failure")
    assert table.keys() == job | bot | ends
    assert all(len(row) == 5 and all(row) for row in table.values())


def test_what_is_said_of_trying_again_is_what_the_code_says() -> None:
    table = {name: row[4].rstrip(" |") for name, row in rows("OPERATIONS.md", "Every failure").items()}
    for kind in vars(job_errors).values():
        if isinstance(kind, type) and issubclass(kind, job_errors.JobError) and kind is not job_errors.JobError:
            assert table[kind.category] == ("yes" if kind.retry_helps else "no"), kind.category
    for _, category, _, retry_helps in failures._KINDS:
        assert table[category] == ("yes" if retry_helps else "no"), category
