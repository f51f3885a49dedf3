"""The embedded Presto answers as the real one does: whatever `make test` shows on the one holds on the other."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from verify_credit.claim import Claim
from verify_credit.errors import ClaimError, QueryFailed
from verify_credit.looker_sql import Session, read_claim
from verify_credit.presto import QueryResult
from verify_credit.presto_failures import RETRIED, TIMED_OUT
from verify_credit.queries import render

from sandbox.client import ROOT, Sandbox
from sandbox.demo import EXPECTED
from sandbox.presto.errors import CODES
from sandbox.warehouse import OTHER_ACCOUNT_SID, PARENT_ACCOUNT_SID, SAMPLE_ACCOUNT_SID, SAMPLE_SQL, SERVICES
from tests.job.conftest import new_job
from tests.presto import odd_account
from tests.presto.conftest import Server
from tests.presto.real import Real

pytestmark = pytest.mark.timeout(600)
AS_OF = date(2026, 1, 15)
USAGE = f"""FROM authy.verification_usage
WHERE account_sid = '{SAMPLE_ACCOUNT_SID}' AND is_fraud = true
  AND usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-10-01'"""
TOTALS = "SUM(attempts) AS total_attempts, SUM(amount) AS total_amount"


@pytest.fixture(scope="module")
def odd_data(real_box: Sandbox, running: Server) -> None:
    """Both have the odd account's rows, until somebody resets them."""
    real_box.reset()
    running.world.reset()
    for statement in odd_account.STATEMENTS:
        real_box.presto.execute(sql=statement)
        running.world.execute(statement)


@pytest.fixture
def both(real_box: Sandbox, running: Server, odd_data: None) -> Any:
    """Asks both for some queries: (what the real one answered, what the embedded one answered)."""
    real_warehouse, embedded = Real(real_box).warehouse(attempts=1), running.warehouse(attempts=1)
    return lambda queries: (real_warehouse.run_all(queries), embedded.run_all(queries))


def claim_of(account: str, start: date = date(2025, 7, 1), end: date = date(2025, 10, 1), **scope: Any) -> Claim:
    filters = {"services": None, "countries": None, "mccs": None, **scope}
    return Claim(
        account_sid=account, start=start, end=end, sql=SAMPLE_SQL, sql_as_run=SAMPLE_SQL, as_of=AS_OF, **filters
    )


