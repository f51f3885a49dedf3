"""The process dies in every state that its outside calls can leave behind.

One thread makes the calls, so those are the states before the first and after each call that changes something: to die
after a call that only reads is to die before it, since nothing but memory has changed, which is gone.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence

import pytest

from src import paths
from src.calls import CallLog
from tests.bot.harness import VERIFY, WITHOUT_FRAUD, BotHarness, make_known
from tests.conftest import Figure

Call = tuple[str, str]
"""Service and operation."""
READS = {
    "s3": {"GetObject", "HeadObject", "ListObjectsV2"},
    "sagemaker": {"DescribeProcessingJob", "ListProcessingJobs"},
    "logs": {"DescribeLogStreams", "GetLogEvents"},
    "looker": {"query_for_slug", "run_query"},
    "slack": {"chat.getPermalink", "conversations.history", "conversations.replies"},
}
"""What changes nothing outside."""


ANOTHER = "another's result"
NO_MARKER = f"C0CREDITS1-{'1' * 21}.000100"


A_PROCESS_DIES = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""A dead one closes no sockets."""


class Died(BaseException):
    """The process is gone: no handler runs."""


class DiesAtCall:
    """Counts outside calls and dies before call `number` leaves; `last`: after call `number` was carried out."""

    def __init__(self, number: int, last: bool = False) -> None:
        self.calls: list[Call] = []
        self.number = number
        self._last = last
        self.dead = False
        self.log = CallLog(before=self._before, after=self._after)

    def __str__(self) -> str:
        return f"{'after' if self._last else 'before'} call {self.number}"

    @property
    def made(self) -> int:
        return len(self.calls)

    def _before(self, service: str, operation: str) -> None:
        self.calls.append((service, operation))
        self._die_if(self.made == self.number and not self._last)

    def _after(self, service: str, operation: str) -> None:
        self._die_if(self.made == self.number and self._last)

    def _die_if(self, now: bool) -> None:
        self.dead = self.dead or now
        if self.dead:
            raise Died


def deaths(calls: Sequence[Call], first: int = 1) -> list[DiesAtCall]:
    """In each state that these calls can leave, from before call `first` on."""
    after = [number for number, (service, operation) in enumerate(calls, 1) if operation not in READS.get(service, ())]
    return [
        DiesAtCall(first),
        *(DiesAtCall(number + 1) for number in after if first <= number < len(calls)),
        DiesAtCall(len(calls), last=True),
    ]


def three_messages(harness: BotHarness) -> dict[str, str]:
    harness.box.reset()
    harness.time.now = time.time()  # the sandbox's own clock: later than its look-back there would be nothing to see
    return {
        "success": harness.ask("result"),
        "failure": harness.ask("presto_down"),
        "not verify": harness.post(harness.query("SELECT 1 FROM other.table")),
    }


def among_what_cannot_be_believed(harness: BotHarness) -> dict[str, str]:
    """Three messages, and a job that leaves another execution's result; a marker that is none, a cursor of nonsense."""
    messages = {**three_messages(harness), ANOTHER: harness.ask("another")}
    known = {"channel_name": "", "channel_id": "", "known": {"yesterday": "0" * 16}}
    harness.box.aws.put_objects(objects={f"{paths.OPEN_PREFIX}{NO_MARKER}": "", paths.CURSOR: json.dumps(known)})
    return messages


def calls_of_a_tick(harness: BotHarness) -> list[Call]:
    """Whose messages are posted."""
    outliving = DiesAtCall(0)
    harness.tick(calls=outliving.log)
    return outliving.calls


def ticks_after_a_death(harness: BotHarness, dying: DiesAtCall) -> int:
    """How many it takes until nothing is open, after one that dies so."""
    with contextlib.suppress(Died):
        harness.tick(calls=dying.log)
    assert dying.dead or dying.made < dying.number, f"{dying} of {dying.made}: the death was survived"
    harness.time.sleep(900)
    return harness.ticks_until_quiet()


