"""A job that leaves what its query says, in the place of sagemaker/run_notebook.py; it knows which side it runs on.

The query's first line is `-- {"old": {...}, "new": {...}}`: `leave` (file name to content), `until` (a file).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import boto3


def main() -> int:
    side = "new" if "IMAGE_URI" in os.environ else "old"
    query = Path(os.environ["CREDITS_INPUT_DIR"], "query.sql").read_text()
    todo = json.loads(query.split("\n", 1)[0].removeprefix("-- "))[side]
    while "until" in todo and not Path(todo["until"]).exists():
        time.sleep(0.05)
    execution_id = os.environ["EXECUTION_ID"]
    for name, content in todo["leave"].items():
        boto3.client("s3").put_object(
            Bucket=os.environ["S3_OUTPUT_BUCKET"],
            Key=f"credits-automation/outputs/{execution_id}/{name}",
            Body=json.dumps({**content, "execution_id": execution_id}).encode(),
        )
    return 0 if "result.json" in todo["leave"] else 11


if __name__ == "__main__":
    sys.exit(main())
