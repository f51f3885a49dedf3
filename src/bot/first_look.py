"""The bot's look at a SQL before a job is started: a claim that the job will refuse is refused at once.

The job stays the judge: the bot says no only where the job would, in the job's words. That is where the result has to
be our notebook's, the jobs' reader is the bot's own by its hash (state/job_reader.py), and the refusal does not depend
on Presto's session, which the bot does not know.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from .. import paths
from ..config import BotSettings
from ..errors import TransientError
from ..executor import accounts_in
from ..looker.links import LookerLink
from ..notebook_choice import OUR_PROFILE
from ..state.job_reader import JobReader
from ..state.records import Failure, Understood
from .claims import Claimed, ClaimReader, ClaimRefused

log = logging.getLogger("credits")

CLAIM = "claim"
"""The category of the job's own refusals of a SQL."""


class Look(NamedTuple):
    """What was understood of a SQL, if anything; the refusal, if no job is to be started for it."""

    understood: Understood | None = None
    refusal: Failure | None = None


class FirstLook:
    """Looks at a SQL before its job. If anything goes wrong here, the job is started and judges."""

    def __init__(self, settings: BotSettings, reader: ClaimReader, job_reader: JobReader) -> None:
        self._is_ours = settings.demanded_profile == OUR_PROFILE and not settings.own_notebook
        self._read = reader
        self._job_reader = job_reader

    def at(self, sql: str, execution_id: str, link: LookerLink | None = None) -> Look:
        """Look at the SQL for an execution. link: where the SQL is from; the accounts it names must be the claim's."""
        claimed = self._claimed(sql, execution_id)
        if isinstance(claimed, ClaimRefused):
            if claimed.certain and self._jobs_read_alike():
                return Look(claimed.understood, _refusal(claimed.message, claimed.advice))
            claimed = None
        understood = claimed.understood if claimed else None
        if link is None or not link.accounts:
            return Look(understood)
        return Look(understood, _of_other_account(link, sql, claimed if claimed and self._jobs_read_alike() else None))

    def _claimed(self, sql: str, execution_id: str) -> Claimed | ClaimRefused | None:
        """Return what the SQL asks for, or why it is refused; None if it was not read."""
        if not self._is_ours:
            return None
        try:
            return self._read(sql, paths.execution_date(execution_id))
        except ClaimRefused as refused:
            return refused
        except Exception as error:  # noqa: BLE001 (a bug here must cost nobody an answer)
            _leave_to_the_job(error)
            return None

    def _jobs_read_alike(self) -> bool:
        try:
            return self._job_reader.sha256() == self._read.sha256()
        except Exception as error:  # noqa: BLE001 (as in _claimed)
            _leave_to_the_job(error)
            return False


def _leave_to_the_job(error: Exception) -> None:
    if isinstance(error, TransientError):
        log.info("left to the job: %s", error)
    else:
        log.error("unexpected error", exc_info=error)


def _of_other_account(link: LookerLink, sql: str, claimed: Claimed | None) -> Failure | None:
    """Where the claim is not read as the job will read it, each account of the link has to stand in the SQL at least.

    The result of its job is held to the link again (result_check.py).
    """
    if claimed is not None:
        other = {sid for sid in link.accounts if sid.lower() != claimed.account_sid.lower()}
        about = {claimed.account_sid}
    else:
        other = {sid for sid in link.accounts if sid.lower() not in sql.lower()}
        about = accounts_in(sql)
    if not other:
        return None
    its = f"is about {_some(about)}" if about else "names no account"
    return _refusal(
        f"The link asks about {_some(other)}, its SQL {its}: the credit would be another account's.",
        "Open the link in Looker, see that its filter on the account is this explore's own field and the only one, run "
        "it, and post the link that Share gives.",
    )


def _some(accounts: set[str]) -> str:
    named = sorted(accounts)
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")


def _refusal(message: str, advice: str) -> Failure:
    return Failure(category=CLAIM, message=message, advice=advice, requester_mends=True)
