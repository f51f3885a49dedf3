"""Which failures on-call is told of, which together, and what is saved before."""

from __future__ import annotations

import pytest

from src.errors import ConfigurationError, CreditsError, TransientError
from src.slack.errors import SlackUnavailable, Undeliverable
from src.state.lease import DURATION
from src.state.records import Request
from src.state.state_manager import ClaimedMessage
from tests.bot.outside import FakeSlack, Said
from tests.bot.parts import ON_CALL, TS, Parts, attempt, failed, request


def told(slack: FakeSlack) -> list[Said]:
    return [said for said in slack.said if said.to == ON_CALL]


def dms(slack: FakeSlack) -> list[str]:
    """How many failures each message tells of, and which cause it names."""
    sums = []
    for said in told(slack):
        count = said.text.split()[0].lstrip("*") if "requests failed for one cause" in said.text else "1"
        cause = next(cause for cause in ("Presto is down.", "No memory.") if cause in said.text)
        sums.append(f"{count} of {cause}")
    return sorted(sums)


@pytest.mark.parametrize(
    ("requests", "messages"),
    [
        pytest.param([], [], id="nothing failed"),
        pytest.param([failed(1, "Presto is down.")], ["1 of Presto is down."], id="one failure"),
        pytest.param(
            [failed(1, "Presto is down."), failed(2, "Presto is down."), failed(3, "Presto is down.")],
            ["3 of Presto is down."],
            id="three of one cause: one message",
        ),
        pytest.param(
            [failed(1, "Presto is down."), failed(2, "No memory."), failed(3, "Presto is down.")],
            ["1 of No memory.", "2 of Presto is down."],
            id="two causes: two messages",
        ),
        pytest.param([failed(1, "No memory.", requester_mends=True)], [], id="what the requester can fix: none"),
        pytest.param(
            [failed(1, "No memory.").model_copy(update={"state": "replying"})], [], id="before the requester: none"
        ),
        pytest.param([failed(1, "No memory.").model_copy(update={"done": ["alarm"]})], [], id="told already: none"),
        pytest.param([request(1, state="answered", reply="answer")], [], id="an answer: none"),
    ],
)
def test_failures_of_one_cause_are_told_in_one_message(requests: list[Request], messages: list[str]) -> None:
    parts = Parts()
    claimed = [parts.claimed(one, ts=f"176848000{number}.000100") for number, one in enumerate(requests)]
    assert parts.alarms.tell(claimed) is bool(messages)
    assert dms(parts.slack) == messages


def test_which_message_tells_of_a_failure_is_saved_before_it_is_sent_and_that_it_was_after() -> None:
    parts = Parts()
    claimed = parts.claimed(failed(1, "No memory."))
    before: list[str | None] = []
    parts.slack.on_post = lambda: before.append(parts.saved(claimed).requests[0].alarm)

    parts.alarms.tell([claimed])

    [said] = told(parts.slack)
    assert [f"alarm-{key}" for key in before] == [said.key]
    assert parts.saved(claimed).requests[0].done == ["alarm"]


def test_nobody_is_told_twice() -> None:
    parts = Parts()
    claimed = [parts.claimed(failed(1, "No memory."))]
    assert parts.alarms.tell(claimed)
    assert not parts.alarms.tell(claimed)
    assert len(told(parts.slack)) == 1


def test_a_failure_of_a_cause_told_before_is_noted_under_that_message_and_sends_none() -> None:
    parts = Parts()
    first = parts.claimed(failed(1, "No memory."))
    parts.alarms.tell([first])
    later = parts.claimed(failed(2, "No memory."), ts="1768480001.000100")

    assert parts.alarms.tell([first, later])

    assert len(told(parts.slack)) == 1
    assert parts.saved(later).requests[0].alarm == parts.saved(first).requests[0].alarm
    assert parts.saved(later).requests[0].done == ["alarm"]


