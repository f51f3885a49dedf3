"""`python -m src.compare`: old against new, both executors real, their jobs told what to leave."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from src import paths
from src.comparison.journal import Journal
from tests.comparison.conftest import Bench, answer, refusal, sql

BOTH = answer(("standard", 1608.30), ("max", 2875.30))
ALIKE = sql(BOTH)


def test_two_sides_that_say_the_same_are_equal(bench: Bench) -> None:
    files = [bench.sql_file(name, f"{ALIKE} -- {name}") for name in ("one", "two")]
    cases = bench.json(*files, code=0)
    assert [case["verdict"] for case in cases] == ["equal"] * 2
    assert {(case["old"], case["new"], case["difference"]) for case in cases} == {(4483.6, 4483.6, 0.0)}
    assert all(case["old_seconds"] is not None and case["new_execution"] for case in cases)


def test_a_credit_that_differs_is_named_by_mode_and_amount(bench: Bench) -> None:
    other = answer(("standard", 1613.30), ("max", 2875.30))
    file = bench.sql_file("one", sql(BOTH, other))
    [case] = bench.json(file, code=1)
    assert (case["verdict"], case["difference"]) == ("DIFFERS", 5.0)
    assert "mode standard: credit 1,608.30 → 1,613.30 (+5.00)" in case["said"]
    assert {difference["row"] for difference in case["differences"]} == {None, "mode standard"}


@pytest.mark.heavy
def test_refused_alike_is_equal_and_refused_by_one_is_not(bench: Bench) -> None:
    alike = bench.sql_file("alike", sql(refusal()))
    alone = bench.sql_file("alone", sql(BOTH, refusal()))
    first, second = bench.json(alike, alone, code=1)
    assert (first["verdict"], first["old"]) == ("equal", None)
    assert first["said"] == ["refused alike: claim: The window of the query is open."]
    assert second["verdict"] == "DIFFERS"


@pytest.mark.heavy
def test_a_failure_that_another_try_may_fix_is_not_compared_and_tried_again(bench: Bench) -> None:
    file = bench.sql_file("one", sql(refusal("Presto is away.", again=True)))
    assert bench.json(file, code=1)[0]["verdict"] == "not compared"
    before = bench.jobs()
    bench.json(file, code=1)
    assert bench.jobs() == before + 2


def test_a_second_start_runs_nothing_again(bench: Bench) -> None:
    file = bench.sql_file("one", ALIKE)
    first = bench.json(file, code=0)
    before = bench.jobs()
    assert bench.json(file, code=0) == first
    assert bench.jobs() == before == 2


@pytest.mark.heavy
def test_a_file_that_was_changed_since_is_run_anew(bench: Bench) -> None:
    bench.json(bench.sql_file("one", ALIKE), code=0)
    [case] = bench.json(bench.sql_file("one", sql(answer(("max", 1.0)))), code=0)
    assert case["new"] == 1.0


@pytest.mark.heavy
def test_a_start_after_a_crash_adopts_the_jobs_that_were_begun(bench: Bench) -> None:
    file = bench.sql_file("one", ALIKE)
    [first] = bench.json(file, code=0)
    state = bench.folder / "state.jsonl"
    begun = [line for line in state.read_text().splitlines() if "answer" not in line]
    state.write_text("\n".join(begun) + '\n{"case": "one')  # as a crash leaves it: nothing answered, a line cut off
    before = bench.jobs()

    [again] = bench.json(file, code=0)

    assert (again["old_execution"], again["new_execution"]) == (first["old_execution"], first["new_execution"])
    assert bench.jobs() == before


@pytest.mark.heavy
def test_told_to_end_it_lets_its_jobs_run_and_the_same_command_goes_on(bench: Bench) -> None:
    go = bench.folder / "go"
    files = [bench.sql_file(name, sql({**BOTH, "until": str(go)}) + f" -- {name}") for name in "abcd"]

    def end_it() -> None:
        while bench.jobs() < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    ending = threading.Thread(target=end_it)
    ending.start()
    assert bench.run(*files, "--at-once", "1") == 143
    ending.join()
    assert "The same command goes on" in bench.err
    assert bench.jobs() == 2

    go.touch()
    assert [case["verdict"] for case in bench.json(*files, code=0)] == ["equal"] * 4
    assert bench.jobs() == 8


def test_two_comparisons_do_not_share_a_state_file(bench: Bench) -> None:
    other = Journal(bench.folder / "state.jsonl", "s3://credits-sandbox")
    try:
        assert bench.run(bench.sql_file("one", ALIKE)) == 2
        assert "Another comparison" in bench.err
    finally:
        other.close()


def test_a_state_file_of_something_else_is_refused(bench: Bench) -> None:
    state = bench.folder / "state.jsonl"
    file = bench.sql_file("one", ALIKE)
    for text in ("not json\n", '{"place": "s3://another"}\n', '{"place": "s3://credits-sandbox"}\n{"side": "old"}\n'):
        state.write_text(text)
        assert bench.run(file) == 2
        assert "state" in bench.err
        assert state.read_text() == text


@pytest.mark.heavy
def test_a_link_is_asked_of_looker_and_one_that_is_gone_keeps_no_other_from_being_compared(bench: Bench) -> None:
    bench.box.looker.add_query(slug="good", sql=ALIKE)
    good, gone = f"https://{bench.host}/x/good", f"https://{bench.host}/x/gone"
    first, second = bench.json(gone, good, code=1)
    assert (first["what"], first["verdict"]) == (good, "equal")
    assert (second["what"], second["verdict"]) == (gone, "not compared")
    assert second["said"]


def past_execution(bench: Bench, execution_id: str, credit: float) -> None:
    """As a bot leaves it."""
    files = paths.ExecutionPaths(execution_id)
    record = {"execution_id": execution_id, "outcome": "answer", "result": {"credit_amount": credit}}
    bench.object(files.audit, json.dumps(record).encode())
    bench.object(f"{files.output_prefix}data/looker.sql", ALIKE.encode())
    bench.object(files.query, b"SELECT relative dates FROM authy.verification_usage")


@pytest.mark.heavy
def test_past_executions_are_run_anew_with_the_sql_that_ran_beside_what_was_recorded(bench: Bench) -> None:
    past_execution(bench, "20260115_120000_00000001", 4483.6)
    past_execution(bench, "20260120_120000_00000002", 1.0)
    past_execution(bench, "20260220_120000_00000003", 4483.6)
    cases = bench.json("--since", "2026-01-01", "--until", "2026-01-31", code=0)
    assert [(case["recorded"], case["new"], case["verdict"]) for case in cases] == [
        (4483.6, 4483.6, "equal"),
        (1.0, 4483.6, "equal"),
    ]
    [case] = bench.json("20260120_120000_00000002", code=0)
    assert case == cases[1]


def test_an_execution_that_left_nothing_is_said(bench: Bench) -> None:
    [case] = bench.json("20200101_000000_00000000", code=1)
    assert "has left no SQL" in case["said"][0]


@pytest.mark.heavy
def test_amounts_are_held_to_those_expected(bench: Bench) -> None:
    past_execution(bench, "20260115_120000_00000001", 4483.6)
    bench.box.looker.add_query(slug="good", sql=ALIKE)
    history = bench.folder / "history.csv"
    link = f"https://{bench.host}/x/good"
    history.write_text(f'link,amount,who\n{link},"4,483.60",x\n20260115_120000_00000001,4500\n')

    first, second = bench.json("--expected", str(history), code=1)
    assert (first["expected"], first["verdict"]) == (4483.6, "equal")
    assert second["verdict"] == "DIFFERS"
    assert second["said"] == ["expected 4,500.00, old says 4,483.60", "expected 4,500.00, new says 4,483.60"]
    assert bench.json("--expected", str(history), "--tolerance", "1", code=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amount\n1\n", "link or execution, amount"),
        ("link,amount\nhttps://x,many\n", "line 2: 'many'"),
        ("execution,amount\n,1\n", "line 2"),
        ("execution,amount\nx,nan\n", "line 2"),
    ],
)
def test_a_file_of_expected_amounts_that_cannot_be_read_names_the_line(bench: Bench, text: str, said: str) -> None:
    history = bench.folder / "history.csv"
    history.write_text(text)
    assert bench.run("--expected", str(history)) == 2
    assert said in bench.err
    assert bench.run("--expected", str(bench.folder / "none.csv")) == 2


@pytest.mark.heavy
def test_people_get_a_table_a_sentence_and_a_page_that_needs_no_network(bench: Bench) -> None:
    page, odd = bench.folder / "page.html", bench.folder / "<script>alert(1)<&.sql"
    odd.write_text(sql(BOTH, answer(("max", 2875.30))))
    assert bench.run(bench.sql_file("one", ALIKE), str(odd), "--html", str(page)) == 1
    assert "2 compared: 1 equal, 1 DIFFERS; nothing may differ" in bench.out
    assert "alert(1)<&.sql: mode standard: credit 1,608.30 → 0.00 (-1,608.30)" in bench.out
    assert "(an estimate)" in bench.out
    text = page.read_text()
    for said in ("4,483.60", "mode standard: credit 1,608.30 → 0.00 (-1,608.30)", "old s"):
        assert said in text
    assert "<script" not in text
    assert "http" not in text


def test_nothing_to_compare_and_numbers_that_make_no_sense_are_said(bench: Bench) -> None:
    assert bench.run() == 2
    assert "nothing to compare" in bench.err
    assert bench.run(str(Path("/nowhere/x.sql"))) == 2
    assert "no SQL file that can be read" in bench.err
    for wrong in (("--tolerance", "101"), ("--tolerance", "much"), ("--at-once", "0")):
        with pytest.raises(SystemExit) as ended:
            bench.run("x.sql", *wrong)
        assert ended.value.code == 2


def test_a_missing_setting_ends_it_and_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_ROLE_ARN", "")
    assert bench.run(*[bench.sql_file(name, f"{ALIKE} -- {name}") for name in "abcdef"]) == 2
    assert "SAGEMAKER_ROLE_ARN" in bench.err


def test_its_executions_are_kept_as_its_own_and_no_later_comparison_takes_them_for_answers(bench: Bench) -> None:
    assert bench.run(bench.sql_file("claim", sql(answer(("max", 4.0))))) == 0
    keys = [row["Key"] for row in bench.s3.list_objects_v2(Bucket=bench.box.env["S3_OUTPUT_BUCKET"])["Contents"]]
    kept = [key for key in keys if key.startswith(paths.AUDIT_PREFIX)]
    bodies = [bench.s3.get_object(Bucket=bench.box.env["S3_OUTPUT_BUCKET"], Key=key)["Body"].read() for key in kept]
    assert [json.loads(body)["purpose"] for body in bodies] == ["compare", "compare"]
    assert not [key for key in keys if key.startswith(f"{paths.ROOT}/index/")]
    assert bench.run("--since", "2026-01-01") == 2
    assert "nothing to compare" in bench.err
