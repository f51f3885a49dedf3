"""The search itself finds what it is to find."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from sandbox.client import ROOT, Sandbox
from tests.canary import leaks

SECRET = "s3cr3t/With+Signs=and more"


@pytest.mark.parametrize(
    "hidden",
    [
        SECRET.encode(),
        quote(SECRET, safe="").encode(),
        *(base64.b64encode(b"x" * before + SECRET.encode() + b"after") for before in range(4)),
        base64.urlsafe_b64encode(f"user:{SECRET}".encode()),
    ],
)
def test_a_secret_is_found_in_each_form(hidden: bytes) -> None:
    assert list(leaks([SECRET], {"log": b"before " + hidden + b" after"}))


def test_what_is_not_there_is_not_found() -> None:
    assert list(leaks([SECRET], {"log": b"nothing to see here, s3cr3t or not"})) == []


HIDING_PLACES = (
    "a zipped object",
    "nowhere",
    *(pytest.param(it, marks=pytest.mark.heavy) for it in ("an object", "a message")),
)


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_what_a_sandbox_held_when_it_was_reset_is_searched(tmp_path: Path, place: str) -> None:
    left, secrets = tmp_path / "left", tmp_path / "secrets"
    left.mkdir()
    env = {**os.environ, "SANDBOX_LEFT_FOLDER": str(left), "SANDBOX_SECRETS_FILE": str(secrets)}
    with Sandbox.start(jobs="scripted", presto="none", env=env) as box:
        token = box.env["SLACK_BOT_TOKEN"]
        plant(box, place, token)
        box.reset()
        box.slack.post(text="what comes after")

    search = [sys.executable, "-m", "tests.canary", str(secrets), str(left)]
    found = subprocess.run(search, cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == (place != "nowhere"), found.stdout
    assert (" 0 leaks in " in found.stdout) == (place == "nowhere")
    assert token not in found.stdout


def plant(box: Sandbox, place: str, token: str) -> None:
    """Let it slip."""
    if place == "an object":
        box.aws.put_objects(objects={"log": f"Authorization: {quote(token)}"})
    elif place == "a zipped object":
        zipped = gzip.compress(f"token={token}".encode())
        box.client("s3").put_object(Bucket=box.env["S3_OUTPUT_BUCKET"], Key="data.jsonl.gz", Body=zipped)
    elif place == "a message":
        box.slack.post(text=f"error: {base64.b64encode(token.encode()).decode()}")


def test_a_search_of_nothing_or_for_nothing_fails(tmp_path: Path) -> None:
    secrets, empty = tmp_path / "secrets", tmp_path / "empty"
    for content, place in (("", __file__), ("s3cr3t-of-nobody", str(empty))):
        secrets.write_text(content)
        empty.write_bytes(b"")
        search = [sys.executable, "-m", "tests.canary", str(secrets), place]
        assert subprocess.run(search, cwd=ROOT, capture_output=True, check=False).returncode == 1
