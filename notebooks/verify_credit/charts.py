"""Charts of a decision as SVG: shown by the notebook, put into the report.

Colours: Okabe and Ito's, told apart by colour-blind readers; shades differ in grey print too.
https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Chart:
    """A figure, and its words for those who cannot see it."""

    figure: Figure
    alt: str

    def svg(self) -> str:
        """An SVG element without an outer document."""
        out = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "credits"}):
            self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        text = out.getvalue()
        label = html.escape(self.alt, quote=True)
        return text[text.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)

    def _repr_svg_(self) -> str:
        return self.svg()


def by_mode(decision: Decision) -> Chart:
    """What was charged and what of it is credited, in USD, by Fraud Guard mode."""
    figure, axes = _axes("Charged and credited, by Fraud Guard mode", "USD")
    modes = [line.mode for line in decision.modes]
    places = range(len(modes))
    axes.bar([p - 0.2 for p in places], [float(line.charged) for line in decision.modes], 0.4, color=THROUGH)
    axes.bar([p + 0.2 for p in places], [float(line.credit) for line in decision.modes], 0.4, color=CREDIT)
    axes.set_xticks(list(places), modes)
    axes.legend(["charged", "credited"], frameon=False)
    parts = [f"{line.mode}: charged {float(line.charged):,.2f}, credited {line.credit}" for line in decision.modes]
    return Chart(figure, f"Charged and credited in USD, by Fraud Guard mode. {'; '.join(parts)}")


def by_day(decision: Decision) -> Chart:
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
    span = f", {days[0]} to {days[-1]}" if days else ": none in the window"
    return Chart(figure, f"Fraud attempts by day{span}: those that went through and those that were blocked.")


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
