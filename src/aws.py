"""AWS clients with time limits, and botocore's errors in this project's words.

botocore's own retries are off: src/retries.py decides, with a sleep that is passed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from src.calls import CallLog
from src.config import Settings
from src.errors import CapacityError, ConfigurationError, CreditsError, TransientError
from src.retries import with_retries

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=64
)
_DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation"}
_SIGNED_OUT = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ServiceUnavailable",
    "RequestTimeout",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
}


def error_code(error: ClientError) -> str:
    """The service's own code of an error, e.g. `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


class AwsClients:
    """boto3 clients made when first needed. `sleep` waits between retries and may raise to give up."""

    def __init__(
        self,
        settings: Settings,
        *,
        session: boto3.Session | None = None,
        call_log: CallLog | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session or boto3.Session(region_name=settings.aws_default_region)
        self._call_log = call_log
        self._sleep = sleep

    @cached_property
    def s3(self) -> S3Client:
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        client: SageMakerClient = self._client("sagemaker")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    def call(self, client: Any, operation: str, doing: str, **arguments: Any) -> Any:
        """One call with retries. `doing` names it for people ("reading state/...").

        Raises what `translate` makes of an error; a ClientError it does not know passes, for the caller to read.
        """
        return with_retries(lambda: self._once(client, operation, doing, arguments), self._sleep)

    def _once(self, client: Any, operation: str, doing: str, arguments: dict[str, Any]) -> Any:
        try:
            return getattr(client, operation)(**arguments)
        except (BotoCoreError, ClientError) as error:
            translated = translate(error, doing)
            if translated is None:
                raise
            raise translated from error

    def _client(self, service: str) -> Any:
        client = self._session.client(service, config=_CONFIG)  # type: ignore[call-overload]
        if self._call_log is not None:
            self._call_log.attach(client)
        return client


def translate(error: BotoCoreError | ClientError, doing: str) -> CreditsError | None:
    """An AWS error in our words, most specific first; None for one that only the caller can judge."""
    if isinstance(error, ClientError):
        return _translate_answer(error, doing)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return ConfigurationError(f"There are no AWS credentials for {doing}: give the bot a role, or set AWS_PROFILE.")
    if isinstance(error, NoRegionError):
        return ConfigurationError("AWS_DEFAULT_REGION is not set.")
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return TransientError(f"AWS could not be reached while {doing} ({type(error).__name__}).")
    return ConfigurationError(f"AWS refused {doing} before it was sent: {error}")


def _translate_answer(error: ClientError, doing: str) -> CreditsError | None:
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return ConfigurationError(f"S3_OUTPUT_BUCKET names a bucket that does not exist ({doing}).")
    if code in _SIGNED_OUT:
        return ConfigurationError(f"AWS does not accept the bot's credentials ({code}) for {doing}: renew them.")
    if code in _DENIED:
        return ConfigurationError(
            f"The bot's role may not do this: {error.operation_name} ({doing}). Add it to the bot's policy."
        )
    if code in {"ResourceLimitExceeded", "CapacityError", "InsufficientCapacity"}:
        return CapacityError(f"SageMaker has no room for another job ({code}).")
    if code in _THROTTLED or status >= 500:
        return TransientError(f"AWS is busy ({code or status}) while {doing}.")
    return None
