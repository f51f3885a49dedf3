"""AWS clients with time limits, and botocore's errors in this project's words.

botocore's own retries are off: they sleep by `time.sleep`, which no test could pass over and no SIGTERM could cut
short, and they would repeat a write whose answer was lost without anyone looking. retries.py decides instead.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    LoginError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError

from .calls import CallLog
from .config import Settings
from .errors import CapacityError, ConfigurationError, CreditsError, TransientError, UnexpectedAnswer
from .retries import ATTEMPTS, with_retries

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=64
)
MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_NEXT_PAGE = {"ContinuationToken": "NextContinuationToken", "NextToken": "NextToken"}
"""How a list is asked to go on, and what its page calls that: S3's names, and SageMaker's."""
_NOT_SIGNED_IN = (
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
    SSOError,
    LoginError,
    ProfileNotFound,
)
_OUT_OF_REACH = (
    BotoConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ChecksumError,
    ResponseParserError,
    CredentialRetrievalError,
    MetadataRetrievalError,
)
_REGION = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "301", "IllegalLocationConstraintException"})
_NO_ROOM = frozenset({"ResourceLimitExceeded", "CapacityError", "InsufficientCapacity"})
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation", "NotAuthorized"}
)
_PERMISSIONS = {
    "HeadObject": "s3:GetObject (and s3:ListBucket, without which a missing object looks forbidden)",
    "GetObject": "s3:GetObject (and s3:ListBucket, without which a missing object looks forbidden)",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutMetricData": "cloudwatch:PutMetricData",
}
_SIGNED_OUT = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "ServiceUnavailable",
        "RequestTimeout",
        "RequestTimeoutException",
        "PriorRequestNotComplete",
        "ServiceUnavailableException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
    }
)


class StoredObject(NamedTuple):
    """An object of S3 as it was read. `metadata`: its writer's."""

    content: bytes
    etag: str
    metadata: dict[str, str]


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

    @cached_property
    def ecr(self) -> Any:
        return self._client("ecr")

    @cached_property
    def sts(self) -> Any:
        return self._client("sts")

    def call(self, client: Any, operation: str, doing: str, *, attempts: int = ATTEMPTS, **arguments: Any) -> Any:
        """One call with retries, of at most 25 seconds an attempt. `doing` names it for people ("reading state/...").

        Raises what `translate` makes of an error.
        """
        return with_retries(lambda: self._once(client, operation, doing, arguments), self._sleep, attempts)

    def pages(self, client: Any, operation: str, doing: str, **arguments: Any) -> Iterator[Any]:
        """Every page of a list, a call each. Raises as `call` does."""
        more: dict[str, Any] = {}
        while True:
            page = self.call(client, operation, doing, **arguments, **more)
            yield page
            more = {ours: page[its] for ours, its in _NEXT_PAGE.items() if page.get(its)}
            if not more:
                return

    def read_object(self, bucket: str, key: str, limit: int | None = None) -> StoredObject | None:
        """Read an object; None if there is none. An answer cut off on its way is asked for again.

        limit: the most bytes to take; the content is one byte longer if there are more.
        Raises as `call` does.
        """
        return with_retries(lambda: self._read_once(bucket, key, limit), self._sleep)

    def _read_once(self, bucket: str, key: str, limit: int | None) -> StoredObject | None:
        doing = f"reading {key}"
        try:
            answer = self._once(self.s3, "get_object", doing, {"Bucket": bucket, "Key": key})
            with closing(answer["Body"]) as body:
                content = body.read(None if limit is None else limit + 1)
            return StoredObject(content, answer["ETag"], dict(answer.get("Metadata", {})))
        except UnexpectedAnswer as error:
            if error.code in MISSING:
                return None
            raise
        except BotoCoreError as error:
            raise TransientError(f"AWS stopped answering while {doing} ({type(error).__name__}).") from error

    def _once(self, client: Any, operation: str, doing: str, arguments: dict[str, Any]) -> Any:
        try:
            return getattr(client, operation)(**arguments)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise translate(error, doing) from error

    def _client(self, service: str) -> Any:
        signed = Config(signature_version="s3v4") if service == "s3" else None  # links to KMS-encrypted objects need it
        config = _CONFIG.merge(signed) if signed else _CONFIG
        client = self._session.client(service, config=config)  # type: ignore[call-overload]
        if service == "s3":  # to ask first whether S3 wants an object pays for large ones; ours are small
            client.meta.events.unregister("before-call.s3", add_expect_header)
        if self._call_log is not None:
            self._call_log.attach(client)
        return client


