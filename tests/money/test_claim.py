"""What the Looker SQL is read as, and what it is refused for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from verify_credit.claim import Claim
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import Session, read_claim

from tests.money.ledger import ACCOUNT, AS_OF

HEAD = f"SELECT usage_date FROM authy.verification_usage AS u WHERE u.account_sid = '{ACCOUNT}' AND is_fraud = true"
WINDOW = "usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-08-01'"


SESSION = Session("hive", "authy")


def read(sql: str, **options: Any) -> Claim:
    return read_claim(sql, as_of=AS_OF, session=SESSION, **options)


WINDOWS = [
    ("usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-10-01'", "2025-07-01", "2025-09-30"),
    ("usage_date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30'", "2025-07-01", "2025-09-30"),
    ("usage_date > DATE '2025-06-30' AND usage_date <= DATE '2025-09-30'", "2025-07-01", "2025-09-30"),
    ("DATE '2025-07-01' <= usage_date AND DATE '2025-10-01' > usage_date", "2025-07-01", "2025-09-30"),
    ("usage_date = DATE '2025-07-04'", "2025-07-04", "2025-07-04"),
    (
        "usage_date >= TIMESTAMP '2025-07-01 00:00:00' AND usage_date < TIMESTAMP '2025-07-02 00:00:00'",
        "2025-07-01",
        "2025-07-01",
    ),
    ("usage_date >= TIMESTAMP '2025-07-01 10:00:00' AND usage_date < DATE '2025-07-05'", "2025-07-02", "2025-07-04"),
    ("usage_date > TIMESTAMP '2025-07-01 10:00:00' AND usage_date < DATE '2025-07-05'", "2025-07-02", "2025-07-04"),
    ("usage_date >= DATE '2025-07-01' AND usage_date < TIMESTAMP '2025-07-05 00:00:01'", "2025-07-01", "2025-07-05"),
    ("usage_date >= DATE '2025-07-01' AND usage_date <= TIMESTAMP '2025-07-05 23:59:59'", "2025-07-01", "2025-07-05"),
    (
        "usage_date >= CAST('2025-07-01' AS DATE) AND usage_date < date_parse('2025-08-01', '%Y-%m-%d')",
        "2025-07-01",
        "2025-07-31",
    ),
    (
        "CAST(usage_date AS TIMESTAMP) >= DATE '2025-07-01' AND DATE(usage_date) < DATE '2025-08-01'",
        "2025-07-01",
        "2025-07-31",
    ),
    (
        "usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-10-01' AND usage_date < DATE '2025-09-01'",
        "2025-07-01",
        "2025-08-31",
    ),
    ("usage_date >= CURRENT_DATE - INTERVAL '30' DAY AND usage_date < CURRENT_DATE", "2025-12-16", "2026-01-14"),
    (
        "usage_date >= DATE '2025-07-01' AND usage_date <= LAST_DAY_OF_MONTH(TIMESTAMP '2025-07-10 11:00:00')",
        "2025-07-01",
        "2025-07-31",
    ),
    (
        "usage_date >= DATE_ADD('day', CAST('-30' AS INTEGER), CURRENT_DATE) "
        "AND usage_date < DATE_ADD('day', CAST(7 - 7 AS BIGINT), CURRENT_DATE)",
        "2025-12-16",
        "2026-01-14",
    ),
    ("usage_date >= CURRENT_DATE - (INTERVAL '30' DAY) AND usage_date < CURRENT_DATE", "2025-12-16", "2026-01-14"),
    ("usage_date >= CURRENT_DATE - 2 * INTERVAL '15' DAY AND usage_date < CURRENT_DATE", "2025-12-16", "2026-01-14"),
    ("usage_date >= CURRENT_DATE + INTERVAL '-15' DAY * 2 AND usage_date < CURRENT_DATE", "2025-12-16", "2026-01-14"),
    ("usage_date >= CURRENT_DATE - INTERVAL - '-30' DAY AND usage_date < CURRENT_DATE", "2025-12-16", "2026-01-14"),
    (
        "usage_date >= DATE_ADD('day', -29, CAST(CAST(DATE_TRUNC('DAY', NOW()) AS DATE) AS TIMESTAMP)) "
        "AND usage_date < DATE_ADD('day', 30, DATE_ADD('day', -29, CAST(CAST(DATE_TRUNC('DAY', NOW()) AS DATE) AS TIMESTAMP)))",
        "2025-12-17",
        "2026-01-15",
    ),
    (
        "usage_date >= DATE_TRUNC('month', DATE_ADD('month', -1, NOW())) AND usage_date < DATE_TRUNC('month', NOW())",
        "2025-12-01",
        "2025-12-31",
    ),
    (
        "usage_date >= DATE_TRUNC('quarter', CURRENT_TIMESTAMP(3)) AND usage_date < LOCALTIMESTAMP",
        "2026-01-01",
        "2026-01-14",
    ),
]


@pytest.mark.parametrize(("window", "first", "last"), WINDOWS)
def test_the_window_is_the_days_whose_midnight_fits(window: str, first: str, last: str) -> None:
    claim = read(f"{HEAD} AND {window}")
    assert (claim.fraud_start.isoformat(), claim.fraud_end.isoformat()) == (first, last)


def test_relative_dates_are_flagged_and_replaced_and_the_rest_of_the_text_kept() -> None:
    sql = f"{HEAD} AND usage_date >= DATE '2025-07-01' AND usage_date < now() -- 'NOW()' \"now\"\n;"
    claim = read(sql)
    assert claim.sql == sql
    dated = sql.replace("now() --", "TIMESTAMP '2026-01-15 00:00:00' --").rstrip("\n;").strip()
    assert claim.sql_as_run == dated.replace("authy.", '"hive".authy.')
    assert [flag.code for flag in claim.flags] == ["relative_dates"]


def test_a_bound_with_a_time_of_day_is_flagged() -> None:
    claim = read(f"{HEAD} AND usage_date >= TIMESTAMP '2025-07-01 10:00:00' AND usage_date < DATE '2025-07-05'")
    assert [flag.code for flag in claim.flags] == ["time_of_day"]


ACCEPTED = [
    (
        "a CTE",
        f"WITH v AS (SELECT * FROM authy.verification_usage WHERE is_fraud) SELECT * FROM v WHERE account_sid = '{ACCOUNT}' AND {WINDOW}",
    ),
    (
        "a subquery",
        f"SELECT x.d FROM (SELECT usage_date AS d, account_sid, is_fraud FROM authy.verification_usage) x "
        f"WHERE x.account_sid = '{ACCOUNT}' AND x.is_fraud = true AND x.d >= DATE '2025-07-01' AND x.d < DATE '2025-08-01'",
    ),
    (
        "a star, and a column by another name behind it",
        f"SELECT x.* FROM (SELECT *, usage_date AS d FROM authy.verification_usage) x "
        f"WHERE account_sid = '{ACCOUNT}' AND is_fraud AND x.d >= DATE '2025-07-01' AND d < DATE '2025-08-01'",
    ),
    (
        "a join on equal columns",
        f"SELECT m.country_name FROM hive.authy.verification_usage u LEFT JOIN verify.mcc_codes m ON u.mcc = m.mcc "
        f"WHERE u.account_sid = '{ACCOUNT}' AND u.is_fraud IS TRUE AND {WINDOW}",
    ),
    ("comments and a semicolon", f"/* a */ {HEAD} AND {WINDOW} -- b\n;"),
    ("another case", f"{HEAD} AND {WINDOW}".replace("authy.verification_usage", "AUTHY.Verification_Usage")),
    ("what is always true", f"{HEAD} AND {WINDOW} AND 1 = 1 AND TRUE"),
    ("parentheses", f"{HEAD} AND ((({WINDOW})))"),
    ("a literal first", f"{HEAD} AND {WINDOW} AND true = is_fraud"),
    (
        "Looker's own parentheses",
        'SELECT (DATE_FORMAT(u.usage_date ,\'%Y-%m\')) AS "u.month", COALESCE(SUM(u.amount ), 0) AS "u.total_amount"\n'
        "FROM authy.verification_usage  AS u\n"
        f"WHERE (u.account_sid ) = '{ACCOUNT}' AND (u.is_fraud ) AND ((( u.usage_date ) >= ((TIMESTAMP '2025-07-01')) "
        "AND ( u.usage_date ) < ((TIMESTAMP '2025-08-01'))))\nGROUP BY\n    1\nORDER BY\n    1\nLIMIT 500",
    ),
]


@pytest.mark.parametrize("sql", [case[1] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
def test_a_claim_is_read_through(sql: str) -> None:
    claim = read(sql)
    assert (claim.account_sid, claim.start, claim.end) == (ACCOUNT, date(2025, 7, 1), date(2025, 8, 1))


def test_filters_are_read() -> None:
    claim = read(
        f"{HEAD} AND {WINDOW} AND country_iso IN ('PK', 'NG') AND (mcc = '621' OR mcc = '410') AND service_sid = 'VA1'"
    )
    assert (claim.countries, claim.mccs, claim.services) == (("NG", "PK"), ("410", "621"), ("VA1",))


def test_filters_are_read_through_lookers_parentheses() -> None:
    claim = read(f"{HEAD} AND {WINDOW} AND (country_iso ) IN ('PK', ('NG')) AND ((mcc ) = '621' OR ('410') = (mcc))")
    assert (claim.countries, claim.mccs) == (("NG", "PK"), ("410", "621"))


def test_a_window_that_was_not_over_on_the_day_of_the_run_is_flagged() -> None:
    until = "usage_date >= DATE '2026-01-01' AND usage_date <= DATE '{}'"
    assert read(f"{HEAD} AND {until.format('2026-01-14')}").flags == ()
    [flag] = read(f"{HEAD} AND {until.format('2026-01-15')}").flags
    assert flag.code == "window_not_over"
    assert "2026-01-15" in flag.text


def test_two_filters_of_one_column_leave_what_both_do() -> None:
    assert read(f"{HEAD} AND {WINDOW} AND mcc IN ('1', '2') AND mcc IN ('2', '3')").mccs == ("2",)


def test_the_limit_is_read() -> None:
    assert read(f"{HEAD} AND {WINDOW} LIMIT 500").limit == 500
    assert read(f"{HEAD} AND {WINDOW} fetch first 500 rows only").limit == 500
    assert read(f"{HEAD} AND {WINDOW}").limit is None


REFUSED = [
    ("nothing", "", "0 statements"),
    ("two statements", f"{HEAD} AND {WINDOW}; DROP TABLE x", "2 statements"),
    ("an INSERT", f"INSERT INTO authy.verification_usage {HEAD}", "INSERT"),
    ("a DELETE", "DELETE FROM authy.verification_usage", "DELETE"),
    ("a CREATE TABLE AS", f"CREATE TABLE x AS {HEAD} AND {WINDOW}", "CREATE"),
    ("a UNION", f"{HEAD} AND {WINDOW} UNION ALL {HEAD} AND {WINDOW}", "UNION"),
    ("a UNION in a CTE", f"WITH v AS ({HEAD} UNION ALL {HEAD}) SELECT * FROM v", "UNION"),
    ("another table", "SELECT * FROM finance.invoices", "finance.invoices"),
    ("another catalog", f"{HEAD} AND {WINDOW}".replace("authy.", "other.authy."), "other.authy.verification_usage"),
    ("another table in a subquery", f"{HEAD} AND {WINDOW} AND mcc IN (SELECT mcc FROM finance.codes)", "finance.codes"),
    (
        "the table twice",
        "SELECT * FROM authy.verification_usage a JOIN authy.verification_usage b ON a.mcc = b.mcc",
        "twice",
    ),
    ("no usage", "SELECT * FROM verify.mrr", "nowhere"),
    ("no account", f"SELECT 1 FROM authy.verification_usage WHERE is_fraud = true AND {WINDOW}", "no account"),
    (
        "two accounts",
        f"{HEAD} AND {WINDOW}".replace(f"= '{ACCOUNT}'", f"IN ('{ACCOUNT}', 'AC{'1' * 32}')"),
        "one account",
    ),
    ("what is no account", f"{HEAD} AND {WINDOW}".replace(ACCOUNT, "all"), "not an account SID"),
    ("no fraud filter", f"{HEAD} AND {WINDOW}".replace(" AND is_fraud = true", ""), "is_fraud"),
    ("the opposite fraud filter", f"{HEAD} AND {WINDOW}".replace("= true", "= false"), "is_fraud = false"),
    ("no first day", f"{HEAD} AND usage_date < DATE '2025-08-01'", "no first day"),
    ("no last day", f"{HEAD} AND usage_date >= DATE '2025-08-01'", "no last day"),
    ("an empty window", f"{HEAD} AND usage_date > DATE '2025-08-01' AND usage_date < DATE '2025-08-02'", "empty"),
    ("an unknown predicate", f"{HEAD} AND {WINDOW} AND attempts > 5", "attempts > 5"),
    ("an unknown column", f"{HEAD} AND {WINDOW} AND carrier = 'x'", "carrier = 'x'"),
    ("a NOT", f"{HEAD} AND {WINDOW} AND NOT mcc = '621'", "NOT mcc"),
    ("an inequality", f"{HEAD} AND {WINDOW} AND country_iso <> 'NG'", "country_iso <> 'NG'"),
    ("an OR that leaves gaps", f"{HEAD} AND ({WINDOW} OR usage_date = DATE '2025-12-24')", "OR"),
    ("an OR over two columns", f"{HEAD} AND {WINDOW} AND (mcc = '621' OR country_iso = 'NG')", "OR"),
    ("an OR over everything", f"{HEAD} AND {WINDOW} OR 1 = 1", "OR"),
    ("a LIKE", f"{HEAD} AND {WINDOW} AND mcc LIKE '6%'", "LIKE"),
    ("NULL in a filter", f"{HEAD} AND {WINDOW} AND mcc IN ('1', NULL)", "NULL"),
    ("filters that exclude each other", f"{HEAD} AND {WINDOW} AND mcc = '1' AND mcc = '2'", "leave nothing"),
    ("HAVING", f"{HEAD} AND {WINDOW} GROUP BY 1 HAVING COUNT(*) > 1", "HAVING"),
    ("OFFSET", f"{HEAD} AND {WINDOW} OFFSET 5", "OFFSET"),
    ("TABLESAMPLE", f"{HEAD} AND {WINDOW}".replace(" AS u", " AS u TABLESAMPLE BERNOULLI (10)"), "TABLESAMPLE"),
    (
        "a filter in a join",
        f"SELECT 1 FROM authy.verification_usage u JOIN verify.mcc_codes m ON u.mcc = m.mcc AND u.country_iso = 'NG' WHERE {WINDOW}",
        "joins on",
    ),
    ("a LIMIT inside", f"SELECT * FROM ({HEAD} AND {WINDOW} LIMIT 5) x", "LIMIT"),
    (
        "a filter on another table",
        f"SELECT 1 FROM authy.verification_usage u JOIN verify.mcc_codes m ON u.mcc = m.mcc WHERE u.account_sid = '{ACCOUNT}' AND u.is_fraud AND {WINDOW} AND m.country_name = 'x'",
        "country_name",
    ),
    (
        "a filter on a sum",
        f"SELECT * FROM (SELECT SUM(attempts) AS n FROM authy.verification_usage WHERE account_sid = '{ACCOUNT}' AND is_fraud AND {WINDOW}) x WHERE n > 5",
        "n > 5",
    ),
    (
        "AT TIME ZONE",
        f"{HEAD} AND usage_date >= TIMESTAMP '2025-07-01 00:00:00' AT TIME ZONE 'America/New_York'",
        "AT TIME ZONE",
    ),
    ("an unknown function", f"{HEAD} AND usage_date >= fiscal_start('2025')", "fiscal_start"),
    ("a date that is none", f"{HEAD} AND usage_date >= DATE '2025-02-30'", "2025-02-30"),
    ("a time zone in a literal", f"{HEAD} AND usage_date >= '2025-07-01T00:00:00+02:00'", "time zone"),
    (
        "a last day that is none",
        f"{HEAD} AND usage_date >= DATE '2025-07-01' AND usage_date <= DATE '9999-12-31'",
        "as good as open",
    ),
    (
        "a day before the last of all",
        f"{HEAD} AND usage_date >= DATE '2025-07-01' AND usage_date < DATE '9999-12-31'",
        "as good as open",
    ),
    (
        "a last day over a year ahead",
        f"{HEAD} AND usage_date >= DATE '2025-07-01' AND usage_date <= DATE '2027-01-17'",
        "2027-01-17",
    ),
    ("an EXPLAIN", f"EXPLAIN {HEAD} AND {WINDOW}", "is EXPLAIN"),
    ("a LIMIT that is no number", f"{HEAD} AND {WINDOW} LIMIT ALL", "LIMIT ALL"),
    ("a FETCH that Presto does not know", f"{HEAD} AND {WINDOW} FETCH NEXT 5 ROWS ONLY", "FETCH NEXT 5 ROWS ONLY"),
    ("a FETCH of no number", f"{HEAD} AND {WINDOW} FETCH FIRST ROW ONLY", "ends in FETCH FIRST ROW ONLY"),
    ("a FETCH of a share", f"{HEAD} AND {WINDOW} FETCH FIRST 5 PERCENT ROWS ONLY", "PERCENT"),
    ("a FETCH with ties", f"{HEAD} AND {WINDOW} FETCH FIRST 5 ROWS WITH TIES", "WITH TIES"),
    ("a FETCH inside", f"SELECT * FROM ({HEAD} AND {WINDOW} FETCH FIRST 5 ROWS ONLY) x", "LIMIT"),
    (
        "columns renamed by a CTE",
        f"WITH v (account_sid, usage_date, is_fraud, country_iso, mcc) AS (SELECT account_sid, usage_date, is_fraud, mcc, country_iso FROM authy.verification_usage) SELECT * FROM v WHERE account_sid = '{ACCOUNT}' AND is_fraud AND {WINDOW}",
        "renames columns",
    ),
    (
        "columns renamed by an alias",
        f"SELECT * FROM authy.verification_usage AS x (account_sid, usage_date, is_fraud, country_iso, mcc) WHERE account_sid = '{ACCOUNT}' AND is_fraud AND {WINDOW}",
        "renames columns",
    ),
    (
        "the table as of another time",
        f"{HEAD} AND {WINDOW}".replace(" AS u", " FOR TIMESTAMP AS OF TIMESTAMP '2025-01-01' AS u"),
        "plain table",
    ),
    ("WITH RECURSIVE", f"WITH RECURSIVE v AS ({HEAD}) SELECT * FROM v", "RECURSIVE"),
    (
        "UNNEST",
        f"SELECT * FROM authy.verification_usage CROSS JOIN UNNEST(ARRAY[1, 2]) AS t (n) WHERE {WINDOW}",
        "UNNEST",
    ),
    ("two signs", f"{HEAD} AND usage_date >= DATE '2025-07-01' - INTERVAL '--1' DAY", "cannot be read"),
    ("half a string", "SELECT 'x", "cannot be read"),
    ("deep nesting", "(" * 4000 + HEAD + ")" * 4000, "nests 4000 deep in line 1"),
    ("too much", HEAD + " " * 500_000, "characters"),
]


@pytest.mark.parametrize(("sql", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_a_claim_is_refused_by_name(sql: str, words: str) -> None:
    with pytest.raises(ClaimError) as raised:
        read(sql)
    assert words in str(raised.value)
    assert raised.value.advice
    assert len(str(raised.value)) < 600


def test_the_account_asked_for_must_be_the_sqls() -> None:
    assert read(f"{HEAD} AND {WINDOW}", asid=ACCOUNT).account_sid == ACCOUNT
    with pytest.raises(ClaimError, match="the request about"):
        read(f"{HEAD} AND {WINDOW}", asid="AC" + "9" * 32)


# Any text, and any filter


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(max_size=300)
    | st.lists(st.sampled_from(f"{HEAD} AND {WINDOW} ( ) OR NOT IN ' UNION ; NOW() *".split())).map(" ".join)
)
def test_any_text_is_a_claim_or_refused(text: str) -> None:
    try:
        assert isinstance(read(text), Claim)
    except ClaimError as error:
        assert str(error)


DATES = [date(2025, 7, 1) + timedelta(days=n) for n in range(6)]
PLACES = [(country, mcc) for country in ("NG", "PK") for mcc in ("621", "410")]
dates = st.sampled_from(DATES).map(lambda day: f"DATE '{day}'")
countries, mccs = st.sampled_from(["'NG'", "'PK'"]), st.sampled_from(["'621'", "'410'"])
atoms = st.one_of(
    st.builds(lambda op, day: f"usage_date {op} {day}", st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), dates),
    st.builds(lambda low, high: f"usage_date BETWEEN {low} AND {high}", dates, dates),
    st.builds(lambda op, value: f"country_iso {op} {value}", st.sampled_from(["=", "<>"]), countries),
    st.builds(lambda a, b: f"mcc IN ({a}, {b})", mccs, mccs),
    st.just("is_fraud = true"),
    st.just("is_fraud"),
    st.just("attempts > 1"),
)
filters = st.recursive(
    atoms,
    lambda inner: (
        st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(["AND", "AND", "AND", "OR"]), inner)
        | st.builds(lambda a: f"NOT ({a})", inner)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA authy")
    connection.execute(
        "CREATE TABLE authy.verification_usage (account_sid VARCHAR, usage_date DATE, is_fraud BOOLEAN, "
        "country_iso VARCHAR, mcc VARCHAR, service_sid VARCHAR, attempts BIGINT, n BIGINT)"
    )
    rows = [
        (account, day, fraud, country, mcc, attempts)
        for account in (ACCOUNT, "AC" + "1" * 32)
        for day in DATES
        for fraud in (True, False)
        for country, mcc in PLACES
        for attempts in (1, 5)
    ]
    for number, (account, day, fraud, country, mcc, attempts) in enumerate(rows):
        connection.execute(
            "INSERT INTO authy.verification_usage VALUES (?, ?, ?, ?, ?, 'VA1', ?, ?)",
            [account, day, fraud, country, mcc, attempts, number],
        )
    return connection


@settings(max_examples=400, deadline=None)
@given(where=st.lists(filters, min_size=1, max_size=3).map(" AND ".join))
def test_an_accepted_claims_scope_is_exactly_what_the_sql_selects(
    warehouse: duckdb.DuckDBPyConnection, where: str
) -> None:
    sql = f"SELECT n FROM authy.verification_usage WHERE account_sid = '{ACCOUNT}' AND {where}"
    try:
        claim = read(sql)
    except ClaimError:
        return
    selected = {
        row[0] for row in warehouse.execute(sqlglot.transpile(sql, read="presto", write="duckdb")[0]).fetchall()
    }
    everything = warehouse.execute("SELECT * FROM authy.verification_usage").fetchall()
    in_scope = {
        n
        for account, day, fraud, country, mcc, service, _, n in everything
        if account == claim.account_sid
        and fraud
        and claim.start <= day < claim.end
        and (claim.countries is None or country in claim.countries)
        and (claim.mccs is None or mcc in claim.mccs)
        and (claim.services is None or service in claim.services)
    }
    assert selected == in_scope
