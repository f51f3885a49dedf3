"""Charts of a decision, as matplotlib figures for the notebook and as SVG for the report.

Colours: Okabe and Ito's, told apart by colour-blind readers; shades differ in grey print too.
https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import matplotlib as mpl
import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .calculation import Decision

THROUGH, BLOCKED, CREDIT = "#D55E00", "#0072B2", "#009E73"
MODE_COLOURS = {
    "disabled": "#999999",
    "basic": "#F0E442",
    "standard": "#56B4E9",
    "max": "#0072B2",
    "unknown": "#CC79A7",
}


def by_mode(decision: Decision) -> Figure:
    """What was charged and what of it is credited, in USD, by Fraud Guard mode."""
    figure, axes = _axes("Charged and credited, by Fraud Guard mode", "USD")
    modes = [line.mode for line in decision.modes]
    places = range(len(modes))
    axes.bar([p - 0.2 for p in places], [float(line.charged) for line in decision.modes], 0.4, color=THROUGH)
    axes.bar([p + 0.2 for p in places], [float(line.credit) for line in decision.modes], 0.4, color=CREDIT)
    axes.set_xticks(list(places), modes)
    axes.legend(["charged", "credited"], frameon=False)
    return figure


def by_day(decision: Decision) -> Figure:
    """Attempts that went through and that were blocked, a day a bar; changes of the settings are dashed lines."""
    figure, axes = _axes("Fraud attempts by day", "attempts a day")
    days = sorted({line.day for line in decision.by_day})
    through = [sum(line.attempts for line in decision.by_day if line.day == day) for day in days]
    blocked = [sum(line.blocked for line in decision.by_day if line.day == day) for day in days]
    axes.bar(_numbers(days), through, 1.0, color=THROUGH)
    axes.bar(_numbers(days), blocked, 1.0, bottom=through, color=BLOCKED)
    for change in decision.setting_changes[:60]:
        axes.axvline(_number(change.at), color="black", linestyle="--", linewidth=0.8)
    axes.xaxis_date()
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))  # type: ignore[no-untyped-call]
    axes.legend(["setting changed", "through", "blocked"] if decision.setting_changes else ["through", "blocked"])
    return figure


def svg(figure: Figure, alt: str) -> str:
    """The figure as an SVG element without an outer document, `alt` for those who cannot see it."""
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "credits"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    element = text[text.index("<svg") :]
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return element.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _axes(title: str, unit: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_ylabel(unit, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _numbers(days: Sequence[date]) -> list[float]:
    return [_number(day) for day in days]


def _number(day: date) -> float:
    return float(mdates.date2num(day))  # type: ignore[no-untyped-call]
