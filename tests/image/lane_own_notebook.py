"""Another notebook in an image of its own: jobs in it against the sandbox, with nothing set but the image's URI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.client import Sandbox
from src.config import load_settings
from src.credit_bot import make_bot
from src.sagemaker_executor import SageMakerExecutor
from src.waiting import Waiter
from tests.image.containers import image

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox.start(jobs="image", image=image("OWN_JOB_IMAGE").name) as box:
        yield box


@pytest.fixture(autouse=True)
def as_bot(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in box.env.items():
        monkeypatch.setenv(name, value)
    for name in ("NOTEBOOK", "NOTEBOOK_DIR", "RESULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_the_bot_knows_it_by_its_tag_and_answers_with_its_amount(box: Sandbox) -> None:
    settings = load_settings()
    assert (settings.notebook, settings.demanded_profile) == ("", "")
    host = box.env["LOOKER_HOSTS"].split(",")[0]
    ts = box.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/sample>")

    summary = make_bot(settings, waiting=Waiter()).run()

    assert (summary.answered, summary.failed) == (1, 0), box.slack.thread(ts=ts)
    [job] = box.aws.jobs()
    assert not {"NOTEBOOK", "RESULT_PROFILE"} & set(job["environment"])
    result = SageMakerExecutor(settings).get_results(job["environment"]["EXECUTION_ID"])
    assert f"{result['credit_amount']:.2f}" == "4948.80"
    assert "4,948.80 USD credit recommended" in box.slack.thread(ts=ts)[1]["text"]
    assert box.aws.refused() == []
