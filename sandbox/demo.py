"""`make demo`: the main job on one machine. A message goes into Slack, one tick of the real bot answers it.

Everything is the real code but for what lies outside: the services are the sandbox's. Exits 1 when anything differs
from the sample account's worked example (Documentation/POLICY.md). With another notebook than ours the amount is that
notebook's own: it has to be the same in thread and result.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sandbox.client import ROOT, Sandbox
from sandbox.slack.show import render_thread

OUTPUT = ROOT / "demo-output"
FILES = ("report.html", "result.json", "notebook_output.ipynb")
OURS = ROOT / "notebooks" / "Verify - Credit Recommendation.ipynb"
CREDIT = "4948.80"
NOT_FROM_THE_SHELL = {"NOTEBOOK", "NOTEBOOK_DIR", "RESULT_PROFILE"}
TICK_SECONDS = 300
"""How long one tick on the sandbox may take."""
TOLD_TO_END = 130
"""Exit code after Ctrl-C, as shells have it (128 + SIGINT)."""

# mode: attempts, blocked, charged, provider cost, credit
EXPECTED = {
    "disabled": (16378, 0, 1801.58, 1064.57, 0.00),
    "basic": (23260, 5815, 1860.80, 1046.70, 465.20),
    "standard": (21444, 32166, 2680.50, 1501.08, 1608.30),
    "max": (28753, 86259, 2875.30, 1725.18, 2875.30),
}


class Run(NamedTuple):
    """What the demo's tick left behind."""

    thread: list[dict[str, Any]]
    reactions: list[str]
    result: dict[str, Any]
    exit_code: int
    seconds: float
    output: Path


def main() -> int:
    """Run it; 0 where everything is as it should be."""
    options = _parser().parse_args()
    if options.notebook and not Path(options.notebook).is_file():
        print(f"demo: NOTEBOOK is {options.notebook}, and there is no such file: give its path.", file=sys.stderr)
        return 2
    try:
        return _demonstrate(options)
    except KeyboardInterrupt:
        print("demo: told to end", file=sys.stderr)
        return TOLD_TO_END


def _demonstrate(options: argparse.Namespace) -> int:
    print("1. Starting Slack, Looker, Presto and AWS on this machine ...", flush=True)
    jobs: Literal["image", "process"] = "image" if options.image else "process"
    own = _own_notebook(options.notebook)
    notebook = None if options.image else own  # an image has it already
    with Sandbox.start(jobs=jobs, presto=options.presto, image=options.image, notebook=notebook) as box:
        run = _run(box, options.executor, options.output)
        differences = [*_differences(run, "" if own else CREDIT), *_refusals(box)]
    for difference in differences:
        print(f"demo: DIFFERS: {difference}", file=sys.stderr)
    if differences:
        return 1
    print(f"4. Open {run.output.name}/report.html in a browser; beside it: {' and '.join(FILES[1:])}")
    amount = f"{run.result['credit_amount']:.2f} {_currency(run.result)}"
    where = f"{options.executor}, in the image" if options.image else options.executor
    whose = f", notebook {own.name}" if own else ""
    print(f"demo: credit {amount} in {run.seconds:.1f} s (executor {where}, presto {options.presto}{whose})")
    return 0


def _own_notebook(path: str) -> Path | None:
    """The notebook of this path; None where it is ours, or none was named."""
    notebook = Path(path).resolve()
    return notebook if path and notebook != OURS else None


def _run(box: Sandbox, executor: str, output: Path) -> Run:
    host = box.env["LOOKER_HOSTS"].split(",")[0]
    started = time.monotonic()
    ts = box.slack.post(user="U0SUPPORT1", text=f"Traffic pumping, please have a look: <https://{host}/x/sample>")
    print("2. Support posted a Looker link in Slack. One tick of the bot: python -m src.credit_bot", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FROM_THE_SHELL}
    exit_code = _tick({**environment, **box.env, "EXECUTOR": executor})
    seconds = time.monotonic() - started
    thread = box.slack.thread(ts=ts)
    print(f"3. The thread, as Slack shows it:\n\n{render_thread(thread)}\n")
    result = _save_outputs(box, output)
    return Run(thread, box.slack.reactions(ts=ts), result, exit_code, seconds, output)


