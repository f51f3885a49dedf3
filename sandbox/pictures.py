"""Makes pages for a browser of what people see: thread and report of the sample account, from one real tick.

    python -m sandbox.pictures FOLDER

What differs from run to run (ids, times, ports) is given fixed values in the pages, so that a picture of one changes
only with the design or the numbers.
"""

from __future__ import annotations

import argparse
import base64
import re
import subprocess
import sys
from itertools import count
from os import environ
from pathlib import Path
from typing import Any

from sandbox.client import ROOT, Sandbox
from sandbox.demo import TICK_SECONDS
from sandbox.slack.page import render_page
from src.slack.reply import progress

POSTED = 1_768_480_496  # 2026-01-15 12:34:56 UTC
EXECUTION_ID = "20260115_123456_3fa94c01"
CHANNEL = "credit-requests"
_EXECUTION_ID = re.compile(r"\d{8}_\d{6}_[0-9a-f]{8}")
_READ_AT = re.compile(r"(Read from the warehouse <span[^>]*>)[\d-]+(</span>) [\d:]+ UTC")
_SECONDS = re.compile(r'<td class="seconds">\d+\.\d\d</td>')
_ALL_SECONDS = re.compile(r"in \d+\.\d s of query time")


def main() -> int:
    """Make the pages; 0 where the tick ended well."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, help="where thread.html and report.html go")
    pages = make_pages()
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return 0


def make_pages() -> dict[str, str]:
    """HTML by name: thread, working, failure, report. Raises CalledProcessError where a tick does not end well."""
    with Sandbox.start(jobs="process", presto="embedded") as box:
        host = box.env["LOOKER_HOSTS"].split(",")[0]
        asked = box.slack.post(text=f"Traffic pumping on Example Shop, please have a look: <https://{host}/x/sample>")
        box.looker.add_query(slug="nosettings", sql="SELECT SUM(attempts) FROM authy.verification_usage")
        failed = box.slack.post(text=f"And this one: <https://{host}/x/nosettings>")
        command = [sys.executable, "-m", "src.credit_bot"]
        subprocess.run(command, cwd=ROOT, env={**environ, **box.env}, timeout=TICK_SECONDS, check=True)
        return {
            "thread": steady(render_page(_steady_times(box.slack.thread(ts=asked)), channel=CHANNEL)),
            "working": steady(render_page(_steady_times(_working(box.slack.thread(ts=asked))), channel=CHANNEL)),
            "failure": steady(render_page(_steady_times(box.slack.thread(ts=failed)), channel=CHANNEL)),
            "report": steady(_report(box)),
        }


def steady(page: str) -> str:
    """The page with fixed values for what no two runs share."""
    page = _EXECUTION_ID.sub(EXECUTION_ID, page)
    page = _READ_AT.sub(r"\g<1>2026-01-15\2 12:36:00 UTC", page)
    page = _ALL_SECONDS.sub("in 1.7 s of query time", page)
    return _SECONDS.sub('<td class="seconds">0.21</td>', page)


def _steady_times(thread: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Set the times as if the answer had taken the minutes that it takes on SageMaker."""
    moments = count(POSTED, 200)
    return [message | {"ts": f"{moment}.000100"} for message, moment in zip(thread, moments, strict=False)]


def _working(thread: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the thread as it was before the answer, as if the job had taken minutes."""
    words = progress(3, 8, 130, queries=["blocking_events", "mrr", "usage"], usual_seconds=180)
    return [thread[0], thread[1] | {"text": words.text, "blocks": words.blocks, "edited": {}}]


def _report(box: Sandbox) -> str:
    [file] = [file for file in box.slack.files() if file["name"].endswith(".html")]
    return base64.b64decode(box.slack.file_content(file_id=file["id"])).decode("utf-8")


if __name__ == "__main__":
    sys.exit(main())
