"""Jobs on this machine: what they are given, how they end, and what is left of them when the bot or they die."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src import paths
from src.aws import AwsClients
from src.config import BotSettings
from src.errors import ConfigurationError, ExecutionUnknown
from src.execution.local_jobs import LocalJobs
from src.executor import JobStatus
from src.notebook_executor import NotebookExecutor
from tests.conftest import BUCKET
from tests.executors.conftest import SQL, until

ID = "20260115_123456_3fa94c01"
NAME = paths.job_name(ID)

Make = Callable[..., NotebookExecutor]


@pytest.fixture
def jobs_dir(tmp_path: Path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def make(settings: BotSettings, tmp_path: Path, jobs_dir: Path) -> Make:
    """An executor whose jobs run this shell script."""
    clients = AwsClients(settings, sleep=_little)
    clients.s3.create_bucket(Bucket=BUCKET)

    def executor(script: str, **options: Any) -> NotebookExecutor:
        entrypoint = tmp_path / f"entrypoint-{len(list(tmp_path.iterdir()))}.sh"
        entrypoint.write_text(script)
        limit = options.pop("limit", None)
        own = settings.model_copy(update={"sagemaker_max_runtime": limit}) if limit else settings
        defaults = {"environ": {"PATH": os.environ["PATH"]}, "grace": 0.3, "jobs_dir": jobs_dir}
        return NotebookExecutor(
            own, clients=clients, sleep=_little, **{"entrypoint": entrypoint, **defaults, **options}
        )

    return executor


def _little(seconds: float) -> None:
    """Real processes take real time, but less than the executor would wait."""
    time.sleep(min(seconds, 0.02))


def _run(executor: NotebookExecutor) -> JobStatus:
    return executor.wait_for_completion(executor.execute(SQL, execution_id=ID)["job_name"])


def test_a_job_that_ends_well_is_completed_with_its_times(make: Make) -> None:
    before = time.time()
    status = _run(make("exit 0"))
    assert (status["status"], status["outcome"], status["failure_reason"]) == ("Completed", "completed", None)
    assert status["created_at"] is not None
    assert status["started_at"] is not None
    assert status["ended_at"] is not None
    assert 0 <= status["elapsed_seconds"] <= time.time() - before


def test_a_failure_tells_exit_code_exit_message_and_log(make: Make) -> None:
    executor = make('echo one; echo two >&2; printf "no such table" > "$CREDITS_OUTPUT_DIR/message"; exit 14')
    status = _run(executor)
    assert (status["status"], status["outcome"], status["exit_message"]) == ("Failed", "failed", "no such table")
    assert "exit code 14" in (status["failure_reason"] or "")
    assert executor.log_tail(NAME) == ["one", "two"]
    assert executor.log_tail(NAME, 1) == ["two"]


def test_the_job_gets_the_query_byte_for_byte_and_the_containers_environment(make: Make, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f'mkdir "{seen}"; cp "$CREDITS_INPUT_DIR/query.sql" "{seen}"; env -0 > "{seen}/env"'
    query = ("authy 'it''s' \"quoted\" 🎉é\r\n\t\\ " * 800)[:20_000]
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_SESSION_TOKEN": "kept",
        "SLACK_BOT_TOKEN": "xoxb-secret",
        "LOOKERSDK_CLIENT_SECRET": "secret",
        "LOOKER_QUERY": "a leftover",
        "ASID": "a leftover",
    }
    executor = make(script, environ=environ)
    executor.wait_for_completion(executor.execute(query, execution_id=ID)["job_name"])
    assert (seen / "query.sql").read_bytes() == query.encode()
    found = dict(line.split("=", 1) for line in (seen / "env").read_text().split("\0") if line)
    assert found["EXECUTION_ID"] == ID
    assert found["S3_OUTPUT_BUCKET"] == BUCKET
    assert found["SECRET_NAME"] == "presto-service-account-credentials"
    assert found["MAX_RUNTIME_SECONDS"] == "1800"
    assert found["AWS_SESSION_TOKEN"] == "kept"
    assert {"SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_SECRET", "LOOKER_QUERY", "ASID", "IMAGE_URI"}.isdisjoint(found)


def test_what_a_job_was_given_is_gone_when_it_has_ended_and_its_log_is_kept(make: Make, jobs_dir: Path) -> None:
    _run(make('echo said > "$CREDITS_WORK_DIR/scratch"; echo said'))
    left = {path.name for path in (jobs_dir / ID).iterdir()}
    assert {"log.txt", "end.json"} <= left
    assert {"input", "work"}.isdisjoint(left)
    assert jobs_dir.stat().st_mode & 0o077 == 0


def test_the_same_id_again_adopts_the_job(make: Make, tmp_path: Path) -> None:
    executor = make(f'echo started >> "{tmp_path}/starts"; sleep 0.2')
    first = executor.execute(SQL, execution_id=ID)
    assert executor.execute(SQL, execution_id=ID) == first
    executor.wait_for_completion(NAME)
    assert executor.execute(SQL, execution_id=ID) == first
    assert executor.wait_for_completion(NAME)["outcome"] == "completed"
    assert (tmp_path / "starts").read_text() == "started\n"


def test_a_stop_lets_the_job_end_by_itself(make: Make) -> None:
    executor = make('trap "echo saved; exit 16" TERM; echo ready; while true; do sleep 0.05; done', grace=300)
    executor.execute(SQL, execution_id=ID)
    until(lambda: executor.log_tail(NAME) == ["ready"])
    executor.stop(NAME)
    status = executor.wait_for_completion(NAME)
    assert (status["status"], status["outcome"]) == ("Stopped", "cancelled")
    assert executor.log_tail(NAME)[-1] == "saved"


def test_a_job_that_does_not_listen_is_killed_with_all_it_started(make: Make, tmp_path: Path) -> None:
    executor = make(f'trap "" TERM; echo ready; sleep 600 & echo $! > "{tmp_path}/pid"; while true; do sleep 1; done')
    executor.execute(SQL, execution_id=ID)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    executor.stop(NAME)
    assert executor.wait_for_completion(NAME)["outcome"] == "cancelled"
    until(lambda: not _lives(int((tmp_path / "pid").read_text())))


def test_a_job_over_its_limit_is_stopped_and_timed_out(make: Make) -> None:
    status = _run(make("exec sleep 600", limit=1))
    assert (status["status"], status["outcome"]) == ("Stopped", "timed_out")
    assert status["elapsed_seconds"] >= 1


def test_a_job_ended_by_the_system_says_by_which_signal(make: Make) -> None:
    status = _run(make("kill -9 $$"))
    assert status["outcome"] == "failed"
    assert "SIGKILL" in (status["failure_reason"] or "")


def test_stopping_what_has_ended_or_never_was_is_silent(make: Make) -> None:
    executor = make("exit 0")
    _run(executor)
    executor.stop(NAME)
    executor.stop("credits-automation-20260115-123456-00000000")
    executor.stop("../../elsewhere")
    assert executor.poll([NAME])[NAME]["outcome"] == "completed"


def test_a_new_bot_on_the_same_machine_finds_the_running_job(make: Make) -> None:
    make("while [ ! -e go ]; do sleep 0.02; done").execute(SQL, execution_id=ID)
    another = make("exit 0")
    assert another.poll([NAME])[NAME]["outcome"] == "running"
    another.stop(NAME)
    assert another.wait_for_completion(NAME)["outcome"] == "cancelled"


def test_a_job_whose_machine_is_gone_is_lost_but_one_that_never_was_is_unknown(make: Make, tmp_path: Path) -> None:
    executor = make("exit 0")
    _run(executor)
    elsewhere = make("exit 0", jobs_dir=tmp_path / "another machine")
    status = elsewhere.wait_for_completion(NAME)
    assert (status["status"], status["outcome"]) == ("Failed", "lost")
    assert elsewhere.log_tail(NAME) == []
    unknown = "credits-automation-20260115-123456-00000000"
    assert elsewhere.poll([unknown]) == {}
    with pytest.raises(ExecutionUnknown, match=unknown):
        elsewhere.wait_for_completion(unknown)


def test_a_job_whose_keeper_was_killed_is_lost(make: Make, tmp_path: Path) -> None:
    executor = make(f'echo $$ $PPID > "{tmp_path}/pids"; exec sleep 600')
    executor.execute(SQL, execution_id=ID)
    until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().endswith("\n"))
    job, keeper = (int(pid) for pid in (tmp_path / "pids").read_text().split())
    assert executor.poll([NAME])[NAME]["outcome"] == "running"
    os.kill(keeper, signal.SIGKILL)
    until(lambda: executor.poll([NAME])[NAME]["outcome"] == "lost")
    os.kill(job, signal.SIGKILL)


def test_a_job_begun_by_a_bot_that_died_before_starting_it_is_lost(make: Make, jobs_dir: Path) -> None:
    executor = make("exit 0")
    _run(executor)
    (jobs_dir / ID / "end.json").unlink()
    until(lambda: executor.poll([NAME])[NAME]["outcome"] == "lost")


def test_the_keeper_told_to_end_stops_its_job(make: Make, tmp_path: Path) -> None:
    executor = make(f'echo $PPID > "{tmp_path}/pid"; exec sleep 600')
    executor.execute(SQL, execution_id=ID)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
    assert executor.wait_for_completion(NAME)["outcome"] == "stopped"


def test_folders_of_jobs_long_ended_are_removed(make: Make, jobs_dir: Path) -> None:
    _run(make("exit 0"))
    until(lambda: (job := LocalJobs(jobs_dir, grace=1).find(ID)) is not None and not job.alive)
    long_ago = time.time() - 8 * 86_400
    os.utime(jobs_dir / ID, (long_ago, long_ago))
    executor = make("exit 0")
    executor.wait_for_completion(executor.execute(SQL)["job_name"])
    assert not (jobs_dir / ID).exists()


def test_no_notebook_beside_the_bot_is_a_setting_to_mend(make: Make, tmp_path: Path) -> None:
    executor = make("exit 0", entrypoint=tmp_path / "missing.sh")
    with pytest.raises(ConfigurationError, match="bot-local"):
        executor.execute(SQL)


def test_a_folder_that_cannot_be_made_is_named(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    executor = make("exit 0", jobs_dir=tmp_path / "file" / "jobs")
    with pytest.raises(ConfigurationError, match="file"):
        executor.execute(SQL)


def test_two_bots_starting_one_job_start_it_once(tmp_path: Path) -> None:
    entrypoint = ["/bin/sh", "-c", f'echo started >> "{tmp_path}/starts"']
    bots = [LocalJobs(tmp_path / "jobs", grace=1) for _ in range(2)]
    started = [bot.start(ID, entrypoint, b"", {}, now=time.time(), limit=60) for bot in bots]
    assert started == [True, False]
    until(lambda: (found := bots[1].find(ID)) is not None and found.end is not None)
    assert (tmp_path / "starts").read_text() == "started\n"
    assert json.loads((tmp_path / "jobs" / ID / "end.json").read_text())["status"] == "Completed"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
