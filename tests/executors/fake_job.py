"""A job that does what its query says, in the place of sagemaker/run_notebook.py; started as that is.

`told` makes such a query: what to log, how long to take, what to leave in the bucket, how to exit.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

SQL = "SELECT * FROM authy.verification_usage"
TRIES = 5
ENTRYPOINT = Path(__file__).with_name("fake_entrypoint.sh")


def told(sql: str = SQL, *, elsewhere: dict[str, Any] | None = None, **todo: Any) -> str:
    """This SQL with what its job does; `elsewhere`: what it does on the bot's own machine, if another thing."""
    return f"-- {json.dumps([todo, todo if elsewhere is None else elsewhere])}\n{sql}"


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(16))
    query = Path(os.environ["CREDITS_INPUT_DIR"], "query.sql").read_bytes()
    in_sagemaker, elsewhere = json.loads(query.split(b"\n", 1)[0].removeprefix(b"-- "))
    todo = in_sagemaker if "IMAGE_URI" in os.environ else elsewhere
    for line in [*todo.get("log", []), *([_environment()] if todo.get("log_environment") else [])]:
        print(line, flush=True)
    time.sleep(todo.get("seconds", 0))
    while "until" in todo and not Path(todo["until"]).exists():
        time.sleep(0.05)
    if "message" in todo:
        Path(os.environ["CREDITS_OUTPUT_DIR"], "message").write_text(todo["message"])
    for name, content in todo.get("leave", {}).items():
        _upload(name, content, hashlib.sha256(query).hexdigest())
    while "then_until" in todo and not Path(todo["then_until"]).exists():
        time.sleep(0.05)
    return int(todo.get("exit", 0))


def _upload(name: str, content: Any, sha: str) -> None:
    """To the sandbox's S3, which looks at no signature: boto3 takes longer than all the rest of the job."""
    execution_id, bucket = os.environ["EXECUTION_ID"], os.environ["S3_OUTPUT_BUCKET"]
    text = content if isinstance(content, str) else json.dumps(content)
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260115/{os.environ['AWS_DEFAULT_REGION']}/s3/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/credits-automation/outputs/{execution_id}/{name}",
        text.replace("EXECUTION_ID", execution_id).replace("SQL_SHA256", sha).encode(),
        {"Authorization": signed, "Content-Type": "application/octet-stream"},
        method="PUT",
    )
    for tries_left in reversed(range(TRIES)):
        try:
            urllib.request.urlopen(request).close()
            return
        except OSError:  # as the boto3 of a real job, it goes on after what a bad day at AWS may answer
            if not tries_left:
                raise


def _environment() -> str:
    """The names of the container's contract that this process has, and no values."""
    names = "LOOKER_QUERY EXECUTION_ID S3_OUTPUT_BUCKET SECRET_NAME AWS_DEFAULT_REGION ASID ALLOWED_TABLES"
    foreign = [name for name in os.environ if name.startswith(("SLACK", "LOOKERSDK", "SAGEMAKER"))]
    known = {*names.split(), "MAX_RUNTIME_SECONDS", "CREDITS_INPUT_DIR", "CREDITS_OUTPUT_DIR"}
    return " ".join(sorted(known & os.environ.keys()) + sorted(foreign))


if __name__ == "__main__":
    sys.exit(main())
