"""result.json: what the notebook's variables say, or the file it wrote itself; held to the contract and completed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import check_result
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from runner import inside_kernel
from runner.errors import WHOEVER, NotebookFailed
from runner.reading import Variables

MOST_BYTES = 4_000_000
_JOB = Path(__file__).resolve().parent.parent
CONTRACT = _JOB / "result.schema.json"
PROFILES = {"verify_credit/1": _JOB / "profiles" / "verify_credit_1.schema.json"}


def from_variables(found: Variables, execution_id: str, asid: str) -> dict[str, Any]:
    """The result that these variables make. Raises NotebookFailed naming the one that is not usable, and its type."""
    if found.wrong:
        said = "; ".join(f"{name} {why}" for name, why in found.wrong.items())
        raise NotebookFailed(
            f"The notebook ended, but {said}.",
            f"{WHOEVER}: its last cell must leave a number of 0 or more in credit_amount, and in output_df a "
            "DataFrame, a list of mappings, or nothing.",
        )
    result = {
        **found.values,
        "execution_id": execution_id,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    if asid and not result.get("account_sid"):
        result["account_sid"] = asid
    return with_flags(result, found)


def with_flags(result: dict[str, Any], found: Variables) -> dict[str, Any]:
    """Add a flag for each thing that was left out of the result."""
    said = [f"The notebook's {name} {why}: it was left out." for name, why in found.left_out.items()]
    if found.cut:
        said.append(f"output_df shows {found.cut}.")
    if said:
        flags = [{"code": "left_out", "text": text[:2000]} for text in said]
        result["flags"] = [*result.get("flags", []), *flags][:200]
    return result


def from_file(content: bytes, place: str, execution_id: str, asid: str) -> dict[str, Any]:
    """The result that the notebook wrote itself. Raises NotebookFailed; `place` says where it lies."""

    def refused(what: str, fix: str) -> NotebookFailed:
        return NotebookFailed(f"The notebook's {place} {what}.", f"{WHOEVER}: {fix}.")

    if len(content) > MOST_BYTES:
        raise refused(f"has more than {MOST_BYTES:,} bytes", "keep rows out of it that nobody reads")
    try:
        result: dict[str, Any] = json.loads(content, parse_constant=_no_constant, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise refused(
            f"is not JSON: {str(error)[:200]}", "write it by json.dump, with numbers that are finite"
        ) from error
    if check_result.is_too_deep(result):
        raise refused(f"has lists and mappings more than {check_result.DEEPEST} deep in each other", "write it flatter")
    if fault := fault_of(result):
        raise refused(f"breaks its schema at {fault}", "sagemaker/result.schema.json says what is asked of it")
    if result["execution_id"] != execution_id:
        raise refused(
            f"is of execution {result['execution_id']}, not of this one",
            "take execution_id from the environment variable EXECUTION_ID",
        )
    if asid and not result.get("account_sid"):
        result["account_sid"] = asid
    return result


def fault_of(result: object, profile: str = "") -> str | None:
    """Say where and how a result breaks the contract or the profile; None if it keeps both.

    The bot validates again; a fault must fail here already, where the log is.
    """
    schema = PROFILES[profile] if profile else CONTRACT
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    error = best_match(validator.iter_errors(_plain(result)))
    return None if error is None else check_result.broken_rule(error)


def check_profile(result: Mapping[str, Any], demanded: str) -> None:
    """Raise NotebookFailed if the result breaks the profile that it, or RESULT_PROFILE, names."""
    wrong = check_result.fault(_plain(result), execution_id=result["execution_id"])
    if wrong:
        raise NotebookFailed(f"The result cannot be used: {wrong}.", f"{WHOEVER}.")
    for profile in dict.fromkeys([demanded, str(result.get("profile") or "")]):
        if not profile or (profile not in PROFILES and profile != demanded):
            continue  # the company checks a profile of its own by itself
        fault = fault_of(result, profile) if profile in PROFILES else "no such profile is known here"
        fault = fault or check_result.fault(_plain(result), execution_id=result["execution_id"], profile=profile)
        if fault:
            raise NotebookFailed(
                f"The result does not keep the profile {profile}: {fault}.",
                "For a notebook of your own set NOTEBOOK and leave RESULT_PROFILE unset; ours writes it by finish().",
            )


def dumps(result: Mapping[str, Any]) -> bytes:
    """The file's content: a Decimal is the number that it is."""
    return f"{inside_kernel.dumps(result, indent=1, ensure_ascii=False)}\n".encode()


def _plain(value: Any) -> Any:
    """Convert Decimals to floats for the validator, which takes no Decimal for a number."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number there")
