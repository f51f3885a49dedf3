"""Two accounts for the lane: one with every option on and real jobs, one as by default with scripted jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.client import Sandbox
from tests.aws.installation import Installation
from tests.aws.working_day import WorkingDay

EVERYTHING = {
    "Network": "create",
    "PeerVpcId": "vpc-0123456789abcdef0",
    "KmsKey": "create",
    "AlarmEmail": "on-call@example.com",
}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything that can be switched on is; the notebook runs."""
    with Sandbox.start(jobs="process", presto="embedded") as box:
        yield Installation(box, tmp_path_factory.mktemp("whole"), **EVERYTHING)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The template's defaults; jobs end as they are told."""
    with Sandbox.start(jobs="scripted", presto="none") as box:
        yield Installation(box, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def day(whole: Installation) -> WorkingDay:
    """A day of the whole installation: all that bot, job and rollback do, done once."""
    day = WorkingDay(whole)
    day.tick()
    day.commands()
    day.stop_a_job()
    day.doctor()
    day.roll_back()
    return day
