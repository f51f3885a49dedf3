"""The AWS side that the bot itself touches: credentials, bucket, metrics, the job's image, status and stop of jobs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from .. import paths
from ..aws import AwsClients
from ..bot.metrics import NAMESPACE
from ..config import BotSettings
from ..errors import ConfigurationError, StateConflict, UnexpectedAnswer
from ..state.object_store import ObjectStore
from .findings import Examination, NotMade
from .settings import setting

CREDENTIALS = "AWS credentials"
BUCKET = "bucket"
READ, WRITE = "bucket: read", "bucket: write"
IMAGE = "job's image in ECR"
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+)"
    r"(@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[^@]+))?"
)


class _Probe(BaseModel):
    """What is written to see whether it can be."""

    nonce: str = ""
    text: str = "written by credits doctor; may be deleted"


def check_credentials(examination: Examination, clients: AwsClients) -> None:
    """Who the bot is to AWS."""

    def look() -> str:
        answer = clients.call(clients.sts, "get_caller_identity", "asking who the bot is")
        return f"are of {answer['Arn']}"

    examination.check(CREDENTIALS, look)


def check_bucket(examination: Examination, settings: BotSettings, clients: AwsClients) -> None:
    """List, read, write, conditional write and delete, under the prefix that the bot uses."""
    bucket = settings.s3_output_bucket
    probe = _BucketProbe(ObjectStore(clients, bucket), secrets.token_hex(4))
    inside = f"arn:aws:s3:::{bucket}/{paths.ROOT}/*"
    ready = (setting("S3_OUTPUT_BUCKET"), CREDENTIALS)
    examination.check(
        BUCKET,
        probe.listed,
        needs=ready,
        fix=f"It must be there (sagemaker/template.yaml makes it); policy: s3:ListBucket on arn:aws:s3:::{bucket}.",
    )
    examination.check(READ, probe.read, needs=(BUCKET,), fix=f"Policy: s3:GetObject on {inside}.")
    examination.check(
        WRITE,
        probe.written,
        needs=(BUCKET,),
        fix=f"Policy: s3:PutObject on {inside} (and kms:GenerateDataKey with a key of your own).",
    )
    examination.check(
        "bucket: conditional write",
        probe.written_once,
        needs=(READ, WRITE),
        fix="Take a bucket of S3 itself: If-None-Match and If-Match keep two bots from answering twice.",
    )
    examination.check(
        "bucket: delete", probe.deleted, needs=(WRITE,), fix=f"Policy: s3:DeleteObject on {inside} (state alone)."
    )


@dataclass(frozen=True)
class _BucketProbe:
    store: ObjectStore
    token: str

    def _key(self, what: str) -> str:
        return paths.doctor_object(self.token, what)

    def listed(self) -> str:
        self.store.folders(f"{paths.ROOT}/")
        return "is there, and may be listed"

    def read(self) -> str:
        """A missing object: without s3:GetObject, or s3:ListBucket, that is 403 instead of 404."""
        self.store.get_bytes(self._key("missing"))
        return "objects may be read"

    def written(self) -> str:
        self.store.put_bytes(self._key("write"), _Probe().model_dump_json().encode())
        return "objects may be written"

    def written_once(self) -> str:
        key, probe = self._key("conditional"), _Probe()
        first = self.store.create(key, probe)
        self._must_refuse(lambda: self.store.create(key, _Probe()), "If-None-Match")
        self.store.replace(key, probe, first)
        self._must_refuse(lambda: self.store.replace(key, _Probe(), first), "If-Match")
        return "a second writer is refused"

    def deleted(self) -> str:
        for what in ("write", "conditional"):
            self.store.delete(self._key(what))
        return "objects may be deleted"

    @staticmethod
    def _must_refuse(write: Callable[[], object], header: str) -> None:
        try:
            write()
        except StateConflict:
            return
        raise ConfigurationError(f"The bucket takes no notice of {header}: a second writer was let through.")


def check_metrics(examination: Examination, clients: AwsClients) -> None:
    """Without metrics no alarm can tell that the bot is dead."""

    def look() -> str:
        data = [{"MetricName": "DoctorRuns", "Value": 1.0, "Unit": "Count"}]
        clients.call(clients.cloudwatch, "put_metric_data", "sending metrics", Namespace=NAMESPACE, MetricData=data)
        return f"are taken (namespace {NAMESPACE})"

    examination.check(
        "metrics", look, needs=(CREDENTIALS,), fix=f"Policy: cloudwatch:PutMetricData (namespace {NAMESPACE})."
    )


def check_image(examination: Examination, settings: BotSettings, clients: AwsClients) -> None:
    """That the job's image is there, in this region: SageMaker finds out minutes later, and says less."""
    uri = settings.sagemaker_image_uri
    repository = re.split(r"[@:]", uri.removeprefix("https://"), maxsplit=1)[0]
    examination.check(
        IMAGE,
        lambda: _image(settings, clients),
        needs=(setting("SAGEMAKER_IMAGE_URI"), CREDENTIALS),
        fix=f"Build and push it: sagemaker/build_and_push.sh job {repository}; "
        "put the URI that it prints into SAGEMAKER_IMAGE_URI.",
    )


def _image(settings: BotSettings, clients: AwsClients) -> str:
    found = _ECR.fullmatch(settings.sagemaker_image_uri)
    if found is None:
        raise ConfigurationError(f"{settings.sagemaker_image_uri} is no image in ECR: SageMaker takes no other.")
    if found["region"] != settings.aws_default_region:
        raise ConfigurationError(
            f"The image is in {found['region']}, the jobs in {settings.aws_default_region}: SageMaker takes images of "
            "its own region."
        )
    wanted = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
    doing = f"looking for {settings.sagemaker_image_uri}"
    try:
        answer = clients.call(
            clients.ecr,
            "describe_images",
            doing,
            registryId=found["account"],
            repositoryName=found["repository"],
            imageIds=[wanted],
        )
    except UnexpectedAnswer as error:
        missing = {"RepositoryNotFoundException": "repository", "ImageNotFoundException": "image"}
        if error.code not in missing:
            raise
        raise ConfigurationError(f"There is no {missing[error.code]} {settings.sagemaker_image_uri}.") from error
    except ConfigurationError as error:
        if "ecr:DescribeImages" in str(error):
            raise NotMade(
                "this role lacks ecr:DescribeImages, which only the doctor needs; the job below shows it too"
            ) from error
        raise
    pushed = answer["imageDetails"][0].get("imagePushedAt")
    return f"is there, pushed {pushed:%Y-%m-%d}" if pushed else "is there"
