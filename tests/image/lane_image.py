"""The images as they were pushed and pulled back: `make test-image`. Not collected by name: they are built first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.canary import leaks
from tests.image.containers import Image, image

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.fixture(scope="session", params=["JOB_IMAGE", "BOT_IMAGE", "BOT_LOCAL_IMAGE"])
def each(request: pytest.FixtureRequest) -> Image:
    return image(request.param)


def test_layers_above_the_base_are_small(job: Image, bot: Image) -> None:
    sizes = {"job": job.megabytes_above(os.environ["BASE_IMAGE"]), "bot": bot.megabytes_above(os.environ["BASE_IMAGE"])}
    print(f"MB above the base, compressed: {sizes}")

    assert sizes["job"] <= 105
    assert sizes["bot"] <= 40


def test_it_says_which_commit_and_which_notebook_it_is(job: Image, bot: Image, bot_local: Image) -> None:
    inside = job.run("sha256sum", "/opt/notebook/Verify - Credit Recommendation.ipynb").stdout.split()[0]

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
    assert listed[bot.name] == {"venv", "pycache", "src", "sagemaker", "credits"}
    assert listed[bot_local.name] == {"venv", "pycache", "notebook", "sagemaker", "credits", "src"}
    assert bot.run("python", "-c", "import pandas").returncode == 1
    assert job.run("python", "-c", "import slack_sdk").returncode == 1


def test_everything_it_imports_is_there(job: Image, bot_local: Image) -> None:
    for where in (job, bot_local):
        done = where.run(
            "python", "-c", "import pandas, matplotlib.pyplot, papermill, prestodb, boto3, sqlglot, jinja2"
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
        assert set(done.stdout.split()) == {"imported", "verify_credit"}


def test_a_start_compiles_nothing(job: Image, bot: Image, bot_local: Image) -> None:
    imports = {
        job: "import sys; sys.path[:0] = ['/opt/notebook', '/opt/sagemaker']; import run_notebook, pandas, "
        "matplotlib.pyplot, ipykernel.kernelapp, verify_credit.run, verify_credit.charts",
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
