"""scripts/stage_notebook.py: what of a notebook's folder gets into an image, and the digits that name it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_notebook.notebooks import least_notebook

ROOT = Path(__file__).resolve().parents[2]
LARGE = 64 * 1024 * 1024


class Stage:
    """A notebook with a folder of its own, and what was staged of it."""

    def __init__(self, folder: Path) -> None:
        self.made = folder / "staged"
        self.notebook = least_notebook(folder)
        self.folder = self.notebook.parent
        self.said = ""

    def put(self, name: str, content: str = "x") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def run(self, notebook: Path | None = None) -> str:
        """The digits; "" where it is refused, which `said` has."""
        shutil.rmtree(self.made, ignore_errors=True)
        self.made.mkdir()
        command = [sys.executable, str(ROOT / "scripts" / "stage_notebook.py"), str(notebook or self.notebook)]
        done = subprocess.run([*command, str(self.made)], capture_output=True, text=True, check=False)
        self.said = done.stderr
        assert "Traceback" not in self.said
        assert (done.returncode == 0) == bool(done.stdout)
        return done.stdout.strip()

    def staged(self) -> set[str]:
        return {str(path.relative_to(self.made)) for path in self.made.rglob("*")}

    def text(self, name: str) -> str:
        return (self.made / name).read_text()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_the_same_folder_has_the_same_digits_wherever_and_whenever_it_is(stage: Stage, tmp_path: Path) -> None:
    stage.put("data/rates.csv")
    digits = stage.run()
    elsewhere = shutil.copytree(stage.folder, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    for path in elsewhere.rglob("*"):
        os.utime(path, (0, 0))

    assert len(digits) == 12
    assert int(digits, 16) >= 0
    assert stage.run(elsewhere / stage.notebook.name) == digits


def test_whatever_a_run_could_notice_gives_other_digits(stage: Stage) -> None:
    second = shutil.copy(stage.notebook, stage.folder / "Other.ipynb")
    script = stage.put("prices.sh")
    found = [stage.run(), stage.run(Path(second))]
    script.chmod(0o755)
    found.append(stage.run())
    script.write_text("y")
    found.append(stage.run())
    script.rename(stage.folder / "rates.sh")
    found.append(stage.run())
    (stage.folder / "out").mkdir()
    found.append(stage.run())

    assert len(set(found)) == len(found)


def test_what_lies_beside_the_notebook_comes_along_and_is_what_it_is(stage: Stage) -> None:
    stage.put("pricing/__init__.py", "RATE = 1")
    stage.put("data/rates.csv", "a,b")
    stage.put("run.sh").chmod(0o700)
    (stage.folder / "linked.csv").symlink_to(stage.folder / "data" / "rates.csv")
    (stage.folder / "out").mkdir()

    assert stage.run()
    assert stage.staged() >= {"pricing/__init__.py", "data/rates.csv", "out", "linked.csv", stage.notebook.name}
    assert stage.text("linked.csv") == "a,b"
    assert os.access(stage.made / "run.sh", os.X_OK)
    assert not os.access(stage.made / "linked.csv", os.X_OK)


def test_what_is_of_no_use_in_an_image_or_has_no_place_there_is_left_out(stage: Stage) -> None:
    useless = [".git/HEAD", "venv/pyvenv.cfg", "__pycache__/x.pyc", ".ipynb_checkpoints/x.ipynb", "result.json"]
    useless += ["report.html", "progress.json", "breakdown.png"]
    secret = [".env", ".env.local", "keys/private.pem", "keys/id.key", ".aws/credentials", ".ssh/id_rsa", ".netrc"]
    plain = stage.run()
    for name in (*useless, *secret, "keys/readme.txt"):
        stage.put(name)
    (stage.folder / "gone.csv").symlink_to(stage.folder / "nowhere.csv")

    assert stage.run() != plain
    assert stage.staged() == {stage.notebook.name, "requirements.txt", "keys", "keys/readme.txt"}
    for name in (".env", ".env.local", "keys/private.pem", "keys/id.key", ".aws", ".ssh", ".netrc", "gone.csv"):
        assert f"left out of the image: {name} (" in stage.said
    assert "result.json" not in stage.said


def test_a_file_that_is_too_large_for_an_image_is_refused_by_its_name(stage: Stage) -> None:
    with stage.put("data/history.parquet").open("wb") as file:
        file.truncate(LARGE)
    assert stage.run()

    with (stage.folder / "data" / "history.parquet").open("ab") as file:
        file.write(b"x" * 200_000)
    assert not stage.run()
    assert "data/history.parquet beside the notebook has 64.2 MB" in stage.said
    assert "up to 64 MB: have the notebook read it from S3, or take it out." in stage.said


@pytest.mark.parametrize("target", ["..", "../..", ".", "../other"])
def test_links_that_go_round_in_a_circle_are_refused_by_their_name(stage: Stage, target: str) -> None:
    (stage.folder / "a" / "b").mkdir(parents=True)
    (stage.folder / "a" / "b" / "again").symlink_to(target)
    (stage.folder / "a" / "other").symlink_to(stage.folder / "a")

    assert not stage.run()
    assert "is a link to a folder above itself: take it out." in stage.said
    assert "a/b/again" in stage.said or "a/other" in stage.said


def test_a_link_to_itself_is_left_out(stage: Stage) -> None:
    (stage.folder / "ring").symlink_to("ring")

    assert stage.run()
    assert "left out of the image: ring (it is no file, or a link to none)" in stage.said


def test_the_list_beside_the_notebook_goes_with_the_one_of_all_notebooks(stage: Stage) -> None:
    ours = (ROOT / "notebooks" / "requirements.txt").read_text()
    assert stage.run()
    assert stage.text("requirements.txt") == ours

    (stage.folder / "requirements.txt").write_bytes(b"\xef\xbb\xbfhumanize")
    assert stage.run()
    assert stage.text("requirements.txt") == f"humanize\n{ours}"

    (stage.folder / "requirements.txt").write_text("humanize", encoding="utf-16")
    assert not stage.run()
    assert "requirements.txt is no UTF-8: save it as UTF-8." in stage.said


def test_what_is_no_notebook_is_refused(stage: Stage) -> None:
    for path in (stage.folder, stage.folder / "missing.ipynb", stage.put("notes.txt")):
        assert not stage.run(path)
        assert f"NOTEBOOK is {path}, which is no notebook: give the path of an .ipynb file." in stage.said


def test_a_folder_that_holds_the_repository_is_no_notebooks_folder(stage: Stage) -> None:
    shutil.copytree(ROOT / "sagemaker" / "runner", stage.folder / "clone" / "sagemaker" / "runner")
    script = stage.put("clone/scripts/stage_notebook.py", (ROOT / "scripts" / "stage_notebook.py").read_text())

    command = [sys.executable, str(script), str(stage.notebook), str(stage.folder / "clone" / "build")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "is in a folder that holds this repository: move it into a folder of its own." in done.stderr
