"""An old-fashioned notebook as it was, beside the same after the plan's Phase 1, through the tick's own links."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sandbox.client import Sandbox
from src import compare
from src.config import load_settings
from src.credit_bot import make_bot
from src.notebook_executor import NotebookExecutor
from src.sagemaker_executor import SageMakerExecutor
from src.waiting import Waiter

pytestmark = pytest.mark.heavy

NAME = "Verify - Credit Recommendation.ipynb"
OLD, MIGRATED = (Path(__file__).parent / folder / NAME for folder in ("old", "migrated"))


@pytest.fixture
def host(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Looker's. The migrated notebook is the job's; the old one's home has its folder, with its .env."""
    sandbox.reset()
    for name, value in {**sandbox.env, "NOTEBOOK": str(MIGRATED), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)  # this machine's own, which do not know the sandbox's CA
    secrets = sandbox.client("secretsmanager")
    told = json.loads(secrets.get_secret_value(SecretId=sandbox.env["PRESTO_SECRET_NAME"])["SecretString"])
    folder = tmp_path / "sms-pumping"
    folder.mkdir()
    names = {"HOST": "host", "PORT": "port", "USER": "username", "PASSWORD": "password"}
    lines = [f"PRESTO_{name}={told[key]}\n" for name, key in names.items()]
    (folder / ".env").write_text("".join(lines))
    return sandbox.env["LOOKER_HOSTS"].split(",")[0]


def comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and what the command says."""

    def executors(old: Any, new: Any, clients: Any, sleep: Any) -> compare.Executors:
        return {
            "old": NotebookExecutor(old, clients=clients, sleep=_little, jobs_dir=tmp_path / "jobs"),
            "new": SageMakerExecutor(new, clients=clients, sleep=_little),
        }

    state = ("--state", str(tmp_path / "state.jsonl"))
    code = compare.main([*arguments, *state, "--json"], make_executors=executors)
    out, err = capsys.readouterr()
    assert out, err
    said: dict[str, Any] = json.loads(out)
    return code, said


def test_stored_notebooks_hold_no_outputs() -> None:
    for path in (OLD, MIGRATED):
        cells = nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_the_migrated_notebook_gives_to_the_cent_what_the_old_one_gives_for_link_file_and_past_execution(
    host: str, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = f"https://{host}/x/sample"
    ts = sandbox.slack.post(user="U0SUPPORT1", text=f"<{link}>")
    summary = make_bot(load_settings(), waiting=Waiter()).run()
    assert (summary.answered, summary.failed) == (1, 0)
    [answer] = [message["text"] for message in sandbox.slack.thread(ts=ts)[1:] if not message.get("files")]
    assert "4,948.80 USD credit recommended" in answer
    [past] = [job["environment"]["EXECUTION_ID"] for job in sandbox.aws.jobs()]
    page = tmp_path / "page.html"

    code, said = comparison(tmp_path, capsys, "--old-notebook", str(OLD), "--html", str(page), link, past)

    assert code == 0, [case["said"] for case in said["cases"]]
    assert said["tolerance_percent"] == 1.0
    assert [(case["old"], case["new"], case["difference"]) for case in said["cases"]] == [(4948.8, 4948.8, 0.0)] * 2
    assert [(case["verdict"], case["differences"]) for case in said["cases"]] == [("equal", [])] * 2
    assert [case["recorded"] for case in said["cases"]] == [None, 4948.8]
    assert all(case["old_seconds"] > 0 and case["new_seconds"] > 0 for case in said["cases"])
    assert str(OLD) in page.read_text()


def test_a_notebook_that_was_changed_on_the_way_is_found_by_its_rows(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "changed.ipynb"
    changed.write_text(OLD.read_text().replace('\\"standard\\": 0.6', '\\"standard\\": 0.5'))

    code, said = comparison(tmp_path, capsys, "--old-notebook", str(changed), f"https://{host}/x/sample")

    [case] = said["cases"]
    assert (code, case["verdict"]) == (1, "DIFFERS")
    assert "mode standard: credit 1,340.25 → 1,608.30 (+268.05)" in case["said"]


def test_a_path_of_no_notebook_is_refused_by_name(capsys: pytest.CaptureFixture[str], host: str) -> None:
    assert compare.main(["--old-notebook", "/nowhere/mine.ipynb", f"https://{host}/x/sample"]) == 2
    assert "There is no notebook /nowhere/mine.ipynb" in capsys.readouterr().err


def _little(seconds: float) -> None:
    time.sleep(min(seconds, 0.2))
