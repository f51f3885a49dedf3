"""scripts/install_presto.sh on machines that cannot do it, and where it was done already."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "dirname", "cat", "sha256sum", "rm", "mkdir", "grep", "head", "tail", "find", "wc", "du", "cut")
JAR = "build/presto/lib/server.jar"


class Machine:
    """A copy of what the script reads, and a PATH with nothing but a few tools and fakes."""

    def __init__(self, folder: Path) -> None:
        self.repo, self._bin = folder / "repo", folder / "bin"
        (self.repo / "scripts").mkdir(parents=True)
        self._bin.mkdir()
        shutil.copy(ROOT / "scripts" / "install_presto.sh", self.repo / "scripts")
        shutil.copytree(ROOT / "sandbox" / "real_presto", self.repo / "sandbox" / "real_presto")
        for tool in TOOLS:
            (self._bin / tool).symlink_to(str(shutil.which(tool)))
        self.fake("id", "echo 0")

    def fake(self, name: str, script: str) -> None:
        file = self._bin / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        file.chmod(0o755)

    def install(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.repo / "scripts" / "install_presto.sh")],
            env={**os.environ, "PATH": str(self._bin)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_maven_only_root_may_install_it(machine: Machine) -> None:
    machine.fake("id", "echo 1000")
    done = machine.install()
    assert (done.returncode, done.stderr) == (
        1,
        "presto: this machine cannot run a Presto: mvn is not here, and only root may install it.\n",
    )


def test_without_maven_and_apt_it_says_so(machine: Machine) -> None:
    done = machine.install()
    assert done.returncode == 1
    assert "there is no apt-get to install it" in done.stderr


def test_what_maven_could_not_fetch_is_told_in_mavens_words(machine: Machine) -> None:
    machine.fake("mvn", "echo '[ERROR] Could not transfer artifact presto-main'; exit 1")
    done = machine.install()
    assert done.returncode == 1
    assert "Could not transfer artifact presto-main" in done.stderr


def test_a_jar_that_is_not_the_one_checked_in_is_named(machine: Machine) -> None:
    (machine.repo / "sandbox/real_presto/jars.sha256").write_text("0" * 64 + "  lib/server.jar\n")
    machine.fake("mvn", f"mkdir -p {Path(JAR).parent}; echo other > {JAR}")
    done = machine.install()
    assert done.returncode == 1
    assert "a jar is not the one that was checked in: lib/server.jar" in done.stderr
    assert not (machine.repo / "build/presto/.installed").exists()


def test_a_jar_that_nobody_checked_in_is_refused(machine: Machine) -> None:
    known = hashlib.sha256(b"known\n").hexdigest()
    (machine.repo / "sandbox/real_presto/jars.sha256").write_text(f"{known}  lib/server.jar\n")
    machine.fake("mvn", f"mkdir -p {Path(JAR).parent}; echo known > {JAR}; echo other > {Path(JAR).parent}/other.jar")
    done = machine.install()
    assert done.returncode == 1
    assert "there are other jars than those in sandbox/real_presto/jars.sha256" in done.stderr


def test_where_it_is_installed_already_nothing_is_done(machine: Machine) -> None:
    made_from = subprocess.run(
        ["bash", "-c", "cat pom.xml jars.sha256 requirements.txt | sha256sum"],
        cwd=machine.repo / "sandbox" / "real_presto",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (machine.repo / "build" / "presto").mkdir(parents=True)
    (machine.repo / "build" / "presto" / ".installed").write_text(made_from)
    done = machine.install()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_sandbox_that_is_to_have_one_says_how_to_install_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sandbox", tmp_path / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "python"), "-m", "sandbox", "--presto", "real"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"There is no Presto in {tmp_path}/build/presto: run scripts/install_presto.sh.\n"
