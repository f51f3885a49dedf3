"""The job's settings and its query: read once, from the container's environment and input file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.errors import ClaimError, SettingError

INPUT_FILE = "query.sql"
REQUIRED = {
    "EXECUTION_ID": "the id the bot chose for this execution",
    "S3_OUTPUT_BUCKET": "the bucket that the outputs go to",
}
SECRET_NAME = "presto-service-account-credentials"  # noqa: S105 (a name)
"""The plan's name, if SECRET_NAME is not set."""
_EXECUTION_ID = re.compile(r"\d{8}_\d{6}_[0-9a-f]{8}")
_DEADLINE_BEFORE_LIMIT = 120.0
"""Seconds before SAGEMAKER_MAX_RUNTIME at which the runner gives up, to save what there is."""


@dataclass(frozen=True)
class JobSettings:
    """One job. `looker` is the SQL, exactly the text that the bot sent as UTF-8; `max_runtime` in seconds, 0: none.

    notebook: a path, absolute or below notebook_dir, "": ours; result_profile: what the result must keep besides the
    contract; check_only: look at the installation instead of running the notebook (runner/check.py).
    """

    execution_id: str
    bucket: str
    secret_name: str
    looker: str
    asid: str
    allowed_tables: tuple[str, ...]
    max_runtime: float
    image: str
    picture: bool
    notebook_dir: Path
    notebook: str = ""
    result_profile: str = ""
    check_only: bool = False

    @property
    def soft_deadline(self) -> float | None:
        """Seconds after which the runner gives up by itself, in time to report it; None if the limit is too short."""
        return self.max_runtime - _DEADLINE_BEFORE_LIMIT if self.max_runtime > _DEADLINE_BEFORE_LIMIT else None


def read_settings(environ: Mapping[bytes, bytes]) -> JobSettings:
    """Read this process's settings. Raises SettingError or ClaimError with a sentence for each thing that is wrong."""
    values = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in environ.items()}
    _require(values)
    return JobSettings(
        execution_id=values["EXECUTION_ID"],
        bucket=values["S3_OUTPUT_BUCKET"],
        secret_name=values.get("SECRET_NAME") or SECRET_NAME,
        looker=_query(_input_dir(values) / INPUT_FILE, environ.get(b"LOOKER_QUERY", b"")),
        asid=values.get("ASID", ""),
        allowed_tables=tuple(name.strip() for name in values.get("ALLOWED_TABLES", "").split(",") if name.strip()),
        max_runtime=_seconds(values.get("MAX_RUNTIME_SECONDS", "")),
        image=values.get("IMAGE_URI", ""),
        picture=values.get("BREAKDOWN_PICTURE", "") == "1",
        notebook_dir=Path(values.get("NOTEBOOK_DIR", "/opt/notebook")),
        notebook=values.get("NOTEBOOK", ""),
        result_profile=values.get("RESULT_PROFILE", ""),
        check_only=_is_check(values.get("MODE", "")),
    )


def destination(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (bucket, execution id), where a failure is uploaded to; None unless both are usable."""
    bucket, execution_id = environ.get("S3_OUTPUT_BUCKET", ""), environ.get("EXECUTION_ID", "")
    return (bucket, execution_id) if bucket and _EXECUTION_ID.fullmatch(execution_id) else None


def _require(values: Mapping[str, str]) -> None:
    missing = [f"{name} is not set: it names {what}." for name, what in REQUIRED.items() if not values.get(name)]
    if missing:
        raise SettingError(" ".join(missing), "Set it in the Environment of the processing job.")
    if not _EXECUTION_ID.fullmatch(values["EXECUTION_ID"]):
        raise SettingError(
            f"EXECUTION_ID is {values['EXECUTION_ID'][:80]!r}, not of the form 20260115_123456_3fa94c01.",
            "Let the bot choose it, or use UTC date, time and 8 hex digits.",
        )


def _is_check(mode: str) -> bool:
    if mode not in {"", "check"}:
        raise SettingError(f"MODE is {mode[:40]!r}.", "Leave it out to run the notebook, or give check.")
    return mode == "check"


def _input_dir(values: Mapping[str, str]) -> Path:
    return Path(values.get("CREDITS_INPUT_DIR") or "/opt/ml/processing/input")


def _query(file: Path, variable: bytes) -> str:
    try:
        content = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise SettingError(
            f"The query file {file} cannot be read: {error.strerror}.", "Look at the job's ProcessingInput."
        ) from error
    if content.strip() and variable.strip() and content != variable:
        raise ClaimError(
            f"The query in {file} and the one in LOOKER_QUERY differ.", "Give one of them, or the same in both."
        )
    query = content if content.strip() else variable
    if not query.strip():
        raise ClaimError(
            f"There is no query: {file} and the environment variable LOOKER_QUERY are both missing or empty.",
            "Give the SQL of the Looker query in one of them.",
        )
    return _decoded(query)


def _decoded(query: bytes) -> str:
    try:
        return query.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ClaimError(
            f"The query is not UTF-8: byte {error.start + 1} is 0x{query[error.start]:02x}.", "Send it in UTF-8."
        ) from error


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    if not re.fullmatch(r"\d{1,7}", text):
        raise SettingError(
            f"MAX_RUNTIME_SECONDS is {text[:40]!r}, not a number of seconds.", "Give the job's MaxRuntimeInSeconds."
        )
    return float(text)