def check_everything_happened_once(harness: BotHarness, messages: dict[str, str], at: str) -> None:
    replies = {name: harness.answers(ts) for name, ts in messages.items()}
    assert {name: len(texts) for name, texts in replies.items()} == dict.fromkeys(messages, 1), (at, replies)
    assert "credit recommended" in replies["success"][0], at
    assert replies["failure"][0].startswith("No recommendation"), at
    assert replies["not verify"][0].startswith("Not a Verify query"), at
    told = ["Presto cannot"]
    if ANOTHER in messages:
        assert "999,999.99" not in replies[ANOTHER][0], at
        assert "is not a result" in replies[ANOTHER][0], at
        told += ["is not a result", NO_MARKER]
    jobs = harness.jobs_by_execution()
    assert sorted(jobs.values()) == [1] * (len(messages) - 1), (at, jobs)
    assert len(harness.box.slack.dms(user="U0SUPPORT1")) == len(messages) - 2, at
    on_call = [message["text"] for message in harness.box.slack.dms(user=harness.box.env["SLACK_ERROR_USER"])]
    assert [sum(words in text for text in on_call) for words in told] == [1] * len(told), (at, on_call)
    assert len(on_call) == len(told), (at, on_call)
    assert len(harness.box.slack.files()) == 1, at
    harness.check_state_is_readable()


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
def test_a_process_killed_at_any_call_leaves_each_message_one_answer_and_each_execution_one_job(
    harness: BotHarness, figure: Figure
) -> None:
    among_what_cannot_be_believed(harness)
    calls, most_ticks = calls_of_a_tick(harness), 0
    every_death = deaths(calls)
    for dying in every_death:
        messages = among_what_cannot_be_believed(harness)
        most_ticks = max(most_ticks, ticks_after_a_death(harness, dying))
        check_everything_happened_once(harness, messages, str(dying))
    figure(
        f"killed everywhere: K = {len(calls)} outside calls leave {len(every_death)} states, a run each, at most "
        f"{most_ticks} more ticks"
    )


def an_edited_message(harness: BotHarness) -> str:
    """Answered, then edited to ask for another link as well."""
    harness.box.reset()
    harness.time.now = time.time()
    first = harness.query(VERIFY)
    ts = harness.post(first)
    harness.ticks_until_quiet()
    harness.box.slack.edit(ts=ts, text=f"<{first}> and <{harness.query(VERIFY)}>")
    return ts


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
def test_a_process_killed_at_any_call_while_it_takes_up_an_edit_answers_the_new_link_once(
    harness: BotHarness, figure: Figure
) -> None:
    an_edited_message(harness)
    calls = calls_of_a_tick(harness)
    every_death = deaths(calls)
    for dying in every_death:
        ts = an_edited_message(harness)
        ticks_after_a_death(harness, dying)
        assert len(harness.answers(ts)) == 2, dying
        assert sorted(harness.jobs_by_execution().values()) == [1, 1], dying
    figure(f"killed while taking up an edit: K = {len(calls)} outside calls, {len(every_death)} states")


def a_claim_to_refuse(harness: BotHarness) -> str:
    """Its jobs' reader is known to be the bot's own."""
    harness.box.reset()
    harness.time.now = time.time()
    make_known(harness)
    return harness.post(harness.query(WITHOUT_FRAUD))


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@A_PROCESS_DIES
def test_a_process_killed_at_any_call_refuses_a_claim_once_and_starts_no_job(
    harness: BotHarness, figure: Figure
) -> None:
    a_claim_to_refuse(harness)
    calls = calls_of_a_tick(harness)
    every_death = deaths(calls)
    for dying in every_death:
        ts = a_claim_to_refuse(harness)
        ticks_after_a_death(harness, dying)
        [said] = harness.answers(ts)
        assert "No job was started" in said, dying
        assert harness.jobs() == [], dying
        [audit] = harness.objects(paths.AUDIT_PREFIX).values()
        kept = json.loads(audit)
        assert (kept["outcome"], kept["execution_id"]) == ("refused", harness.execution_of(ts)), dying
        assert len(harness.objects(f"{paths.ROOT}/inputs/")) == 1, dying
        [link] = harness.objects(f"{paths.ROOT}/state/links/").values()
        assert json.loads(link)["state"] == "failed", dying
        harness.check_state_is_readable()
    figure(f"killed while refusing a claim: K = {len(calls)} outside calls, {len(every_death)} states")


NO_WAY_BACK = {"chat.postMessage", "files.completeUploadExternal"}
"""Slack has no conditional post: a bot frozen in the very call cannot see that another has answered meanwhile."""


class FreezesAtCall:
    """Stands still before call `number` (`only`: of this kind) for longer than its lease; another bot does all."""

    def __init__(self, harness: BotHarness, number: int, only: str | None = None) -> None:
        self.made = 0
        self._only = only
        self.froze_at = ""
        self._harness = harness
        self._number = number
        self.log = CallLog(before=self._before)

    def _before(self, service: str, operation: str) -> None:
        if self._only not in {None, operation}:
            return
        self.made += 1
        if self.made == self._number and operation not in NO_WAY_BACK:
            self.froze_at = f"{service}.{operation}"
            self._harness.time.sleep(900)
            self._harness.ticks_until_quiet()


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_a_process_frozen_past_its_lease_at_any_call_answers_nothing_twice(harness: BotHarness, figure: Figure) -> None:
    three_messages(harness)
    calls, runs = len(calls_of_a_tick(harness)), 0
    for number in range(1, calls + 1):
        messages = three_messages(harness)
        freezing = FreezesAtCall(harness, number)
        harness.tick(calls=freezing.log)
        harness.time.sleep(900)
        harness.ticks_until_quiet()
        check_everything_happened_once(harness, messages, f"frozen at call {number}, {freezing.froze_at}")
        runs += bool(freezing.froze_at)
    figure(f"frozen everywhere: K = {calls} outside calls, {runs} runs past the lease")
