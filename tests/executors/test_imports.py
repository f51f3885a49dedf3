"""What importing the bot pulls in: its image has no notebook stack, and a quiet tick no time for SDKs it won't use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK_STACK = {"pandas", "papermill", "prestodb", "nbformat", "nbclient", "matplotlib", "sqlglot", "jupyter_client"}


def _imported(statements: str) -> set[str]:
    program = f"{statements}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True)
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_no_module_of_the_bot_imports_the_notebook_stack() -> None:
    files = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "src").rglob("*.py")]
    modules = sorted(".".join(file.parts).removesuffix(".__init__") for file in files)
    assert "src.notebook_executor" in modules
    assert "src.recheck.differences" in modules
    assert _imported("\n".join(f"import {name}" for name in modules)).isdisjoint(NOTEBOOK_STACK)


def test_the_bot_takes_no_looker_sdk_and_no_schema_library_until_it_needs_them() -> None:
    assert _imported("import src.credit_bot").isdisjoint({"looker_sdk", "jsonschema", "rich", "sagemaker"})


def test_what_reads_a_sql_waits_for_the_first_one() -> None:
    making = (
        "import src.credit_bot, src.doctor; from src.recheck.claims import make_reader;"
        "from src.bot.first_look import FirstLook; from src.config import BotSettings;"
        "from src.state.job_reader import JobReader;"
        "FirstLook(BotSettings(), make_reader(()), JobReader(None, '', None))"
    )
    assert _imported(making).isdisjoint({"sqlglot", "verify_credit"})


def test_a_sagemaker_bot_does_not_import_the_local_executor() -> None:
    program = (
        "from src.config import BotSettings; from src.executors import make_executor;"
        "make_executor(BotSettings(executor='sagemaker'));"
        "import sys; assert 'src.notebook_executor' not in sys.modules"
    )
    assert _imported(program).isdisjoint(NOTEBOOK_STACK)
