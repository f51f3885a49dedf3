"""What notebooks in the wild bring, a habit each: the amount that comes of it, or the words that refuse it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.job.conftest import Job, job
from tests.own_notebook.four import INTO_S3, TEN_FIELDS
from tests.own_notebook.notebooks import NAME, notebook_folder

__all__ = ["job"]

pytestmark = pytest.mark.heavy

BYTES_IN_DATA = """
import os
os.makedirs("data")
open("data/rows.parquet", "wb").write(bytes(range(256)))
open("data/rows.gz", "wb").write(b"not compressed")
credit_amount = 1
"""

AMOUNTS: dict[str, tuple[float, list[str]]] = {
    "an int": (7.0, ["credit_amount = 7"]),
    "a numpy float": (4948.8, ["import numpy as np\ncredit_amount = np.float64(4948.80)"]),
    "a Decimal, half up": (2.68, ["from decimal import Decimal\ncredit_amount = Decimal('2.675')"]),
    "a float, half up by its text": (1.01, ["credit_amount = 1.005"]),
    "arithmetic of two digits": (
        4948.81,
        ["import decimal\ndecimal.getcontext().prec = 2", "credit_amount = 4948.805"],
    ),
    "exit()": (1.0, ["credit_amount = 1", "exit()"]),
    "exit() and a cell after it": (1.0, ["credit_amount = 1", "exit()", "credit_amount = 9"]),
    "quit without brackets": (1.0, ["credit_amount = 1", "quit", "credit_amount = 9"]),
    "%reset": (1.0, ["%reset -f", "credit_amount = 1"]),
    "an environment that is emptied": (1.0, ["import os\nos.environ.clear()", "credit_amount = 1"]),
    "prints that go elsewhere": (1.0, ["import sys, io\nsys.stdout = io.StringIO()", "credit_amount = 1"]),
    "prints that go nowhere": (1.0, ["import sys\nsys.stdout = sys.stderr = None", "credit_amount = 1"]),
    "prints into a file that is closed": (
        1.0,
        ["import sys\nwith open('log.txt', 'w') as sys.stdout:\n    print('so')", "credit_amount = 1", "print('done')"],
    ),
    "warnings that are errors": (1.0, ["import warnings\nwarnings.simplefilter('error')", "credit_amount = 1"]),
    "processes of its own": (
        3.0,
        [
            "import concurrent.futures as f\nwith f.ProcessPoolExecutor(2) as p:\n    credit_amount = sum(p.map(abs, [1, -2]))"
        ],
    ),
    "a cell that cannot be printed": (
        1.0,
        [
            "class Odd:\n    def __str__(self):\n        raise ValueError",
            "output_df = [{'a': Odd()}]\ncredit_amount = 1",
        ],
    ),
    "os.chdir to a folder of its own": (1.0, ["import os\nos.chdir('/')", "credit_amount = 1"]),
    "sys.exit(0) at the end": (3.0, ["credit_amount = 3", "import sys\nsys.exit(0)", "credit_amount = 9"]),
    "an empty cell": (1.0, ["", "credit_amount = 1", "   "]),
    "a cell of comments": (1.0, ["# only a note", "credit_amount = 1"]),
    "magics": (1.0, ["%matplotlib inline", "%%time\ncredit_amount = 1", "!true"]),
    "top-level await": (2.0, ["import asyncio\nawait asyncio.sleep(0)\ncredit_amount = 2"]),
    "a frame with a named index": (
        1.0,
        [
            "import pandas as pd\ncredit_amount = 1",
            "output_df = pd.DataFrame({'a': [1]}, index=pd.Index(['x'], name='mode'))",
        ],
    ),
    "two levels of columns": (
        1.0,
        [
            "import pandas as pd\noutput_df = pd.DataFrame({'g': [1], 'a': [2]}).groupby('g').agg(['sum'])\ncredit_amount = 1"
        ],
    ),
    "names that mean something else": (1.0, ["credit_amount = 1\nsummary = mrr = flags = 'mine'\nfraud_start = 5"]),
    "shadowed builtins": (1.0, ["list = dict = str = open = print = 3\ncredit_amount = 1"]),
    "result.json in its folder": (4948.8, [TEN_FIELDS, "json.dump(result, open('result.json', 'w'))"]),
    "queries of its own in provenance": (
        4948.8,
        [
            TEN_FIELDS
            + "result['provenance'] = {'queries': ['one', {'file': 's3://elsewhere/rows.csv'}, {'sql': 'x'}]}",
            "json.dump(result, open('result.json', 'w'))",
        ],
    ),
    "a text for queries in provenance": (
        4948.8,
        [TEN_FIELDS + "result['provenance'] = {'queries': 'three'}", "json.dump(result, open('result.json', 'w'))"],
    ),
    "result.json to S3": (4948.8, [TEN_FIELDS + INTO_S3, "x = 1"]),
    "a thread that runs on": (
        1.0,
        [
            "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\ncredit_amount = 1"
        ],
    ),
    "files in data that are no text": (1.0, [BYTES_IN_DATA]),
    "a warning": (1.0, ["import warnings\nwarnings.warn('old')\ncredit_amount = 1"]),
    "an error that a cell may raise": (
        1.0,
        ["credit_amount = 1", "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass"],
    ),
}

REFUSED: dict[str, tuple[str, list[str]]] = {
    "no credit_amount": ("credit_amount is not there", ["x = 1"]),
    "None": ("credit_amount is a NoneType", ["credit_amount = None"]),
    "a text": ("credit_amount is a str", ["credit_amount = '12.50'"]),
    "negative": ("credit_amount is -1, below 0", ["credit_amount = -1"]),
    "NaN": ("credit_amount is NaN", ["credit_amount = float('nan')"]),
    "infinite": ("credit_amount is Infinity", ["credit_amount = float('inf')"]),
    "a Series": ("credit_amount is a pandas.Series", ["import pandas as pd\ncredit_amount = pd.Series([1])"]),
    "a table that is a text": ("output_df is a str", ["credit_amount = 1\noutput_df = 'rows'"]),
    "a missing package": ("imports nosuchpackage, which is not here", ["import nosuchpackage"]),
    "input()": ("asks for input", ["input('how much? ')"]),
    "sys.exit(1)": ("SystemExit", ["import sys\nsys.exit(1)"]),
    "another execution's result": (
        "is of execution 20250101_000000_00000000",
        [
            TEN_FIELDS
            + "result['execution_id'] = '20250101_000000_00000000'\njson.dump(result, open('result.json', 'w'))"
        ],
    ),
    "200 MB of result": (
        "has more than 4,000,000 bytes",
        ["open('result.json', 'w').write('[' + '0,' * 100_000_000 + '0]')\ncredit_amount = 1"],
    ),
    "a result of many lists in each other": (
        "more than 100 deep",
        [
            TEN_FIELDS + "result['mine'] = []\nfor _ in range(500):\n    result['mine'] = [result['mine']]\n"
            "json.dump(result, open('result.json', 'w'))"
        ],
    ),
    "1 GB printed, bit by bit": (
        "print or show more than 64 MB",
        ["for _ in range(1000):\n    print('x' * 1_000_000)"],
    ),
    "1 GB printed at once": ("print or show more than 64 MB", ["print('x' * 1_000_000_000)"]),
    "os._exit(0) in the last cell": ("ended its own kernel", ["credit_amount = 1", "import os\nos._exit(0)"]),
    "a table that ends the kernel": (
        "ended its own kernel (exit code 3)",
        [
            "import os\nclass Rows(list):\n    def __len__(self):\n        os._exit(3)",
            "credit_amount = 1\noutput_df = Rows()",
        ],
    ),
    "a table whose rows never end": (
        "Reading credit_amount and output_df after the last cell took longer",
        [
            "class Rows(list):\n    def __len__(self):\n        while True:\n            pass",
            "credit_amount = 1\noutput_df = Rows()",
        ],
    ),
    "a table that fills the memory": (
        "output_df could not be read (MemoryError)",
        [
            "class Rows(list):\n    def __iter__(self):\n        return iter([{'a': 'x' * 10**12}])",
            "credit_amount = 1\noutput_df = Rows()",
        ],
    ),
    "to S3, then a cell that fails": ("ZeroDivisionError", [TEN_FIELDS + INTO_S3, "1 / 0"]),
}


@pytest.mark.parametrize("habit", AMOUNTS)
def test_what_a_notebook_brings_gives_its_amount(job: Job, tmp_path: Path, habit: str) -> None:
    amount, cells = AMOUNTS[habit]
    folder = notebook_folder(tmp_path, *cells)

    assert job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME) == 0, job.log

    assert result_of(job)["credit_amount"] == amount
    assert set(job.outputs()) >= {"result.json", "report.html", "notebook_output.ipynb"}


@pytest.mark.parametrize("habit", REFUSED)
def test_what_makes_no_result_is_a_sentence_for_whoever_looks_after_the_notebook(
    job: Job, tmp_path: Path, habit: str
) -> None:
    words, cells = REFUSED[habit]
    folder = notebook_folder(tmp_path, *cells)

    assert job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME) == 17, job.log

    error = job.error()
    assert words in error["message"]
    assert "whoever looks after the notebook" in error["advice"]
    assert error["retry_helps"] is False


@pytest.mark.parametrize(
    ("words", "parameters", "metadata"),
    [
        ("no cell tagged parameters", None, {}),
        ("has no looker", "query = ''", {}),
        (
            "is in r: only Python runs here",
            "looker = ''",
            {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}},
        ),
    ],
)
def test_a_notebook_that_cannot_be_run_is_refused_before_it_runs(
    job: Job, tmp_path: Path, words: str, parameters: str | None, metadata: dict[str, Any]
) -> None:
    folder = notebook_folder(tmp_path, "credit_amount = 1", parameters=parameters, metadata=metadata)

    assert job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME) == 17, job.log

    assert words in job.error()["message"]
    assert "whoever looks after the notebook" in job.error()["advice"]


def test_a_kernels_name_of_the_authors_own_machine_is_said_in_the_log(job: Job, tmp_path: Path) -> None:
    metadata = {"kernelspec": {"name": "conda_python3", "language": "python", "display_name": "conda_python3"}}
    folder = notebook_folder(tmp_path, "credit_amount = 1", metadata=metadata)

    assert job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME) == 0, job.log

    assert "conda_python3" in job.log


def test_modules_files_and_notebooks_beside_it_are_there_and_yesterdays_result_is_not(job: Job, tmp_path: Path) -> None:
    folder = notebook_folder(
        tmp_path,
        "import pricing\n%run helper.ipynb\ncredit_amount = pricing.RATE * helped + float(open('data/rate.csv').read())",
    )
    notebook_folder(tmp_path, "helped = 2", name="helper.ipynb")
    (folder / "pricing.py").write_text("RATE = 10\n")
    (folder / "data").mkdir()
    (folder / "data" / "rate.csv").write_text("0.5\n")
    (folder / "result.json").write_text(json.dumps({"credit_amount": 1}))

    assert job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME) == 0, job.log

    assert result_of(job)["credit_amount"] == 20.5
    assert not [name for name in job.outputs() if name.startswith("data/")]


def test_a_ca_that_is_none_is_said_in_the_log_and_the_notebook_runs(job: Job, tmp_path: Path) -> None:
    told = json.dumps({"ca_pem": "the one of Zürich", "password": "not-a-password-3f9c"})
    job.box.client("secretsmanager").create_secret(Name=f"odd-{job.execution_id}", SecretString=told)
    folder = notebook_folder(tmp_path, "credit_amount = 1")

    assert job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME, SECRET_NAME=f"odd-{job.execution_id}") == 0, job.log

    assert "ca_pem in the secret is not a certificate" in job.log


def result_of(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(job.outputs()["result.json"])
    return found
