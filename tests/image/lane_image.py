"""The images as they were pushed and pulled back: `make test-image`. Not collected by name: they are built first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from src.notebook_choice import why_own
from tests.canary import leaks
from tests.image.containers import Image, image

NAME = "Verify - Credit Recommendation.ipynb"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="session")
def job() -> Image:
    return image("JOB_IMAGE")


@pytest.fixture(scope="session")
def bot() -> Image:
    return image("BOT_IMAGE")


@pytest.fixture(scope="session")
def bot_local() -> Image:
    return image("BOT_LOCAL_IMAGE")


@pytest.fixture(scope="session")
def own_job() -> Image:
    return image("OWN_JOB_IMAGE")


@pytest.fixture(scope="session", params=["JOB_IMAGE", "BOT_IMAGE", "BOT_LOCAL_IMAGE", "OWN_JOB_IMAGE"])
def each(request: pytest.FixtureRequest) -> Image:
    return image(request.param)


def test_layers_above_the_base_are_small(job: Image, own_job: Image, bot: Image) -> None:
    images = {"job": job, "job of another notebook": own_job, "bot": bot}
    sizes = {name: round(image.megabytes_above(os.environ["BASE_IMAGE"]), 1) for name, image in images.items()}
    print(f"MB above the base, compressed: {sizes}")

    assert sizes["job"] <= 110
    assert sizes["job of another notebook"] <= 110
    assert sizes["bot"] <= 45


def test_it_says_which_commit_and_which_notebook_it_is(job: Image, bot: Image, bot_local: Image) -> None:
    inside = job.run("sha256sum", f"/opt/notebook/{NAME}").stdout.split()[0]

    for where in (job, bot, bot_local):
        assert where.config["Labels"]["org.opencontainers.image.revision"] == os.environ["REVISION"]
    assert job.config["Labels"]["credits-automation.notebook.sha256"] == inside


def test_nobody_in_particular_runs_it_and_can_change_no_code(each: Image) -> None:
    done = each.run("sh", "-c", "id -u; find /opt /usr /etc -writable -not -type l 2>/dev/null | grep -v ^/opt/credits")

    assert done.stdout.split() == ["10001"]
    assert each.config["User"] == "10001:0"


def test_it_has_no_compiler_no_cache_and_no_tests(each: Image) -> None:
    cached = each.run(
        "sh", "-c", "command -v gcc cc make; ls -A /opt/credits; find /root /tmp -type f -size +8k", user="0:0"
    )
    unwanted = [name for name in each.files() if name.endswith(("/__pycache__", ".whl")) or "/tests/" in name]

    assert cached.stdout == ""
    assert unwanted == []


def test_no_layer_holds_what_only_the_builder_knew(each: Image) -> None:
    places = {f"layer {place}": found for place, found in enumerate(each.contents_above(os.environ["BASE_IMAGE"]))}

    assert any(b"Credit Recommendation" in found or b"class SageMakerExecutor" in found for found in places.values())
    assert list(leaks(known_to_the_builder(), places)) == []
    assert each.run("test", "!", "-s", "/etc/pip.conf").returncode == 0


def known_to_the_builder() -> list[str]:
    """The planted secret, where its packages come from, and where its settings were."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    settings = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    hosts = {urlsplit(url).netloc for url in re.findall(r"https?://[^\s']+", settings)}
    return [os.environ["IMAGE_CANARY"], "/build/ca.crt", *hosts]


def test_it_holds_only_what_it_needs(job: Image, bot: Image, bot_local: Image) -> None:
    listed = {image.name: set(image.run("ls", "/opt").stdout.split()) for image in (job, bot, bot_local)}

    assert listed[job.name] == {"venv", "pycache", "notebook", "sagemaker", "credits"}
    assert listed[bot.name] == {"venv", "pycache", "src", "sagemaker", "credits", "notebooks", "revision"}
    assert listed[bot_local.name] == listed[job.name] | listed[bot.name]
    assert bot.run("python", "-c", "import pandas").returncode == 1
    assert job.run("python", "-c", "import slack_sdk").returncode == 1


def test_another_notebooks_image_holds_its_folder_and_nothing_of_ours(own_job: Image) -> None:
    there = own_job.run("ls", "-A", "/opt", "/opt/own_notebook").stdout.split("\n")

    assert {"venv", "pycache", "own_notebook", "sagemaker", "credits"} <= set(there)
    assert {NAME, "pandas_rates.py", "requirements.txt"} <= set(there)
    assert {".env", "notebook", "verify_credit"}.isdisjoint(there)
    assert f"NOTEBOOK={NAME}" in own_job.config["Env"]
    assert "NOTEBOOK_DIR=/opt/own_notebook" in own_job.config["Env"]


