"""Which SQL is refused before a job: only what the job would refuse, where the jobs read as the bot does."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from src.bot.claims import Claimed, ClaimRefused
from src.bot.first_look import FirstLook
from src.config import BotSettings
from src.errors import TransientError
from src.looker.links import parse_link
from src.notebook_choice import OUR_PROFILE
from src.state.records import Understood

MINE, OTHER = "AC" + "1" * 32, "AC" + "2" * 32
ID = "20260115_123456_3fa94c01"
READ = Understood(account_sid=MINE)
REFUSED = ClaimRefused("The SQL has HAVING.", "Take it out.", READ, certain=True)
PERHAPS = ClaimRefused("It depends.", "", READ, certain=False)
ABOUT_MINE = Claimed(MINE, "2025-07-01", "2025-09-30", READ)
SLOW = TransientError("slow")
WRONG, NONE = f"{OTHER}, its SQL is about {MINE}:", f"{OTHER}, its SQL names no account:"


class Reader:
    """Reads every SQL so."""

    def __init__(self, reads: Claimed | Exception) -> None:
        self._reads = reads
        self.as_of: list[date] = []

    def __call__(self, sql: str, as_of: date, /) -> Claimed:
        self.as_of.append(as_of)
        if isinstance(self._reads, Exception):
            raise self._reads
        return self._reads

    def sha256(self) -> str:
        return "the bot's"


class Jobs:
    """What is known of the jobs' reader."""

    def __init__(self, sha256: str | Exception | None) -> None:
        self._sha256 = sha256

    def sha256(self) -> str | None:
        if isinstance(self._sha256, Exception):
            raise self._sha256
        return self._sha256


def look(reads: Claimed | Exception, jobs: str | Exception | None = "the bot's", *, sql: str = "", link: str = "",
         **settings: Any) -> Any:  # fmt: skip
    first = FirstLook(
        BotSettings(**{"result_profile": OUR_PROFILE, **settings}), Reader(reads), cast("Any", Jobs(jobs))
    )
    return first.at(sql, ID, parse_link(link, ["looker.example"]) if link else None)


def link_about(*accounts: str) -> str:
    named = ",".join(accounts) or "any"
    return f"https://looker.example/explore/m/v?fields=v.a&f[v.sid]={named}"


@pytest.mark.parametrize(
    ("reads", "jobs", "refused", "understood"),
    [
        pytest.param(REFUSED, "the bot's", True, READ, id="the job refuses it as well: refused, in the job's words"),
        pytest.param(REFUSED, "another", False, None, id="the jobs have another reader: the job judges"),
        pytest.param(REFUSED, None, False, None, id="theirs is not known: the job judges"),
        pytest.param(REFUSED, TransientError("S3 is away"), False, None, id="S3 is away: the job judges"),
        pytest.param(REFUSED, ValueError("a bug"), False, None, id="a bug here: the job judges"),
        pytest.param(PERHAPS, "the bot's", False, None, id="it depends on Presto's session: the job judges"),
        pytest.param(TransientError("slow"), "the bot's", False, None, id="it takes too long to read: the job judges"),
        pytest.param(ValueError("a bug"), "the bot's", False, None, id="a bug in reading: the job judges"),
        pytest.param(ABOUT_MINE, "the bot's", False, READ, id="a good claim: what it asks for is noted"),
        pytest.param(ABOUT_MINE, None, False, READ, id="noted whatever the jobs' reader is"),
    ],
)
def test_the_job_stays_the_judge(reads: Any, jobs: Any, refused: bool, understood: Understood | None) -> None:
    found = look(reads, jobs)
    assert (found.refusal is not None, found.understood) == (refused, understood)
    if refused:
        why = found.refusal
        assert (why.category, why.message, why.advice) == ("claim", "The SQL has HAVING.", "Take it out.")
        assert (why.requester_mends, why.retry_helps) == (True, False)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"result_profile": "", "notebook": "own.ipynb", "executor": "local"}, id="no profile"),
        pytest.param({"notebook": "own.ipynb", "executor": "local"}, id="it keeps our profile"),
    ],
)
def test_the_sql_of_a_companys_own_notebook_is_not_read(settings: dict[str, Any]) -> None:
    found = look(REFUSED, **settings)
    assert (found.refusal, found.understood) == (None, None)


def test_now_means_the_day_of_the_executions_id() -> None:
    reader = Reader(ABOUT_MINE)
    FirstLook(BotSettings(result_profile=OUR_PROFILE), reader, cast("Any", Jobs(None))).at("", ID)
    assert reader.as_of == [date(2026, 1, 15)]


@pytest.mark.parametrize(
    ("link", "reads", "jobs", "sql", "refused"),
    [
        pytest.param([MINE], ABOUT_MINE, "the bot's", OTHER, None, id="the claim's account"),
        pytest.param([MINE.lower().replace("ac", "AC", 1)], ABOUT_MINE, "the bot's", "", None, id="in any case"),
        pytest.param([OTHER], ABOUT_MINE, "the bot's", OTHER, WRONG, id="another's"),
        pytest.param([MINE, OTHER], ABOUT_MINE, "the bot's", OTHER, WRONG, id="one more"),
        pytest.param([], ABOUT_MINE, "the bot's", OTHER, None, id="it names none"),
        pytest.param([OTHER], ABOUT_MINE, "another", f"'{OTHER}'", None, id="read otherwise: it stands in the SQL"),
        pytest.param([OTHER], ABOUT_MINE, "another", f"'{MINE}'", WRONG, id="it does not"),
        pytest.param([OTHER], PERHAPS, "the bot's", f"'{MINE}'", WRONG, id="not certain"),
        pytest.param([OTHER], SLOW, None, "1", NONE, id="none at all"),
        pytest.param([OTHER], SLOW, None, OTHER.lower(), None, id="in small letters"),
    ],
)  # fmt: skip
def test_a_link_about_an_account_needs_a_sql_about_it(
    link: list[str], reads: Any, jobs: Any, sql: str, refused: str | None
) -> None:
    found = look(reads, jobs, sql=sql, link=link_about(*link))
    assert (found.refusal is None) is (refused is None)
    if refused:
        assert f"The link asks about {refused}" in found.refusal.message
        assert found.refusal.requester_mends


@pytest.mark.parametrize(("accounts", "more"), [(3, ","), (4, " and 1 more,"), (5, " and 2 more,")])
def test_of_many_accounts_three_are_named(accounts: int, more: str) -> None:
    many = [f"AC{number:032x}" for number in range(accounts)]
    found = look(ABOUT_MINE, link=link_about(*many))
    assert f"{many[0]}, {many[1]}, {many[2]}{more} its SQL" in found.refusal.message
