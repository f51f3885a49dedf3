"""report.html: the recommendation for finance, in one file without a network, with arithmetic to follow."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from . import charts
from .arithmetic import cents, money, steps, total_formula
from .calculation import Decision
from .claim import Claim
from .evidence import Evidence
from .result import sha256
from .sayable import key_value, name_or_none

TEMPLATES = Path(__file__).parent / "templates"
SHOWN = 25
"""Rows of a long table that are shown at once; the others can be unfolded."""
MOST = 500
"""Rows of a long table that are in the report at all; the others are counted."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Place:
    """A country's MCC over all modes; `part` is its charge over the largest one's, for a bar."""

    country: str
    mcc: str
    attempts: int
    blocked: int
    charged: Fraction
    part: float


@dataclass(frozen=True)
class LongTable:
    """Rows in three lots: shown, folded away, and left out (only counted)."""

    shown: Sequence[Any]
    folded: Sequence[Any]
    left_out: Sequence[Any]

    @property
    def count(self) -> int:
        return len(self.shown) + len(self.folded) + len(self.left_out)


def render_report(
    claim: Claim,
    evidence: Evidence,
    decision: Decision,
    *,
    execution_id: str,
    timestamp: str,
    queries: Sequence[Mapping[str, object]],
    image: str | None,
) -> str:
    """One HTML file; everything from outside is escaped. timestamp: ISO 8601 in UTC."""
    places = long_table(_places(decision))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            claim=claim,
            evidence=evidence,
            account_name=name_or_none(evidence.account_name),
            decision=decision,
            sentence=_sentence(claim, evidence, decision),
            scope=_scope(claim),
            modes=[{"line": line, "steps": steps(line)} for line in decision.modes],
            total_formula=total_formula(decision.modes),
            mode_chart=Markup(charts.by_mode(decision).svg()),  # noqa: S704 (our own SVG)
            day_chart=Markup(charts.by_day(decision).svg()),  # noqa: S704
            changes=long_table(decision.setting_changes),
            places=places,
            charged_left_out=sum((place.charged for place in places.left_out), Fraction(0)),
            queries=queries,
            query_seconds=sum(float(str(query["seconds"])) for query in queries),
            latest=max((line.day for line in decision.by_day if line.attempts), default=None),
            timestamp=timestamp.replace("T", " ").replace("Z", " UTC"),
            execution_id=execution_id,
            image=image,
            sql_digests=(("query.sql", sha256(claim.sql)), ("the SQL as it ran", sha256(claim.sql_as_run))),
        )
    )


def long_table(rows: Sequence[Any]) -> LongTable:
    """A table that stays readable however long it is."""
    return LongTable(rows[:SHOWN], rows[SHOWN:MOST], rows[MOST:])


def _sentence(claim: Claim, evidence: Evidence, decision: Decision) -> str:
    name = name_or_none(evidence.account_name) or claim.account_sid
    window = f"from {claim.fraud_start} to {claim.fraud_end} (UTC)"
    if not decision.total.attempts:
        return f"No credit for {name}: the query found no fraud {window}."
    charged = (
        f"{cents(decision.total.charged)} USD it was charged for {decision.total.attempts:,} fraud attempts {window}"
    )
    if not decision.credit:
        return f"No credit is recommended for {name} of the {charged}."
    return f"We recommend crediting {name} with {decision.credit:,} USD of the {charged}."


def _scope(claim: Claim) -> str:
    named = (("services", claim.services), ("countries", claim.countries), ("MCCs", claim.mccs))
    return "; ".join(f"{name} {', '.join(values)}" for name, values in named if values)


def _places(decision: Decision) -> list[Place]:
    sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0, Fraction(0)])
    for line in decision.by_country:
        country = name_or_none(line.country_name) or (
            key_value("country_iso", line.country_iso) if line.country_iso else "unknown"
        )
        mcc = (key_value("mcc", line.mcc) if line.mcc else "none") + ("" if line.mcc_known else " (unknown)")
        total = sums[country, mcc]
        total[0] += line.attempts
        total[1] += line.blocked
        total[2] += line.charged
    most = max((charged for _, _, charged in sums.values()), default=Fraction(0))
    found = [
        Place(country, mcc, attempts, blocked, charged, float(charged / most) if most else 0.0)
        for (country, mcc), (attempts, blocked, charged) in sums.items()
    ]
    return sorted(found, key=lambda place: (-place.charged, place.country, place.mcc))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = lambda value: "unknown" if value is None else money(value)
    environment.filters["cents"] = lambda value: "unknown" if value is None else cents(value)
    environment.filters["percent"] = lambda value: "–" if value is None else f"{float(value) * 100:.1f} %"
    environment.filters["service"] = lambda value: key_value("service_sid", value)
    environment.filters["unbroken"] = _unbroken
    environment.filters["count"] = lambda value: f"{value:,}"
    return environment


def _unbroken(words: str) -> Markup:
    """Dates are not broken at their hyphens."""
    return Markup(_DAY.sub(r'<span class="day">\g<0></span>', str(escape(words))))  # noqa: S704 (escaped just here)
