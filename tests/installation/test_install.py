"""scripts/install.py: what it installs by, what it leaves alone, and an environment made by it without a network."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.install import ROOT, Failed, block_of, first_lacking, why_pip

PIP_ALONE = "an index is set for pip, none for uv"


@pytest.mark.parametrize(
    ("environment", "pip_settings", "uv_settings", "why"),
    [
        ({}, "", [], ""),
        ({}, ":env:.find-links='/opt/wheels'\nglobal.cert='/etc/ca.crt'", [], ""),
        ({}, "global.index-url='https://mirror.example/simple'", [], PIP_ALONE),
        ({}, "global.timeout='60'\n:env:.extra-index-url='https://mirror.example/simple'", [], PIP_ALONE),
        ({}, "install.no-index='true'", [], PIP_ALONE),
        ({"UV_INDEX": ""}, ":env:.index-url='https://mirror.example/simple'", [], PIP_ALONE),
        ({}, ":env:.index-url='https://mirror.example/simple'", ["offline = true"], PIP_ALONE),
        ({"UV_INDEX_URL": "https://mirror.example/simple"}, ":env:.index-url='https://mirror.example/simple'", [], ""),
        ({"UV_DEFAULT_INDEX": "https://mirror.example/simple"}, ":env:.no-index='1'", [], ""),
        ({}, ":env:.index-url='https://mirror.example/simple'", ['[[index]]\nurl = "https://mirror.example"'], ""),
        ({"INSTALLER": "pip", "UV_INDEX": "https://mirror.example/simple"}, "", [], "INSTALLER=pip"),
        ({"INSTALLER": "uv"}, "", [], ""),
    ],
)
def test_pip_installs_where_it_alone_knows_the_index(
    environment: dict[str, str], pip_settings: str, uv_settings: list[str], why: str
) -> None:
    assert why_pip(environment, pip_settings, uv_settings) == why


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        ([], 0),
        (["1 demo"], 1),
        (["1 demo", "2 ."], 2),
        (["1 demo", "2 .", "3 all"], 3),
        (["0 demo", "2 .", "3 all"], 0),  # the demo's list has changed: it may change what came after
        (["1 demo", "2 .", "0 all"], 2),
    ],
)
def test_a_list_holds_while_it_and_those_before_it_are_unchanged(held: list[str], lacking: int) -> None:
    assert first_lacking(["1 demo", "2 .", "3 all"], held) == lacking


def test_the_demo_changes_nothing_after_all_is_installed() -> None:
    assert first_lacking(["1 demo", "2 ."], ["1 demo", "2 .", "3 all"]) == 2


def test_uv_comes_with_the_hashes_of_the_lock() -> None:
    uv = "uv==2 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n    # via -r x\n"
    assert block_of("uv", f"tzdata==1 \\\n    --hash=sha256:aa\n{uv}uvx==3\n") == uv
    assert "--hash=sha256:" in block_of("uv", (ROOT / "requirements.txt").read_text())
    with pytest.raises(Failed, match="locks no uv"):
        block_of("uv", "uvx==3\n")


def test_the_full_list_has_the_demos_at_the_same_versions() -> None:
    demo, full = (
        {line.split()[0] for line in (ROOT / name).read_text().splitlines() if "==" in line}
        for name in ("sandbox/requirements.txt", "requirements.txt")
    )
    assert demo < full


def test_a_notebook_can_be_opened_by_hand_as_the_readme_says() -> None:
    jupyter = Path(sys.executable).parent / "jupyter"
    done = subprocess.run([jupyter, "lab", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Index:
    """A package index in a folder, with tiny packages, and a list that locks them."""

    def __init__(self, folder: Path) -> None:
        self._simple, self.list, self.environment = folder / "simple", folder / "list.txt", folder / "environment"
        self.url = self._simple.as_uri()
        nobodys = {"PIP_CONFIG_FILE": os.devnull, "XDG_CONFIG_HOME": str(folder), "UV_NO_CACHE": "1"}
        self._settings = {**nobodys, "PIP_INDEX_URL": self.url}

    def lock(self, *packages: str) -> None:
        self.list.write_text("".join(f"{name}==1 --hash=sha256:{self.publish(name)}\n" for name in packages))

    def install(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "INSTALLER"))}
        return subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "install.py"), *options, str(self.environment), str(self.list)],
            env={**own, **self._settings, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def files(self) -> dict[Path, tuple[int, int]]:
        """All that is in the environment: when it was changed, and its size."""
        found = {path: path.lstat() for path in self.environment.rglob("*")}
        return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in found.items()}

    def has(self, name: str) -> bool:
        return any(self.environment.glob(f"lib/python*/site-packages/{name}.py"))

    def publish(self, name: str) -> str:
        """A package of this name; its hash."""
        wheel = self._simple / name / f"{name}-1-py3-none-any.whl"
        wheel.parent.mkdir(parents=True, exist_ok=True)
        info = f"{name}-1.dist-info"
        files = {
            f"{name}.py": "",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{file},sha256={_digest(text)},{len(text)}\n" for file, text in files.items())
        with zipfile.ZipFile(wheel, "w") as archive:
            for file, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
                archive.writestr(zipfile.ZipInfo(file), text)
        wheel.with_name("index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder with an index and an environment from nothing that has tinyone, and a copy of it as it is then."""
    folder = tmp_path_factory.mktemp("index")
    index = Index(folder)
    index.lock("tinyone")
    made = index.install(UV_DEFAULT_INDEX=index.url)
    assert (made.returncode, made.stderr) == (0, ""), made.stdout
    assert f"Installing into {index.environment}: {index.list} (1 packages); by uv ...\n" in made.stdout
    assert index.has("tinyone")
    copy = tmp_path_factory.mktemp("copy") / "index"
    shutil.copytree(folder, copy, symlinks=True)
    return folder, copy