def translate(error: Exception, doing: str) -> CreditsError:
    """Translate an error of botocore's into one of ours, the most specific that fits; `doing` is named in its text."""
    if isinstance(error, ClientError):
        return _translate_answer(error, doing)
    if isinstance(error, _NOT_SIGNED_IN):
        return ConfigurationError(
            f"There are no AWS credentials for {doing} ({type(error).__name__}): "
            "give the bot a role, or set AWS_PROFILE."
        )
    if isinstance(error, NoRegionError):
        return ConfigurationError(f"AWS_DEFAULT_REGION is not set ({doing}).")
    if isinstance(error, _OUT_OF_REACH):
        return TransientError(f"AWS could not be reached while {doing} ({type(error).__name__}).")
    return ConfigurationError(f"AWS was not asked ({doing}), because the request cannot be sent: {_short(str(error))}")


def _short(text: str) -> str:
    return " ".join(text.split())[:400]


def _translate_answer(error: ClientError, doing: str) -> CreditsError:
    answer = error.response.get("Error", {})
    code, said = str(answer.get("Code", "")), _short(str(answer.get("Message", "")))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    for codes, kind, text in _ANSWERS:
        if code in codes:
            return kind(text.format(code=code, doing=doing))
    if code in _DENIED:
        return _denied(error.operation_name, said, doing)
    if code in _NO_ROOM:
        return _no_room(code, said)
    if code.startswith("KMS."):
        return ConfigurationError(
            f"The KMS key of the bucket or of SAGEMAKER_OUTPUT_KMS_KEY_ID cannot be used for {doing} ({code}): {said}"
        )
    if code in _THROTTLED or status >= 500:
        return TransientError(f"AWS is busy ({code or status}) while {doing}.")
    return UnexpectedAnswer(doing, code=code, said=said)


_ANSWERS: tuple[tuple[frozenset[str], type[CreditsError], str], ...] = (
    (
        frozenset({"NoSuchBucket", "InvalidBucketName"}),
        ConfigurationError,
        "S3_OUTPUT_BUCKET names a bucket that does not exist ({doing}): create it, or correct the setting.",
    ),
    (
        _REGION,
        ConfigurationError,
        "The bucket of S3_OUTPUT_BUCKET is in another region than AWS_DEFAULT_REGION ({doing}): correct either.",
    ),
    (
        _SIGNED_OUT,
        ConfigurationError,
        "AWS does not accept the bot's credentials ({code}) for {doing}: renew them, and check the machine's clock.",
    ),
    (
        frozenset({"ConditionalRequestConflict", "409"}),
        TransientError,
        "S3 answered with a conflict ({code}) while {doing}: another write was under way.",
    ),
)


def _denied(operation: str, said: str, doing: str) -> ConfigurationError:
    named = re.search(r"not authorized to perform:? ([a-z0-9-]+:\w+)", said)
    permission = named[1] if named else _PERMISSIONS.get(operation, operation)
    return ConfigurationError(
        f"The bot's role lacks the permission {permission} ({doing}): add it to the role's policy."
    )


def _no_room(code: str, said: str) -> CreditsError:
    if re.search(r" is 0 instances", said, re.IGNORECASE):
        return ConfigurationError(
            "The account's quota for SAGEMAKER_INSTANCE_TYPE is 0: ask AWS to raise it (Service Quotas, SageMaker, "
            "'for processing job usage'), or choose another type."
        )
    return CapacityError(f"SageMaker has no room for another job now ({code}): {said}")
