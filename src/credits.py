"""`credits COMMAND`: one entry point for what `python -m src.…` does. Each command is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from .process_end import leave

COMMANDS = {
    "tick": ("src.credit_bot", "answers what is new in the channel, goes on with what is open; --dry-run, --link URL"),
    "runs": ("src.runs", "past executions: list, show, verify, search, export, cost"),
    "compare": ("src.compare", "papermill on this machine against SageMaker, for links, SQL files, past executions"),
    "doctor": ("src.doctor", "checks an installation: settings, AWS, Slack, Looker, and through a small job Presto"),
    "policy": ("src.policy", "the credit policy: its versions, and what a candidate would have changed"),
}
EXAMPLES = ("credits tick --dry-run", "credits runs list --count 20", "credits policy show")
NOT_UNDERSTOOD = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Call a command; its exit code, or 2 for one there is not."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    if name in {"-h", "--help"}:
        print(_help())
        return 0
    if name not in COMMANDS:
        print(f"There is no command {name!r}.\n\n{_help()}" if name else _help(), file=sys.stderr)
        return NOT_UNDERSTOOD
    code: int = import_module(COMMANDS[name][0]).main(rest, prog=f"credits {name}")
    return code


def entry() -> NoReturn:
    """What the installed script calls."""
    leave(main())


def _help() -> str:
    commands = "\n".join(f"  {name:8} {words}" for name, (_, words) in COMMANDS.items())
    examples = "\n".join(f"  {example}" for example in EXAMPLES)
    return (
        f"usage: credits COMMAND [...]\n\n{commands}\n\nexamples:\n{examples}\n\n"
        "`credits COMMAND --help` says more: options, examples, exit codes. Every command is also `python -m src.…`:\n"
        + "\n".join(f"  credits {name:8} python -m {module}" for name, (module, _) in COMMANDS.items())
    )


if __name__ == "__main__":
    entry()
