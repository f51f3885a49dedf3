"""Documentation/YOUR_OWN.md does what it says: its notebook, its commands, its diff and its test, from the page."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_SQL
from tests.library.installed import FOREIGN, Installed
from tests.library.test_wheel import installed

__all__ = ["installed"]

PAGE = (ROOT / "Documentation" / "YOUR_OWN.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^(?: {4}.*)?\n)*^ {4}.*\n", re.MULTILINE)
ACCOUNT = "AC0123456789abcdef0123456789abcdef"

OLD_BOT = '''"""Answers messages."""

from .notebook_executor import NotebookExecutor


class CreditBot:
    def __init__(self, looker, slack):
        self.looker = looker
        self.slack = slack
        self.executor = NotebookExecutor()

    def process_message(self, message):
        sql_query, asid = self.looker.query_of(message)
        try:
            results = self.executor.execute(sql_query)
            credit_amount = results["credit_amount"]
        except Exception as e:
            self.slack.dm(str(e))
        else:
            self.slack.reply(message, f"Recommended credit: {credit_amount:,.2f} USD")
'''
ITS_MESSAGES = """
import json, sys
import src.config
from src.credit_bot import CreditBot

class Looker:
    def query_of(self, message):
        return message, sys.argv[1]

class Slack:
    def reply(self, message, text):
        print(json.dumps(["reply", text]))
    def dm(self, text):
        print(json.dumps(["dm", text]))

assert src.config.CHANNEL == "#credits"
bot = CreditBot(Looker(), Slack())
for sql in sys.argv[2:]:
    bot.process_message(sql)
"""


def block(beginning: str) -> str:
    """The page's one block of code that begins so."""
    blocks = ("\n".join(line[4:] for line in found.strip("\n").splitlines()) for found in BLOCK.findall(PAGE))
    [found] = [text for text in blocks if text.lstrip().startswith(beginning)]
    return f"{found}\n"


def commands(beginning: str) -> list[str]:
    return [line.partition(" # ")[0].strip() for line in block(beginning).splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the page's reader is: with the notebook that the page shows, and a claim."""
    (tmp_path / "my").mkdir()
    for name in ("Credits", "Old"):
        (tmp_path / "my" / f"{name}.ipynb").write_text(block('{"nbformat"'), encoding="utf-8")
    (tmp_path / "claim.sql").write_text(SAMPLE_SQL)
    return tmp_path


def run(command: str, folder: Path, **environment: str) -> str:
    """What one of the page's lines prints, with the reader's files where they are."""
    words = [str(folder / word) if word.startswith(("my/", "claim.")) else word for word in shlex.split(command)]
    words = [word.replace("=my/", f"={folder}/my/") for word in words]
    done = subprocess.run(
        [sys.executable, *words[1:]] if words[0] == "python" else words,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.heavy
def test_the_least_notebook_gives_its_amount_in_the_demo_with_either_executor(folder: Path) -> None:
    job, local, sandbox, lab = commands("make demo NOTEBOOK=")
    for command in (job, local):
        assert run(command, folder).splitlines()[-1].startswith("demo: credit 12.50 USD in "), command
    assert sandbox == "python -m sandbox --notebook my/Credits.ipynb"
    assert run(f"{lab} --version", folder)


@pytest.mark.heavy
def test_the_least_notebook_is_run_by_hand_asked_by_the_doctor_and_compared(folder: Path, sandbox: Sandbox) -> None:
    environment = {**sandbox.env, "NOTEBOOK": str(folder / "my" / "Credits.ipynb"), "TMPDIR": str(folder)}
    by_hand, doctor = commands("python -m src.run")
    [compare] = commands("python -m src.compare")

    assert "12.50" in run(by_hand, folder, **environment)
    assert "✗" not in run(doctor, folder, **environment)
    assert "0.00" in run(compare, folder, **environment)


@pytest.fixture
def foreign(installed: Installed) -> Installed:
    """The wheel beside a bot of somebody else's, whose packages have the names of ours."""
    own = installed.folder / "src"
    (own / "__init__.py").write_text("")
    (own / "config.py").write_text('CHANNEL = "#credits"\n')
    (own / "credit_bot.py").write_text(OLD_BOT)
    patch = ["patch", "--quiet", "--strip=1", f"--directory={installed.folder}"]
    subprocess.run(patch, input=block("--- a/src/credit_bot.py"), text=True, check=True)
    return installed


def test_the_diff_makes_an_existing_bot_answer_by_a_job_and_tell_what_failed(
    foreign: Installed, sandbox: Sandbox
) -> None:
    fails = "SELECT 1 FROM authy.verification_usage"
    said = foreign.run(foreign.python, "-c", ITS_MESSAGES, ACCOUNT, SAMPLE_SQL, fails, **{**sandbox.env, **FOREIGN})

    answer, failure = map(json.loads, said.splitlines())
    assert answer == ["reply", "Recommended credit: 4,948.80 USD"]
    assert failure[0] == "dm"
    assert re.search(r"\(execution \d{8}_\d{6}_\w{8}, job arn:aws:sagemaker:\S+\)$", failure[1])


def test_what_is_no_account_is_told_before_any_job(foreign: Installed, sandbox: Sandbox) -> None:
    said = foreign.run(foreign.python, "-c", ITS_MESSAGES, "4711", SAMPLE_SQL, **sandbox.env)

    [told, text] = json.loads(said)
    assert told == "dm"
    assert "4711" in text


def test_the_pages_own_test_passes_beside_a_foreign_bot(foreign: Installed, tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(block("import json\nimport os\n"))
    said = foreign.run(
        foreign.python,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)),
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ENDPOINT_URL="",
        S3_OUTPUT_BUCKET="the-bucket",
        SAGEMAKER_IMAGE_URI="123456789012.dkr.ecr.us-east-1.amazonaws.com/credits@sha256:" + "a" * 64,
        SAGEMAKER_ROLE_ARN="arn:aws:iam::123456789012:role/job",
    )
    assert "1 passed" in said


def test_the_notebooks_names_in_the_table_are_those_that_are_read() -> None:
    sys.path.insert(0, str(ROOT / "sagemaker"))
    from runner.inside_kernel import FIELDS  # noqa: PLC0415

    table = PAGE.partition("### What each name gives")[2].partition("\n\nOne of another type")[0]
    named = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall("`(\\w+)`", row.split("|")[1])
    }
    assert named == {"credit_amount", "output_df", *FIELDS}
