"""Charts of a decision: SVG for notebook and report, PNG for Slack.

Colours: Okabe and Ito's, told apart by colour-blind readers; shades differ in grey print too.
https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import html
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import matplotlib as mpl
import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .calculation import Decision
from .fraud_guard import SettingChange

THROUGH, BLOCKED, CREDIT = "#D55E00", "#56B4E9", "#009E73"
INK, GRID = "#1f2933", "#d9dee3"
FONTS = "-apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
MOST_NAMED_CHANGES = 8
"""Setting changes that are named in the chart; more would cover the bars."""
_FONT = re.compile(r"'DejaVu Sans'[^;\"]*sans-serif")
_NAME = re.compile(r'(\bid="|xlink:href="#|url\(#)')


@dataclass(frozen=True)
class Chart:
    """A figure under a name of its own, and its words for those who cannot see it."""

    name: str
    figure: Figure
    alt: str

    def svg(self) -> str:
        """An SVG element without an outer document, its text as text, its ids its own."""
        out = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": self.name}):
            self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        text = out.getvalue()
        text = _NAME.sub(rf"\1{self.name}-", _FONT.sub(FONTS, text[text.index("<svg") :]))
        label = html.escape(self.alt, quote=True)
        return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)

    def png(self) -> bytes:
        """The same as a picture, twice as large as it is shown."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=144, metadata={"Software": None})
        return out.getvalue()

    def _repr_svg_(self) -> str:
        return self.svg()


def by_mode(decision: Decision) -> Chart:
    """What was charged and what of it is credited, in USD, by Fraud Guard mode."""
    figure, axes = _axes("Charged and credited, by Fraud Guard mode", "USD")
    places = range(len(decision.modes))
    charged, credited = ([float(getattr(line, name)) for line in decision.modes] for name in ("charged", "credit"))
    for offset, amounts, colour, label in ((-0.2, charged, THROUGH, "charged"), (0.2, credited, CREDIT, "credited")):
        bars = axes.bar([p + offset for p in places], amounts, 0.38, color=colour, label=label)
        axes.bar_label(bars, [f"{int(amount + 0.5):,}" for amount in amounts], fontsize=9, padding=2, color=INK)
    axes.set_xticks(list(places), [line.mode for line in decision.modes])
    axes.margins(y=0.12)
    _legend(axes)
    parts = [f"{line.mode}: charged {float(line.charged):,.2f}, credited {line.credit}" for line in decision.modes]
    return Chart("modes", figure, f"Charged and credited in USD, by Fraud Guard mode. {'; '.join(parts)}.")


def by_day(decision: Decision) -> Chart:
    """Attempts that went through and that were blocked, a day a bar; changes of the settings are marked."""
    figure, axes = _axes("Fraud attempts by day", "attempts a day")
    through, blocked = _by_day(decision, "attempts"), _by_day(decision, "blocked")
    days = sorted(through.keys() | blocked.keys())
    below = [through.get(day, 0) for day in days]
    axes.bar(_numbers(days), below, 1.0, color=THROUGH, label="went through")
    axes.bar(_numbers(days), [blocked.get(day, 0) for day in days], 1.0, bottom=below, color=BLOCKED, label="blocked")
    axes.margins(x=0.01, y=0.12)
    _mark_changes(axes, decision.setting_changes)
    if days:
        axes.xaxis_date()
        axes.xaxis.set_major_formatter(mdates.DateFormatter("%-d %b" if days[0].year == days[-1].year else "%b %Y"))  # type: ignore[no-untyped-call]
        axes.set_xlabel(f"{days[0]} to {days[-1]} (UTC)", fontsize=9, color=INK)
    _legend(axes)
    return Chart("days", figure, _words_by_day(through, blocked, len(decision.setting_changes)))


def _mark_changes(axes: Axes, changes: Sequence[SettingChange]) -> None:
    """Mark a few changes by line and name, many by ticks along the top, so that the bars can still be seen."""
    moments = [_moment(change.at) for change in changes]
    many = len(changes) > MOST_NAMED_CHANGES
    if changes:
        label = f"setting changed ({len(changes)} times)" if many else "setting changed"
        low, high = (0.96, 1.0) if many else (0.0, 1.0)
        for index, at in enumerate(moments):
            style = "-" if many else "--"
            axes.axvline(
                at, low, high, color=INK, linestyle=style, linewidth=0.8, label=label if not index else "_nolegend_"
            )
    for change, at in zip([] if many else changes, moments, strict=False):
        axes.annotate(
            f" {change.after}", (at, 1.0), xycoords=("data", "axes fraction"), fontsize=8, va="top", color=INK
        )


def _by_day(decision: Decision, what: str) -> Mapping[date, int]:
    sums: dict[date, int] = defaultdict(int)
    for line in decision.by_day:
        sums[line.day] += getattr(line, what)
    return sums


def _words_by_day(through: Mapping[date, int], blocked: Mapping[date, int], changes: int) -> str:
    if not through:
        return "Fraud attempts by day: there were none in the window."
    worst = max(through, key=lambda day: (through[day], day))
    return (
        f"Fraud attempts by day, {min(through)} to {max(through)}: {sum(through.values()):,} went through, at most "
        f"{through[worst]:,} a day ({worst}); {sum(blocked.values()):,} were blocked. The settings of Fraud Guard "
        f"changed {changes} times; the table below says when."
    )


def _axes(title: str, unit: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.6, 3.1), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=22)
    axes.set_ylabel(unit, fontsize=9, color=INK)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(labelsize=9, colors=INK, length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure, axes


def _legend(axes: Axes) -> None:
    """Above the bars, below the title."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=3, frameon=False, fontsize=9, borderaxespad=0.2,
        handlelength=1.2, columnspacing=1.4,
    )  # fmt: skip


def _numbers(days: Sequence[date]) -> list[float]:
    """Each day's middle, so that a change at midnight is drawn between two days."""
    return [_moment(datetime.combine(day, time(12))) for day in days]


def _moment(at: datetime) -> float:
    return float(mdates.date2num(at))  # type: ignore[no-untyped-call]