CLAIMS = {
    "the sample account": claim_of(SAMPLE_ACCOUNT_SID),
    "one country": claim_of(SAMPLE_ACCOUNT_SID, countries=("NG",)),
    "one service and two codes": claim_of(SAMPLE_ACCOUNT_SID, services=SERVICES[:1], mccs=("410", "510")),
    "a day": claim_of(SAMPLE_ACCOUNT_SID, date(2025, 8, 5), date(2025, 8, 6)),
    "the parent": claim_of(PARENT_ACCOUNT_SID),
    "another account": claim_of(OTHER_ACCOUNT_SID),
    "nobody": claim_of("AC" + "9" * 32),
    "a quote": claim_of(SAMPLE_ACCOUNT_SID, countries=("N'G) OR (1=1",)),
    "the odd account": claim_of(odd_account.ACCOUNT, date(2025, 8, 1), date(2025, 9, 1)),
    "the odd account's edges": claim_of(odd_account.ACCOUNT, date(2025, 8, 20), date(2025, 8, 21)),
    "an orphan": claim_of(odd_account.ORPHAN, date(2025, 8, 1), date(2025, 9, 1)),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_every_query_of_a_claim_has_the_same_columns_types_and_rows(both: Any, name: str) -> None:
    real_answers, embedded = both(render(CLAIMS[name]))

    for query in real_answers:
        assert shown(embedded[query]) == shown(real_answers[query]), query


def test_the_odd_account_has_rows_that_are_odd(both: Any) -> None:
    """Or the comparison would say little."""
    answers, _ = both(render(CLAIMS["the odd account"]))
    usage = answers["usage"].rows
    assert {row["attempts"] for row in usage} >= {9007199254740995, None}
    assert {row["amount"] for row in usage} >= {"100000000000000.0000", None}
    assert {row["service_sid"] for row in usage} == {odd_account.SERVICE, None}
    assert {row["valid_to"] for row in answers["fraud_guard_settings"].rows} >= {"2025-08-20 12:34:56.789", None}
    assert [row["unit_cost"] for row in answers["provider_costs"].rows if row["mcc"] is None] == ["123456789012.123456"]


LOOKER = {
    "as Looker writes it": SAMPLE_SQL,
    "by month, as text": f"SELECT DATE_FORMAT(usage_date, '%Y-%m') AS month, {TOTALS} {USAGE} GROUP BY 1 ORDER BY 1",
    "by month, as date": f"SELECT DATE_TRUNC('month', usage_date) AS month, {TOTALS} {USAGE} GROUP BY 1 ORDER BY 1",
    "by week": f"SELECT DATE_TRUNC('week', CAST(usage_date AS TIMESTAMP)) AS w, {TOTALS} {USAGE} GROUP BY 1 ORDER BY 1",
    "a share in whole numbers": f"SELECT country_iso, SUM(attempts) / 7 AS share, {TOTALS} {USAGE} GROUP BY 1",
    "a price in decimals": f"SELECT mcc, SUM(amount) / SUM(attempts) AS price, {TOTALS} {USAGE} GROUP BY mcc",
    "a price times 1.0": f"SELECT mcc, 1.0 * SUM(amount) / NULLIF(SUM(attempts), 0) AS p, {TOTALS} {USAGE} GROUP BY 1",
    "a price as double": f"SELECT mcc, CAST(SUM(amount) AS DOUBLE) / SUM(attempts) AS p, {TOTALS} {USAGE} GROUP BY 1",
    "averages": f"SELECT AVG(amount) AS a, AVG(attempts) AS b, MIN(mcc) AS c, MAX(usage_date) AS d, {TOTALS} {USAGE}",
    "text put together": f"SELECT country_iso || '-' || mcc AS place, {TOTALS} {USAGE} GROUP BY 1",
    "cases": f"SELECT CASE WHEN attempts > 130 THEN 'many' ELSE 'few' END AS size, {TOTALS} {USAGE} GROUP BY 1",
    "a name of a column of no name": f"SELECT COUNT(*), COUNT(DISTINCT mcc), {TOTALS} {USAGE}",
    "a CTE": f"WITH u AS (SELECT mcc, attempts, amount {USAGE}) SELECT mcc, {TOTALS} FROM u GROUP BY mcc ORDER BY mcc",
    "a subquery": f"SELECT {TOTALS} FROM (SELECT attempts, amount {USAGE}) AS u",
    "between": f"SELECT {TOTALS} {USAGE} AND usage_date BETWEEN DATE '2025-07-05' AND DATE '2025-07-06'",
    "timestamps": f"SELECT {TOTALS} {USAGE} AND usage_date >= TIMESTAMP '2025-08-01 12:00:00'",
    "relative days": f"SELECT {TOTALS} {USAGE} AND usage_date >= DATE_ADD('day', -150, CURRENT_DATE)",
    "a relative month": f"SELECT {TOTALS} {USAGE} AND usage_date < DATE_ADD('month', -4, DATE_TRUNC('month', NOW()))",
    "a join": "SELECT m.country_name, SUM(u.attempts) AS attempts, SUM(u.amount) AS amount "
    "FROM authy.verification_usage u JOIN verify.mcc_codes m ON u.mcc = m.mcc AND u.country_iso = m.country_iso "
    f"WHERE u.account_sid = '{SAMPLE_ACCOUNT_SID}' AND u.is_fraud = true AND u.usage_date >= DATE '2025-07-01' "
    "AND u.usage_date < DATE '2025-10-01' GROUP BY 1",
}


@pytest.mark.parametrize("name", LOOKER)
def test_a_looker_query_has_the_same_columns_types_and_rows(both: Any, name: str) -> None:
    claim = read_claim(LOOKER[name], as_of=AS_OF, session=Session("hive", "authy"))

    real_answers, embedded = both({"looker": claim.sql_as_run})

    assert real_answers["looker"].rows
    assert shown(embedded["looker"]) == shown(real_answers["looker"])


def test_an_answer_of_many_pages_is_read_to_its_end_on_both(both: Any) -> None:
    sql = "SELECT u.usage_date, c.unit_cost FROM authy.verification_usage u CROSS JOIN verify.provider_costs c"
    real_answers, embedded = both({"many": sql})
    assert len(real_answers["many"].rows) > 10_000
    assert shown(embedded["many"]) == shown(real_answers["many"])


def test_the_session_is_in_utc_wherever_the_server_is(real_box: Sandbox) -> None:
    """The server's own zone is America/Los_Angeles."""
    sql = "SELECT CURRENT_TIMEZONE() AS zone, CAST(TIMESTAMP '2025-07-01 00:00:00 UTC' AS DATE) AS day"
    assert Real(real_box).warehouse().run_all({"now": sql})["now"].rows == [{"zone": "UTC", "day": "2025-07-01"}]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("TIMESTAMP '2025-07-01 00:00:00' AT TIME ZONE 'America/New_York'", "AT TIME ZONE"),
        ("FROM_UNIXTIME(1751328000)", "FROM_UNIXTIME"),
        ("DATE_ADD('day', LENGTH('abc'), DATE '2025-07-01')", "LENGTH"),
    ],
)
def test_a_date_that_only_presto_could_tell_is_refused_before_it_is_asked(
    real_box: Sandbox, expression: str, words: str
) -> None:
    """Though it could: what the code cannot read, it cannot hold the answer against."""
    [answer] = Real(real_box).warehouse().run_all({"t": f"SELECT {expression} AS t"})["t"].rows
    assert answer["t"]
    with pytest.raises(ClaimError, match=words):
        read_claim(SAMPLE_SQL.replace("DATE '2025-07-01'", expression), as_of=AS_OF)


