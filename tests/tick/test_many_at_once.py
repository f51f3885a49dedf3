"""A bad day, a flood, two bots: nothing lost, nothing twice."""

from __future__ import annotations

import threading

import pytest

from src.errors import CreditsError
from tests.tick.harness import BotHarness, FastTime, threaded

SPEED = 5.0
SEED = 20260115


def fail_a_tenth_of_all_calls(harness: BotHarness) -> None:
    """Refused, 5xx, throttled, late, answer lost: 2 % each; the answers lost make 412 and 409 of their own."""
    for number, kind in enumerate(("refuse", "error_5xx", "throttle", "drop")):
        harness.box.faults.add(kind, probability=0.02, seed=SEED + number)
    harness.box.faults.add("delay", probability=0.015, seed=SEED + 10, seconds=0.3)
    for number, status in enumerate((409, 412)):
        harness.box.faults.add(
            "status", status=status, service="s3", operation="PutObject", probability=0.005, seed=SEED + 20 + number
        )


def work_until_quiet(harness: BotHarness, time: FastTime, bots: int, most: int = 40) -> int:
    """Ticks of so many bots side by side until nothing is open; how many rounds it took."""
    for number in range(1, most + 1):
        threads = [threading.Thread(target=_tick, args=(harness, time)) for _ in range(bots)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if number > 1 and not _open(harness, time):
            return number
        time.sleep(150)
    raise AssertionError(f"{len(_open(harness, time))} messages still open after {most} rounds")


def _tick(harness: BotHarness, time: FastTime) -> None:
    try:
        harness.bot(pool=threaded(), waiting=time, clock=time).run()
    except CreditsError:
        return  # the whole tick failed, as it may on such a day: Airflow starts the next


def _open(harness: BotHarness, time: FastTime) -> list[tuple[str, str]]:
    try:
        return harness.bot(waiting=time, clock=time).state.open_messages()
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
    harness.check_state_is_readable()


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # connections that were reset
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_thousand_messages_on_a_day_when_a_tenth_of_all_calls_fail(
    harness: BotHarness, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "50")
    time = FastTime(SPEED)
    messages = ask(harness, 1000)
    fail_a_tenth_of_all_calls(harness)

    rounds = work_until_quiet(harness, time, bots=1)

    struck = sum(fault["struck"] for fault in harness.box.faults.list())
    made = sum(harness.box.count_calls().values())
    check(harness, messages)
    with capsys.disabled():
        print(f"\nfaults: 1000 messages, {made} calls, {struck} failed ({struck / made:.1%}), {rounds} ticks")


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # connections that were reset
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_two_bots_at_once_on_two_hundred_messages(
    harness: BotHarness, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "50")
    time = FastTime(SPEED)
    messages = ask(harness, 200)
    fail_a_tenth_of_all_calls(harness)

    rounds = work_until_quiet(harness, time, bots=2)

    check(harness, messages)
    with capsys.disabled():
        print(f"\ntwo bots: 200 messages, {rounds} rounds of two ticks")
