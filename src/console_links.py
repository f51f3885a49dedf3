"""Links into the AWS console: they last as long as the object, and ask the reader to sign in."""

from __future__ import annotations

from urllib.parse import quote

_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"


def s3_object(region: str, bucket: str, key: str) -> str:
    """The console's page of one object."""
    return f"https://{region}.console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={quote(key, safe='')}"


def job_log(region: str, job_name: str) -> str:
    """The console's list of a processing job's log streams. The console encodes twice, with $ for %."""
    group = quote(quote(_LOG_GROUP, safe=""), safe="").replace("%", "$")
    chosen = quote(f"?logStreamNameFilter={job_name}/", safe="").replace("%", "$")
    home = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return f"{home}#logsV2:log-groups/log-group/{group}{chosen}"
