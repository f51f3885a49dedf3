"""result.json: the decision in the plan's fields. Floats appear here and nowhere before; NaN and Infinity cannot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .calculation import Decision, ModeLine
from .claim import Claim
from .evidence import CURRENCY, Evidence

SCHEMA_VERSION = "1"


def build_result(
    claim: Claim,
    evidence: Evidence,
    decision: Decision,
    *,
    execution_id: str,
    timestamp: str,
    provenance: Mapping[str, object],
) -> dict[str, Any]:
    """The content of result.json, in plain JSON values, the same for the same arguments.

    timestamp: ISO 8601 in UTC with Z; provenance: as sagemaker/result.schema.json
    describes it (the runner completes it).
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "policy_version": decision.policy.version,
        "credit_amount": float(decision.credit),
        "currency": CURRENCY,
        "account_sid": claim.account_sid,
        "parent_account_sid": evidence.parent_account_sid,
        "account_name": evidence.account_name,
        "fraud_start": claim.fraud_start.isoformat(),
        "fraud_end": claim.fraud_end.isoformat(),
        "fraud_total": _number(decision.total.charged, 4),
        "fraud_attempts": decision.total.attempts,
        "mrr": None if evidence.mrr is None else _number(evidence.mrr, 2),
        "execution_id": execution_id,
        "timestamp": timestamp,
        "output_df": output_rows(decision),
        "summary": _summary(claim, decision),
        "scope": claim.scope(),
        "flags": [{"code": flag.code, "text": flag.text} for flag in decision.flags],
        "provenance": dict(provenance),
    }


def output_rows(decision: Decision) -> list[dict[str, Any]]:
    """A row a mode that has attempts or blocks, in the order of policy.MODES."""
    return [_output_row(line) for line in decision.modes]


def dumps(result: Mapping[str, object]) -> str:
    """JSON text, keys in their order. Raises ValueError for NaN and Infinity."""
    return json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(content: str | bytes) -> str:
    """The hex digest of bytes, or of text in UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _output_row(line: ModeLine) -> dict[str, Any]:
    return {
        "mode": line.mode,
        "attempts": line.attempts,
        "blocked": line.blocked,
        "block_rate": _optional(line.block_rate, 6),
        "charged": _number(line.charged, 4),
        "provider_cost": _optional(line.provider_cost, 6),
        "share": _number(line.share, 6),
        "credit": float(line.credit),
    }


def _summary(claim: Claim, decision: Decision) -> dict[str, Any]:
    total = decision.total
    return {
        "attempts": total.attempts,
        "blocked": total.blocked,
        "block_rate": _optional(total.block_rate, 6),
        "charged": _number(total.charged, 4),
        "provider_cost": _optional(total.provider_cost, 6),
        "credit": float(decision.credit),
        "days": claim.days,
        "countries": len({line.country_iso for line in decision.by_country if line.attempts}),
    }


def _number(value: Fraction, places: int) -> float:
    return float(round(value, places))


def _optional(value: Fraction | None, places: int) -> float | None:
    return None if value is None else _number(value, places)
