"""`credits COMMAND`: one entry point for every command. Each command is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from .process_end import exit_now

COMMANDS = {
    "tick": ("credit_bot", "answers what is new in the channel, goes on with what is open; --dry-run, --link URL"),
    "run": ("run", "one execution by hand, from a file of SQL: no Slack, no Looker; prints the answer"),
    "runs": ("runs", "past executions: list, show, get, verify, search, export, cost"),
    "compare": ("compare", "papermill on this machine against SageMaker, for links, SQL files, past executions"),
    "doctor": ("doctor", "checks an installation: settings, AWS, Slack, Looker, and through a small job Presto"),
    "policy": ("policy", "the credit policy: its versions, and what a candidate would have changed"),
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
    code: int = import_module(module_of(name)).main(rest, prog=f"credits {name}")
    return code


def entry() -> NoReturn:
    """What the installed script calls."""
    exit_now(main())


def module_of(name: str) -> str:
    """The module of a command, under the name this package goes by."""
    return f"{__package__}.{COMMANDS[name][0]}"


def _help() -> str:
    commands = "\n".join(f"  {name:8} {words}" for name, (_, words) in COMMANDS.items())
    examples = "\n".join(f"  {example}" for example in EXAMPLES)
    return (
        f"usage: credits COMMAND [...]\n\n{commands}\n\nexamples:\n{examples}\n\n"
        "`credits COMMAND --help` says more: options, examples, exit codes. Every command is also a module:\n"
        + "\n".join(f"  credits {name:8} python -m {module_of(name)}" for name in COMMANDS)
    )


if __name__ == "__main__":
    entry()