MOMENTS = (
    "CURRENT_DATE",
    "NOW()",
    "CURRENT_DATE - INTERVAL '30' DAY",
    "NOW() - INTERVAL '1' YEAR",
    "DATE_ADD('month', -1, CURRENT_DATE)",
    "DATE_ADD('month', -1, DATE '2025-03-31')",
    "DATE_ADD('year', -1, DATE '2024-02-29')",
    "DATE_ADD('quarter', -1, DATE '2025-05-31')",
    "DATE_ADD('week', -2, CURRENT_DATE)",
    "DATE_ADD('hour', 25, TIMESTAMP '2025-07-01 23:30:00')",
    "DATE_TRUNC('week', DATE '2025-07-06')",
    "DATE_TRUNC('quarter', DATE '2025-08-15')",
    "DATE_TRUNC('hour', TIMESTAMP '2025-07-01 12:34:56')",
    "DATE_TRUNC('year', NOW())",
    "DATE_ADD('day', -1, DATE_TRUNC('month', NOW()))",
    "LAST_DAY_OF_MONTH(DATE '2024-02-10')",
    "FROM_ISO8601_DATE('2025-07-01')",
    "DATE('2025-07-01')",
    "CAST(TIMESTAMP '2025-07-01 12:00:00' AS DATE)",
    "CAST('2025-07-01 06:00:00' AS TIMESTAMP)",
    "DATE_PARSE('2025-07-01 01:02:03', '%Y-%m-%d %H:%i:%s')",
    "DATE_PARSE('01/07/2025', '%d/%m/%Y')",
)


