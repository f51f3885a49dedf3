"""Whatever is posted, returned by Looker, left by a job or found in the bucket: a tick ends well, and pings nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.aws.outcomes import canned_result
from src import paths
from tests.bot.harness import TICK_EVERY, VERIFY, BotHarness
from tests.canary import leaks

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(3600)]

fuzz = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

HOSTILE = [
    "<!channel>",
    "<!here|now>",
    "<@U0ONCALL01>",
    "<#C0CREDITS1>",
    "&lt;!channel&gt;",
    "&amp;lt;!everyone&amp;gt;",
    "`*_~>",
    '\n{"level": "INFO", "message": "forged"}',
    "\r\x1b[2J\x00\u2028\u202e",
    "\ud83d",
    "*/ <!channel> /*",
    "authy.verification_usage",
    "x" * 5000,
]
words = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), max_size=5).map("".join)
names = words.map(lambda text: re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "", text)[:200])
"""Of objects: S3 lists them as XML, which holds no such characters."""
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "type", "url"]), inner),
    max_leaves=8,
)


def check(harness: BotHarness) -> None:
    """Nobody was pinged, no secret was posted or kept, and all state is readable."""
    secrets = [
        harness.box.env[name] for name in ("SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY")
    ]
    threads = [harness.box.slack.thread(ts=message["ts"]) for message in harness.box.slack.messages()]
    said = json.dumps([threads, harness.box.slack.dms()]).encode()
    assert harness.box.slack.pings() == []
    assert list(leaks(secrets, {"slack": said, **harness.objects(paths.ROOT)})) == []


def start_one(harness: BotHarness, script: str) -> tuple[str, paths.ExecutionPaths]:
    """A message whose job runs on after its tick; its time stamp, and where the job's outputs go."""
    harness.box.reset()
    ts = harness.ask(f"{script} after 36000")
    harness.time.stopped = False
    harness.tick()
    [attempt] = harness.record(ts)["requests"][0]["attempts"]
    return ts, paths.ExecutionPaths(attempt["execution_id"])


def finish(harness: BotHarness, objects: Mapping[str, str]) -> None:
    harness.box.aws.put_objects(objects=dict(objects))
    harness.box.aws.finish_all()
    harness.time.sleep(TICK_EVERY)
    harness.ticks_until_quiet()
    check(harness)


@fuzz
@given(posts=st.lists(st.tuples(words, words, anything), min_size=1, max_size=4))
def test_any_message(harness: BotHarness, posts: list[tuple[str, str, Any]]) -> None:
    harness.box.reset()
    ours = harness.ask("result")
    for text, label, blocks in posts:
        links = f"<https://{harness.host}/x/{text}|{label}> <https://{harness.host}/explore/m/v?fields=a&f[v.x]={text}>"
        harness.box.slack.post(text=f"{text} {links} {label}", blocks=blocks if isinstance(blocks, list) else None)
        harness.box.slack.post(text=links, blocks=[{"type": "mrkdwn", "text": links}, {"type": "link", "url": text}])

    harness.ticks_until_quiet()

    assert len(harness.answers(ours)) == 1
    check(harness)


@fuzz
@given(queries=st.lists(words, min_size=1, max_size=5))
def test_any_sql(harness: BotHarness, queries: list[str]) -> None:
    harness.box.reset()
    asked = [harness.post(harness.query(f"{text} {VERIFY} {text}")) for text in queries]
    asked += [harness.post(harness.query(text)) for text in queries]

    harness.ticks_until_quiet()

    assert [len(harness.answers(ts)) for ts in asked] == [1] * len(asked)
    check(harness)


@pytest.mark.usefixtures("short_ticks")
@fuzz
@given(name=words, flag=words, other=anything)
def test_any_result(harness: BotHarness, name: str, flag: str, other: Any) -> None:
    for changes in ({"account_name": name, "flags": [{"code": "x", "text": flag}]}, {"summary": other}):
        ts, files = start_one(harness, "result")
        sql = harness.kept_query(files.execution_id)
        result = {**canned_result(files.execution_id, sql, None), **changes}

        finish_with = {files.result: json.dumps(result)}
        harness.box.aws.put_objects(objects=finish_with)
        harness.time.sleep(TICK_EVERY)
        harness.tick()

        assert len(harness.answers(ts)) == 1
        check(harness)


@pytest.mark.usefixtures("short_ticks")
@fuzz
@given(message=words, advice=words, title=anything, lines=anything)
def test_any_account_that_a_job_gives_of_its_failure(
    harness: BotHarness, message: str, advice: str, title: Any, lines: Any
) -> None:
    ts, files = start_one(harness, "none")
    said = {"category": "data", "message": message, "advice": advice, "cell_title": title, "traceback": lines}

    finish(harness, {files.error: json.dumps(said | {"execution_id": files.execution_id})})

    assert len(harness.answers(ts)) == 1


@pytest.mark.usefixtures("short_ticks")
@fuzz
@given(data=st.data())
def test_any_object_among_the_bots_own(harness: BotHarness, data: st.DataObject) -> None:
    """A damaged object may cost the message it is about an answer, and no other."""
    start_one(harness, "result")
    state = harness.objects(f"{paths.ROOT}/state/")
    damaged = data.draw(st.sampled_from(sorted(state)))
    content = data.draw(words.filter(is_text) | anything.map(json.dumps) | mutations(state[damaged]))
    harness.box.aws.put_objects(objects={damaged: content, f"{paths.OPEN_PREFIX}{data.draw(names)}": ""})
    well = harness.ask("result")
    harness.time.sleep(TICK_EVERY)

    harness.tick()

    assert len(harness.answers(well)) == 1
    check(harness)


def is_text(characters: str) -> bool:
    """Whether an object can hold it: half a surrogate pair has no bytes."""
    return not re.search(r"[\ud800-\udfff]", characters)


def mutations(content: bytes) -> st.SearchStrategy[str]:
    """A record with one of its values changed to anything."""
    try:
        record = json.loads(content)
    except ValueError:
        return words.filter(is_text)
    return st.builds(lambda name, value: json.dumps(record | {name: value}), st.sampled_from(sorted(record)), anything)