@pytest.fixture
def index(made: tuple[Path, Path]) -> Iterator[Index]:
    """That folder; put back after the test, at the same path: the environment knows its lists by theirs."""
    folder, copy = made
    yield Index(folder)
    shutil.rmtree(folder)
    shutil.copytree(copy, folder, symlinks=True)


def test_from_nothing_to_an_environment_that_is_left_alone(index: Index, tmp_path: Path) -> None:
    before = index.files()
    again = index.install()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert index.files() == before

    index.lock("tinyone", "tinytwo")
    by_pip = index.install()
    assert (by_pip.returncode, by_pip.stderr) == (0, ""), by_pip.stdout
    assert f"by pip, which takes minutes ({PIP_ALONE})" in by_pip.stdout
    assert index.has("tinytwo")

    index.lock("tinyone", "tinytwo", "tinythree")
    uv_failed = index.install(UV_DEFAULT_INDEX=(tmp_path / "no-index").as_uri())
    assert (uv_failed.returncode, uv_failed.stderr) == (0, ""), uv_failed.stdout
    assert f"uv could not install {index.list} (3 packages): by pip" in uv_failed.stdout
    assert index.has("tinythree")

    index.lock("tinyfour")
    index.list.write_text(f"tinyfour==1 --hash=sha256:{'0' * 64}\n")
    forged = index.install(UV_DEFAULT_INDEX=index.url)
    assert forged.returncode == 1
    assert f"install: {index.list} (1 packages) could not be installed into {index.environment}: check" in forged.stderr
    assert "Traceback" not in forged.stderr
    assert not index.has("tinyfour")


def test_what_a_notebook_needs_is_installed_beside_what_is_locked_which_stays(index: Index, tmp_path: Path) -> None:
    index.publish("tinytwo")
    notebook = tmp_path / "my notebooks" / "It's mine.ipynb"
    beside = notebook.with_name("requirements.txt")
    notebook.parent.mkdir()

    def install() -> subprocess.CompletedProcess[str]:
        return index.install("--notebook", str(notebook), UV_DEFAULT_INDEX=index.url)

    without = install()
    assert (without.returncode, without.stderr) == (0, ""), without.stdout
    assert "what the notebook needs" not in without.stdout

    beside.write_text("# mine\ntinytwo\n")
    made = install()
    assert (made.returncode, made.stderr) == (0, ""), made.stdout
    assert f"Installing into {index.environment} what the notebook needs: {beside} ...\n" in made.stdout
    assert index.has("tinytwo")
    before = index.files()
    for again in (install(), index.install("--notebook", ""), index.install()):
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert index.files() == before

    beside.write_text("numpy==1.0\n")
    refused = install()
    assert refused.returncode == 1
    assert (
        f"what the notebook needs could not be installed into {index.environment}: look into {beside}."
        in refused.stderr
    )
    assert "What requirements.txt locks stays as it is there." in refused.stderr
    assert "Traceback" not in refused.stderr
