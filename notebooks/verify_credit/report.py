"""report.html: the recommendation for finance, in one file without a network, with arithmetic to follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from . import charts
from .calculation import Decision, ModeLine
from .claim import Claim
from .evidence import Evidence
from .result import output_rows

TEMPLATES = Path(__file__).parent / "templates"
MOST_PLACES = 250
MOST_CHANGES = 400


@dataclass(frozen=True)
class Place:
    """A country's MCC over all modes."""

    country: str
    mcc: str
    attempts: int
    blocked: int
    charged: Fraction


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
    """One HTML file; everything from outside is escaped."""
    places = _places(decision)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            account=claim.account_sid,
            credit=decision.credit,
            sentence=_sentence(claim, evidence, decision),
            flags=decision.flags,
            policy=decision.policy.version,
            modes=[{"mode": line.mode, "credit": line.credit, "steps": steps(line)} for line in decision.modes],
            rows=output_rows(decision),
            mode_chart=Markup(charts.by_mode(decision).svg()),  # noqa: S704 (our own SVG)
            day_chart=Markup(charts.by_day(decision).svg()),  # noqa: S704
            changes=decision.setting_changes[:MOST_CHANGES],
            changes_left_out=max(0, len(decision.setting_changes) - MOST_CHANGES),
            places=places[:MOST_PLACES],
            places_left_out=max(0, len(places) - MOST_PLACES),
            charged_left_out=sum((place.charged for place in places[MOST_PLACES:]), Fraction(0)),
            queries=queries,
            latest=max((line.day for line in decision.by_day if line.attempts), default=None),
            timestamp=timestamp,
            execution_id=execution_id,
            image=image,
            sql=claim.sql_as_run,
        )
    )


def steps(line: ModeLine) -> list[str]:
    """The arithmetic of a mode's credit, a sentence a step, with the numbers in place."""
    through, blocked = f"{line.attempts:,}", f"{line.blocked:,}"
    if line.rule is None:
        return [f"No setting of Fraud Guard covers these {through} attempts: no credit, for review."]
    if not line.attempts:
        return [f"Nothing went through ({blocked} attempts were blocked): no credit."]
    rule = line.rule
    everything = line.attempts + line.blocked
    target = rule.target * everything
    missed = target - line.blocked
    entitled = f"{_number(rule.refund)} × {_number(line.share)} × {_usd(line.charged)} = {_usd(line.entitled)}"
    sought = f"{_number(rule.target)} × {everything:,} = {_number(target)}"
    share = f"a share of {_percent(line.share)} of the {through}"
    told = [
        f"{through} attempts went through, {blocked} were blocked: {through} + {blocked} = {everything:,} in all.",
        f"The mode's target is to block {_percent(rule.target)}: {sought}.",
        f"It missed {_number(target)} − {blocked} = {_number(missed)}, {share}, kept between 0 % and 100 %.",
        f"Of what was charged for that share, {_percent(rule.refund)} is given back: {entitled}.",
    ]
    if line.ceiling is not None:
        cost = _usd(line.provider_cost or Fraction(0))
        told.append(
            f"At most {_usd(line.charged)} − {_number(rule.cost_kept)} × {cost} provider cost = {_usd(line.ceiling)}."
        )
    return [*told, f"The smaller one, to the cent: {_usd(Fraction(line.credit))}."]


def _sentence(claim: Claim, evidence: Evidence, decision: Decision) -> str:
    name = f" ({evidence.account_name})" if evidence.account_name else ""
    parent = (
        f", sub-account of {evidence.parent_account_sid}" if evidence.parent_account_sid != claim.account_sid else ""
    )
    mrr = "unknown" if evidence.mrr is None else f"{_usd(evidence.mrr)} a month"
    return (
        f"Account {claim.account_sid}{name}{parent} was charged {_usd(decision.total.charged)} for "
        f"{decision.total.attempts:,} fraud attempts from {claim.fraud_start} to {claim.fraud_end} (UTC); Fraud Guard "
        f"blocked {decision.total.blocked:,} more. Monthly recurring revenue: {mrr}."
    )


def _places(decision: Decision) -> list[Place]:
    sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0, Fraction(0)])
    for line in decision.by_country:
        country = line.country_name or line.country_iso or "unknown"
        mcc = (line.mcc or "none") + ("" if line.mcc_known else " (unknown)")
        total = sums[country, mcc]
        total[0] += line.attempts
        total[1] += line.blocked
        total[2] += line.charged
    found = [Place(country, mcc, *values) for (country, mcc), values in sums.items()]
    return sorted(found, key=lambda place: (-place.charged, place.country, place.mcc))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["usd"] = lambda value: "unknown" if value is None else _usd(Fraction(value))
    environment.filters["percent"] = lambda value: "–" if value is None else f"{float(value) * 100:.1f} %"
    environment.filters["count"] = lambda value: f"{value:,}"
    return environment


def _usd(amount: Fraction) -> str:
    return f"{float(amount):,.2f} USD"


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:.4g} %"


def _number(value: Fraction) -> str:
    return f"{float(value):,.6g}" if abs(value) < 1_000_000 else f"{float(value):,.1f}"
