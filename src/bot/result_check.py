"""Checks a result before it is posted: is it of the SQL that was asked, of its account, of its days?"""

from __future__ import annotations

from .. import paths
from ..config import BotSettings
from ..errors import QueryError, ResultInvalid, TransientError
from ..execution.results import check_query, invalid_result
from ..executor import CreditResult, Flag, ReadResult
from ..looker.links import LookerLink, allowed_hosts, parse_link
from ..notebook_choice import OUR_PROFILE
from ..state.records import Request
from ..state.state_manager import link_digest
from .claims import ReadSql

NOT_CHECKED = "window_not_checked"


class ResultCheck:
    """Holds results to their SQL. `read`: the bot's own reading of a SQL, for results of our notebook."""

    def __init__(self, settings: BotSettings, read: ReadSql) -> None:
        self._settings = settings
        self._hosts = allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url)
        self._read = read

    def of_request(self, request: Request, read: ReadResult, kept: str | None) -> CreditResult:
        """Check a request's result against its kept SQL, once that is the one Looker gave. Raises as `checked`."""
        result = read.result
        query = paths.ExecutionPaths(result["execution_id"]).query
        if kept is None:
            raise _invalid(result, f"{query} is missing")
        link = parse_link(request.link, self._hosts)
        if request.sql_digest not in {None, link_digest(link.canonical, kept)}:
            raise _invalid(result, f"{query} is not the SQL that Looker gave for the link")
        _check_account(result, link)
        return self.checked(read, kept)

    def checked(self, read: ReadResult, sql: str) -> CreditResult:
        """Return the result if it is of this SQL, flagged if its days could not be checked. Raises ResultInvalid."""
        result = read.result
        check_query(result, sql, read.profile)
        doubt = self._doubt(result, sql) if read.profile == OUR_PROFILE else ""
        if not doubt:
            return result
        flag = Flag(code=NOT_CHECKED, text=f"Window not checked by the bot: {doubt}. Hold the days to the query's.")
        return {**result, "flags": [*result.get("flags", []), flag]}

    def _doubt(self, result: CreditResult, sql: str) -> str:
        """Return why account and days are not known to be those of the SQL; "" if they are."""
        same_code = self._settings.is_of_one_revision
        try:
            claimed = self._read(sql, paths.execution_date(result["execution_id"]))
        except TransientError as error:
            why, same_code = str(error), False
        except QueryError as error:
            why = f"the bot refuses its SQL ({error})"
        else:
            if claimed.account_sid != result.get("account_sid"):
                raise _invalid(result, f"its account is {result.get('account_sid')}, its SQL's {claimed.account_sid}")
            days = result.get("fraud_start"), result.get("fraud_end")
            if days == (claimed.fraud_start, claimed.fraud_end):
                return ""
            why = f"its window is {days[0]} to {days[1]}, its SQL's {claimed.fraud_start} to {claimed.fraud_end}"
        if same_code:
            raise _invalid(result, why.rstrip("."))
        if (result.get("account_sid") or "?").lower() not in sql.lower():
            raise _invalid(result, f"its account {result.get('account_sid')} does not stand in its SQL")
        return why.rstrip(".")


def _check_account(result: CreditResult, link: LookerLink) -> None:
    """Raise ResultInvalid if the link names accounts and the result is about another."""
    account = result.get("account_sid")
    if link.accounts and account and account.lower() not in {sid.lower() for sid in link.accounts}:
        raise _invalid(result, f"its account is {account}, the link asks about {', '.join(sorted(link.accounts)[:3])}")


def changed_since(result: CreditResult, sha256: str | None) -> ResultInvalid:
    """Return the error for a result.json that has changed since it was read."""
    return _invalid(result, f"it was changed after it was read for the answer (then its SHA-256 was {sha256})")


def doubt_of(result: CreditResult) -> str:
    """Return the text of the flag that a check left; "" if there is none."""
    return next((flag["text"] for flag in result.get("flags", []) if flag["code"] == NOT_CHECKED), "")


def _invalid(result: CreditResult, what: str) -> ResultInvalid:
    execution_id = result["execution_id"]
    return invalid_result(paths.ExecutionPaths(execution_id).result, execution_id, what)
