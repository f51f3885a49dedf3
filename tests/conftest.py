"""What every test may use: moto's AWS in this process, a clock that only moves when told to."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from functools import cache, partial
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import JSONFileLoader, Loader
from moto import mock_aws

from sandbox.client import Sandbox
from sandbox.left_behind import LeftBehind
from src.aws import AwsClients
from src.config import BotSettings
from tests.clocks import MovedClock
from tests.executors.fake_job import ENTRYPOINT

BUCKET = "credits-bucket"
FIGURE = "figure"
MINUTES_LONG = 2400
"""From this time limit on, in seconds."""


Figure = Callable[[str], None]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Keeps a figure that a test measured, for the end of the run's output."""
    return partial(record_property, FIGURE)


@pytest.hookimpl(trylast=True)  # of those that are left
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take minutes begin first, dealt among the workers: each begins with a share of the list in order."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if (limit := item.get_closest_marker("timeout")) and limit.args[0] >= MINUTES_LONG]
    short = [item for item in items if item not in long]
    size = -(-len(short) // workers)
    items[:] = [item for one in range(workers) for item in (*long[one::workers], *short[one * size : (one + 1) * size])]


def pytest_collection_finish() -> None:
    """What was imported lives as long as the tests: no collection of what they leave looks through it."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures, from whichever worker they come."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == FIGURE and report.when == "call":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session", autouse=True)
def service_models_are_read_once() -> Iterator[None]:
    """botocore reads a service's model, and makes its class and its endpoint rules, anew for every client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))
        for owner, name in (
            (Loader, "list_available_services"),
            (ClientCreator, "_load_service_model"),
            (ClientCreator, "_create_client_class"),
        ):
            patch.setattr(owner, name, once(getattr(owner, name)))
        patch.setattr("botocore.regions.EndpointProvider", once_by_its_ruleset(EndpointProvider))
        yield


def once(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that any object answers for all."""
    known: dict[tuple[Any, ...], Any] = {}

    def answer(self: Any, *of: Any, **named: Any) -> Any:
        key = (*of, *named.values())
        if key not in known:
            known[key] = method(self, *of, **named)
        return known[key]

    return answer


def once_by_its_ruleset(provider: type[EndpointProvider]) -> Callable[..., EndpointProvider]:
    known: dict[int, EndpointProvider] = {}

    def answer(ruleset_data: Any, **others: Any) -> EndpointProvider:
        if id(ruleset_data) not in known:  # itself read once, and kept
            known[id(ruleset_data)] = provider(ruleset_data=ruleset_data, **others)
        return known[id(ruleset_data)]

    return answer


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell that starts a suite in the background has it ignore Ctrl-C, and every process that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def logs_are_left_behind() -> Iterator[None]:
    """For the search that follows a whole test run: what was logged in this process, tracebacks and all."""
    said = StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    LeftBehind().keep([("log", said.getvalue().encode())])


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Everything outside, with jobs that really run; tests keep apart by their own slugs, accounts and ids."""
    with Sandbox.start(jobs="process", presto="embedded") as box:
        yield box
        assert box.aws.refused() == []  # every request was within the services' own limits


@pytest.fixture(scope="session")
def scripted_box() -> Iterator[Sandbox]:
    """Everything outside, with jobs that are only scripted; each test begins with it fresh."""
    with Sandbox.start(jobs="scripted", presto="none") as box:
        yield box


@pytest.fixture(scope="session")
def told_box() -> Iterator[Sandbox]:
    """A sandbox whose jobs are processes that do as their query says (executors/fake_job.py)."""
    with Sandbox.start(jobs="process", presto="none", entrypoint=ENTRYPOINT, grace=0.5) as box:
        yield box


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(scope="session")
def aws_session() -> boto3.Session:
    """One for all tests in moto's AWS: to make one anew takes longer than most of them."""
    return boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1")


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def settings(aws_environment: None) -> BotSettings:
    return BotSettings(s3_output_bucket=BUCKET)


@pytest.fixture
def clients(settings: BotSettings, clock: MovedClock, aws_session: boto3.Session) -> AwsClients:
    clients = AwsClients(settings, session=aws_session, sleep=clock.sleep)
    clients.s3.create_bucket(Bucket=BUCKET)
    return clients