def test_a_bot_that_takes_over_looks_for_the_message_that_the_record_names() -> None:
    first = Parts()
    claimed = first.claimed(failed(1, "No memory."))
    first.alarms.tell([claimed])
    claimed.record.requests[0].done.clear()  # it died before it saved that
    first.state.save(claimed)
    second = Parts(bucket=first.bucket, slack=first.slack)
    second.clock.sleep(DURATION)
    taken = second.state.claim("C1", TS)
    assert taken is not None

    assert second.alarms.tell([taken])

    assert len(told(second.slack)) == 1
    assert second.saved(taken).requests[0].done == ["alarm"]


@pytest.mark.parametrize("was_posted", [False, True], ids=["not posted", "posted, and the answer lost"])
def test_what_could_not_be_sent_is_looked_for_and_sent_ten_seconds_later(was_posted: bool) -> None:
    parts = Parts()
    claimed = [parts.claimed(failed(1, "No memory."))]
    lost = SlackUnavailable("no answer")
    if was_posted:
        parts.slack.on_post = lambda: _posted_but_lost(parts.slack, claimed, lost)
    else:
        parts.slack.refuses["send_dm"] = [lost]

    assert not parts.alarms.tell(claimed)
    assert parts.saved(claimed[0]).requests[0].done == []
    parts.clock.sleep(9.9)
    assert not parts.alarms.tell(claimed)
    parts.clock.sleep(0.1)
    assert parts.alarms.tell(claimed)

    assert len(told(parts.slack)) == 1
    assert parts.saved(claimed[0]).requests[0].done == ["alarm"]


def _posted_but_lost(slack: FakeSlack, claimed: list[ClaimedMessage], lost: SlackUnavailable) -> None:
    slack.on_post = lambda: None
    slack.said.append(Said(ON_CALL, "No memory.", f"alarm-{claimed[0].record.requests[0].alarm}"))
    raise lost


def test_on_call_who_cannot_be_reached_is_not_asked_again() -> None:
    parts = Parts()
    claimed = [parts.claimed(failed(1, "No memory."))]
    parts.slack.refuses["send_dm"] = [Undeliverable("no such user", "user_not_found")]
    assert parts.alarms.tell(claimed)
    assert not parts.alarms.tell(claimed)
    assert parts.slack.calls.count("send_dm") == 1


def test_a_bot_that_lost_its_lease_tells_nothing_and_lets_the_messages_go() -> None:
    parts = Parts()
    claimed = parts.claimed(failed(1, "No memory."))
    parts.clock.sleep(DURATION)
    assert not parts.alarms.tell([claimed])
    assert (told(parts.slack), parts.dropped) == ([], [claimed])
    assert parts.saved(claimed).requests[0].done == []


@pytest.mark.parametrize(
    ("error", "problems"),
    [
        pytest.param(None, [], id="another bot has it"),
        pytest.param(TransientError("S3 is away"), [], id="S3 is away"),
        pytest.param(ConfigurationError("S3 refuses it"), ["S3 refuses it"], id="S3 refuses it: on-call is told"),
    ],
)
def test_what_cannot_be_saved_is_not_sent(error: CreditsError | None, problems: list[str]) -> None:
    parts = Parts()
    claimed = parts.claimed(failed(1, "No memory."))
    if error is None:
        claimed.etag = "of an older version"
    else:
        parts.bucket.before_put = lambda key: _raise(error)
    assert not parts.alarms.tell([claimed])
    assert (told(parts.slack), parts.dropped) == ([], [claimed])
    assert claimed.problems == problems


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("created_at", "has_log"),
    [
        pytest.param(1_768_480_000.0, True, id="its job was made: its log and its notebook are linked"),
        pytest.param(None, False, id="it got no job: there is no log"),
    ],
)
def test_the_message_of_one_failure_links_its_jobs_log(created_at: float | None, has_log: bool) -> None:
    parts = Parts()
    one = failed(1, "No memory.").model_copy(update={"attempts": [attempt(1, created_at)]})
    parts.alarms.tell([parts.claimed(one)])
    [said] = told(parts.slack)
    assert ("|Log>" in said.text, "|Saved notebook>" in said.text) == (has_log, has_log)
    assert "20260115_123456_00000001" in said.text
