"""Documentation/YOUR_OWN.md, "Your bot": its diff changes somebody else's bot, which tells of every end by str(e)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.aws.script import scripted
from sandbox.client import Sandbox
from sandbox.warehouse import SAMPLE_SQL
from tests.documentation.blocks import DOCUMENTS
from tests.library.foreign_bot import DOCUMENT, ForeignBot
from tests.library.installed import Installed

ACCOUNT = "AC" + "5" * 32
WHOSE = r"\(execution (\d{8}_\d{6}_[0-9a-f]{8}), job arn:aws:sagemaker:us-east-1:\d{12}:processing-job/(\S+)\)$"

ENDS = {
    "image_pull": "The job's image could not be pulled: ClientError: Failed to pull image, repository or tag not "
    "found. Correct SAGEMAKER_IMAGE_URI",
    "platform_lost": "The platform lost the execution: InternalServerError: We encountered an internal error. Please "
    "try again. Start it again.",
    "capacity": "SageMaker had no machine for the execution: CapacityError: Unable to provision requested ML compute",
    "out_of_memory": "The execution was killed, most likely for want of memory: AlgorithmError: , exit code: 137. Have "
    "SAGEMAKER_INSTANCE_TYPE made larger",
    "stopped": "Somebody else stopped the execution (in SageMaker, or on its machine). Start it again.",
    "timeout": "minutes) and was stopped. Ask for a shorter window, or have SAGEMAKER_MAX_RUNTIME raised.",
    "error": "The query's rows name two accounts. Add the account to the Looker query's filters",
    "presto_down": "Presto cannot be reached. Post the link again when Presto answers.",
    "invalid": "result.json is not a result: it is not JSON",
    "none": "The execution ended as Completed and left no result: there is no s3://",
}
REFUSED = {
    "no account": ({"sql": "SELECT 1", "asid": "12345"}, "The account (asid) '12345' is no account's SID"),
    "no SQL": ({"sql": " "}, "The SQL is empty: there is nothing to run."),
}


@pytest.fixture
def bot(installed: Installed, tmp_path: Path) -> ForeignBot:
    """Changed as the document says."""
    bot = ForeignBot(installed, tmp_path / "bot")
    bot.change()
    return bot


Told = tuple[ForeignBot, list[dict[str, str]], set[str]]


@pytest.fixture(scope="module")
def told(installed: Installed, scripted_box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A bot that was asked for every end and then for an amount, what it posted, and the folders of what is kept."""
    bot = ForeignBot(installed, tmp_path_factory.mktemp("told") / "bot")
    bot.change()
    messages = [{"ts": name, "sql": scripted("SELECT 1", name), "asid": ACCOUNT} for name in ENDS]
    scripted_box.reset()
    posted = bot.run([*messages, {"ts": "fine", "sql": "SELECT 1", "asid": ACCOUNT}], **scripted_box.env)
    listed = scripted_box.client("s3").list_objects_v2(Bucket=scripted_box.env["S3_OUTPUT_BUCKET"])
    return bot, posted, {row["Key"].split("/")[1] for row in listed["Contents"]}


def test_their_bot_answers_by_a_real_job(bot: ForeignBot, sandbox: Sandbox) -> None:
    posted = bot.run([{"ts": "1", "sql": SAMPLE_SQL}], **sandbox.env)
    assert posted == [{"thread": "1", "text": "Recommended credit: 4,948.80"}]


def test_every_end_is_told_by_its_text_alone_what_happened_why_and_to_which_job(told: Told) -> None:
    bot, (*ends, answer), _ = told
    assert answer == {"thread": "fine", "text": "Recommended credit: 4,948.80"}
    assert len(ends) == len(ENDS)
    for (name, words), said in zip(ENDS.items(), ends, strict=True):
        assert said["user"] == "U0ONCALL"
        assert words in said["text"], name
        whose = re.search(WHOSE, said["text"])
        assert whose, said["text"]
        assert whose[2] == f"credits-automation-{whose[1].replace('_', '-')}"
    assert bot.processed == [*ENDS, "fine"]


def test_what_cannot_be_run_is_told_before_anything_is_started(bot: ForeignBot, scripted_box: Sandbox) -> None:
    scripted_box.clear_calls()
    messages = [{"ts": name, **message} for name, (message, _) in REFUSED.items()]
    posted = bot.run(messages, **scripted_box.env)
    for (_, words), said in zip(REFUSED.values(), posted, strict=True):
        assert said["text"].startswith(words)
    assert scripted_box.calls() == []


def test_a_setting_that_is_missing_is_told_by_its_name(bot: ForeignBot, scripted_box: Sandbox) -> None:
    [said] = bot.run([{"ts": "1", "sql": "SELECT 1"}], **{**scripted_box.env, "SAGEMAKER_ROLE_ARN": ""})
    assert said["text"].startswith("SAGEMAKER_ROLE_ARN is not set")


def test_aws_out_of_reach_is_told_with_the_execution_whose_job_may_run(bot: ForeignBot, scripted_box: Sandbox) -> None:
    scripted_box.faults.add("drop", service="sagemaker", operation="CreateProcessingJob")
    try:
        [said] = bot.run([{"ts": "1", "sql": "SELECT 1"}], **scripted_box.env)
    finally:
        scripted_box.faults.clear()
    assert re.search(r"\(execution \d{8}_\d{6}_[0-9a-f]{8}, job credits-automation-\S+\)$", said["text"]), said


def test_the_documents_own_test_passes_beside_their_config(bot: ForeignBot) -> None:
    assert "2 passed" in bot.run_own_test()


def test_taken_back_their_bot_is_as_it_was_and_answers_nothing_twice(
    told: Told, scripted_box: Sandbox, tmp_path: Path
) -> None:
    bot = told[0].copied(tmp_path / "bot")
    first, second = ({"ts": ts, "sql": "SELECT 1"} for ts in ("fine", "2"))

    bot.change("-R")

    assert bot.run([first, second], **scripted_box.env) == [{"thread": "2", "text": "Recommended credit: 99.99"}]
    bot.change()
    assert bot.run([first, second], **scripted_box.env) == []


def test_their_answers_are_no_earlier_ones(told: Told) -> None:
    assert told[2] == {"inputs", "outputs", "audit", "state"}


def test_the_text_that_the_document_shows_is_what_is_told(told: Told) -> None:
    shown = re.findall(r"(?ms)^```text\n(The execution .*?)\n```", (DOCUMENTS / DOCUMENT).read_text(encoding="utf-8"))
    said = told[1][list(ENDS).index("out_of_memory")]["text"]
    assert [re.sub(WHOSE, "", text) for text in shown] == [re.sub(WHOSE, "", said)]
