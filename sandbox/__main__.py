"""`python -m sandbox`: everything outside the bot on this machine, until Ctrl-C. Prints the environment to export."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.real_presto.errors import PrestoUnavailable
from sandbox.services import Options, Services

_HINT = """
The sandbox runs until Ctrl-C. Export the lines above in another shell; to post a request into its Slack:
  curl -s {control}/control/slack/post -d '{{"text": "<https://looker.sandbox.example/x/sample>"}}'
then `python -m src.credit_bot`; the thread, by the ts that the post answered with:
  curl -s {control}/control/slack/render -d '{{"ts": "..."}}'"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; return 2 for options that make no sense, 1 if this machine lacks what they need."""
    options = _parser().parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: ended.set())
    if problem := _problem(options):
        print(problem, file=sys.stderr)
        return 2
    try:
        services = Services(_wanted(options))
    except PrestoUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    try:
        _keep_secrets(services)
        _tell(services, options.ready_file)
        if options.until_eof:  # a program's, not a person's
            threading.Thread(target=_wait_for_eof, args=(ended,), daemon=True).start()
        else:
            print(_HINT.format(control=services.control_url), file=sys.stderr, flush=True)
        ended.wait()
    finally:
        services.stop()
    return 0


def _problem(options: argparse.Namespace) -> str:
    """Say what makes no sense about the options; "" if all is well."""
    if options.jobs == "image" and not options.image:
        return "Which image? Build one (Documentation/DEPLOY.md) and name it with --image."
    if options.jobs == "image" and options.notebook:
        return "An image has a notebook in it: leave --notebook out, or build one with yours (Documentation/DEPLOY.md)."
    if options.notebook and not options.notebook.is_file():
        return f"There is no notebook {options.notebook}: give the path of an .ipynb file."
    return ""


def _wanted(options: argparse.Namespace) -> Options:
    return Options(
        options.jobs,
        options.presto,
        options.entrypoint.resolve(),
        options.grace,
        options.image,
        tuple(options.mount),
        options.notebook and options.notebook.resolve(),
    )


def _tell(services: Services, ready_file: Path | None) -> None:
    print(exports(services.env), flush=True)
    if ready_file:
        half_written = ready_file.with_suffix(".part")
        half_written.write_text(json.dumps({"control": services.control_url, "env": services.env}))
        half_written.rename(ready_file)


def _keep_secrets(services: Services) -> None:
    """For the search that follows a whole test run (tests/canary.py): SANDBOX_SECRETS_FILE gets a secret a line."""
    file = os.environ.get("SANDBOX_SECRETS_FILE")
    if file:
        with Path(file).open("a") as out:
            out.write("".join(f"{secret}\n" for secret in services.secrets))


def exports(env: Mapping[str, str]) -> str:
    """Lines for a POSIX shell, safe whatever the values hold."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in env.items())


def _wait_for_eof(ended: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    ended.set()


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--jobs",
        choices=("process", "scripted", "image"),
        default=defaults.jobs,
        help="a job starts the container's entrypoint (process), the container (image) or nothing (scripted)",
    )
    parser.add_argument(
        "--presto",
        choices=("embedded", "real", "none"),
        default=defaults.presto,
        help="DuckDB behind Presto's protocol, or the Presto that scripts/install_presto.sh installs",
    )
    parser.add_argument("--ready-file", type=Path, help="written when all is up: JSON with `control` and `env`")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    parser.add_argument("--image", default="", help="what --jobs image runs")
    parser.add_argument("--mount", action="append", default=[], help="HOST:CONTAINER[:ro], for containers")
    parser.add_argument(
        "--notebook", type=Path, metavar="PATH", help="another than ours: NOTEBOOK in the environment that is printed"
    )
    parser.add_argument("--entrypoint", type=Path, default=defaults.entrypoint, help="what a job starts")
    parser.add_argument(
        "--grace", type=float, default=defaults.grace, help="seconds between SIGTERM and SIGKILL for a job"
    )
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # all is stopped by now; the interpreter's own end would take seconds, and DuckDB would complain
