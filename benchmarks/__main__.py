"""`make bench`: measures, prints a table, writes benchmarks/latest.json; each figure with its floor of the same run."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import answer_delay, history, idle_tick, job_in_image, many_jobs, peers, polling, refusal
from benchmarks.figures import Figure

LATEST = Path(__file__).parent / "latest.json"

SUITES: dict[str, Callable[[], list[Figure]]] = {
    "many_jobs": many_jobs.measure,
    "polling": polling.measure,
    "answer_delay": answer_delay.measure,
    "refusal": refusal.measure,
    "idle_tick": idle_tick.measure,
    "peers": peers.measure,
    "history": history.measure,
    "job_in_image": job_in_image.measure,
}


def main() -> int:
    """Run the suites; return 1 if a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], help="all where none is named")
    chosen = parser.parse_args().suites or list(SUITES)
    figures = [figure for name in chosen for figure in SUITES[name]()]
    Console().print(_table(figures))
    if len(chosen) == len(SUITES):
        LATEST.write_text(json.dumps(_report(figures), indent=1) + "\n")
    return int(any(figure.is_over for figure in figures))


def _table(figures: list[Figure]) -> Table:
    table = Table("what", "measured", "floor", "ratio", "limit")
    for figure in figures:
        table.add_row(*figure.row())
    return table


def _report(figures: list[Figure]) -> dict[str, object]:
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return {"machine": machine, "figures": [figure.as_json() for figure in figures]}


if __name__ == "__main__":
    sys.exit(main())
