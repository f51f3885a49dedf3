"""Which results are held to be the SQL's: account and days as the bot reads them, or a flag, or no result."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from sandbox.aws.outcomes import canned_result
from src.bot.claims import Claimed, ClaimRefused
from src.bot.result_check import NOT_CHECKED, ResultCheck, changed_since, doubt_of
from src.config import BotSettings
from src.errors import ResultInvalid, TransientError
from src.executor import CreditResult, ReadResult
from src.looker.links import parse_link
from src.notebook_choice import OUR_PROFILE
from src.state.records import Request, Understood
from src.state.state_manager import link_digest

MINE, OTHER = "AC" + "1" * 32, "AC" + "2" * 32
SQL = f"SELECT 1 FROM authy.usage WHERE account_sid = '{MINE}'"
ID = "20260115_123456_3fa94c01"
ANOTHERS = {"account_sid": OTHER, "parent_account_sid": OTHER}
LINK = "https://looker.example/x/slug000001"
RIGHT = Claimed(MINE, "2025-07-01", "2025-09-30")
REFUSED = ClaimRefused("It has HAVING.", "", Understood(), certain=True)
SLOW = TransientError("time ran out")


def read_as(reads: Claimed | Exception) -> Any:
    def read(_sql: str, as_of: date) -> Claimed:
        assert as_of == date(2026, 1, 15)
        if isinstance(reads, Exception):
            raise reads
        return reads

    return read


def check(reads: Claimed | Exception = RIGHT, *, one_revision: bool = False) -> ResultCheck:
    """one_revision: jobs of the local executor are of the bot's own commit."""
    settings = BotSettings(executor="local" if one_revision else "sagemaker", looker_hosts=("looker.example",))
    return ResultCheck(settings, read_as(reads))


def result(**changed: Any) -> CreditResult:
    made: dict[str, Any] = {**canned_result(ID, SQL, None), "timestamp": "2026-01-15T12:34:56Z", **changed}
    return cast("CreditResult", made)


def ours(**changed: Any) -> ReadResult:
    return ReadResult(result(**changed), "", OUR_PROFILE)


@pytest.mark.parametrize(
    ("reads", "changed", "one_revision", "flag", "invalid"),
    [
        pytest.param(RIGHT, {}, False, "", "", id="account and days are the SQL's"),
        pytest.param(RIGHT, ANOTHERS, False, "", f"its account is {OTHER}",
                     id="another account: none"),
        pytest.param(RIGHT, {"fraud_end": "2025-10-31"}, False, "2025-07-01 to 2025-10-31, its SQL's 2025-07-01 to",
                     "", id="other days, of another commit: flagged"),
        pytest.param(RIGHT, {"fraud_end": "2025-10-31"}, True, "", "its window is", id="of the same commit: none"),
        pytest.param(REFUSED, {}, False, "the bot refuses its SQL (It has HAVING.)", "",
                     id="the bot refuses it: flagged"),
        pytest.param(REFUSED, {}, True, "", "the bot refuses its SQL", id="of the same commit: none"),
        pytest.param(REFUSED, ANOTHERS, False, "", "does not stand in its SQL",
                     id="refused, and the account is not in the SQL: none"),
        pytest.param(SLOW, {}, False, "time ran out", "", id="not read in time: flagged"),
        pytest.param(SLOW, {}, True, "time ran out", "", id="of the same commit: flagged as well"),
        pytest.param(SLOW, ANOTHERS, True, "", "does not stand in its SQL",
                     id="not in time, and the account is not in the SQL: none"),
        pytest.param(SLOW, {"account_sid": MINE.lower().replace("ac", "AC", 1)}, False, "time ran out", "",
                     id="the account in any case"),
    ],
)  # fmt: skip
def test_a_result_is_held_to_its_sql(
    reads: Any, changed: dict[str, Any], one_revision: bool, flag: str, invalid: str
) -> None:
    checker = check(reads, one_revision=one_revision)
    if invalid:
        with pytest.raises(ResultInvalid, match=invalid.replace("(", r"\(")):
            checker.checked(ours(**changed), SQL)
        return
    found = checker.checked(ours(**changed), SQL)
    assert bool(doubt_of(found)) is bool(flag)
    assert flag in doubt_of(found)


def test_a_flag_is_put_behind_those_that_the_notebook_set() -> None:
    own = {"code": "relative_dates", "text": "NOW()"}
    found = check(SLOW).checked(ours(flags=[own]), SQL)
    assert [flag["code"] for flag in found["flags"]] == ["relative_dates", NOT_CHECKED]


def test_a_result_of_other_sql_is_none_whatever_is_demanded() -> None:
    for profile in (OUR_PROFILE, ""):
        with pytest.raises(ResultInvalid):
            check().checked(ReadResult(result(), "", profile), f"{SQL} AND 1 = 1")


def test_the_days_of_a_companys_own_notebook_are_not_checked() -> None:
    found = check(REFUSED, one_revision=True).checked(ReadResult(result(fraud_end="2030-01-01"), "", ""), SQL)
    assert doubt_of(found) == ""


@pytest.mark.parametrize(
    ("kept", "digest_of", "link", "invalid"),
    [
        pytest.param(SQL, SQL, LINK, "", id="the SQL that Looker gave"),
        pytest.param(SQL, None, LINK, "", id="which one it gave was not kept yet"),
        pytest.param(None, SQL, LINK, r"query\.sql is missing", id="it is gone"),
        pytest.param(SQL, f"{SQL} AND 1 = 1", LINK, "is not the SQL that Looker gave", id="it is another by now"),
        pytest.param(SQL, SQL, f"https://looker.example/explore/m/v?fields=v.a&f[v.sid]={MINE}", "",
                     id="the link's account"),
        pytest.param(SQL, SQL, f"https://looker.example/explore/m/v?fields=v.a&f[v.sid]={OTHER}",
                     f"the link asks about {OTHER}", id="the link asks about another account"),
    ],
)  # fmt: skip
def test_a_result_is_held_to_its_request(kept: str | None, digest_of: str | None, link: str, invalid: str) -> None:
    canonical = parse_link(link, ["looker.example"]).canonical
    digest = None if digest_of is None else link_digest(canonical, digest_of)
    request = Request(key="k", link=link, sql_digest=digest)
    if invalid:
        with pytest.raises(ResultInvalid, match=invalid):
            check().of_request(request, ours(), kept)
    else:
        assert check().of_request(request, ours(), kept) == result()


def test_what_was_changed_since_is_named_with_the_hash_it_had() -> None:
    error = changed_since(result(), "a" * 64)
    assert "a" * 64 in error.message
    assert error.execution_id == ID
