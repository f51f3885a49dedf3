"""Colours and progress bars are for whoever watches a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from decimal import Decimal

import pytest

from src import terminal

PROGRAM = """
import sys
from src.terminal import print_table, watched
list(watched(range(3), 3, "executions"))
print_table(("id", "state", "credit"), [("20260115_123456_3fa94c01" * 6, "answered", 4948.8), ("b", "failed", None)])
"""


def on_a_terminal(program: str, **environment: str) -> str:
    """All that a program writes, its standard output and error being a terminal 80 columns wide."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": "80", "TERM": "xterm", **environment}
    process = subprocess.Popen([sys.executable, "-c", program], stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # Linux: the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    return said.decode()


def elsewhere(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_a_terminal_has_colours_and_a_progress_bar() -> None:
    said = on_a_terminal(PROGRAM)
    assert "\x1b[32manswered" in said
    assert "executions" in said


def test_a_pipe_has_neither() -> None:
    said = elsewhere(PROGRAM)
    assert "\x1b" not in said
    assert "executions" not in said
    assert "4,948.80" in said


def test_no_color_is_heeded() -> None:
    assert "\x1b[32m" not in on_a_terminal(PROGRAM, NO_COLOR="1")


def test_an_id_stays_whole_on_a_narrow_terminal() -> None:
    assert "20260115_123456_3fa94c01" * 6 in on_a_terminal(PROGRAM)


def test_text_from_outside_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table(("what",), [("[red]x[/red]\x1b[31m\nnext",)])
    assert "[red]x[/red] [31m next" in capsys.readouterr().out


def test_a_cost_of_less_than_a_cent_is_not_nothing() -> None:
    assert terminal.shown(terminal.cost(0.001439)) == "0.0014"
    assert terminal.shown(terminal.cost(1234.5)) == "1,234.50"
    assert terminal.cost(12.3456) == Decimal("12.35")
