"""The search itself finds what it is to find."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

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
