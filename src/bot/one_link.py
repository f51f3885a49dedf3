"""`--link URL`: one Looker link from SQL to amount, printed, without Slack."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from .. import console_links, paths
from ..aws import AwsClients
from ..config import BotSettings
from ..errors import ExecutionError, QueryError
from ..executors import make_executor
from ..looker.client import LookerClient
from ..looker.links import allowed_hosts, parse_link
from ..slack import reply
from ..slack.text import for_terminal
from .failures import failure_of, failure_of_status

ALLOWANCE = 600.0


def answer_one_link(settings: BotSettings, url: str, sleep: Callable[[float], None], *, as_json: bool = False) -> None:
    """Run one execution and print what the thread would say, or its result.json.

    `sleep` may raise Interrupted: the job then runs on.
    Raises LinkError, QueryError, ExecutionError with the whole story, ConfigurationError, TransientError.
    """
    settings.require("lookersdk_base_url", "s3_output_bucket")
    link = parse_link(url, allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url))
    executor = make_executor(settings, clients=AwsClients(settings, sleep=sleep), clock=time.time, sleep=sleep)
    sql = LookerClient(settings, sleep=sleep).sql(link)
    if not executor.is_verify_query(sql):
        raise QueryError(reply.not_verify().text)
    job = executor.execute(sql)
    started = f"execution {job['execution_id']} started as job {job['job_name']}"
    print(started, file=sys.stderr if as_json else sys.stdout, flush=True)
    status = executor.wait_for_completion(job["job_name"], settings.sagemaker_max_runtime + ALLOWANCE)
    try:
        result = executor.get_results(job["execution_id"])
    except ExecutionError as error:
        failure = failure_of(error) if error.failure else failure_of_status(status)
        said = f"{failure.message} {failure.advice}".strip()
        raise ExecutionError(f"{said} (execution {job['execution_id']})") from error
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    files = paths.ExecutionPaths(job["execution_id"])

    def console(key: str) -> str:
        return console_links.s3_object(settings.aws_default_region, settings.s3_output_bucket, key)

    answer = reply.answer(result, report_url=console(files.report), notebook_url=console(files.notebook))
    print(for_terminal(answer.text))