@pytest.mark.parametrize("expression", MOMENTS)
def test_a_date_expression_begins_the_window_on_the_day_that_presto_computes(
    real_box: Sandbox, expression: str
) -> None:
    sql = SAMPLE_SQL.replace("DATE '2025-07-01'", expression).replace("DATE '2025-10-01'", "DATE '2026-03-01'")
    claim = read_claim(sql, as_of=AS_OF)
    as_run = claim.sql_as_run.split("usage_date >= ")[1].split(" AND ")[0]

    query = {"t": f"SELECT CAST({as_run} AS TIMESTAMP) AS t"}
    [answer] = Real(real_box).warehouse().run_all(query)["t"].rows

    computed = datetime.fromisoformat(str(answer["t"]))
    first_midnight = computed.date() + timedelta(days=computed.time() > time.min)
    assert claim.start == first_midnight


REFUSED = {
    "a table that is not there": "SELECT * FROM authy.no_such_table",
    "a schema that is not there": "SELECT * FROM nosuch.verification_usage",
    "a column that is not there": "SELECT no_such_column FROM authy.verification_usage",
    "a function that is not there": "SELECT no_such_function(1)",
    "no SQL": "SELECT FROM WHERE",
    "two statements": "SELECT 1; SELECT 2",
    "a column that is not grouped": "SELECT attempts FROM authy.verification_usage GROUP BY mcc",
    "a date compared with text": "SELECT attempts FROM authy.verification_usage WHERE usage_date >= '2025-07-01'",
    "text compared with a number": "SELECT attempts FROM authy.verification_usage WHERE mcc = 621",
    "a division by zero": "SELECT SUM(attempts) / 0 AS x FROM authy.verification_usage",
    "a decimal divided by zero": "SELECT SUM(amount) / 0 AS x FROM authy.verification_usage",
    "a number that is none": "SELECT CAST(account_sid AS INTEGER) AS x FROM authy.verification_usage",
    "a date that is none": "SELECT CAST('2025-13-01' AS DATE) AS x",
    "a sum too large": "SELECT SUM(x) AS s FROM (VALUES 9223372036854775807, 1) t(x)",
    "a change": "DELETE FROM authy.verification_usage",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_by_the_same_name(real_box: Sandbox, running: Server, name: str) -> None:
    said = [refusal(warehouse, REFUSED[name]) for warehouse in (Real(real_box).warehouse(), running.warehouse())]

    real, embedded = (re.findall(r"query: ([A-Z_]+)", one) for one in said)
    assert embedded == real != [], said


def test_every_error_that_the_code_knows_by_name_is_one_of_prestos() -> None:
    """By the names in the enumeration of the server's own jar."""
    [jar] = (ROOT / "build" / "presto" / "lib").glob("presto-spi-*.jar")
    names = zipfile.ZipFile(jar).read("com/facebook/presto/spi/StandardErrorCode.class")
    assert b"GENERIC_INTERNAL_ERROR" in names
    assert [name for name in {*RETRIED, *TIMED_OUT, *CODES} if name.encode() not in names] == []


def test_the_whole_notebook_gives_the_sample_account_its_credit_on_both(
    real: Real, sandbox: Sandbox, tmp_path: Path
) -> None:
    results = []
    for name, box in (("real", real.box), ("embedded", sandbox)):
        (tmp_path / name).mkdir()
        job = new_job(box, tmp_path / name)
        assert job.run() == 0, job.log
        results.append(json.loads(job.outputs()["result.json"]))
    first, second = results
    assert f"{first['credit_amount']:.2f}" == "4948.80"
    names = ("attempts", "blocked", "charged", "provider_cost", "credit")
    assert {row["mode"]: tuple(row[name] for name in names) for row in first["output_df"]} == EXPECTED
    for result in results:
        for name in ("execution_id", "timestamp", "provenance"):
            del result[name]
    assert first == second


def shown(result: QueryResult) -> tuple[Any, list[str]]:
    """Columns with their types, and the rows in an order of their own: none was asked for."""
    columns = [(name, kind.split("(")[0] if kind.startswith("varchar") else kind) for name, kind in result.columns]
    return columns, sorted(json.dumps(row, ensure_ascii=False) for row in result.rows)


def refusal(warehouse: Any, sql: str) -> str:
    with pytest.raises(QueryFailed) as raised:
        warehouse.run_all({"looker": sql})
    return str(raised.value)
