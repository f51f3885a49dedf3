"""A bot on the sandbox: real SDKs and real HTTP, with a clock that tests move."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from sandbox.aws.script import scripted
from sandbox.client import Sandbox
from src import paths
from src.bot.tick import Summary
from src.bot.work_pool import InlinePool, ThreadedPool, WorkPool
from src.calls import CallLog
from src.config import DEFAULT_ALLOWED_TABLES, load_settings
from src.credit_bot import Bot, make_bot
from src.recheck.claims import make_reader
from src.state.records import Cursor, ExecutionRecord, Lease, LinkRecord, MessageRecord, ReaderRecord
from src.waiting import Waiting
from tests.clocks import MovedClock

ACCOUNT = "AC" + "0" * 32
VERIFY = (
    "SELECT SUM(amount), SUM(attempts) FROM authy.verification_usage WHERE is_fraud = true "
    f"AND account_sid = '{ACCOUNT}' AND usage_date >= DATE '2025-07-01' AND usage_date < DATE '2025-10-01'"
)
"""As scripted jobs answer it."""
WITHOUT_FRAUD = VERIFY.replace("is_fraud = true AND ", "")
"""A claim that the job refuses."""
READER = make_reader(DEFAULT_ALLOWED_TABLES).sha256()
"""What reads a SQL in a job of this commit."""
TICK_EVERY = 900.0
MESSAGES = f"{paths.ROOT}/state/messages/"


class BotHarness:
    """Posts requests into the sandbox, runs ticks, and looks at what came of them."""

    def __init__(self, box: Sandbox, moved: MovedClock) -> None:
        self.box = box
        self.time = moved
        self.host = box.env["LOOKER_HOSTS"].split(",")[0]
        self._posted = 0
        self._s3, self._bucket = box.client("s3"), box.env["S3_OUTPUT_BUCKET"]

    def query(self, sql: str, account: str | None = None) -> str:
        """A Looker link whose SQL this is, with the slug in a comment: no two are alike; account: else its own."""
        self._posted += 1
        slug = f"slug{self._posted:06d}"
        account = account or f"AC{self._posted:032x}"
        self.box.looker.add_query(slug=slug, sql=f"{sql.replace(ACCOUNT, account)} /* {slug} {account} */")
        return f"https://{self.host}/x/{slug}"

    def post(self, *links: str, user: str = "U0SUPPORT1") -> str:
        """A message that holds these links; its time stamp."""
        ts: str = self.box.slack.post(user=user, text="Please: " + " and ".join(f"<{link}>" for link in links))
        return ts

    def ask(self, outcome: str = "result", account: str | None = None) -> str:
        """A message with one fresh link whose job ends so; account: whose fraud it asks for, else one's of its own."""
        return self.post(self.query(scripted(VERIFY, outcome), account))

    def bot(
        self,
        *,
        pool: WorkPool | None = None,
        calls: CallLog | None = None,
        waiting: Waiting | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Bot:
        """A bot as it would be started, but for its time."""
        return make_bot(
            load_settings(),
            waiting=waiting or self.time,
            clock=clock or self.time,
            pool=pool or InlinePool(),
            calls=calls,
            session=self.box.session,
        )

    def tick(self, *, calls: CallLog | None = None) -> Summary:
        """One tick in one thread."""
        return self.bot(calls=calls).run()

    def calls_of_an_idle_tick(self) -> int:
        """How many outside calls one tick makes, its metric aside; that it sends the one metric."""
        self.box.clear_calls()
        self.tick()
        calls = self.box.count_calls()
        assert calls.pop("cloudwatch.PutMetricData") == 1
        return sum(calls.values())

    def ticks_until_quiet(self, most: int = 8) -> int:
        """Ticks a quarter of an hour apart until nothing is open; how many it took."""
        for number in range(1, most + 1):
            self.tick()
            if not self.open():
                return number
            self.time.sleep(TICK_EVERY)
        raise AssertionError(f"still open after {most} ticks: {self.open()}")

    def open(self) -> list[tuple[str, str]]:
        """Messages with work left."""
        return [found for key in self.keys(paths.OPEN_PREFIX) if (found := paths.message_of_marker(key))]

    def replies(self, ts: str) -> list[str]:
        """What the bot said in a message's thread, files aside."""
        return [message["text"] for message in self.box.slack.thread(ts=ts)[1:] if not message.get("files")]

    def answers(self, ts: str) -> list[str]:
        """Replies that are an outcome: not a word about waiting."""
        return [text for text in self.replies(ts) if not text.startswith("Still waiting")]

    def execution_of(self, ts: str) -> str:
        """The id of the last execution for a message's first link."""
        return str(self.record(ts)["requests"][0]["attempts"][-1]["execution_id"])

    def jobs(self) -> list[dict[str, Any]]:
        """Every processing job there is."""
        jobs: list[dict[str, Any]] = self.box.aws.jobs()
        return jobs

    def keys(self, prefix: str) -> list[str]:
        """Of the bucket's objects."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def content(self, key: str) -> bytes:
        """Of one object."""
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Key to content."""
        return {key: self.content(key) for key in self.keys(prefix)}

    def kept_query(self, execution_id: str) -> str:
        """The SQL that an execution was given."""
        return self.content(paths.ExecutionPaths(execution_id).query).decode()

    def check_state_is_readable(self) -> None:
        """Every object under state/ is what its reader expects."""
        models: dict[str, type[BaseModel]] = {
            "messages": MessageRecord,
            "executions": ExecutionRecord,
            "leases": Lease,
            "links": LinkRecord,
        }
        for key, body in self.objects(f"{paths.ROOT}/state/").items():
            kind = key.removeprefix(f"{paths.ROOT}/state/").split("/")[0]
            if kind in models:
                models[kind].model_validate_json(body)
            elif key == paths.CURSOR:
                Cursor.model_validate_json(body)
            elif key == paths.READER:
                ReaderRecord.model_validate_json(body)

    def jobs_by_execution(self) -> Counter[str]:
        """How many jobs were created for each execution id in an environment."""
        return Counter(job["environment"]["EXECUTION_ID"] for job in self.jobs())

    def record(self, ts: str) -> dict[str, Any]:
        """A message's record."""
        [key] = [key for key in self.keys(MESSAGES) if key.endswith(f"-{ts}.json")]
        found: dict[str, Any] = json.loads(self.content(key))
        return found

    def records(self) -> dict[str, dict[str, Any]]:
        """Every message's record by its time stamp."""
        return {(record := json.loads(body))["ts"]: record for body in self.objects(MESSAGES).values()}


def make_known(harness: BotHarness, sha256: str | None = READER) -> None:
    """What reads a SQL in the jobs, as a valid result of the configured image has told before."""
    execution_id = paths.new_execution_id(datetime.fromtimestamp(harness.time.now, UTC))
    place = harness.box.env["SAGEMAKER_IMAGE_URI"]
    told = ReaderRecord(place=place, reader_sha256=sha256, execution_id=execution_id)
    harness.box.aws.put_objects(objects={paths.READER: told.model_dump_json()})


def threaded() -> WorkPool:
    """The pool that production uses."""
    return ThreadedPool()
