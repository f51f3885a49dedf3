"""Which fast tests reach a line, quickest first: from one run of them all with coverage, a context a test."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree as Xml

from coverage import CoverageData

DATA, TIMES = ".coverage", "times.xml"
IN_A_JOB = {
    "notebooks/verify_credit/check.py": ["tests/doctor/test_doctor.py"],
    "notebooks/verify_credit/": ["tests/job/test_notebook.py", "tests/executors/test_real_notebook.py"],
    "src/execution/local_": ["tests/executors/test_notebook_executor.py", "tests/executors/test_local_tick.py"],
}
"""What also runs in processes that coverage does not see: the tests that start them are run last."""

Compound = ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.While | ast.With | ast.Try | ast.Match


class Reach:
    """`folder` holds the run's data, DATA and TIMES; `most` is the seconds that the tests of a line may take in all."""

    def __init__(self, folder: Path, most: float) -> None:
        self._folder, self._most = folder, most

    def tests(self, path: str, source: str, line: int) -> list[str]:
        """Node ids, file by file, the quickest first.

        For what runs when the module is imported: those that reach anything in it, and those of files that import it.
        """
        by_line = self._contexts.contexts_by_lineno(path)
        reached = self._passed(by_line, statement_lines(ast.parse(source), line))
        if not reached:
            reached = self._passed(by_line, by_line) | self._importing(path)
        by_file: dict[str, list[str]] = defaultdict(list)
        left = self._most
        for test in sorted(reached, key=self._seconds.__getitem__):
            if (left := left - self._seconds[test]) >= 0:
                by_file[test.partition("::")[0]].append(test)
        quickest = sorted(by_file.values(), key=lambda tests: sum(map(self._seconds.__getitem__, tests)))
        return [test for tests in quickest for test in tests]

    def seconds(self, tests: Iterable[str]) -> float:
        """What these took unchanged; for a file, all of it."""
        return sum(taken for test, taken in self._seconds.items() if test in tests or test.partition("::")[0] in tests)

    def in_a_job(self, path: str) -> list[str]:
        """Files of tests that run this module in a process of its own."""
        found = [tests for start, tests in IN_A_JOB.items() if path.startswith(start)]
        return [test for tests in found for test in tests if self.seconds([test])]

    def _passed(self, by_line: dict[int, list[str]], lines: Iterable[int]) -> set[str]:
        contexts = {context for line in lines for context in by_line.get(line, ())}
        return {context.rpartition("|")[0] for context in contexts} & self._seconds.keys()

    def _importing(self, path: str) -> set[str]:
        module = path.removesuffix(".py").removesuffix("/__init__").removeprefix("notebooks/").replace("/", ".")
        return {test for test in self._seconds if module in self._imports[test.partition("::")[0]]}

    @cached_property
    def _imports(self) -> dict[str, set[str]]:
        """By file of tests, what it imports: modules, and names in them, which may be modules too."""
        return {file: _imported_by(file) for file in {test.partition("::")[0] for test in self._seconds}}

    @cached_property
    def _contexts(self) -> CoverageData:
        data = CoverageData(str(self._folder / DATA))
        data.read()
        return data

    @cached_property
    def _seconds(self) -> dict[str, float]:
        """By node id, of those that pass unchanged."""
        cases = Xml.parse(self._folder / TIMES).iter("testcase")
        return {
            f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}": float(case.attrib["time"])
            for case in cases
            if not len(case.findall("failure") + case.findall("error") + case.findall("skipped"))
        }


def _imported_by(file: str) -> set[str]:
    imports = [node for node in ast.walk(ast.parse(Path(file).read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}{name}" for node in imports for name in ("", *(f".{each.name}" for each in node.names))}


def statement_lines(tree: ast.Module, line: int) -> range:
    """The lines of the statement that the line is in; of a compound one its head, of a definition its body."""
    around = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= line <= _end(node)]
    if not around:
        return range(line, line + 1)
    innermost = max(around, key=lambda node: (node.lineno, -_end(node)))
    if isinstance(innermost, Compound) and not isinstance(innermost, ast.FunctionDef | ast.ClassDef):
        inner = [node.lineno for node in ast.walk(innermost) if isinstance(node, ast.stmt) and node is not innermost]
        return range(innermost.lineno, max(innermost.lineno, min(inner) - 1) + 1)
    begin = innermost.body[0].lineno if isinstance(innermost, ast.FunctionDef | ast.ClassDef) else innermost.lineno
    return range(begin, _end(innermost) + 1)


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
