"""sagemaker/build_and_push.sh with engines, registry and AWS that only write down what they were told."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from src.notebook_choice import why_own
from tests.own_notebook.notebooks import least_notebook

ROOT = Path(__file__).resolve().parents[2]
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/credits-automation-notebook"
LOOPBACK = "127.0.0.1:5000/credits-automation-notebook"
DIGEST = "sha256:" + "ab" * 32
PASSWORD = "a-registry-password"
OWN = "Übung – my credits.ipynb"
NOTEBOOK = "notebooks/Verify - Credit Recommendation.ipynb"

NEEDED = (
    *("sagemaker/build_and_push.sh", "sagemaker/runner/__init__.py", "sagemaker/runner/workdir.py", ".gitignore"),
    *("scripts/stage_notebook.py", "notebooks/requirements.txt"),
)

# The registry has the tag once `pushed` exists.
_ENGINE = """echo "NAME $*" >> "$LOG"
case "$1" in
    info) exit "${NO_ENGINE:-0}" ;;
    login) cat >> "$STDIN" ;;
    push) touch "$PUSHED" ;;
esac"""
FAKES = {
    "docker": _ENGINE.replace("NAME", "docker"),
    "buildah": _ENGINE.replace("NAME", "buildah"),
    "aws": f"""echo "aws $*" >> "$LOG"; [ -z "${{NO_ACCESS:-}}" ] || exit 254
case "$1 $2" in
    "sts get-caller-identity") echo 123456789012 ;;
    "configure get") [ -n "${{OWN_REGION:-}}" ] || exit 1; echo "$OWN_REGION" ;;
    "ecr get-login-password") echo {PASSWORD} ;;
esac""",
    "curl": f"""echo "curl $*" >> "$LOG"; cat >> "$STDIN"
