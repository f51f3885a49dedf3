"""Which audit records are of claims that no job was started for."""

from __future__ import annotations

from typing import Any

import pytest

from src.history.columns import is_refused

LOST = {"created_at": "2026-01-20T12:00:00Z", "replaced_because": "lost"}
NEVER_STARTED = {"created_at": None}


@pytest.mark.parametrize(
    ("outcome", "attempts", "refused"),
    [
        ("refused", [NEVER_STARTED], True),
        ("refused", [LOST, NEVER_STARTED], False),  # its first job was paid for
        ("failure", [NEVER_STARTED], False),
        ("answer", [LOST], False),
    ],
)
def test_a_claim_is_refused_before_a_job_where_none_was_ever_started(
    outcome: str, attempts: list[dict[str, Any]], refused: bool
) -> None:
    assert is_refused({"outcome": outcome, "attempts": attempts}) is refused
