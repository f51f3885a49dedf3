"""No secret is in anything that anybody could read, whatever goes well or wrong."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.client import ROOT, Sandbox
from sandbox.warehouse import SAMPLE_SQL
from tests.canary import leaks

WRONG = {
    "SLACK_BOT_TOKEN": "xoxb-wrong-canary-0123456789abcdef",
    "LOOKERSDK_CLIENT_SECRET": "wrong-canary-looker/secret+with=signs",
    "AWS_SECRET_ACCESS_KEY": "wrongCanaryAwsSecretAccessKey0123456789ab",
}


@pytest.fixture(scope="module")
def secrets_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("canary") / "secrets"


@pytest.fixture(scope="module")
def box(secrets_file: Path) -> Iterator[Sandbox]:
    with Sandbox.start(env={**os.environ, "SANDBOX_SECRETS_FILE": str(secrets_file)}) as box:
        yield box


def tick(box: Sandbox, **environment: str) -> bytes:
    """What a tick says; how it ends is for others to test."""
    command = [sys.executable, "-m", "src.credit_bot"]
    env = {**os.environ, **box.env, "SLACK_POST_INTERVAL": "0", "TICK_BUDGET_SECONDS": "600", **environment}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=900, check=False)
    return done.stdout + done.stderr


def objects(box: Sandbox) -> Mapping[str, bytes]:
    s3, bucket = box.client("s3"), box.env["S3_OUTPUT_BUCKET"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    return {key: gzip.decompress(body) if key.endswith(".gz") else body for key, body in bodies.items()}


def job_logs(box: Sandbox) -> bytes:
    logs, group = box.client("logs"), "/aws/sagemaker/ProcessingJobs"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = [logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"]) for stream in streams]
    return "\n".join(event["message"] for page in events for event in page["events"]).encode()


def slack(box: Sandbox) -> bytes:
    files = [base64.b64decode(box.slack.file_content(file_id=file["id"])) for file in box.slack.files()]
    said = [box.slack.thread(ts=message["ts"]) for message in box.slack.messages()]
    return json.dumps([said, box.slack.dms()]).encode() + b"".join(files)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_planted_secrets_are_nowhere(box: Sandbox, secrets_file: Path) -> None:
    link = f"<https://{box.env['LOOKER_HOSTS'].split(',')[0]}/x/%s>"
    box.looker.add_query(slug="wrong1", sql="SELECT * FROM authy.verification_usage WHERE nonsense")
    for slug in ("sample", "wrong1"):
        box.slack.post(text=link % slug)
    places = {"a good tick": tick(box)}
    box.presto.set_password(password="another-password")
    box.slack.post(text=link % "wrong1")
    box.looker.add_query(slug="again1", sql=SAMPLE_SQL)
    box.slack.post(text=link % "again1")
    places["Presto's password is wrong"] = tick(box)
    box.presto.reset_password()
    box.looker.add_query(slug="local1", sql=SAMPLE_SQL + " -- once more")
    box.slack.post(text=link % "local1")
    places["EXECUTOR=local"] = tick(box, EXECUTOR="local")
    for name, value in WRONG.items():
        box.slack.post(text=link % "nosuch1")
        places[f"{name} is wrong"] = tick(box, **{name: value})
    places.update(objects(box))
    places["job logs"], places["slack"] = job_logs(box), slack(box)
    known = [*secrets_file.read_text().split(), *WRONG.values()]

    assert len(known) >= 8
    assert b"4948.8" in places["slack"] or b"4,948.80" in places["slack"]
    assert any(name.endswith("notebook_output.ipynb") for name in places)
    assert list(leaks(known, places)) == []
