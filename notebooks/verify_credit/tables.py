"""A run as tables for the notebook's reader, each from what a step of the run returned."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from .calculation import Decision
from .claim import Claim
from .presto import QueryResult
from .result import output_rows


def scope(claim: Claim) -> pd.DataFrame:
    """The claim: account, window, filters."""
    found = {name: "all" if value is None else value for name, value in claim.scope().items()}
    return pd.DataFrame({"claim": pd.Series(found)})


def queries(results: Mapping[str, QueryResult]) -> pd.DataFrame:
    """A row a query: how many rows it gave, how many seconds and attempts it took."""
    return pd.DataFrame(
        [
            {"query": name, "rows": len(result.rows), "seconds": result.seconds, "attempts": result.attempts}
            for name, result in sorted(results.items())
        ]
    )


def flags(decision: Decision) -> pd.DataFrame:
    """What makes the result doubtful."""
    return pd.DataFrame([{"flag": flag.code, "what to check": flag.text} for flag in decision.flags])


def by_mode(decision: Decision) -> pd.DataFrame:
    """A row a mode: mode, attempts, blocked, block rate, charged, provider cost, share, credit."""
    return pd.DataFrame(output_rows(decision))
