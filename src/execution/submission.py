"""One execution about to start: its query and settings, refused here if they could not run."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace

from .. import paths
from ..config import Settings
from ..errors import ConfigurationError, QueryError
from ..executor import MAX_QUERY_BYTES, is_account
from ..notebook_choice import OUR_PROFILE
from .results import knows_profile

MAX_VARIABLE = 256
"""UTF-16 units of one variable's value; the service's limit."""
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Submission:
    """What a job is started with, whichever executor starts it."""

    execution_id: str
    query: bytes
    """The SQL in UTF-8, byte for byte as it came."""
    environment: dict[str, str]
    asid: str | None = None
    is_check: bool = False

    @property
    def job_name(self) -> str:
        return paths.job_name(self.execution_id)


def make_check(settings: Settings, execution_id: str) -> Submission:
    """A job that looks at its secret and Presto instead of running the notebook. Raises ConfigurationError."""
    submission = make_submission(settings, "SELECT 1", None, execution_id)
    return replace(submission, environment={**submission.environment, "MODE": "check"}, is_check=True)


def make_submission(settings: Settings, looker_query: str, asid: str | None, execution_id: str) -> Submission:
    """Check all that needs no call. Raises QueryError and ConfigurationError, naming what is wrong."""
    settings.require("s3_output_bucket", "presto_secret_name")
    if not _BUCKET.fullmatch(settings.s3_output_bucket):
        raise ConfigurationError(
            f"S3_OUTPUT_BUCKET is {settings.s3_output_bucket!r}, which is no bucket's name "
            "(3 to 63 lower-case letters, digits, dots and hyphens; no s3:// before it)."
        )
    if not paths.is_execution_id(execution_id):
        raise ConfigurationError(
            f"The execution id {execution_id!r} is not of the form 20260115_123456_3fa94c01: leave it out, or use "
            "paths.new_execution_id."
        )
    if asid and not is_account(asid):
        raise QueryError(f"The account (asid) {asid[:60]!r} is no account's SID: AC and 32 digits of 0-9 and a-f.")
    if settings.result_profile and not knows_profile(settings.result_profile):
        raise ConfigurationError(
            f"RESULT_PROFILE is {settings.result_profile!r}, which is no profile: take it out, or write {OUR_PROFILE}."
        )
    query = _encoded(looker_query)
    return Submission(execution_id, query, _environment(settings, looker_query, asid, execution_id), asid or None)


def _encoded(looker_query: str) -> bytes:
    if not looker_query.strip():
        raise QueryError("The SQL is empty: there is nothing to run. Post a link to a query that has SQL.")
    try:
        query = looker_query.encode("utf-8")
    except UnicodeEncodeError as error:
        raise QueryError(f"The SQL cannot be written as UTF-8: character {error.start + 1} is half a pair.") from error
    if len(query) > MAX_QUERY_BYTES:
        raise QueryError(
            f"The SQL has {len(query):,} bytes, more than the {MAX_QUERY_BYTES:,} allowed: post a shorter query."
        )
    return query


def _environment(settings: Settings, looker_query: str, asid: str | None, execution_id: str) -> dict[str, str]:
    """The container's. LOOKER_QUERY is there only if it fits: the file counts."""
    optional = {
        "LOOKER_QUERY": looker_query if _fits(looker_query) else "",
        "ASID": asid or "",
        "ALLOWED_TABLES": ",".join(settings.allowed_tables),
        "IMAGE_URI": settings.sagemaker_image_uri,
        "NOTEBOOK": settings.notebook,
        "RESULT_PROFILE": settings.demanded_profile,
        "BREAKDOWN_PICTURE": "1" if settings.slack_picture else "",
    }
    required = {
        "EXECUTION_ID": execution_id,
        "S3_OUTPUT_BUCKET": settings.s3_output_bucket,
        "SECRET_NAME": settings.presto_secret_name,
        "AWS_DEFAULT_REGION": settings.aws_default_region,
        "MAX_RUNTIME_SECONDS": str(settings.sagemaker_max_runtime),
    }
    _check_environment(settings, {*required, *optional, "MODE"})
    return {**settings.environment, **required, **{name: value for name, value in optional.items() if value}}


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check_environment(settings: Settings, ours: Set[str]) -> None:
    for one in settings.sagemaker_environment:
        name, equals, _ = one.partition("=")
        if not equals or not _VARIABLE.fullmatch(name):
            raise ConfigurationError(
                f"SAGEMAKER_ENVIRONMENT has {name[:40]!r}, which is no variable: write NAME=value, comma between."
            )
        if name in ours:
            raise ConfigurationError(f"SAGEMAKER_ENVIRONMENT sets {name}, which has a setting of its own. Take it out.")


def _fits(looker_query: str) -> bool:
    """The service counts UTF-16 units: an emoji is two."""
    return len(looker_query.encode("utf-16-le")) // 2 <= MAX_VARIABLE and "\0" not in looker_query
