"""What goes wrong with a real Presto, as the code sees it and as a person reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from verify_credit.errors import QueryFailed, SettingError, Stopped, TooSlow
from verify_credit.presto import Warehouse

from sandbox.client import ROOT
from tests.canary import CARD
from tests.job.conftest import Job, new_job
from tests.presto.real import SLOW_TABLE, Real

pytestmark = [
    pytest.mark.timeout(600),
    # Python 3.11 leaves a TLS socket unclosed whose peer resets it between connect and handshake, as a server that is
    # started anew may; only a socket without a peer has no raddr in its name.
    pytest.mark.filterwarnings(
        r"ignore:Exception ignored in. <ssl.SSLSocket fd=\d+, family=\d+, type=\d+, proto=\d+, "
        r"laddr=\('127.0.0.1', \d+\)>:pytest.PytestUnraisableExceptionWarning"
    ),
]
SLOW = {"slow": f"SELECT * FROM {SLOW_TABLE}"}
ONE = {"one": "SELECT 1 AS one"}


def test_a_wrong_password_is_said_in_a_line_without_the_page(real: Real) -> None:
    warehouse = Warehouse(real.credentials(password="not-the-password"))
    with pytest.raises(SettingError, match=r"username or password of credits-bot: Error 401 Access Denied: Invalid"):
        warehouse.run_all(ONE)


def test_a_user_that_the_server_does_not_know_is_refused_alike(real: Real) -> None:
    with pytest.raises(SettingError, match="refuses username or password of nobody"):
        Warehouse(real.credentials(username="nobody")).run_all(ONE)


def test_a_catalog_that_is_not_there_is_named(real: Real) -> None:
    with pytest.raises(QueryFailed, match="there is no such catalog") as raised:
        Warehouse(real.credentials(catalog="nosuch")).run_all({"mrr": "SELECT * FROM verify.mrr"})
    assert "Catalog nosuch does not exist" in raised.value.detail


def test_the_jobs_user_may_only_read(real: Real) -> None:
    with pytest.raises(QueryFailed, match="PERMISSION_DENIED, access denied"):
        real.warehouse().run_all({"looker": "DROP TABLE verify.mrr"})


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT 1 AS a,\n  SUM(amounts) AS b\nFROM authy.verification_usage",
            "SYNTAX_ERROR, there is no such column, at line 2, column 7: amounts (",
        ),
        (
            "SELECT u.amounts AS b FROM authy.verification_usage AS u",
            "SYNTAX_ERROR, there is no such column, at line 1, column 8: u.amounts (",
        ),
        ("SELECT 1\nFROM authy.nosuch", "SYNTAX_ERROR, there is no such table: authy.nosuch ("),
        ("SELECT 1 FROM nosuch.x", "SYNTAX_ERROR, there is no such schema: nosuch.x ("),
        ("SELECT nosuch(1) AS a", "there is no such function, at line 1, column 8: nosuch ("),
        ("SELECT length(1) AS a", "the function takes other types, at line 1, column 8: length ("),
        ("SELECT 1 AS a FROM", "SYNTAX_ERROR, the SQL cannot be parsed there, at line 1, column 19 ("),
        (
            "SELECT 1 AS a FROM authy.verification_usage WHERE usage_date >= '2025-07-01'",
            "SYNTAX_ERROR, the types do not go together, at line 1, column 62: > (",
        ),
        (
            "SELECT mcc, SUM(amount) AS a FROM authy.verification_usage",
            "SYNTAX_ERROR, it is neither aggregated nor in GROUP BY, at line 1, column 8: mcc (",
        ),
        (f"SELECT CAST('{CARD}' AS BIGINT) AS a", "INVALID_CAST_ARGUMENT, a value cannot be converted"),
        (
            f"SELECT CAST(x AS BIGINT) AS a FROM (VALUES '{CARD}') AS t (x)",
            "INVALID_CAST_ARGUMENT, a value cannot be converted",
        ),
        (f"SELECT date_parse(x, '%Y') AS a FROM (VALUES '{CARD}') AS t (x)", "INVALID_FUNCTION_ARGUMENT"),
        (f"SELECT json_extract(x, '$[') AS a FROM (VALUES '{CARD}') AS t (x)", "INVALID_FUNCTION_ARGUMENT"),
        ("SELECT 1 / (attempts - attempts) AS a FROM authy.verification_usage", "DIVISION_BY_ZERO"),
    ],
)
def test_of_what_it_refuses_the_name_the_place_and_the_authors_own_token_are_said_and_no_value(
    real: Real, sql: str, said: str
) -> None:
    with pytest.raises(QueryFailed) as raised:
        real.warehouse().run_all({"looker": sql})
    assert said in str(raised.value), raised.value.detail
    assert CARD not in f"{raised.value} {raised.value.advice}"
    assert raised.value.detail.startswith("Presto said of the looker query: ")


def test_a_ca_that_did_not_sign_the_certificate_is_said_so(real: Real) -> None:
    other = trustme.CA().cert_pem.bytes().decode()
    with pytest.raises(SettingError, match=r"certificate .* is not accepted") as raised:
        Warehouse(real.credentials(ca_pem=other)).run_all(ONE)
    assert "ca_pem" in raised.value.advice


def test_a_query_that_wants_too_much_memory_asks_for_a_shorter_window(real: Real) -> None:
    """And is not tried again: it would want as much."""
    rows = "authy.verification_usage a CROSS JOIN authy.verification_usage b CROSS JOIN verify.provider_costs c"
    sql = f"SELECT a.account_sid || b.account_sid || c.country_iso AS key FROM {rows} ORDER BY 1"
    with pytest.raises(QueryFailed, match="EXCEEDED_LOCAL_MEMORY_LIMIT") as raised:
        real.warehouse().run_all({"usage": sql})
    assert raised.value.advice.endswith("ask for a shorter window.")


def test_a_query_over_its_time_is_cancelled_and_gone_from_the_servers_list(real: Real) -> None:
    real.make_slow()

    with pytest.raises(TooSlow, match="The slow query took longer than 3 seconds and was cancelled"):
        real.warehouse(query_seconds=3).run_all({"slow": f"{SLOW['slow']} -- over its time"})

    _until(lambda: real.at_work() == [])
    [query] = [query for query in real.box.presto.queries() if "over its time" in query["sql"]]
    assert (query["state"], query["error"]["name"]) == ("FAILED", "USER_CANCELED")


def test_a_query_that_our_cancelling_does_not_reach_is_ended_by_the_server(
    real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    real.make_slow()
    monkeypatch.setattr("verify_credit.presto._Cursor.give_up", lambda *_cursor: None)
    monkeypatch.setattr("verify_credit.presto.SERVER_SECONDS_MORE", 0)

    with pytest.raises(TooSlow, match="Presto ended the slow query for its time: EXCEEDED_TIME_LIMIT"):
        real.warehouse(query_seconds=3).run_all(SLOW)


def test_giving_up_cancels_every_query_on_the_server(real: Real) -> None:
    real.make_slow()
    warehouse = real.warehouse()
    giving_up = threading.Thread(target=_give_up_once_it_runs, args=(real, warehouse))
    giving_up.start()

    with pytest.raises(Stopped):
        warehouse.run_all({**SLOW, "again": SLOW["slow"]})

    giving_up.join()
    _until(lambda: real.at_work() == [])


def test_a_job_told_to_end_leaves_no_query_behind(real: Real, tmp_path: Path) -> None:
    real.make_slow()
    job = _in_mid_query(real, tmp_path)

    job.terminate()

    assert job.wait(60) == 16, job.log
    _until(lambda: real.at_work() == [])


def test_a_server_killed_in_mid_query_is_a_failure_that_may_be_tried_again(real: Real, tmp_path: Path) -> None:
    real.make_slow()
    job = _in_mid_query(real, tmp_path)

    real.box.presto.kill()

    assert job.wait(180) == 13, job.log
    error = job.error()
    assert error["retry_helps"] is True
    assert error["message"].startswith(f"Presto at 127.0.0.1:{real.secret['port']} could not be reached")
    assert "host and port in the secret" in error["advice"]


def test_a_server_that_was_started_anew_in_mid_query_is_asked_again(real: Real, tmp_path: Path) -> None:
    real.make_slow()
    answers: list[Any] = []
    restarted = threading.Event()
    warehouse = Warehouse(real.credentials(), sleep=lambda _seconds: restarted.wait(240) and None)
    asking = threading.Thread(target=lambda: answers.append(warehouse.run_all({"mrr": "SELECT * FROM verify.mrr"})))
    asking.start()
    _until(lambda: real.box.presto.queries(state="RUNNING"))

    real.box.presto.start()
    restarted.set()

    asking.join(120)
    assert answers[0]["mrr"].attempts > 1
    assert len(answers[0]["mrr"].rows) == 4


def test_an_expired_certificate_is_said_so(real: Real) -> None:
    real.box.presto.start(expired=True)
    with pytest.raises(SettingError, match="certificate has expired") as raised:
        real.warehouse().run_all(ONE)
    assert "renew the certificate" in raised.value.advice


def test_the_requester_reads_that_the_password_is_wrong_and_who_mends_it(real: Real) -> None:
    real.box.presto.set_password(password="another-password")
    host = real.box.env["LOOKER_HOSTS"].split(",")[0]
    posted = real.box.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/sample>")

    tick = subprocess.run(
        [sys.executable, "-m", "src.credit_bot"],
        cwd=ROOT,
        env={**os.environ, **real.box.env},
        timeout=300,
        check=False,
    )

    assert tick.returncode == 0
    said = json.dumps(real.box.slack.dms(user="U0SUPPORT1"))
    assert "refuses username or password of credits-bot: Error 401 Access Denied: Invalid credentials" in said
    assert "PRESTO_SECRET_NAME" in said
    assert "html" not in said.lower()
    assert real.secret["password"] not in said
    assert "x" in real.box.slack.reactions(ts=posted)


def test_the_doctors_job_finds_the_real_presto_fine(real: Real) -> None:
    code, wrong = _doctor(real)

    assert (code, wrong) == (0, {})


def test_the_doctor_names_a_wrong_password_and_a_table_that_may_not_be_read(real: Real) -> None:
    real.box.presto.execute(sql="DROP TABLE verify.mrr")
    _, wrong = _doctor(real)
    assert set(wrong) == {"table verify.mrr"}

    real.box.presto.set_password(password="another-password")
    code, wrong = _doctor(real)
    assert code == 1
    assert set(wrong) == {"Presto"}
    assert "refuses username or password of credits-bot" in wrong["Presto"]


def _doctor(real: Real) -> tuple[int, dict[str, str]]:
    """`python -m src.doctor`, its job included: exit code, and what is wrong by check."""
    done = subprocess.run(
        [sys.executable, "-m", "src.doctor", "--json"],
        cwd=ROOT,
        env={**os.environ, **real.box.env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    checks = json.loads(done.stdout)["checks"]
    assert any(one["check"] == "Presto" for one in checks)
    return done.returncode, {one["check"]: one["found"] for one in checks if one["state"] == "wrong"}


def _in_mid_query(real: Real, folder: Path) -> Job:
    job = new_job(real.box, folder)
    job.start()
    _until(lambda: [query for query in real.at_work() if SLOW_TABLE in query["sql"] and query["state"] == "RUNNING"])
    return job


def _give_up_once_it_runs(real: Real, warehouse: Warehouse) -> None:
    _until(lambda: len(real.box.presto.queries(state="RUNNING")) == 2)
    warehouse.cancel_all()


def _until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it did not come to that within {seconds:.0f} s"
        time.sleep(0.2)
    return found
