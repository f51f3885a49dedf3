"""Processing jobs that really run: the entrypoint's process stands for the container."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox.client import Sandbox
from tests.sandbox.account import Account, code

WAIT = 'echo $$ > "$OUT"; touch "$OUT.ready"; while :; do sleep 0.05; done'

DUMP = """python3 -c "import json, os; json.dump(dict(os.environ), open(os.environ['OUT'], 'w'))" """


def wait_for(file: Path) -> None:
    """Real processes take real time: until the job says that it is there."""
    deadline = time.monotonic() + 100
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} never came"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for is no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid: int) -> bool:
    """Whether a process comes to be gone."""
    deadline = time.monotonic() + 100
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def with_file(running: Account, file: Path) -> dict[str, dict[str, str]]:
    return {"Environment": {"OUT": str(file), "S3_OUTPUT_BUCKET": running.bucket}}


def test_a_job_that_exits_with_zero_is_completed_with_its_times(running: Account) -> None:
    job = running.ended("exit 0")

    assert job["ProcessingJobStatus"] == "Completed"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert "FailureReason" not in job


def test_a_running_job_is_in_progress_until_it_ends(running: Account, tmp_path: Path) -> None:
    out = tmp_path / "pid"
    name = running.start(WAIT, **with_file(running, out))
    wait_for(tmp_path / "pid.ready")

    assert running.describe(name)["ProcessingJobStatus"] == "InProgress"
    assert "ProcessingEndTime" not in running.describe(name)

    os.kill(int(out.read_text()), 9)
    running.box.aws.wait(name=name, seconds=100)
    assert running.describe(name)["ProcessingJobStatus"] == "Failed"


def test_the_input_reaches_the_job_byte_for_byte(running: Account, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    query = ('cp "$CREDITS_INPUT_DIR/query.sql" "$OUT"; exit 0\n' + "'\"🙂\r\n\t\\ ü" * 2000).encode()

    running.ended(query, **with_file(running, out))

    assert out.read_bytes() == query


def test_the_jobs_environment_is_what_the_request_says_and_what_a_container_needs(
    running: Account, tmp_path: Path
) -> None:
    out = tmp_path / "environment"
    environment = {"OUT": str(out), "EXECUTION_ID": "x", "ODD": "a 'b' \"c\" $d\n🙂"}

    running.ended(DUMP, Environment=environment)

    seen = json.loads(out.read_text())
    assert {name: seen[name] for name in environment} == environment
    assert seen["AWS_ENDPOINT_URL"] == running.box.env["AWS_ENDPOINT_URL"]
    assert seen["AWS_ACCESS_KEY_ID"] != running.box.env["AWS_ACCESS_KEY_ID"]
    assert seen["PATH"].startswith(str(Path(sys.executable).parent))
    made_by_the_shell = {"PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"}
    assert set(seen) - set(environment) - made_by_the_shell == {
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_DEFAULT_REGION",
        "PATH",
        "TMPDIR",
        "CREDITS_INPUT_DIR",
        "CREDITS_OUTPUT_DIR",
    }


def test_both_outputs_of_the_job_are_in_the_log_stream_of_its_name(running: Account) -> None:
    job = running.ended("echo one; echo two >&2; echo; printf 'three, unended'")

    name = job["ProcessingJobName"]
    assert running.log(name) == ["one", "two", "three, unended"]
    stream = running.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=f"{name}/algo-1-"
    )["logStreams"][0]["logStreamName"]
    assert stream.removeprefix(f"{name}/algo-1-").isdigit()


def test_thousands_of_lines_are_all_in_the_log_in_order(running: Account) -> None:
    job = running.ended("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done")

    found: list[str] = []
    pages = running.logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=job["ProcessingJobName"]
    )
    for page in pages:
        found += [event["message"] for event in page["events"]]
    assert found == [f"line {number}" for number in range(3000)]


def test_a_job_that_fails_says_so_with_its_exit_message(running: Account) -> None:
    job = running.ended("""printf '{"category": "data"}' > "$CREDITS_OUTPUT_DIR/message"; exit 11""")

    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == '{"category": "data"}'
    assert job["FailureReason"] == "AlgorithmError: , exit code: 11"


def test_an_exit_message_is_cut_where_the_service_cuts_it(running: Account) -> None:
    job = running.ended("""printf 'x%.0s' $(seq 3000) > "$CREDITS_OUTPUT_DIR/message"; exit 1""")

    assert job["ExitMessage"] == "x" * 1024


def test_a_job_that_is_told_to_stop_may_tidy_up_and_ends_as_stopped(running: Account, tmp_path: Path) -> None:
    out = tmp_path / "pid"
    name = running.start(f"trap 'echo tidied; exit 0' TERM; {WAIT}", **with_file(running, out))
    wait_for(tmp_path / "pid.ready")

    running.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert running.describe(name)["ProcessingJobStatus"] in {"Stopping", "Stopped"}
    running.box.aws.wait(name=name, seconds=100)

    assert running.describe(name)["ProcessingJobStatus"] == "Stopped"
    assert running.log(name) == ["tidied"]


def test_a_job_deaf_to_sigterm_is_killed_after_the_grace(entrypoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "pid"
    with Sandbox.start(jobs="process", presto="none", entrypoint=entrypoint, grace=0.5) as box:
        account = Account(box)
        name = account.start(f"trap '' TERM; {WAIT}", **with_file(account, out))
        wait_for(tmp_path / "pid.ready")

        account.sagemaker.stop_processing_job(ProcessingJobName=name)
        box.aws.wait(name=name, seconds=100)

        assert account.describe(name)["ProcessingJobStatus"] == "Stopped"
        assert ends(int(out.read_text()))


@pytest.mark.parametrize("status", ["Stopped", "Failed"])
def test_a_job_over_its_time_is_ended_as_the_service_may_do_it(running: Account, tmp_path: Path, status: str) -> None:
    running.box.aws.set_overtime_status(status=status)

    job = running.ended(
        f"trap 'exit 15' TERM; {WAIT}",
        StoppingCondition={"MaxRuntimeInSeconds": 1},
        **with_file(running, tmp_path / "pid"),
    )

    assert job["ProcessingJobStatus"] == status
    assert (job["ProcessingEndTime"] - job["ProcessingStartTime"]).total_seconds() >= 1


def test_what_a_job_leaves_running_in_a_session_of_its_own_ends_with_it(running: Account, tmp_path: Path) -> None:
    out = tmp_path / "pid"

    running.ended(
        'setsid sh -c \'echo $$ > "$OUT"; mv "$OUT" "$OUT.there"; sleep 600\' & '
        'while [ ! -e "$OUT.there" ]; do sleep 0.01; done; exit 0',
        **with_file(running, out),
    )

    assert ends(int((tmp_path / "pid.there").read_text()))


def test_a_job_without_its_input_fails_and_starts_nothing(running: Account) -> None:
    job = running.ended("exit 0", ProcessingInputs=[running.input("inputs/nothing-here/")])

    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: No S3 objects found under S3 URL")
    assert "ProcessingEndTime" in job


def test_calls_of_the_job_and_of_the_platform_are_told_apart_from_the_bots(running: Account) -> None:
    running.box.clear_calls()

    running.ended(
        "python3 -c \"import boto3, os; boto3.client('s3').put_object("
        "Bucket=os.environ['S3_OUTPUT_BUCKET'], Key='made-by-the-job', Body=b'x')\"; echo done"
    )

    assert running.keys("made-by") == ["made-by-the-job"]
    assert running.box.count_calls(origin="job") == {"s3.PutObject": 1}
    assert running.box.count_calls(origin="bot")["s3.PutObject"] == 1
    platform = running.box.count_calls(origin="platform")
    assert platform == {
        "s3.ListObjectsV2": 1,
        "s3.GetObject": 1,
        "logs.CreateLogGroup": 1,
        "logs.CreateLogStream": 1,
        "logs.PutLogEvents": 1,
    }


def test_a_fault_of_logs_and_storage_does_not_touch_the_platform(running: Account) -> None:
    running.box.faults.add("error_5xx", service="s3", operation="GetObject")
    running.box.faults.add("refuse", service="logs")

    assert running.ended("echo said")["ProcessingJobStatus"] == "Completed"

    running.box.faults.clear()
    assert running.log(running.box.aws.jobs()[0]["name"]) == ["said"]


def test_a_name_is_used_once_for_ever(running: Account) -> None:
    name = running.ended("exit 0")["ProcessingJobName"]

    with pytest.raises(ClientError) as caught:
        running.sagemaker.create_processing_job(**running.request(name))
    assert code(caught.value) == "ResourceInUse"


def test_a_name_that_is_not_known_is_a_validation_error(running: Account) -> None:
    for call in (running.sagemaker.describe_processing_job, running.sagemaker.stop_processing_job):
        with pytest.raises(ClientError, match="Could not find"):
            call(ProcessingJobName="nobody")


def test_an_ended_job_cannot_be_stopped(running: Account) -> None:
    name = running.ended("exit 0")["ProcessingJobName"]

    with pytest.raises(ClientError, match="status Completed") as caught:
        running.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert code(caught.value) == "ValidationException"


def test_an_entrypoint_that_cannot_start_fails_the_job_not_the_sandbox(tmp_path: Path) -> None:
    with Sandbox.start(jobs="process", presto="none", entrypoint=tmp_path / "nothing") as box:
        job = Account(box).ended("exit 0")
    assert job["ProcessingJobStatus"] == "Failed"
    assert "nothing" in job["FailureReason"]


def test_a_reset_ends_the_jobs_that_run_and_forgets_them(running: Account, tmp_path: Path) -> None:
    running.start(WAIT, **with_file(running, tmp_path / "pid"))
    wait_for(tmp_path / "pid.ready")

    running.box.reset()

    assert ends(int((tmp_path / "pid").read_text()))
    assert running.box.aws.jobs() == []
    assert running.keys() == []


def test_the_sandboxs_end_ends_its_jobs(entrypoint: Path, tmp_path: Path) -> None:
    with Sandbox.start(jobs="process", presto="none", entrypoint=entrypoint) as box:
        account = Account(box)
        account.start(f"trap '' TERM; {WAIT}", **with_file(account, tmp_path / "pid"))
        wait_for(tmp_path / "pid.ready")

    assert ends(int((tmp_path / "pid").read_text()))
