"""Each statement of the bot's policies taken away in turn, in the account itself: the bot's work runs into it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.aws.script import scripted
from src.bot.work_pool import InlinePool
from src.config import load_settings
from src.credit_bot import Bot, make_bot
from src.errors import CreditsError
from tests.aws.installation import Installation
from tests.aws.policies import Document, documents_of
from tests.bot.harness import VERIFY
from tests.clocks import MovedClock

pytestmark = pytest.mark.timeout(900)

BY_THE_DOCTOR = {"LookForImage"}


@pytest.fixture
def make(plain: Installation, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Bot]:
    """Bots under their role, with a clock that moves by itself."""
    for name, value in plain.environment.items():
        monkeypatch.setenv(name, value)
    moved, session = MovedClock(time.time()), plain.session()
    return lambda: make_bot(load_settings(), waiting=moved, clock=moved, pool=InlinePool(), session=session)


def work(plain: Installation, bot: Bot, round_: int) -> None:
    """An answer, a failure with its log, and a job that is stopped."""
    host = plain.environment["LOOKER_HOSTS"].split(",")[0]
    for outcome in ("result", "error"):
        slug = f"{outcome}{round_:05d}"
        plain.box.looker.add_query(slug=slug, sql=f"{VERIFY} /* script: {outcome} */ /* {slug} */")
        plain.box.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/{slug}>")
    with contextlib.suppress(CreditsError):
        bot.run()
    with contextlib.suppress(CreditsError):
        job = bot.services.executor.execute(scripted(VERIFY, "result after 3600"))
        bot.services.executor.stop(job["job_name"])


def denied(plain: Installation) -> set[str]:
    return {demand["action"] for demand in plain.box.aws.demands() if not demand["allowed"]}


@contextlib.contextmanager
def policy(iam: Any, arn: str, document: Document) -> Iterator[None]:
    """The managed policy says this, for a while."""
    before = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    try:
        yield
    finally:
        iam.set_default_policy_version(PolicyArn=arn, VersionId=before)
        iam.delete_policy_version(PolicyArn=arn, VersionId=made["PolicyVersion"]["VersionId"])


def actions(statement: dict[str, Any]) -> set[str]:
    return set(statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])


def test_each_statement_removed_in_turn_stops_the_bot_at_what_it_allowed(
    plain: Installation, make: Callable[[], Bot]
) -> None:
    iam = plain.box.client("iam")
    plain.box.aws.forget_demands()
    work(plain, make(), 0)
    assert denied(plain) == set()

    removed = []
    for arn, document in documents_of(iam, plain.outputs["BotRoleArn"]).items():
        for number, statement in enumerate(document["Statement"]):
            if statement["Sid"] in BY_THE_DOCTOR:
                continue
            rest = {**document, "Statement": [*document["Statement"][:number], *document["Statement"][number + 1 :]]}
            plain.box.aws.forget_demands()
            with policy(iam, arn, rest):
                work(plain, make(), len(removed) + 1)
            removed.append(statement["Sid"])
            assert denied(plain) & actions(statement), f"nothing missed the statement {statement['Sid']}"

    assert len(removed) == 11
