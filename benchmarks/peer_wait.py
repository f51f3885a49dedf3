"""Starts processing jobs and waits for them as another project does: `python peer_wait.py PEER < requests.json`.

Run by the peer's own Python (benchmarks/peers.py makes it), so it imports nothing of this project. Each request of the
list is one CreateProcessingJob; all are waited for side by side, a thread each, through one session. Prints a JSON
object: job name to the Unix time at which the peer's wait returned.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable

RUN_NOTEBOOK_SECONDS = 10  # sagemaker-run-notebook's wait_for_complete(sleep_time=10)
AIRFLOW_SECONDS = 30  # SageMakerProcessingOperator's check_interval

Wait = Callable[[dict], object]
"""Creates the job of a request, and returns when the peer has seen its end."""


def sagemaker_2() -> Wait:
    """sagemaker 2: Processor.run(wait=True), a describe every 5 s."""
    from sagemaker.processing import ProcessingInput, Processor

    import sagemaker

    session = sagemaker.Session()

    def wait(request: dict) -> None:
        read = request["ProcessingInputs"][0]["S3Input"]
        source = ProcessingInput(source=read["S3Uri"], destination=read["LocalPath"], input_name="query")
        processor = Processor(**_processor(request), sagemaker_session=session)
        processor.run(inputs=[source], job_name=request["ProcessingJobName"], wait=True, logs=False)

    return wait


def sagemaker_3() -> Wait:
    """sagemaker 3: the same class in its new place."""
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.processing import Processor
    from sagemaker.core.shapes import ProcessingInput, ProcessingS3Input

    session = Session()

    def wait(request: dict) -> None:
        read = request["ProcessingInputs"][0]["S3Input"]
        where = ProcessingS3Input(
            s3_uri=read["S3Uri"], local_path=read["LocalPath"], s3_data_type="S3Prefix", s3_input_mode="File"
        )
        source = ProcessingInput(input_name="query", s3_input=where)
        processor = Processor(**_processor(request), sagemaker_session=session)
        processor.run(inputs=[source], job_name=request["ProcessingJobName"], wait=True, logs=False)

    return wait


def airflow() -> Wait:
    """What SageMakerProcessingOperator.execute calls, at its own interval: a describe every 30 s."""
    from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook

    hook = SageMakerHook(aws_conn_id=None, region_name=os.environ["AWS_DEFAULT_REGION"])
    hook.get_conn()
    return lambda request: hook.create_processing_job(request, wait_for_completion=True, check_interval=AIRFLOW_SECONDS)


def run_notebook() -> Wait:
    """sagemaker-run-notebook's loop: a describe every 10 s until the status is another than InProgress."""
    import boto3

    client = boto3.client("sagemaker")

    def wait(request: dict) -> None:
        name = request["ProcessingJobName"]
        client.create_processing_job(**request)
        while client.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "InProgress":
            time.sleep(RUN_NOTEBOOK_SECONDS)

    return wait


def _processor(request: dict) -> dict:
    cluster = request["ProcessingResources"]["ClusterConfig"]
    return {
        "role": request["RoleArn"],
        "image_uri": request["AppSpecification"]["ImageUri"],
        "instance_count": cluster["InstanceCount"],
        "instance_type": cluster["InstanceType"],
        "volume_size_in_gb": cluster["VolumeSizeInGB"],
        "max_runtime_in_seconds": request["StoppingCondition"]["MaxRuntimeInSeconds"],
        "env": request["Environment"],
    }


PEERS = {peer.__name__: peer for peer in (sagemaker_2, sagemaker_3, airflow, run_notebook)}


def main() -> None:
    """Wait for all, then say when each was seen to have ended."""
    wait, requests = PEERS[sys.argv[1]](), json.load(sys.stdin)
    seen: dict[str, float] = {}

    def wait_for(request: dict) -> None:
        wait(request)
        seen[request["ProcessingJobName"]] = time.time()

    threads = [threading.Thread(target=wait_for, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n" + json.dumps(seen))  # on a line of its own: the SDK prints a dot a poll


if __name__ == "__main__":
    main()