if [ -n "${{STATUS:-}}" ]; then printf 'HTTP/1.1 %s No\\r\\n\\r\\n' "$STATUS"
elif [ -e "$PUSHED" ]; then printf 'HTTP/1.1 200 OK\\r\\nDocker-Content-Digest: {DIGEST}\\r\\n\\r\\n'
else printf 'HTTP/1.1 404 Not Found\\r\\n\\r\\n'; fi""",
}


class Shop:
    """A clone with one commit, and a PATH of fakes."""

    def __init__(self, folder: Path) -> None:
        self.repo, self._bin, self._folder = folder / "repo", folder / "bin", folder
        (self.repo / "sagemaker").mkdir(parents=True)
        (self.repo / "notebooks").mkdir()
        self._bin.mkdir()
        (self.repo / NOTEBOOK).write_text("{}")
        for name in NEEDED:
            (self.repo / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.repo / name)
        for name in FAKES:
            self.fake(name)
        self.git("init", "-q")
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "first")
        self.revision = self.git("rev-parse", "HEAD")[:12]

    def fake(self, name: str) -> None:
        file = self._bin / name
        file.write_text(f"#!/bin/bash\n{FAKES[name]}\nexit 0\n")
        file.chmod(0o755)

    def without(self, *names: str) -> None:
        """These are not there; what else the script uses is."""
        for name in ("bash", "git", "sed", "awk", "cut", "sha256sum", "dirname", "cat", "touch"):
            (self._bin / name).symlink_to(str(shutil.which(name)))
        for name in names:
            (self._bin / name).unlink()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.repo, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def run(self, *arguments: str, only: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        path = str(self._bin) if only else f"{self._bin}:{os.environ['PATH']}"
        return subprocess.run(
            [str(self.repo / "sagemaker" / "build_and_push.sh"), *arguments],
            env={"PATH": path, "LOG": self._file("log"), "STDIN": self._file("stdin"), "PUSHED": self._file("pushed")}
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def own_notebook(self) -> Path:
        """Another notebook, in a folder outside the clone whose name has a space."""
        return least_notebook(self._folder, name=OWN)

    def staged(self) -> list[Path]:
        """What is left in the clone of folders that were brought there."""
        return list((self.repo / "build").glob("*"))

    def has_tag(self) -> None:
        Path(self._file("pushed")).touch()

    def calls(self, *words: str) -> list[str]:
        log = Path(self._file("log"))
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if line.startswith(" ".join(words))]

    def handed_over(self) -> str:
        return Path(self._file("stdin")).read_text()

    def _file(self, name: str) -> str:
        return str(self._folder / name)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_it_builds_and_pushes_the_revision_and_ends_with_the_uri_and_digest(shop: Shop) -> None:
    done = shop.run(LOOPBACK)

    assert (done.returncode, done.stdout) == (0, f"{LOOPBACK}@{DIGEST}\n")
    [build] = shop.calls("docker build")
    assert f"--tag {LOOPBACK}:{shop.revision}" in build
    assert "--file sagemaker/Dockerfile" in build
    assert f"--label org.opencontainers.image.revision={shop.git('rev-parse', 'HEAD')}" in build
    assert "NOTEBOOK_SHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" in build
    assert shop.calls("docker push") == [f"docker push {LOOPBACK}:{shop.revision}"]
    assert "latest" not in "".join(shop.calls())


def test_a_tag_that_is_there_is_neither_built_nor_pushed_again(shop: Shop) -> None:
    shop.has_tag()

    done = shop.run(LOOPBACK)

    assert (done.returncode, done.stdout) == (0, f"{LOOPBACK}@{DIGEST}\n")
    assert "in the registry already" in done.stderr
    assert not shop.calls("docker build") + shop.calls("docker push")


def test_uncommitted_changes_are_refused_because_the_tag_is_the_commit(shop: Shop) -> None:
    (shop.repo / NOTEBOOK).write_text('{"cells": []}')

    done = shop.run(LOOPBACK)

    assert done.returncode == 1
    assert "uncommitted changes" in done.stderr
    assert "Credit Recommendation" in done.stderr
    assert not shop.calls("docker build")


def test_it_logs_in_to_ecr_of_the_repositorys_region_without_showing_the_password(shop: Shop) -> None:
    done = shop.run(ECR)

    assert done.returncode == 0
    assert shop.calls("aws") == ["aws ecr get-login-password --region eu-west-1"]
    assert shop.calls("docker login") == [f"docker login --username AWS --password-stdin {ECR.split('/', 1)[0]}"]
    assert PASSWORD not in "".join(shop.calls()) + done.stdout + done.stderr
    assert f'user = "AWS:{PASSWORD}"' in shop.handed_over()


def test_without_access_to_ecr_it_says_which_permission_is_missing(shop: Shop) -> None:
    done = shop.run(ECR, NO_ACCESS="1")

    assert done.returncode == 1
    assert "ecr:GetAuthorizationToken" in done.stderr
    assert not shop.calls("docker")[1:]


@pytest.mark.parametrize(
    ("status", "words"), [("403", "ecr:BatchGetImage"), ("500", "answered 500"), ("401", "refuses to show")]
)
def test_a_registry_that_does_not_answer_properly_stops_it_before_the_build(
    shop: Shop, status: str, words: str
) -> None:
    done = shop.run(LOOPBACK, STATUS=status)

    assert done.returncode == 1
    assert words in done.stderr
    assert not shop.calls("docker build")


def test_buildah_does_it_where_no_docker_engine_is(shop: Shop) -> None:
    shop.without("docker")

    done = shop.run(LOOPBACK, only=True)

    assert (done.returncode, done.stdout) == (0, f"{LOOPBACK}@{DIGEST}\n")
    assert len(shop.calls("buildah bud")) == 1
    [push] = shop.calls("buildah push")
    assert "--tls-verify=false" in push


def test_buildah_does_it_where_docker_is_a_client_without_an_engine(shop: Shop) -> None:
    done = shop.run(LOOPBACK, NO_ENGINE="1")

    assert (done.returncode, done.stdout) == (0, f"{LOOPBACK}@{DIGEST}\n")
    assert "docker is here, but no engine runs" in done.stderr
    assert shop.calls("docker") == ["docker info"]
    assert len(shop.calls("buildah push")) == 1


def test_without_any_engine_it_says_what_to_install(shop: Shop) -> None:
    shop.without("docker", "buildah")

    done = shop.run(LOOPBACK, only=True)

    assert done.returncode == 1
    assert "start docker, or install buildah" in done.stderr


def test_bot_local_is_tagged_apart_and_needs_the_jobs_image(shop: Shop) -> None:
    refused = shop.run("bot-local", ECR)
    done = shop.run("bot-local", ECR, JOB_IMAGE="job@sha256:1")

    assert (refused.returncode, done.returncode) == (1, 0)
    assert "JOB_IMAGE" in refused.stderr
    [build] = shop.calls("docker build")
    assert f":bot-local-{shop.revision}" in build
    assert "--file airflow/Dockerfile --target bot-local --build-arg JOB_IMAGE=job@sha256:1" in build


def test_without_arguments_it_is_the_jobs_image_in_the_registry_of_the_account(shop: Shop) -> None:
    done = shop.run(AWS_DEFAULT_REGION="eu-west-1", OWN_REGION="us-west-2")

    assert (done.returncode, done.stdout) == (0, f"{ECR}@{DIGEST}\n")
    assert shop.calls("aws sts") == ["aws sts get-caller-identity --query Account --output text"]
    assert shop.calls("docker push") == [f"docker push {ECR}:{shop.revision}"]


def test_the_region_is_the_aws_clis_own_where_none_is_set(shop: Shop) -> None:
    done = shop.run("bot", OWN_REGION="us-west-2")

    repository = "123456789012.dkr.ecr.us-west-2.amazonaws.com/credits-automation-bot"
    assert (done.returncode, done.stdout) == (0, f"{repository}@{DIGEST}\n")
    assert shop.calls("aws ecr") == ["aws ecr get-login-password --region us-west-2"]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"NO_ACCESS": "1"}, "AWS does not know who this is: check the credentials, or give REPOSITORY."),
        ({}, "no region is set: set AWS_DEFAULT_REGION, or give REPOSITORY."),
    ],
)
def test_an_account_that_cannot_be_known_is_said_before_anything_is_built(
    shop: Shop, environment: dict[str, str], words: str
) -> None:
    done = shop.run(**environment)

    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert not shop.calls("docker build")


def test_without_the_aws_cli_it_asks_for_it_or_for_the_repository(shop: Shop) -> None:
    shop.without("aws")

    done = shop.run(only=True)

    assert done.returncode == 1
    assert "the AWS CLI is needed to know the account: install it, or give REPOSITORY." in done.stderr


def test_another_notebook_is_another_image_whose_tag_says_so(shop: Shop) -> None:
    notebook = shop.own_notebook()

    done = shop.run(LOOPBACK, NOTEBOOK=str(notebook))

    found = re.fullmatch(f"({LOOPBACK}:{shop.revision}-[0-9a-f]{{12}})\n", done.stdout)
    assert found, done.stderr
    [build] = shop.calls("docker build")
    assert f"--tag {found[1]} " in build
    assert f"NOTEBOOK_SHA256={hashlib.sha256(notebook.read_bytes()).hexdigest()} " in build
    assert f"--build-arg NOTEBOOK={OWN} --build-arg NOTEBOOK_FOLDER=build/notebook." in build
    assert shop.calls("docker push") == [f"docker push {found[1]}"]
    assert why_own("", "", found[1])  # by which the bot knows it
    assert shop.staged() == []


def test_the_same_folder_keeps_its_tag_and_a_changed_one_has_another(shop: Shop) -> None:
    notebook = shop.own_notebook()
    first = shop.run(LOOPBACK, NOTEBOOK=str(notebook))
    again = shop.run(LOOPBACK, NOTEBOOK=os.path.relpath(notebook))
    (notebook.parent / "rates.csv").write_text("sms,1")
    changed = shop.run(LOOPBACK, NOTEBOOK=str(notebook))

    assert first.stdout == again.stdout != changed.stdout
    assert "in the registry already" in again.stderr
    assert len(shop.calls("docker build")) == 1  # the fake registry has every tag after one push


def test_our_own_notebook_by_its_path_is_ours(shop: Shop) -> None:
    done = shop.run(LOOPBACK, NOTEBOOK=str(shop.repo / NOTEBOOK))

    assert (done.returncode, done.stdout) == (0, f"{LOOPBACK}@{DIGEST}\n")


@pytest.mark.parametrize("path", ["missing.ipynb", "nowhere/missing.ipynb", "."])
def test_a_notebook_that_is_none_is_said_before_anything_is_built(shop: Shop, path: str) -> None:
    done = shop.run(LOOPBACK, NOTEBOOK=path)

    assert (done.returncode, done.stdout) == (1, "")
    assert re.search("NOTEBOOK is .*: give the path of an .ipynb file.", done.stderr)
    assert not shop.calls("docker build")
    assert shop.staged() == []


def test_bot_local_on_another_notebooks_image_is_tagged_apart(shop: Shop) -> None:
    done = shop.run("bot-local", ECR, JOB_IMAGE=f"{ECR}:{shop.revision}-cafe12345678", NOTEBOOK="not/looked/at")

    assert done.returncode == 0
    assert shop.calls("docker push") == [f"docker push {ECR}:bot-local-{shop.revision}-cafe12345678"]


@pytest.mark.parametrize("arguments", [("--help",), ("job", "--help"), (LOOPBACK, "more")])
def test_wrong_arguments_are_answered_with_the_usage(shop: Shop, arguments: tuple[str, ...]) -> None:
    done = shop.run(*arguments)

    assert done.returncode == 2
    assert "build_and_push.sh [job|bot|bot-local] [REPOSITORY]" in done.stderr
    assert not shop.calls()