def _tick(environment: Mapping[str, str]) -> int:
    """Run the bot; its exit code. On a terminal it shows its progress; elsewhere its log lines are made readable."""
    on_terminal = sys.stderr.isatty()
    bot = subprocess.Popen(
        [sys.executable, "-m", "src.credit_bot"],
        cwd=ROOT,
        env=environment,
        stderr=None if on_terminal else subprocess.PIPE,
        text=True,
    )
    too_slow = threading.Timer(TICK_SECONDS, bot.kill)
    too_slow.daemon = True
    try:
        too_slow.start()
        for line in bot.stderr or ():
            print(f"   {_readable(line)}", flush=True)
        return bot.wait()
    finally:
        bot.terminate()
        bot.wait()


def _readable(line: str) -> str:
    """A JSON log line as a person reads it; any other line as it is."""
    try:
        told = json.loads(line)
    except ValueError:
        return line.rstrip()
    about = [told[name] for name in ("execution_id",) if name in told]
    about += [f"{name} {told[name]}" for name in ("answered", "failed") if name in told]
    return " ".join([told["time"][11:19], told["message"], f"({', '.join(about)})" if about else ""]).rstrip()


def _save_outputs(box: Sandbox, output: Path) -> dict[str, Any]:
    """Copy the execution's files there; its result, empty where there is none."""
    s3, bucket = box.client("s3"), box.env["S3_OUTPUT_BUCKET"]
    output.mkdir(exist_ok=True)
    for name in FILES:
        (output / name).unlink(missing_ok=True)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="credits-automation/outputs/")
    for entry in listed.get("Contents", []):
        name = Path(entry["Key"]).name
        if name in FILES:
            s3.download_file(bucket, entry["Key"], str(output / name))
    found = output / "result.json"
    result: dict[str, Any] = json.loads(found.read_text()) if found.exists() else {}
    return result


def _differences(run: Run, credit: str) -> Iterator[str]:
    """List what differs from what is expected. credit: the amount demanded; "": any, if thread and result agree."""
    found = f"{run.result.get('credit_amount', 0):.2f}"
    amount = f"{float(credit or found):,.2f} {_currency(run.result)}"
    if run.exit_code:
        yield f"the tick ended with {run.exit_code}"
    if len([message for message in run.thread[1:] if not message.get("files")]) != 1:
        yield f"the thread has {len(run.thread) - 1} replies"
    if (credit or run.result) and amount not in "".join(message["text"] for message in run.thread[1:2]):
        yield f"the thread does not say {amount}"
    if "white_check_mark" not in run.reactions:
        yield f"the message's reactions are {run.reactions}"
    yield from (f"{name} is missing" for name in FILES if not (run.output / name).exists())
    if credit:
        if found != credit:
            yield f"result.json says {run.result.get('credit_amount')}"
        yield from _different_modes(run.result.get("output_df", []))


def _currency(result: Mapping[str, Any]) -> str:
    return str(result.get("currency") or "USD")


def _different_modes(rows: list[dict[str, Any]]) -> Iterator[str]:
    names = ("attempts", "blocked", "charged", "provider_cost", "credit")
    found = {row["mode"]: tuple(row[name] for name in names) for row in rows}
    if found != EXPECTED:
        yield f"output_df has {found}, expected {EXPECTED}"


def _refusals(box: Sandbox) -> Iterator[str]:
    """Requests that the real services would have refused."""
    yield from (f"AWS would have refused {refused}" for refused in box.aws.refused())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument("--executor", choices=("sagemaker", "local"), default="sagemaker")
    parser.add_argument("--presto", choices=("embedded", "real"), default="embedded")
    parser.add_argument("--notebook", default="", metavar="PATH", help="another than ours; in an image: the one it has")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="a folder for the execution's files")
    parser.add_argument("--image", default="", help="run the job in this image instead of as a process")
    return parser


if __name__ == "__main__":
    sys.exit(main())
