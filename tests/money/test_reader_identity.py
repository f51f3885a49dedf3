"""The hash by which a bot knows that a job reads SQL as it does."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from verify_credit import looker_sql
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import DEFAULT_ALLOWED_TABLES, Session, identity, read_claim

from tests.bot.harness import VERIFY

ROOM = Path(looker_sql.__file__).parent
AS_OF = date(2026, 1, 15)


def test_all_that_the_room_takes_from_the_package_is_in_the_hash() -> None:
    taken = {
        f"{node.module}.py"
        for file in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 2
    }
    assert taken == set(identity._BESIDE)
    for name in identity._BESIDE:
        tree = ast.parse((ROOM.parent / name).read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


def a_file_of_the_room(room: Path) -> None:
    with (room / "shape.py").open("a") as file:
        file.write("\n")


def a_new_file(room: Path) -> None:
    (room / "another.py").write_text("")


def a_file_beside(room: Path) -> None:
    with (room.parent / "claim.py").open("a") as file:
        file.write("\n")


def another_name(room: Path) -> None:
    (room / "shape.py").rename(room / "shapes.py")


@pytest.mark.parametrize("change", [a_file_of_the_room, a_new_file, a_file_beside, another_name])
def test_any_change_of_its_code_changes_it(
    change: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "verify_credit" / "looker_sql"
    shutil.copytree(ROOM, room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in identity._BESIDE:
        shutil.copy(ROOM.parent / name, room.parent)
    here = identity.reader_sha256()
    monkeypatch.setattr(identity, "_ROOM", room)
    assert identity.reader_sha256() == here

    change(room)

    assert identity.reader_sha256() != here


def test_parser_and_tables_are_in_it_and_their_order_and_case_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    here = identity.reader_sha256()
    assert identity.reader_sha256([name.upper() for name in reversed(DEFAULT_ALLOWED_TABLES)]) == here
    assert identity.reader_sha256(DEFAULT_ALLOWED_TABLES[1:]) != here
    monkeypatch.setattr(identity, "sqlglot_version", "0")
    assert identity.reader_sha256() != here


BARE = VERIFY.replace("authy.", "").replace("is_fraud = true AND ", "")
OTHER_CATALOG = VERIFY.replace("authy.", "elsewhere.authy.").replace("is_fraud = true AND ", "")
COLUMN_OF_A_CATALOG = VERIFY.replace("is_fraud", "elsewhere.authy.verification_usage.is_fraud")


@pytest.mark.parametrize(
    ("sql", "certain"),
    [
        (VERIFY.replace("is_fraud = true AND ", ""), True),
        (f"{VERIFY} AND attempts > 3", True),
        (VERIFY.replace("authy.verification_usage", "secrets"), True),
        ("DROP TABLE x", True),
        (f"{VERIFY} AND mcc = X'zz'", True),
        (BARE, False),
        (OTHER_CATALOG, False),
        (f"{COLUMN_OF_A_CATALOG} AND attempts > 3", False),
        (VERIFY.replace("WHERE", "JOIN mcc_codes m ON m.mcc = verification_usage.mcc WHERE attempts > 3 AND"), False),
    ],
)
def test_a_refusal_says_whether_prestos_session_could_change_it(sql: str, certain: bool) -> None:
    with pytest.raises(ClaimError) as refused:
        read_claim(sql, as_of=AS_OF)
    assert refused.value.certain is certain
    with pytest.raises(ClaimError) as by_the_job:
        read_claim(sql, as_of=AS_OF, session=Session("hive", "authy"))
    assert by_the_job.value.certain


def test_what_was_read_comes_with_a_refusal_from_the_process_of_its_own_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sql = f"{VERIFY} AND country_iso = 'NG' AND attempts > 3"
    with pytest.raises(ClaimError) as here:
        read_claim(sql, as_of=AS_OF)
    monkeypatch.setattr(looker_sql, "STEPS_IN_PLACE", 1)
    with pytest.raises(ClaimError) as apart:
        read_claim(sql, as_of=AS_OF)
    said = {"account_sid": "AC" + "0" * 32, "start": "2025-07-01", "end": "2025-10-01", "countries": ["NG"]}
    assert here.value.so_far == apart.value.so_far == said
    assert json.dumps(apart.value.so_far)
