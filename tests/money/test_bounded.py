"""A SQL made to be slow: refused by name for its depth before it is parsed, or for its CPU time in a process apart."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable

import pytest
from verify_credit.claim import Claim
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import STEPS_IN_PLACE, WORDS_IN_PLACE, TooIntricate, read_claim, reading_process
from verify_credit.looker_sql.lexing import pieces_of
from verify_credit.looker_sql.nesting import MOST_LEVELS, check_nesting

from src.bot.claims import ClaimRefused
from src.config import DEFAULT_ALLOWED_TABLES
from src.errors import TransientError
from src.recheck.claims import make_reader
from tests.conftest import Figure
from tests.money.ledger import ACCOUNT, AS_OF
from tests.money.names import ACCEPTED, ALL, PLAIN, SESSION, showing

LEVELS = (*range(1, 17), 20, 24, 32, 33, 40)
DEEPEST = LEVELS[-1]
SECOND = 1.0
"""What is left to the system: it counts CPU time in whole seconds, and ends a process some time after its limit."""


def nested(before: str, inner: str, after: str) -> Callable[[int], str]:
    """A form of SQL that shows an expression nested so many times."""
    return lambda levels: showing(before * levels + inner + after * levels, "")


FORMS: dict[str, Callable[[int], str]] = {
    "DATE( )": nested("DATE(", "usage_date", ")"),
    "MAP(ARRAY[ ])": nested("MAP(ARRAY[", "1", "])"),
    "CAST( )": nested("CAST(", "mcc", " AS VARCHAR(9))"),
    "CAST(DATE( ))": nested("CAST(DATE(", "usage_date", ") AS TIMESTAMP)"),
    "CASE": nested("CASE WHEN mcc = '1' THEN ", "1", " ELSE 2 END"),
    "parentheses": nested("(", "mcc", ")"),
    "NOT": nested("NOT (", "is_fraud", ")"),
    "COALESCE( )": nested("COALESCE(", "mcc", ", mcc)"),
    "INTERVAL": nested("(INTERVAL '1' DAY + ", "usage_date", ")"),
    "subqueries": lambda levels: "SELECT * FROM (" * levels + ALL + ") x" * levels,
}
SLOW = {
    "DATE( )": FORMS["DATE( )"](MOST_LEVELS),
    "joins without ON": f"SELECT 1 FROM {PLAIN} u {'JOIN verify.mrr m ' * 30}",
}


def read(sql: str) -> Claim:
    return read_claim(sql, as_of=AS_OF, session=SESSION)


def cpu_seconds(sql: str) -> tuple[float, str]:
    """Of this process and those that it waits for; and what came of it."""
    before = spent()
    try:
        read(sql)
        said = "read"
    except ClaimError as error:
        said = str(error)
    return spent() - before, said


def spent() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


@pytest.mark.heavy
@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", FORMS)
def test_parsing_takes_bounded_time_however_deep_a_form_nests(form: str, figure: Figure) -> None:
    took = {levels: cpu_seconds(FORMS[form](levels)) for levels in LEVELS}

    most = max(took, key=lambda levels: took[levels][0])
    figure(
        f"parse CPU, {form} 1 to {DEEPEST} deep: most {took[most][0]:.2f} s at {most} ({took[most][1][:40]}), "
        f"{1000 * took[10][0]:.0f} ms at 10, {1000 * took[DEEPEST][0]:.0f} ms at {DEEPEST}"
    )
    assert took[most][0] < reading_process.CPU_SECONDS + SECOND
    assert took[DEEPEST][1].startswith(("The SQL nests ", "The SQL calls MAP"))


@pytest.mark.parametrize("form", FORMS)
def test_what_nests_too_deep_is_refused_by_name_without_being_parsed(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify_credit.looker_sql.reading.Parser", None)
    with pytest.raises(ClaimError, match=r"nests \d+ deep in line 1; 32 is the most|calls MAP") as raised:
        read(FORMS[form](DEEPEST))
    assert "shorter window" not in raised.value.advice


def test_what_opens_and_closes_side_by_side_does_not_nest() -> None:
    check_nesting(pieces_of("SELECT " + ", ".join(["(CASE WHEN (a) THEN (b) END)"] * 2 * MOST_LEVELS)))


def test_a_long_run_of_digits_with_a_letter_behind_is_one_piece_and_not_looked_at_anew_at_each_digit() -> None:
    digits = f"{'1' * 100_000}a"
    assert [piece.text for piece in pieces_of(f"SELECT {digits}.5")][1:2] == [digits]


def test_the_depth_that_is_told_is_the_deepest_and_its_line() -> None:
    with pytest.raises(ClaimError, match="nests 45 deep in line 3; 32 is the most"):
        read(f"{ALL}\nAND mcc = '1'\nAND {'(' * 45}mcc{')' * 45} = '1'")


@pytest.mark.parametrize("form", SLOW)
def test_a_sql_over_its_cpu_time_is_refused_by_name(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_process, "CPU_SECONDS", 1)
    with pytest.raises(TooIntricate, match="could not be read in 1 seconds of computing") as raised:
        read(SLOW[form])
    assert raised.value.advice.startswith("Make it plainer")
    assert raised.value.category == "claim"


def test_in_the_bot_time_that_ran_out_is_no_refusal_also_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_process, "CPU_SECONDS", 1)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            make_reader(DEFAULT_ALLOWED_TABLES)(SLOW["DATE( )"], AS_OF)
        except TransientError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert [str(error) for error in raised] == ["time ran out while its SQL was read"]


def test_a_sql_that_is_large_is_read_in_a_process_apart_as_it_would_be_here() -> None:
    values = ", ".join(f"'{number}'" for number in range(WORDS_IN_PLACE))
    sql = f"{ALL} AND mcc IN ({values})"
    claim = read(sql)
    assert (claim.account_sid, len(claim.mccs or ())) == (ACCOUNT, WORDS_IN_PLACE)
    assert claim.sql_as_run == sql.replace("authy.", '"hive".authy.')


def test_a_large_one_that_is_refused_is_refused_by_the_same_name() -> None:
    with pytest.raises(ClaimError, match="filters by carrier = 'x'") as raised:
        read(f"{FORMS['DATE( )'](13)} AND carrier = 'x'")
    assert raised.value.advice.startswith("Leave it out: a claim is filtered by")


def test_lookers_own_sql_is_read_in_place_and_nests_half_as_deep_as_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = "CAST(CAST(DATE_TRUNC('DAY', NOW()) AS DATE) AS TIMESTAMP)"
    monday = f"DATE_ADD('day', (0 - MOD((DAY_OF_WEEK({now}) % 7) - 1 + 7, 7)), {now})"
    last_week = f"DATE_ADD('week', 1, DATE_ADD('week', -1, DATE_TRUNC('DAY', {monday})))"
    looker = showing(f"(((({last_week}))))")
    check_nesting(pieces_of(looker))
    with pytest.raises(ClaimError, match="nests 33 deep"):
        check_nesting(pieces_of(looker.replace("NOW()", f"{'(' * 17}NOW(){')' * 17}")))
    monkeypatch.setattr("verify_credit.looker_sql.read_apart", None)
    monkeypatch.setattr("verify_credit.looker_sql.STEPS_IN_PLACE", STEPS_IN_PLACE // 50)
    read(looker)
    for sql, _ in ACCEPTED.values():
        read(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (f"{ALL} AND ({' OR '.join(['mcc = 1'] * 500)})", "chains over 400 operators in line 1"),
        (showing("1" + " + 1" * 500), "chains over 400 operators"),
        (showing("DATE(end, " * 50 + "1" + ")" * 50), "nests 50 deep"),
        (showing("NOT " * 50 + "is_fraud"), "nests 50 deep"),
        (showing("- " * 50 + "attempts"), "nests 50 deep"),
        (showing("is_fraud" + " = NOT is_fraud" * 50), "nests 50 deep"),
        (showing("INTERVAL " * 400 + "'1' DAY"), "nests or chains too much"),
    ],
)
def test_what_would_be_too_deep_for_pythons_stack_is_refused_by_name(sql: str, words: str) -> None:
    with pytest.raises(ClaimError, match=words) as raised:
        read(sql)
    assert raised.value.advice.startswith("Make it plainer")


def test_many_conditions_and_a_long_chain_within_the_limit_are_read() -> None:
    ors = " OR ".join(f"mcc = '{number}'" for number in range(190))
    claim = read(f"{ALL} {'AND (is_fraud) ' * 350} AND ({ors})")
    assert len(claim.mccs or ()) == 190


@pytest.mark.parametrize(
    ("allowed", "reads"),
    [([*DEFAULT_ALLOWED_TABLES, "other.names"], True), (DEFAULT_ALLOWED_TABLES, False), ([], False)],
)
def test_the_bot_reads_of_the_tables_that_its_settings_allow_or_of_the_usual_ones(
    allowed: list[str], reads: bool
) -> None:
    read_by_the_bot = make_reader(allowed)
    assert read_by_the_bot(ALL, AS_OF).fraud_start == "2025-07-01"
    sql = ALL.replace("WHERE", "JOIN other.names ON names.sid = verification_usage.account_sid WHERE")
    if reads:
        assert read_by_the_bot(sql, AS_OF).fraud_start == "2025-07-01"
    else:
        with pytest.raises(ClaimRefused, match=r"other\.names"):
            read_by_the_bot(sql, AS_OF)
