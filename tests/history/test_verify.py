"""`python -m src.runs verify`: whatever was altered after the fact is found and named."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from src import paths, runs
from src.recheck.differences import differences
from tests.bot.harness import BotHarness
from tests.history.conftest import RealPast
from tests.history.memory_store import MemoryStore

OBJECTS = 22
PLACES = st.floats(0, 1, exclude_max=True, allow_subnormal=False)
BITS = st.integers(0, 7)


@pytest.fixture(scope="module")
def kept(real_past: RealPast) -> list[str]:
    """Every object that an answered execution is proved by."""
    files, account = real_past.files, real_past.audit["result"]["account_sid"]
    left = [key for key in real_past.store.keys(files.output_prefix) if key != files.progress]
    return [files.audit, files.query, *left, *real_past.store.keys(paths.account_index_prefix(account))]


def test_an_execution_as_it_was_recorded_is_said_to_be_so(
    real_past: RealPast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runs.main(["verify", real_past.execution_id]) == 0
    assert "as recorded" in capsys.readouterr().out


def test_result_notebook_sql_data_report_and_audit_record_are_all_proved(real_past: RealPast, kept: list[str]) -> None:
    names = {key.rsplit("/", 1)[1] for key in kept}
    assert {"result.json", "notebook_output.ipynb", "query.sql", "report.html"} <= names
    assert {"looker.jsonl.gz", "looker.sql", "usage.jsonl.gz", "blocking_events.sql"} <= names
    assert len(kept) == OBJECTS


def flipped(content: bytes, place: float, bit: int) -> bytes:
    """One bit of one byte, somewhere in 0 ≤ place < 1 of the content, is the other way."""
    at = int(place * len(content))
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


def check_one_altered_byte_is_found(past: RealPast, key: str, place: float, bit: int) -> None:
    altered = past.store.with_(key, flipped(past.content(key), place, bit))
    found = list(differences(altered, past.execution_id))
    assert any(key in sentence for sentence in found), found


@settings(max_examples=2, deadline=None)
@given(place=PLACES, bit=BITS)
@pytest.mark.parametrize("which", range(OBJECTS))
def test_a_single_altered_byte_of_any_object_is_found_and_named(
    real_past: RealPast, kept: list[str], which: int, place: float, bit: int
) -> None:
    check_one_altered_byte_is_found(real_past, kept[which], place, bit)


@pytest.mark.heavy
@pytest.mark.timeout(900)
@settings(max_examples=400, deadline=None)
@given(which=st.integers(0, OBJECTS - 1), place=PLACES, bit=BITS)
def test_four_hundred_altered_bytes_are_all_found(
    real_past: RealPast, kept: list[str], which: int, place: float, bit: int
) -> None:
    check_one_altered_byte_is_found(real_past, kept[which], place, bit)


@settings(max_examples=10, deadline=None)
@given(place=st.integers(0, 63), digit=st.sampled_from("0123456789abcdefX"))
@example(place=0, digit="")
def test_an_altered_hash_in_the_audit_records_metadata_is_found(real_past: RealPast, place: int, digit: str) -> None:
    digest = real_past.store.objects[real_past.files.audit][1]["sha256"]
    other = digest[:place] + digit + digest[place + 1 :]
    found = list(
        differences(real_past.store.with_(real_past.files.audit, metadata={"sha256": other}), real_past.execution_id)
    )
    assert bool(found) == (other != digest)


def test_an_audit_record_without_its_hash_is_not_trusted(real_past: RealPast) -> None:
    assert list(differences(real_past.store.with_(real_past.files.audit, metadata={}), real_past.execution_id))


def test_a_result_that_breaks_the_schema_is_named_where_no_audit_record_can_be_trusted(real_past: RealPast) -> None:
    broken = real_past.store.with_(real_past.files.result, b"{}").with_(real_past.files.audit, metadata={})
    [untrusted, said] = differences(broken, real_past.execution_id)
    assert real_past.files.audit in untrusted
    assert real_past.files.result in said


def test_a_missing_object_is_named(real_past: RealPast, kept: list[str]) -> None:
    for key in kept:
        found = list(differences(real_past.store.without(key), real_past.execution_id))
        assert any(key in sentence and "missing" in sentence for sentence in found), (key, found)


def test_every_byte_that_a_failed_execution_left_is_proved_too(harness: BotHarness) -> None:
    harness.ask("error")
    harness.tick()
    bot = harness.bot()
    store = MemoryStore.copy_of(bot.services.clients.s3, bot.services.settings.s3_output_bucket)
    [audit] = store.keys(paths.AUDIT_PREFIX)
    files = paths.ExecutionPaths(audit.rsplit("/", 1)[1].removesuffix(".json"))
    assert list(differences(store, files.execution_id)) == []
    for key in (files.audit, files.query, files.error, files.notebook):
        content = store.objects[key][0]
        for place in (0.0, 0.3, 0.6, 0.99):
            found = list(differences(store.with_(key, flipped(content, place, 3)), files.execution_id))
            assert any(key in sentence for sentence in found), (key, place, found)


def forged(past: RealPast, **fields: Any) -> MemoryStore:
    """A result that says something else, with every hash made to fit."""
    result = {**json.loads(past.content(past.files.result)), **fields}
    body = json.dumps(result).encode()
    record = json.dumps({**past.audit, "result": result, "result_sha256": hashlib.sha256(body).hexdigest()}).encode()
    fitting = {"sha256": hashlib.sha256(record).hexdigest()}
    return past.store.with_(past.files.result, body).with_(past.files.audit, record, fitting)


def test_an_amount_that_the_rows_do_not_give_is_found_whatever_the_hashes_say(real_past: RealPast) -> None:
    found = list(differences(forged(real_past, credit_amount=9948.80), real_past.execution_id))
    assert any("its modes' credits sum to 4948.80, its credit_amount is 9948.80" in sentence for sentence in found)

    rows = [dict(row) for row in real_past.audit["result"]["output_df"]]
    rows[1]["credit"] += 1
    found = list(differences(forged(real_past, credit_amount=4949.80, output_df=rows), real_past.execution_id))
    assert "The saved rows give a credit of 4948.80, the result says 4949.80." in found


def test_a_mode_that_the_rows_do_not_give_is_found_whatever_the_hashes_say(real_past: RealPast) -> None:
    rows = [{**row, "blocked": row["blocked"] + 1} for row in real_past.audit["result"]["output_df"]]
    found = list(differences(forged(real_past, output_df=rows), real_past.execution_id))
    assert sum("which the result does not say" in sentence for sentence in found) == 4


def test_a_policy_version_that_is_not_known_any_more_is_said(real_past: RealPast) -> None:
    found = list(differences(forged(real_past, policy_version="1999-1"), real_past.execution_id))
    assert any("no credit policy '1999-1'" in sentence for sentence in found)


def test_an_entry_of_the_accounts_index_is_held_to_the_result_an_earlier_releases_without_its_filters(
    real_past: RealPast, kept: list[str]
) -> None:
    entry = json.loads(real_past.content(kept[-1]))
    filters = ("services", "countries", "mccs")
    old = {name: value for name, value in entry.items() if name not in filters}
    for told, differs in ((entry, 0), (old, 0), ({**entry, "mccs": ["310"]}, 1), ({**old, "credit_amount": 1.0}, 1)):
        altered = real_past.store.with_(kept[-1], json.dumps(told).encode())
        found = list(differences(altered, real_past.execution_id))
        assert len(found) == differs, found
        assert all(kept[-1] in sentence for sentence in found)


def test_rows_that_compute_to_another_credit_are_told_apart_from_damaged_ones(real_past: RealPast) -> None:
    key = f"{real_past.files.output_prefix}data/blocking_events.jsonl.gz"
    fewer = gzip.compress(b"".join(gzip.decompress(real_past.content(key)).splitlines(keepends=True)[100:]))
    found = list(differences(real_past.store.with_(key, fewer), real_past.execution_id))
    assert any("The saved rows give" in sentence for sentence in found)
    found = list(differences(real_past.store.with_(key, b"not gzip"), real_past.execution_id))
    assert any("cannot be computed" in sentence for sentence in found)


def test_json_names_what_differs_of_each_execution(real_past: RealPast, capsys: pytest.CaptureFixture[str]) -> None:
    unknown = "20200101_000000_00000000"
    real_past.s3.delete_object(Bucket=real_past.bucket, Key=real_past.files.report)
    try:
        assert runs.main(["verify", real_past.execution_id, unknown, "--json"]) == 1
    finally:
        body = real_past.content(real_past.files.report)
        real_past.s3.put_object(Bucket=real_past.bucket, Key=real_past.files.report, Body=body)
    said = json.loads(capsys.readouterr().out)
    assert said[real_past.execution_id] == [f"{real_past.files.report} is missing."]
    assert "there is no audit record" in said[unknown][0]


def test_all_executions_of_some_days_can_be_verified_even_where_one_is_unreadable(
    real_past: RealPast, capsys: pytest.CaptureFixture[str]
) -> None:
    unreadable = paths.ExecutionPaths(f"{real_past.execution_id[:8]}_000000_00000000").audit
    real_past.s3.put_object(Bucket=real_past.bucket, Key=unreadable, Body=b"not JSON")
    try:
        assert runs.main(["verify", "--since", str(paths.execution_date(real_past.execution_id)), "--json"]) == 1
    finally:
        real_past.s3.delete_object(Bucket=real_past.bucket, Key=unreadable)
    said = json.loads(capsys.readouterr().out)
    assert said[real_past.execution_id] == []
    assert any(unreadable in sentence for found in said.values() for sentence in found)


def test_verify_of_nothing_asks_what(real_past: RealPast, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["verify"]) == 2
    assert "--since" in capsys.readouterr().err
