"""The four notebooks that import nothing of ours, in the image of the folder that they are in: NOTEBOOK says which."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.client import Sandbox
from tests.image.containers import image
from tests.own_notebook.four import FOUR, check_bot

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox.start(jobs="image", image=image("OWN_JOB_IMAGE").name) as found:
        yield found


@pytest.mark.parametrize("name", FOUR)
def test_each_gives_its_amount_and_is_answered_in_its_thread(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    box.reset()
    for variable, value in {**box.env, "NOTEBOOK": f"{name}.ipynb"}.items():
        monkeypatch.setenv(variable, value)

    check_bot(box, name)
