"""Installs into a virtual environment what it lacks: `scripts/install.py [--notebook PATH] FOLDER LIST...`.

A LIST is a file of locked versions with hashes, or `.`: the project itself, editable. With --notebook also what
notebooks need, by notebooks/requirements.txt and the list beside PATH ("": ours), where what requirements.txt locks
stays as it is. Where the environment holds them all, not a file of it changes. uv installs, in seconds; pip does, in
minutes, where uv cannot be had or fails, where an index is set for pip alone, and with INSTALLER=pip in the
environment. Standard library only.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "."
LOCK = "requirements.txt"
OF_ALL_NOTEBOOKS = Path("notebooks") / "requirements.txt"
TOLD_TO_END = 130
UV_INDEX = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
PIP_INDEX = re.compile(r"(?m)^\S+\.(index-url|extra-index-url|no-index)=")


class Failed(Exception):
    """What could not be done, in words for the person who typed make."""


class ToolFailed(Exception):
    """A tool's last lines."""


def main(arguments: Sequence[str]) -> int:
    """Install; 0 where the environment holds all lists, 1 where one could not be installed."""
    options = _parser().parse_args(arguments)
    notebooks = [] if options.notebook is None else _lists_of(options.notebook)
    os.chdir(ROOT)
    try:
        if sys.version_info[:2] != (3, 11):
            version = "{}.{}".format(*sys.version_info)
            raise Failed(f"this is Python {version}, not 3.11: say where that is: make PYTHON=/path/to/python3.11")
        if not _is_of_another_clone(options.folder):
            with _locked(options.folder):
                _install(options.folder, options.lists)
                _install_for_notebooks(options.folder, notebooks)
    except Failed as failed:
        print(f"install: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("install: told to end", file=sys.stderr)
        return TOLD_TO_END
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebook", metavar="PATH", help="what notebooks need, too")
    parser.add_argument("folder", type=Path)
    parser.add_argument("lists", nargs="*")
    return parser


def _lists_of(notebook: str) -> list[Path]:
    """Of all notebooks and of this one ("": ours); those that name a package."""
    beside = [Path(notebook).resolve().parent / OF_ALL_NOTEBOOKS.name] if notebook else []
    lists = dict.fromkeys([ROOT / OF_ALL_NOTEBOOKS, *beside])
    return [path for path in lists if path.is_file() and re.search(rb"(?m)^\s*[^\s#]", path.read_bytes())]


def first_lacking(wanted: Sequence[str], held: Sequence[str]) -> int:
    """Return the index of the first stamp not held; those after it count as lacking: it may change them."""
    return next((at for at, stamp in enumerate(wanted) if stamp not in held), len(wanted))


def why_pip(environment: Mapping[str, str], pip_settings: str, uv_settings: Iterable[str]) -> str:
    """Why pip is to install; "" where uv is. The settings are `pip config list`'s and the texts of uv's files."""
    if environment.get("INSTALLER") == "pip":
        return "INSTALLER=pip"
    uv_has_index = any(environment.get(name) for name in UV_INDEX) or any("index" in text for text in uv_settings)
    if PIP_INDEX.search(pip_settings) and not uv_has_index:
        return "an index is set for pip, none for uv"
    return ""


def block_of(package: str, text: str) -> str:
    """A package's lines of a locked list, hashes and all."""
    found = re.search(rf"(?ms)^{re.escape(package)}==.*?(?=^\S|\Z)", text)
    if not found:
        raise Failed(f"requirements.txt locks no {package}: run make lock")
    return found[0]


def _is_of_another_clone(folder: Path) -> bool:
    """Return whether it is a link to another clone's environment, which that clone installs and may be using."""
    owner = folder.resolve().parent
    return owner != ROOT and (owner / "scripts" / "install.py").exists()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another installation into {folder} ...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(folder: Path, lists: Sequence[str]) -> None:
    python, stamps = folder / "bin" / "python", folder / ".installed"
    wanted = [_stamp(name) for name in lists]
    held = stamps.read_text().splitlines() if stamps.exists() and python.exists() else []
    lacking = first_lacking(wanted, held)
    if lacking == len(wanted):
        return
    started = time.monotonic()
    if not held:
        _make(folder)
    uv, why = _find_uv(folder)
    how = "by uv" if uv else f"by pip, which takes minutes ({why})"
    print(f"Installing into {folder}: {', '.join(_words(name) for name in lists[lacking:])}; {how} ...", flush=True)
    for at in range(lacking, len(wanted)):
        stamps.write_text("".join(f"{stamp}\n" for stamp in wanted[:at]))
        uv = _install_list(folder, lists[at], uv)
    stamps.write_text("".join(f"{stamp}\n" for stamp in wanted))
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def _install_list(folder: Path, name: str, uv: Path | None) -> Path | None:
    """Install by uv if it is given, by pip without it or if it fails; return what to install the next list by."""
    what = ["--require-hashes", "-r", name]
    if name == PROJECT:  # its build backend is in the lists before it
        what = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", PROJECT]
    python = folder / "bin" / "python"
    if uv:
        try:
            _run(uv, "pip", "install", "--quiet", "--python", python, *what)
            return uv
        except ToolFailed as failed:
            print(f"{failed}\nuv could not install {_words(name)}: by pip, which takes minutes ...", flush=True)
    try:
        _run(python, "-m", "pip", "install", "--quiet", *what)
    except ToolFailed as failed:
        check = "pyproject.toml" if name == PROJECT else "the network, and pip's index (python -m pip config list)"
        raise Failed(f"{_words(name)} could not be installed into {folder}: check {check}.\n{failed}") from None
    return None


def _install_for_notebooks(folder: Path, lists: Sequence[Path]) -> None:
    """Install all lists at once: they have to agree. Another notebook's may be undone, and count as lacking then."""
    stamps, lock = folder / ".installed-for-notebooks", Path(LOCK).read_text()
    wanted = [f"{hashlib.sha256(path.read_bytes() + lock.encode()).hexdigest()}  {path}" for path in lists]
    held = stamps.read_text().splitlines() if stamps.exists() else []
    if set(wanted) <= set(held):
        return
    names = " and ".join(map(str, lists))
    stamps.unlink(missing_ok=True)
    uv, _ = _find_uv(folder)
    print(f"Installing into {folder} what the notebook needs: {names} ...", flush=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraint:
        constraint.write("\n".join(re.findall(r"(?m)^[^\s#]+==[^\\\n]+", lock)))
        constraint.flush()
        what = ["--constraint", constraint.name, *(part for path in lists for part in ("-r", str(path)))]
        python = folder / "bin" / "python"
        tool: list[str | Path] = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
        try:
            _run(*tool, "--quiet", *what)
        except ToolFailed as failed:
            raise Failed(
                f"what the notebook needs could not be installed into {folder}: look into {names}. What {LOCK} locks "
                f"stays as it is there.\n{failed}"
            ) from None
    stamps.write_text("".join(f"{stamp}\n" for stamp in wanted))


def _make(folder: Path) -> None:
    print(f"Making {folder} ...", flush=True)
    clear = [] if (folder / "bin" / "python").exists() else ["--clear"]  # its Python may be gone
    try:
        _run(sys.executable, "-m", "venv", *clear, folder)
    except ToolFailed as failed:
        where = f"{folder} could not be made: check that the disk has room and that Python came with venv"
        raise Failed(f"{where} (Debian: apt-get install python3.11-venv).\n{failed}") from None


def _find_uv(folder: Path) -> tuple[Path | None, str]:
    """The uv to install with; None, and why, where pip is to install."""
    python = folder / "bin" / "python"
    why = why_pip(os.environ, _run(python, "-m", "pip", "config", "list"), _uv_settings())
    if why:
        return None, why
    for uv in (folder / "bin" / "uv", Path(".venv/bin/uv")):
        if uv.exists():
            return uv, ""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(block_of("uv", Path("requirements.txt").read_text()))
        file.flush()
        alone = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--retries", "1"]
        try:
            _run(python, "-m", "pip", "install", "--quiet", *alone, "-r", file.name)
        except ToolFailed as failed:
            print(failed, flush=True)
            return None, "uv cannot be had"
    return folder / "bin" / "uv", ""


def _uv_settings() -> Iterator[str]:
    """The texts of the files in which uv may be told of an index."""
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    files = [own / "uv/uv.toml", Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml")]
    files += [above / "uv.toml" for above in (ROOT, *ROOT.parents)]
    if named := os.environ.get("UV_CONFIG_FILE"):
        files.append(Path(named))
    return (file.read_text() for file in files if file.is_file())


def _stamp(name: str) -> str:
    content = (ROOT / name / "pyproject.toml" if name == PROJECT else Path(name)).read_bytes()
    return f"{hashlib.sha256(content).hexdigest()}  {name}"


def _words(name: str) -> str:
    if name == PROJECT:
        return "the project itself"
    packages = re.findall(r"(?m)^[^\s#]+==", Path(name).read_text())
    return f"{name} ({len(packages)} packages)"


def _run(*command: str | Path) -> str:
    """What a command printed. Raises ToolFailed."""
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(  # noqa: S603 (pip, uv and venv of our own)
        command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise ToolFailed("\n".join(last) or f"{command[0]} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
