"""The bot's look at a SQL before a job is started: a claim that the job will refuse is refused at once.

The job stays the judge: the bot says no only where the job would, in the job's words. That is where the result has to
be our notebook's, the jobs' reader is the bot's own by its hash (state/job_reader.py), and the refusal does not depend
on Presto's session, which the bot does not know.
"""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

from .. import paths
from ..config import BotSettings
from ..errors import TransientError
from ..looker.links import LookerLink
from ..notebook_choice import OUR_PROFILE
from ..state.job_reader import JobReader
from ..state.records import Failure, Understood
from .claims import Claimed, ClaimReader, ClaimRefused

log = logging.getLogger("credits")

CLAIM = "claim"
"""The category of the job's own refusals of a SQL."""
_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])AC[0-9a-fA-F]{32}(?![A-Za-z0-9])")


class Look(NamedTuple):
    """What was understood of a SQL, where anything was; why no job is started for it, where none is."""

    understood: Understood | None = None
    refusal: Failure | None = None


class FirstLook:
    """Costs nobody an answer: whatever goes wrong in it, the job judges."""

    def __init__(self, settings: BotSettings, reader: ClaimReader, job_reader: JobReader) -> None:
        self._is_ours = settings.demanded_profile == OUR_PROFILE
        self._read = reader
        self._job_reader = job_reader

    def at(self, sql: str, execution_id: str, link: LookerLink | None = None) -> Look:
        """Of the SQL that an execution is to be given. link: whose SQL it is; its accounts must be the claim's."""
        try:
            claimed = self._read(sql, paths.execution_date(execution_id)) if self._is_ours else None
        except ClaimRefused as refused:
            if refused.certain and self._jobs_read_alike():
                return Look(refused.understood, _refusal(refused.message, refused.advice))
            claimed = None
        except TransientError as error:
            log.info("left to the job: %s", error)
            claimed = None
        except Exception as error:  # (a bug here must cost nobody an answer)
            log.error("unexpected error", exc_info=error)
            claimed = None
        understood = claimed.understood if claimed else None
        return Look(understood, self._of_other_account(link, sql, claimed) if link and link.accounts else None)

    def _jobs_read_alike(self) -> bool:
        try:
            return self._job_reader.sha256() == self._read.sha256()
        except TransientError as error:
            log.info("left to the job: %s", error)
            return False

    def _of_other_account(self, link: LookerLink, sql: str, claimed: Claimed | None) -> Failure | None:
        """Where the claim cannot be read as the job will, each account of the link has to stand in the SQL at least."""
        if claimed is not None and self._jobs_read_alike():
            other = {sid for sid in link.accounts if sid.lower() != claimed.account_sid.lower()}
            about = {claimed.account_sid}
        else:
            other = {sid for sid in link.accounts if sid.lower() not in sql.lower()}
            about = set(_ACCOUNT.findall(sql))
        if not other:
            return None
        its = f"is about {_some(about)}" if about else "names no account"
        return _refusal(
            f"The link asks about {_some(other)}, its SQL {its}: the credit would be another account's.",
            "Filter by one account in Looker, run it, and post that link.",
        )


def _some(accounts: set[str]) -> str:
    named = sorted(accounts)
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")


def _refusal(message: str, advice: str) -> Failure:
    return Failure(category=CLAIM, message=message, advice=advice, requester_mends=True)
