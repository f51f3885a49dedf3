"""Whether a claim that the job will refuse is refused in seconds, before a job is started; if not, why."""

from __future__ import annotations

from collections.abc import Callable

from ..config import BotSettings
from ..errors import TransientError
from ..notebook_choice import OUR_PROFILE
from ..state.job_reader import JobReader
from .aws import BUCKET, READ
from .findings import Examination

REFUSALS = "refusals"


def check_refusals(
    examination: Examination, settings: BotSettings, job_reader: JobReader, own_sha256: Callable[[], str]
) -> None:
    """One that takes a job is nothing wrong: the job judges. own_sha256: of the bot's reader; raises TransientError."""

    def look() -> str:
        why = _why_slow(settings, job_reader, own_sha256)
        return f"each takes a job: {why}" if why else "take seconds: the jobs read SQL by the same code as this bot"

    examination.check(REFUSALS, look, needs=(BUCKET, READ))


def _why_slow(settings: BotSettings, job_reader: JobReader, own_sha256: Callable[[], str]) -> str:
    if settings.demanded_profile != OUR_PROFILE or settings.own_notebook:
        return "the notebook is the company's own, and only it can read its SQL"
    of_jobs, why = job_reader.look()
    if of_jobs is None:
        return f"{why}; the next valid answer tells what reads SQL there"
    try:
        own = own_sha256()
    except TransientError as error:
        return str(error)
    if own == of_jobs:
        return ""
    return (
        "the last valid answer's job read SQL by other code than this bot, or with other ALLOWED_TABLES; deploy both "
        "images of one commit, and from the next valid answer on they take seconds"
    )
