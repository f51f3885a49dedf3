"""The wheel, made once; an environment that has this one's packages and the wheel, but not this checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import pytest

from tests.library.installed import UV, Installed, build_wheel, make_foreign


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Without a network; lane_library.py has environments of packages from the index instead."""
    folder = tmp_path_factory.mktemp("library")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    [site] = (folder / "venv").glob("lib/python3*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")  # whose own .pth files are not read
    wheel = build_wheel(folder / "wheel")
    command = [UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel]
    subprocess.run(command, check=True)
    return Installed(python, make_foreign(folder / "foreign"))
