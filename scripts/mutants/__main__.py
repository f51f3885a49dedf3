"""Changes one token at a time in copies of the tree, and says which fast test notices: `make mutants SEED=7 COUNT=60`.

The copies hold a commit; what is not committed is not in them. What was found out is kept beside them, by commit, and
not found out again: a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from scripts.mutants.changes import SCOPE, Change, choose
from scripts.mutants.reach import TIMES, Reach
from scripts.mutants.trial import NOT_NOTICED, Copy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen changes and print the table; 0 whatever is noticed: the table is for a reader."""
    options = _parser().parse_args(arguments)
    copies = [Copy(root.resolve()) for root in options.copies]
    root, kept = copies[0].root, options.kept.resolve()
    changes = choose(root, options.only or SCOPE, options.seed, options.count)
    if not (kept / TIMES).exists():
        kept.mkdir(parents=True, exist_ok=True)
        print("Running the fast tests once, with coverage ...", flush=True)
        copies[0].cover(kept, options.tests, len(copies))
    answers = _answers(changes, copies, Reach(kept, options.seconds_each), kept / "answers.jsonl")
    print("", *_table(root, changes, answers), sep="\n")
    return 0


def _answers(changes: Sequence[Change], copies: Sequence[Copy], reach: Reach, file: Path) -> dict[str, str]:
    """Each change's, by its key; those in the file are not asked again, new ones are added to it."""
    answers = dict(json.loads(line) for line in file.read_text().splitlines()) if file.exists() else {}
    free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def ask(change: Change) -> str:
        copy = free.get()
        try:
            return copy.noticed_by(change, reach)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool, file.open("a") as log:
        asked = {pool.submit(ask, change): change for change in changes if _key(change) not in answers}
        for done in as_completed(asked):
            change = asked[done]
            answers[_key(change)] = done.result()
            log.write(json.dumps([_key(change), answers[_key(change)]]) + "\n")
            log.flush()
            print(f"{change.path}:{change.start[0]} {answers[_key(change)]}", flush=True)
    return answers


def _table(root: Path, changes: Sequence[Change], answers: dict[str, str]) -> list[str]:
    rows = ["| where | change | noticed by |", "| --- | --- | --- |"]
    for change in sorted(changes, key=lambda change: (change.path, change.start)):
        shown = change.shown((root / change.path).read_text()).replace("|", "\\|")
        rows.append(f"| {change.path}:{change.start[0]} | `{shown}` | {answers[_key(change)]} |")
    missed = sum(answers[_key(change)].startswith(NOT_NOTICED) for change in changes)
    return [*rows, "", f"{len(changes)} changes: {len(changes) - missed} noticed, {missed} not"]


def _key(change: Change) -> str:
    return f"{change.path} {change.operator} {change.occurrence}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--only", nargs="*", metavar="PATH", help="instead of the money modules and the decisions")
    parser.add_argument("--tests", nargs="*", default=[], metavar="PATH", help="instead of all fast tests")
    parser.add_argument("--seconds-each", type=float, required=True, help="of tests a change, the quickest first")
    parser.add_argument("--kept", type=Path, required=True, help="the folder for what was found out of this commit")
    parser.add_argument("copies", type=Path, nargs="+", help="one change at a time in each")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
