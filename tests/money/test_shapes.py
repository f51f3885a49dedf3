"""The shapes that Looker writes are read as what their authors ask; a refusal quotes what the author wrote."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

import pytest
from verify_credit.claim import Claim
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import Session, read_claim
from verify_credit.totals import Totals, control_totals

from tests.money import names, test_claim, test_windows
from tests.money.ledger import ACCOUNT, AS_OF
from tests.money.shapes import ACCEPTED, CELLS, COMMENT, DAILY, DERIVED, FROM, REFUSED, TOTAL, looker, pivoted

SESSION = Session("hive", "authy")


def read(sql: str) -> Claim:
    return read_claim(sql, as_of=AS_OF, session=SESSION)


@pytest.mark.parametrize("shape", ACCEPTED)
def test_a_shape_of_lookers_is_read(shape: str) -> None:
    sql, limit, flags = ACCEPTED[shape]
    claim = read(sql)
    assert (claim.account_sid, claim.start, claim.end) == (ACCOUNT, date(2025, 7, 1), date(2025, 10, 1))
    assert (claim.countries, claim.mccs, claim.services) == (None, None, None)
    assert (claim.limit, tuple(flag.code for flag in claim.flags)) == (limit, flags)
    assert claim.sql == sql


@pytest.mark.parametrize("shape", REFUSED)
def test_a_shape_that_is_more_than_a_claim_is_refused_by_name(shape: str) -> None:
    sql, words = REFUSED[shape]
    with pytest.raises(ClaimError, match=re.escape(words)) as raised:
        read(sql)
    assert raised.value.advice
    assert len(str(raised.value)) < 400


def as_run(sql: str) -> str:
    return sql.replace("authy.", '"hive".authy.')


def test_what_runs_is_the_query_before_lookers_totals() -> None:
    assert read(f"{DAILY};\n\n{COMMENT}\n{TOTAL}").sql_as_run == as_run(DAILY)


def test_what_runs_of_a_pivot_is_the_query_inside_which_no_limit_of_the_pivot_cuts() -> None:
    assert read(pivoted()).sql_as_run == as_run(CELLS)
    with_cte = DERIVED + pivoted(CELLS.replace(FROM, "FROM u"))
    assert read(with_cte).sql_as_run == (DERIVED + CELLS.replace(FROM, "FROM u")).replace('"authy"', '"hive"."authy"')


def test_a_limit_inside_of_a_pivot_is_the_querys_own() -> None:
    assert read(pivoted(f"{CELLS}\nLIMIT 500")).limit == 500


def test_relative_dates_are_replaced_inside_of_a_pivot() -> None:
    claim = read(pivoted(f"{CELLS}").replace("TIMESTAMP '2025-10-01'", "NOW()"))
    assert claim.sql_as_run == as_run(CELLS).replace("TIMESTAMP '2025-10-01'", "TIMESTAMP '2026-01-15 00:00:00'")
    assert [flag.code for flag in claim.flags] == ["pivoted", "relative_dates"]


@pytest.mark.parametrize(
    ("amount", "attempts"),
    [
        ("sum_of_amount", "sum_of_attempts"),
        ("u.sum_of_amount", "u.sum_of_attempts"),
        ("sum_of_amount_usd", "verification_attempts"),
        ("Sum_of_Amount", "u.total_attempts"),
    ],
)
def test_control_totals_are_found_by_the_names_of_custom_measures(amount: str, attempts: str) -> None:
    rows = [{"u.country_iso": "NG", amount: "1.25", attempts: 3}, {"u.country_iso": "PK", amount: "2.5", attempts: 4}]
    assert control_totals(read(pivoted()), rows) == Totals(Fraction("3.75"), 7)


def test_a_sum_and_a_custom_measure_of_the_same_are_no_doubt_the_named_one_counts() -> None:
    rows = [{"total_amount": "1", "sum_of_amount": "2", "attempts": 3}]
    assert control_totals(read(DAILY), rows).amount == 1


# A refusal quotes its author

QUOTING = [
    r"The SQL filters by (.+), which a claim cannot hold\.",
    r"The SQL joins on (.+), which a claim cannot hold\.",
    r"The date expression (.+) cannot be read\.",
    r"The date '(.+)' (?:cannot be read|has a time zone)\.",
    r"The SQL has the text '(.+)' for a date, which Presto refuses\.",
    r"The SQL calls (.+)\(…\) in line \d+ without a unit in quotes\.",
    r"The SQL is ([A-Z]+), not one SELECT\.",
    r"The SQL reads (.+), which is \S+ to Presto: not allowed\.",
    r"The SQL reads (.+): not allowed\.",
    r"The SQL reads (.+), not a plain table\.",
    r"The SQL reads from (.+)\.",
    r"The SQL names a table (.+): only English letters are sure to be read alike\.",
    r"A CTE of the SQL has a table's name: (.+)\.",
    r"The SQL renames columns in (.+) \(…\), line \d+\.",
    r"The SQL renames columns in (.+)\.",
    r"The SQL has a WITH inside: (.+)\.",
    r"The SQL has a SELECT outside of FROM: (.+)\.",
    r"The SQL has '(.+)' in line \d+, outside of quotes\.",
    r"The SQL has (\w+ JOIN), which a claim cannot hold\.",
    r"The SQL has (\w+) in line \d+, which a claim cannot hold\.",
    r"The SQL has (.+), which a claim cannot hold\.",
    r"The SQL has (.+): a clause after a SELECT in parentheses\.",
    r"The SQL calls (.+)\(…\) in line \d+, which is not an allowed function\.",
    r"The SQL cannot be read at (.+) in line \d+\.",
    r"The SQL ends in (.+): not LIMIT and a whole number\.",
    r"The query is pivoted \((\S+) in line \d+\), and not in a form of Looker's that is known\.",
    r"The SQL's filters on (\w+) leave nothing\.",
    r"'(.+)' is not an account SID\.",
]
PLAIN = [
    r"The SQL has \d+ statements; it must be one SELECT\.",
    r"The SQL reads \S+ (?:nowhere|twice or more): it must read it once\.",
    r"The SQL names no account\.",
    r"A SELECT in the SQL reads from no table\.",
    r"The SQL is about AC.+: a claim is about one account\.",
    r"The SQL has no is_fraud = true: honest traffic would be credited\.",
    r"The SQL's window is (?:open|empty|as good as open): .+",
    r"The SQL's window of \S+ to \S+ leaves out .+, by its OR or IN\.",
    r"No day is \S+ \S+\.",
    r"The date -?\d+ [A-Z]+ from \S+ is out of range\.",
    r"A SELECT inside the SQL has a LIMIT: rows would be missing\.",
    r"The SQL cannot be read: (?:what opens in line \d+ is never closed|it nests or chains too much)\.",
    r"The SQL nests \d+ deep in line \d+; 32 is the most\.",
    r"The SQL has [\d,]+ characters; [\d,]+ is the most\.",
    r"The SQL reads one of its CTEs twice\.",
    r"Two CTEs of the SQL have one name\.",
    r"The SQL has a FROM without a SELECT\.",
    r"The SQL has a clause outside of its parentheses\.",
    r"The SQL has (?:OFFSET|WINDOW|FOR UPDATE|HAVING|RECURSIVE), which a claim cannot hold\.",
    r"The SQL has \d+ of Looker's comments on totals; 3 is the most that Looker writes\.",
    r"The SQL has Looker's comment on totals in line \d+, and not one query behind it\.",
]
"""All that the room refuses with: what is quoted of the author in parentheses, and sentences that quote nothing."""

TO_QUOTE = {
    "a function that sqlglot would write anew": (
        looker(also=" AND date_format(u.usage_date , '%y') = '25'"),
        "date_format(u.usage_date , '%y') = '25'",
    ),
    "a type that it would write as a CAST": (
        looker(also=" AND u.created < date '2025-07-01'"),
        "u.created < date '2025-07-01'",
    ),
    "NOW(), not its literal": (looker(also=" AND u.created < Now( )"), "u.created < Now( )"),
    "what stands behind a NOW()": (
        looker(also=" AND u.usage_date < NOW() AND (carrier = 'x')"),
        "carrier = 'x'",
    ),
    "a filter in a pivot behind a NOW()": (
        pivoted(looker(also=" AND u.usage_date < NOW() AND u.carrier  ='x'")),
        "u.carrier ='x'",
    ),
    "a filter before totals": (
        f"{looker(also=' AND u.carrier IS NOT NULL')}\n\n{COMMENT}\n{TOTAL}",
        "u.carrier IS NOT NULL",
    ),
    "a list": (looker(also=" AND NOT u.mcc IN ('1', '2')"), "NOT u.mcc IN ('1', '2')"),
    "a CASE": (looker(also=" AND (case when is_fraud then 1 end) = 1"), "(case when is_fraud then 1 end) = 1"),
    "a window": (looker(also=" AND rank( ) over (order by mcc) < 3"), "rank( ) over (order by mcc) < 3"),
    "an interval": (looker(also=" AND u.created - interval '1' day < u.x"), "u.created - interval '1' day < u.x"),
    "one of many": (looker(also=" AND a = 1 AND (b = 2 or c in (3)) AND d = 4"), "a = 1"),
    "an OR": (looker(also=" AND (mcc = '2' or (country_iso) in ('3'))"), "mcc = '2' or (country_iso) in ('3')"),
    "a BETWEEN": (looker(also=" AND u.n between +1 and(2)"), "u.n between +1 and(2)"),
    "a time zone": (
        looker(also=" AND u.usage_date < now() at time zone 'UTC'"),
        "now() at time zone 'UTC'",
    ),
    "an unknown date": (
        looker(also=" AND u.usage_date < date_parse(mcc,'%Y')"),
        "date_parse(mcc,'%Y')",
    ),
    "a NOW() where none may stand": (looker(also=" AND NOW( ) NOW( )"), "NOW( )"),
    "a query in parentheses": (f"({looker(also=' AND u.carrier  = 1')})", "u.carrier = 1"),
    "a second WHERE": (f"{DAILY.replace('GROUP BY', 'WHERE')}", "WHERE"),
    "a subquery": (
        looker(also=" AND mcc in (select max(mcc)from verify.mcc_codes)"),
        "select max(mcc)from verify.mcc_codes",
    ),
}


def quoted(error: ClaimError) -> list[str]:
    """What the error quotes of the SQL."""
    said = error.message
    for sentence in PLAIN:
        if re.fullmatch(sentence, said):
            return []
    found = [match for sentence in QUOTING if (match := re.fullmatch(sentence, said))]
    assert found, f"no known sentence: {said}"
    return [found[0][1]]


REFUSALS = {
    **{f"claim: {case[0]}": case[1] for case in test_claim.REFUSED},
    **{f"names: {form}": case[0] for form, case in names.REFUSED.items()},
    **{f"windows: {case[0]}": test_windows.HEAD + case[1] for case in test_windows.REFUSED},
    **{f"shapes: {shape}": case[0] for shape, case in REFUSED.items()},
    **{f"quotes: {form}": case[0] for form, case in TO_QUOTE.items()},
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_quotes_what_stands_in_the_authors_text_and_advises_nothing_that_its_author_did(case: str) -> None:
    sql = REFUSALS[case]
    with pytest.raises(ClaimError) as raised:
        read(sql)
    for quote in quoted(raised.value):
        assert len(quote) <= 200
        assert quote.removesuffix("…") in " ".join(sql.split())
    for done in ("own date filters", "Run it in Looker", "Post the link of a Looker query"):
        assert done not in raised.value.advice


@pytest.mark.parametrize("form", TO_QUOTE)
def test_a_refusal_quotes_the_whole_part_and_no_more(form: str) -> None:
    sql, expected = TO_QUOTE[form]
    with pytest.raises(ClaimError) as raised:
        read(sql)
    assert quoted(raised.value) == [expected]


@pytest.mark.parametrize(
    ("filter_", "advice"),
    [
        ("carrier = 'x'", "Leave it out"),
        ("is_fraud = false", "Write is_fraud = true."),
        ("usage_date <> DATE '2025-07-01'", "Compare usage_date itself with days"),
        ("mcc = 621", "Compare mcc itself with texts"),
        ("country_iso <> 'NG'", "Compare country_iso itself with texts, by = or IN, and keep none out."),
        ("mcc = '621' OR country_iso = 'NG'", "Filter by each column on its own"),
    ],
)
def test_the_advice_is_about_the_filter_that_is_refused(filter_: str, advice: str) -> None:
    with pytest.raises(ClaimError) as raised:
        read(looker(also=f" AND ({filter_})"))
    assert raised.value.advice.startswith(advice)
