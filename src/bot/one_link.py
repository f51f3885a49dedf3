"""`--link URL`: runs one Looker link and prints the answer, without Slack."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..aws import AwsClients
from ..config import BotSettings
from ..errors import QueryError
from ..executors import make_executor
from ..looker.client import LookerClient
from ..looker.links import allowed_hosts, parse_link
from ..notebook_choice import OUR_PROFILE
from ..slack import reply
from ..state.job_reader import JobReader
from ..state.object_store import ObjectStore
from ..state.records import Origin
from .by_hand import RefusalByHand, print_result, print_started
from .claims import ClaimReader
from .first_look import FirstLook
from .result_check import ResultCheck


def answer_one_link(
    settings: BotSettings, url: str, sleep: Callable[[float], None], reader: ClaimReader, *, as_json: bool = False
) -> None:
    """Run one execution and print what the thread would say, or its result.json.

    `sleep` may raise Interrupted: the job then runs on.
    Raises LinkError, QueryError, ExecutionError with the whole story, ConfigurationError, TransientError.
    """
    settings.require("lookersdk_base_url", "s3_output_bucket")
    link = parse_link(url, allowed_hosts(settings.looker_hosts, settings.lookersdk_base_url))
    clients, origin = AwsClients(settings, sleep=sleep), Origin("link", link=url)
    executor = make_executor(settings, clients=clients, clock=time.time, sleep=sleep, origin=origin)
    sql = LookerClient(settings, sleep=sleep).sql(link)
    if not executor.is_verify_query(sql):
        raise QueryError(reply.not_verify().text)
    store = ObjectStore(clients, settings.s3_output_bucket)
    job_reader = JobReader(store, settings.job_place, time.time)
    refusal = RefusalByHand(settings, store, FirstLook(settings, reader, job_reader), time.time, origin)
    job = executor.execute(sql, execution_id=refusal.begin(sql, link))
    print_started(job, as_json=as_json)
    executor.wait_for_completion(job["job_name"])
    read = executor.read_result(job["execution_id"])
    result = ResultCheck(settings, reader).checked(read, sql)
    if read.profile == OUR_PROFILE:
        job_reader.note(result)
    print_result(settings, result, as_json=as_json)
