"""A bad day, a flood, two bots: nothing lost, nothing twice."""

from __future__ import annotations

import threading
from collections import Counter
from time import sleep

import pytest
from botocore.config import Config

from src import aws
from src.calls import CallLog
from src.errors import CreditsError
from src.looker import client as looker_client
from src.slack import client as slack_client
from tests.bot.harness import BotHarness, threaded
from tests.bot.test_killed_everywhere import NO_WAY_BACK
from tests.clocks import FastClock
from tests.conftest import Figure

SPEED = 5.0
SEED = 20260115
TIME_LIMIT, LATE = 1, 1.25
"""Real seconds: what the clients wait in these tests, and when a late answer comes: after they gave up on it."""
MANY, BOTH = 1000, 200
PAUSE = 130.0
"""Seconds of the bots' time, longer than a lease."""


@pytest.fixture
def short_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(Config(read_timeout=TIME_LIMIT)))
    monkeypatch.setattr(slack_client, "TIMEOUT", TIME_LIMIT)
    monkeypatch.setattr(looker_client, "TIMEOUT", TIME_LIMIT)


def fail_a_tenth_of_all_calls(harness: BotHarness) -> None:
    """Refused, 5xx, throttled, answer lost, timed out (and carried out later): 2 % each; and S3's own 409 and 412.

    The answers lost and late make more of those: a write that is repeated meets what its first try wrote.
    """
    for number, kind in enumerate(("refuse", "error_5xx", "throttle", "drop")):
        harness.box.faults.add(kind, probability=0.02, seed=SEED + number)
    harness.box.faults.add("delay", probability=0.02, seed=SEED + 10, seconds=LATE)
    for number, status in enumerate((409, 412)):
        harness.box.faults.add(
            "status", status=status, service="s3", operation="PutObject", probability=0.005, seed=SEED + 20 + number
        )


def what_failed(harness: BotHarness) -> str:
    """For CI's output: calls by how they failed, and writes that met what their own lost try had written."""
    calls = harness.box.calls()
    kinds = Counter(f"{call['status']}" if call["fault"] == "status" else call["fault"] for call in calls)
    met = sum(call["status"] == 412 and call["fault"] is None for call in calls)
    failed = len(calls) - kinds.pop(None, 0)
    named = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return (
        f"{len(calls)} calls, {failed} failed ({failed / len(calls):.1%}: {named}), {met} more 412 after lost answers"
    )


class Pauses:
    """Stands still, all its threads, for longer than its lease once it has made so many calls.

    Only a post goes out although its bot stands still: between its last look and that call there is no way back.
    """

    def __init__(self, time: FastClock, after: int) -> None:
        self._time = time
        self._left = after
        self._until = 0.0
        self.log = CallLog(before=self._before)

    @property
    def happened(self) -> bool:
        return self._until > 0

    def _before(self, service: str, operation: str) -> None:
        self._left -= 1
        if self._left <= 0 and not self.happened:
            self._until = self._time() + PAUSE
        while operation not in NO_WAY_BACK and self._time() < self._until:
            sleep(0.05)


def work_until_quiet(harness: BotHarness, time: FastClock, pauses: list[Pauses | None], most: int = 40) -> int:
    """Ticks of so many bots side by side until nothing is open; how many rounds it took."""
    for number in range(1, most + 1):
        threads = [threading.Thread(target=_tick, args=(harness, time, paused)) for paused in pauses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if number > 1 and not _open(harness, time):
            return number
        time.pass_by(150)
    raise AssertionError(f"{len(_open(harness, time))} messages still open after {most} rounds")


def _tick(harness: BotHarness, time: FastClock, paused: Pauses | None) -> None:
    try:
        harness.bot(pool=threaded(), waiting=time, clock=time, calls=paused.log if paused else None).run()
    except CreditsError:
        return  # the whole tick failed, as it may on such a day: Airflow starts the next


def _open(harness: BotHarness, time: FastClock) -> list[tuple[str, str]]:
    try:
        return harness.bot(waiting=time, clock=time).services.state.open_messages()
    except CreditsError:
        return [("", "not known")]


def ask(harness: BotHarness, count: int) -> dict[str, str]:
    """So many messages, every tenth of which will fail: what is in each one's answer."""
    return {
        harness.ask("error" if number % 10 == 0 else "result"): "No recommendation"
        if number % 10 == 0
        else "credit recommended"
        for number in range(count)
    }


def check(harness: BotHarness, messages: dict[str, str]) -> None:
    harness.box.faults.clear()
    failing = sum(words == "No recommendation" for words in messages.values())
    answers = {ts: harness.answers(ts) for ts in messages}
    lost = [ts for ts, texts in answers.items() if not texts]
    double = [ts for ts, texts in answers.items() if len(texts) > 1]
    wrong = [texts[0] for ts, texts in answers.items() if texts and messages[ts] not in texts[0]]
    records = harness.records().values()
    jobs = harness.jobs_by_execution()
    wanted = {request["attempts"][-1]["execution_id"] for record in records for request in record["requests"]}
    assert (len(lost), len(double), wrong) == (0, 0, [])
    assert set(jobs) == wanted
    assert max(jobs.values()) == 1
    assert len(harness.box.slack.dms(user="U0SUPPORT1")) == failing
    harness.check_state_is_readable()


pytestmark = [
    pytest.mark.heavy,
    pytest.mark.alone,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # connections that were reset
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.usefixtures("short_time_limits"),
]


def test_a_thousand_messages_on_a_day_when_a_tenth_of_all_calls_fail(
    harness: BotHarness, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "50")
    time = FastClock(SPEED)
    messages = ask(harness, MANY)
    fail_a_tenth_of_all_calls(harness)

    ticks = work_until_quiet(harness, time, [None])

    failed = what_failed(harness)
    check(harness, messages)
    figure(f"faults: {MANY} messages, 0 lost, 0 double answers, 0 double jobs; {failed}; {ticks} ticks")


def test_two_bots_at_once_on_two_hundred_messages_one_of_them_paused_past_its_lease(
    harness: BotHarness, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "50")
    time = FastClock(SPEED)
    messages = ask(harness, BOTH)
    fail_a_tenth_of_all_calls(harness)
    pauses = Pauses(time, after=3 * BOTH)

    rounds = work_until_quiet(harness, time, [None, pauses])

    failed = what_failed(harness)
    assert pauses.happened
    check(harness, messages)
    figure(
        f"two bots, one paused for {PAUSE:.0f} s: {BOTH} messages, 0 lost, 0 double answers, 0 double jobs; "
        f"{failed}; {rounds} rounds of two ticks"
    )
