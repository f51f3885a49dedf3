"""`python -m src.policy`: the versions there are, and what a candidate would have changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from verify_credit import policy as current

from src import paths, policy, runs
from src.state.object_store import ObjectStore
from tests.bot.harness import BotHarness
from tests.history.past import record
from tests.money.ledger import Ledger

FIRST, SECOND = "20260115_120000_00000001", "20260116_120000_00000002"
DAYS = ("--since", "2026-01-01", "--until", "2026-01-31")
SOURCE = Path(current.__file__).read_text()
STANDARD = 'STANDARD: rule(refund="0.80", target="0.90", cost_kept="0.5"),'


@pytest.fixture
def store(harness: BotHarness) -> ObjectStore:
    """Two past executions: 72.00 USD in mode standard and 30.00 in basic, then 10.00 in max."""
    bot = harness.bot()
    store = ObjectStore(bot.services.clients, bot.services.settings.s3_output_bucket)
    ledger = Ledger().set("standard", "2025-01-01", "2025-08-01").set("basic", "2025-08-01").cost("0")
    record(store, FIRST, ledger.use("2025-07-10", 100, "100.00").use("2025-08-10", 100, "100.00"))
    record(store, SECOND, Ledger().set("max", "2025-01-01").cost("0").use("2025-07-10", 100, "10.00"))
    return store


def candidate(folder: Path, old: str = STANDARD, new: str = STANDARD.replace("0.80", "0.90"), entry: str = "") -> Path:
    """A copy of policy.py with one more version, in which `old` is `new`."""
    first = SOURCE.index("    Policy(\n")
    added = (
        SOURCE[first : SOURCE.index("\n)\n", first)].replace("2025-1", "2026-1").replace("(2025, 1, 1)", "(2026, 7, 1)")
    )
    assert old in added
    changed = entry or added.replace(old, new)
    file = folder / "candidate.py"
    file.write_text(SOURCE[:first] + changed + "\n" + SOURCE[first:])
    return file


def what_if(capsys: pytest.CaptureFixture[str], file: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert policy.main(["what-if", str(file), "--json", *(arguments or DAYS)]) == code
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_the_versions_are_shown_with_the_one_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert policy.main(["show", "--json"]) == 0
    [version] = json.loads(capsys.readouterr().out)
    assert (version["version"], version["in_force_from"], version["in_force"]) == ("2025-1", "2025-01-01", True)
    assert version["rules"]["standard"] == {"refund": 0.8, "target": 0.9, "cost_kept": 0.5}
    assert policy.main(["show"]) == 0
    assert "2025-1, from 2025-01-01: in force" in capsys.readouterr().out


def test_what_a_candidate_changes_is_named_by_execution_and_mode(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = what_if(capsys, candidate(tmp_path))

    first, second = said["executions"]
    assert (first["execution_id"], first["recorded"], first["candidate"]) == (FIRST, 102.0, 111.0)
    assert (first["fraud_start"], first["fraud_end"], first["policy_version"]) == ("2025-07-01", "2025-09-30", "2025-1")
    assert first["modes"] == [{"mode": "standard", "recorded": 72.0, "candidate": 81.0}]
    assert (second["execution_id"], second["difference"], second["modes"]) == (SECOND, 0.0, [])
    assert said["total"] == {
        "executions": 2,
        "changed": 1,
        "recorded": 112.0,
        "candidate": 121.0,
        "difference": 9.0,
    }
    assert said["candidate"]["version"] == "2026-1"


def test_people_get_a_table_and_a_sentence(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert policy.main(["what-if", str(candidate(tmp_path)), *DAYS]) == 0
    said = capsys.readouterr().out
    assert "standard 72.00 → 81.00" in said
    assert "Under 2026-1: 121.00 USD instead of 112.00 (+9.00) for 2 executions, 1 of them changed." in said


def test_one_accounts_executions_can_be_chosen(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = what_if(capsys, candidate(tmp_path), "--account", "AC" + "0" * 32)
    assert said["executions"] == []


def test_an_execution_whose_rows_were_altered_is_named_and_not_counted(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.delete(f"{paths.ExecutionPaths(FIRST).output_prefix}data/usage.jsonl.gz")
    said = what_if(capsys, candidate(tmp_path), code=1)
    assert "cannot be computed" in said["executions"][0]["problem"]
    assert said["total"]["executions"] == 1


def test_an_execution_whose_rows_give_another_amount_than_is_recorded_is_named_and_not_counted(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [key] = [key for key in store.keys(paths.AUDIT_PREFIX) if FIRST in key]
    found = store.get_bytes(key)
    assert found is not None
    audit = json.loads(found[0])
    audit["result"]["credit_amount"] = 999.0
    body = json.dumps(audit).encode()
    store.put_bytes(key, body, Metadata={"sha256": hashlib.sha256(body).hexdigest()})
    said = what_if(capsys, candidate(tmp_path), code=1)
    [first, _] = said["executions"]
    assert first["problem"] == "Its saved rows give 102.00, not what is recorded: see runs verify."
    assert said["total"]["executions"] == 1


def test_a_candidate_that_needs_a_cost_the_rows_lack_says_so(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    third = "20260117_120000_00000003"
    record(store, third, Ledger().set("max", "2025-01-01").use("2025-07-10", 100, "10.00"))
    old, new = (
        'MAX: rule(refund="1.00", target="1.00", cost_kept="0")',
        'MAX: rule(refund="1", target="1", cost_kept="1")',
    )
    said = what_if(capsys, candidate(tmp_path, old, new), code=1)
    [problem] = [run["problem"] for run in said["executions"] if run["problem"]]
    assert "no cost for NG, MCC 621" in problem


def refused(capsys: pytest.CaptureFixture[str], file: Path, *arguments: str) -> str:
    assert policy.main(["what-if", str(file), *arguments]) == 2
    return capsys.readouterr().err


def test_an_edited_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "edited.py"
    file.write_text(SOURCE.replace(STANDARD, STANDARD.replace("0.80", "0.90")))
    assert "changes version 2025-1" in refused(capsys, file)


def test_a_copy_without_a_new_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "same.py"
    file.write_text(SOURCE)
    assert "has no new version" in refused(capsys, file)
    assert "has no version 1999-1" in refused(capsys, candidate(tmp_path), "--version", "1999-1")


def test_a_number_that_cannot_be_meant_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "wrong in standard" in refused(capsys, candidate(tmp_path, new=STANDARD.replace("0.80", "80")))
    assert "wrong in standard" in refused(capsys, candidate(tmp_path, new=""))


@pytest.mark.parametrize("text", ["POLICIES = (", "raise ValueError('no')", "x = 1", "POLICIES = [1]"])
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text)
    assert "cannot be read as a changed copy" in refused(capsys, file)
    assert "cannot be read as a changed copy" in refused(capsys, tmp_path / "missing.py")


def test_a_what_if_leaves_nothing_behind(
    store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = candidate(tmp_path)
    before = set(store.keys(paths.ROOT))
    what_if(capsys, file)
    assert set(store.keys(paths.ROOT)) == before
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_the_past_that_is_computed_anew_is_as_recorded(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["verify", FIRST, SECOND]) == 0
    assert capsys.readouterr().out.count("as recorded") == 2