def test_another_notebooks_image_says_whose_it_is(job: Image, own_job: Image) -> None:
    inside = own_job.run("sha256sum", f"/opt/own_notebook/{NAME}").stdout.split()[0]

    assert own_job.config["Labels"]["credits-automation.notebook.sha256"] == inside
    assert own_job.config["Labels"]["org.opencontainers.image.revision"] == os.environ["REVISION"]
    assert why_own("", "", own_job.name)
    assert not why_own("", "", job.name)


def test_the_list_beside_the_notebook_is_installed_and_changes_nothing_that_is_locked(
    job: Image, own_job: Image
) -> None:
    listed = ("ls", "/opt/venv/lib/python3.11/site-packages")
    ours, theirs = (set(image.run(*listed).stdout.split()) for image in (job, own_job))

    assert own_job.run("python", "-c", "import humanize").returncode == 0
    assert ours <= theirs
    assert {name.partition("-")[0] for name in theirs - ours} == {"humanize"}


def test_everything_it_imports_is_there(job: Image, bot_local: Image, own_job: Image) -> None:
    for where in (job, bot_local, own_job):
        done = where.run(
            "python", "-c", "import pandas, matplotlib.pyplot, papermill, prestodb, boto3, sqlglot, jinja2, nbconvert"
        )
        assert (done.returncode, done.stderr) == (0, "")


IMPORT_ALL = """
import importlib, pkgutil, src
for module in pkgutil.walk_packages(src.__path__, "src."):
    try:
        importlib.import_module(module.name)
        print("imported")
    except ModuleNotFoundError as error:
        print(error.name)
"""


def test_every_module_of_the_bot_imports_in_its_images_but_for_checks_by_the_notebooks_code(
    bot: Image, bot_local: Image
) -> None:
    for where in (bot, bot_local):
        done = where.run("python", "-c", IMPORT_ALL)
        assert (done.returncode, done.stderr) == (0, "")
        assert {name.partition(".")[0] for name in done.stdout.split()} == {"imported", "verify_credit"}


READ_A_SQL = """
from datetime import date
from src.bot.claims import ClaimRefused
from src.recheck.claims import make_reader
read, sql = make_reader(()), "SELECT SUM(amount), SUM(attempts) FROM authy.verification_usage WHERE "
sql += f"account_sid = 'AC{'0' * 32}' AND usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-10-01'"
print(read(f"{sql} AND is_fraud", date(2026, 1, 15)).fraud_end)
try:
    read(sql, date(2026, 1, 15))
except ClaimRefused as error:
    print(error.message)
print(read.sha256())
"""
JOB_READER = """
import sys
sys.path.insert(0, '/opt/notebook')
from verify_credit.looker_sql.identity import reader_sha256
print(reader_sha256(()))
"""


def test_the_bots_images_read_a_sql_as_the_jobs_does(job: Image, bot: Image, bot_local: Image) -> None:
    of_the_job = job.run("python", "-c", JOB_READER)
    assert (of_the_job.returncode, of_the_job.stderr) == (0, "")
    for where in (bot, bot_local):
        done = where.run("python", "-c", READ_A_SQL)
        assert (done.returncode, done.stderr) == (0, "")
        day, refusal, sha256 = done.stdout.splitlines()
        assert day == "2025-09-30"
        assert refusal.startswith("The SQL has no is_fraud = true")
        assert sha256 == of_the_job.stdout.strip()


def test_a_start_compiles_nothing(job: Image, bot: Image, bot_local: Image, own_job: Image) -> None:
    imports = {
        job: "import sys; sys.path[:0] = ['/opt/notebook', '/opt/sagemaker']; import run_notebook, pandas, "
        "matplotlib.pyplot, ipykernel.kernelapp, verify_credit.run, verify_credit.charts",
        own_job: "import sys; sys.path[:0] = ['/opt/sagemaker']; import run_notebook, pandas, ipykernel.kernelapp, "
        "runner.report, nbconvert",
        bot: "import src.credit_bot, looker_sdk",
        bot_local: "import src.credit_bot, pandas, papermill",
    }
    for where, statement in imports.items():
        seen = where.run("python", "-v", "-c", statement).stderr
        lines = [line for line in seen.splitlines() if "code object from" in line]
        compiled = [line for line in lines if ".pyc'" not in line and "/opt/" in line]
        assert compiled == []
        assert len(lines) > 300


def test_the_bots_image_starts_the_bot(bot: Image, bot_local: Image) -> None:
    for where in (bot, bot_local):
        done = where.run(*where.config["Entrypoint"], "--help")
        assert done.returncode == 0
        assert "One tick of the credit bot" in done.stdout
