"""What a job leaves in S3, read and checked: result.json against its schema, or error.json.

The schema is the contract with the job (sagemaker/result.schema.json): the writer validates before it uploads, the
reader what it downloads, because either may be an older or a newer release.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache, partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

from .. import paths
from ..aws import MISSING, AwsClients
from ..errors import JobFailure, ResultInvalid, UnexpectedAnswer
from ..executor import CreditResult, ReadResult
from ..job_files import job_file

MAX_RESULT_BYTES = 8_000_000
MAX_ERROR_BYTES = 1_000_000
_MAX_TEXT = 4000  # characters
_MAX_LINES = 200
_BY_THE_RUNNER = {"notebook_sha256", "executed_notebook_sha256", "report_sha256"}


class ResultReader:
    """Reads the outputs of one bucket. Raises TransientError and ConfigurationError as AwsClients does."""

    def __init__(self, clients: AwsClients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def place(self, execution_id: str) -> str:
        """Where the result should be, for people."""
        return f"s3://{self._bucket}/{paths.ExecutionPaths(execution_id).result}"

    def is_there(self, execution_id: str, *, completed: bool) -> bool:
        """Whether the runner has written result.json, its last file: one HEAD, and a GET once there is one.

        completed: the job has ended so: what its notebook put there by itself counts as well.
        """
        key = paths.ExecutionPaths(execution_id).result
        return self._exists(key) and (completed or self._is_whole(key))

    def _exists(self, key: str) -> bool:
        try:
            self._clients.call(self._clients.s3, "head_object", f"looking for {key}", Bucket=self._bucket, Key=key)
        except UnexpectedAnswer as error:
            if error.code in MISSING:
                return False
            raise
        return True

    def _is_whole(self, key: str) -> bool:
        found = self._clients.read_object(self._bucket, key, MAX_RESULT_BYTES)
        return found is not None and is_whole(_parsed_or_none(found[0]))

    def read(self, execution_id: str, profile: str) -> ReadResult | None:
        """The valid result, or None if there is none. Raises ResultInvalid. profile: as for checked_result."""
        key = paths.ExecutionPaths(execution_id).result
        found = self._clients.read_object(self._bucket, key, MAX_RESULT_BYTES)
        if not found:
            return None
        result = checked_result(found[0], execution_id, self.place(execution_id), profile)
        return ReadResult(result, hashlib.sha256(found[0]).hexdigest(), profile)

    def failure(self, execution_id: str) -> tuple[JobFailure | None, str]:
        """The job's own account of its failure; and a note about one that cannot be read."""
        key = paths.ExecutionPaths(execution_id).error
        found = self._clients.read_object(self._bucket, key, MAX_ERROR_BYTES)
        failure = read_failure(found[0], execution_id) if found else None
        return failure, f"Its {key} cannot be read either." if found and failure is None else ""


def checked_result(content: bytes, execution_id: str, place: str, profile: str = "") -> CreditResult:
    """result.json as a dict. Raises ResultInvalid naming what breaks the contract and where the file is.

    profile: what it must keep besides, whatever it says of itself; "": nothing.
    """
    invalid = partial(invalid_result, place, execution_id)
    if len(content) > MAX_RESULT_BYTES:
        raise invalid(f"it has more than {MAX_RESULT_BYTES} bytes")
    try:
        result = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise invalid(f"it is not JSON ({_short(str(error))})") from error
    if fault := _first_fault(result, ""):
        raise invalid(fault)
    if profile and (fault := _first_fault(result, profile)):
        raise invalid(
            f"it does not keep the profile {profile} ({fault}). For a notebook of your own set NOTEBOOK, and leave "
            "RESULT_PROFILE unset"
        )
    fault = _checks().fault(result, execution_id=execution_id, profile=profile) or _unwritable(result)
    if fault:
        raise invalid(fault)
    return cast("CreditResult", result)


def check_query(result: CreditResult, query: str, profile: str = "") -> None:
    """Raise ResultInvalid if a valid result names another SQL than this."""
    execution_id, digest = result["execution_id"], hashlib.sha256(query.encode()).hexdigest()
    fault = _checks().fault(result, execution_id=execution_id, query_sha256=digest, profile=profile)
    if fault:
        raise invalid_result(paths.ExecutionPaths(execution_id).result, execution_id, fault)


def invalid_result(place: str, execution_id: str, what: str) -> ResultInvalid:
    """The error of a result that cannot be used. place: where it lies; what: why, without a full stop."""
    return ResultInvalid(f"{place} is not a result: {what}.", **_whose(execution_id))


def is_whole(result: object) -> bool:
    """Whether the runner wrote it, as its last file: a notebook cannot know its own hash, which is in it."""
    provenance = result.get("provenance") if isinstance(result, dict) else None
    return isinstance(provenance, dict) and provenance.keys() >= _BY_THE_RUNNER


def read_failure(content: bytes, execution_id: str) -> JobFailure | None:
    """error.json, bounded; None if it is no such file, or another execution's."""
    said = _parsed_or_none(content)
    if not isinstance(said, dict) or said.get("execution_id") != execution_id:
        return None
    if not isinstance(said.get("message"), str) or not isinstance(said.get("category"), str):
        return None
    return JobFailure(
        execution_id=execution_id,
        category=_text(said["category"]),
        message=_text(said["message"]),
        advice=_text(said.get("advice")),
        retry_helps=said.get("retry_helps") is True,
        cell_title=_text(said.get("cell_title")) or None,
        traceback=_lines(said.get("traceback")),
        timestamp=_text(said.get("timestamp")),
    )


def _whose(execution_id: str) -> dict[str, Any]:
    return {"execution_id": execution_id, "job_name": paths.job_name(execution_id)}


def _parsed_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def knows_profile(profile: str) -> bool:
    """Whether there is a schema for what RESULT_PROFILE demands."""
    return _schema_file(profile).is_file()


def _first_fault(result: Any, profile: str) -> str | None:
    from jsonschema.exceptions import best_match  # noqa: PLC0415 (its import takes 100 ms that a quiet tick need not)

    if profile and not knows_profile(profile):
        return "RESULT_PROFILE names no profile that is known here"
    error = best_match(_validator(profile).iter_errors(result))
    return None if error is None else _short(_checks().broken_rule(error))


@cache
def _validator(profile: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(json.loads(_schema_file(profile).read_text(encoding="utf-8")))


def _schema_file(profile: str) -> Path:
    name = re.sub(r"\W+", "_", profile)
    return job_file(f"profiles/{name}.schema.json" if profile else "result.schema.json")


@cache
def _checks() -> Any:
    """sagemaker/check_result.py, which the runner imports: found by its path, as all that the job shares."""
    spec = spec_from_file_location("credits_automation_check_result", job_file("check_result.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unwritable(result: Any) -> str | None:
    """What keeps a result from being written as UTF-8: a text with half a character; None if nothing does."""
    try:
        json.dumps(result, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "a text in it holds half a character"
    return None


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"


def _text(value: object) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _lines(value: object) -> list[str]:
    return [_text(line) for line in value if isinstance(line, str)][-_MAX_LINES:] if isinstance(value, list) else []
