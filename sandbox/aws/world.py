"""The AWS account: its bucket, its secrets, its jobs, and the verbs that tests drive it with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.aws.access import Access
from sandbox.aws.app import AwsApp, fault_answer, operation, service
from sandbox.aws.image_runner import ImageRunner
from sandbox.aws.jobs import ACCOUNT, ENDED_STATUSES, Job, JobStore, Quota, Runner, Status
from sandbox.aws.moto_app import MotoApp
from sandbox.aws.platform import Platform
from sandbox.aws.process_runner import ProcessRunner
from sandbox.aws.sagemaker import SageMaker
from sandbox.aws.script import Script
from sandbox.aws.scripted_runner import ScriptedRunner
from sandbox.aws.seeding import add_ended_jobs, job_logs, objects, put_objects
from sandbox.left_behind import Left
from sandbox.wire import Hub, Server, Wire, serve

REGION = "us-east-1"
BUCKET = "credits-sandbox"
SECRET = "presto-service-account-credentials"
REPOSITORY, TAG = "credits-automation", "sandbox"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/credits-automation-job"


@dataclass(frozen=True)
class AwsOptions:
    """jobs: how jobs run; entrypoint: what a job starts, or `image`, with `mounts` of its own."""

    jobs: Literal["process", "scripted", "image"]
    entrypoint: Path
    grace: float = 30.0
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    image: str = ""
    mounts: tuple[str, ...] = ()


class AwsWorld:
    """One account, served on a loopback port."""

    def __init__(self, options: AwsOptions, hub: Hub) -> None:
        self._options = options
        self._tag = _tag(options.image) or TAG
        self._store = JobStore()
        self._script = Script()
        app = _LateApp()
        self._iam = Access()
        origin = self._iam.origin
        self._platform = Platform(Wire(app, service, operation, hub, fault_answer, origin), REGION)
        self._server: Server | None = None
        self._access = (f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
        self._job_access = (f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
        self._job_token = secrets.token_urlsafe(60)
        self._iam.add_job_key(self._job_access[0])
        self._runner = self._make_runner()
        self._moto = MotoApp()
        self._app = app.app = AwsApp(self._moto, SageMaker(self._store, self._runner), self._iam)
        self._seed()
        self._server = serve(app, service, operation, hub=hub, fault_answer=fault_answer, origin=origin)

    @property
    def env(self) -> dict[str, str]:
        """What the bot needs in its environment."""
        return {
            **self._credentials(*self._access),
            "S3_OUTPUT_BUCKET": BUCKET,
            "PRESTO_SECRET_NAME": SECRET,
            "SAGEMAKER_IMAGE_URI": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:{self._tag}",
            "SAGEMAKER_ROLE_ARN": ROLE,
        }

    @property
    def secrets(self) -> list[str]:
        """The secrets that neither bot nor job may ever show."""
        return [self._access[1], self._job_access[1], self._job_token]

    @property
    def control(self) -> dict[str, Callable[..., Any]]:
        """The verbs of the control port: plain values in, plain values out."""
        verbs = (
            self.jobs,
            self.wait,
            self.script,
            self.finish_all,
            self.fail_capacity,
            self.set_quota,
            self.set_overtime_status,
            self.set_reader,
            self.refused,
            self.put_objects,
            self.add_ended_jobs,
            self.set_secret,
            self.enforce_iam,
            self.demands,
            self.forget_demands,
            self.delete_secret,
            self.ignore_conditions,
        )
        return {verb.__name__: verb for verb in verbs}

    def reset(self) -> None:
        """An account as at the start: jobs ended and forgotten, one empty bucket, its secrets."""
        self._runner.end_all()
        self._store.clear()
        self._script.reset()
        self._runner.overtime_status = "Stopped"
        self.set_reader()
        self._iam.reset()
        self._moto.forget_everything()
        self._app.refused.clear()
        self._app.takes_conditions = True
        self._seed()

    def left(self) -> Left:
        """Every object and every job's log."""
        yield from objects(BUCKET)
        yield from job_logs(REGION)

    def close(self) -> None:
        """Take no more calls and end every job's processes."""
        if self._server:
            self._server.stop()
        self._runner.end_all()

    # Verbs

    def jobs(self) -> list[dict[str, Any]]:
        """Every job, oldest first: name, status, environment, Unix times, reasons, and the request that made it."""
        return [_shown(job) for job in self._store.all()]

    def wait(self, name: str, seconds: float = 30.0) -> dict[str, Any] | None:
        """A job once it has ended, or as it is after `seconds` of real time; None for no such job."""
        job = self._store.wait(name, seconds)
        return _shown(job) if job else None

    def script(
        self, outcome: str = "result", seconds: float = 0.0, job: str = "*", sql: str = "", count: int | None = None
    ) -> None:
        """Scripted jobs whose name fits `job` and whose SQL holds `sql` end so, `seconds` after they began."""
        self._script.add(outcome, seconds, job, sql, count)

    def fail_capacity(self, count: int = 1) -> None:
        """The next `count` scripted jobs fail for want of capacity."""
        self._script.add("capacity", count=count)

    def finish_all(self) -> int:
        """Every running scripted job ends now, as it was planned to; how many there were."""
        return self._runner.finish_all() if isinstance(self._runner, ScriptedRunner) else 0

    def set_quota(self, jobs: int | None = None, limit: int = 20) -> None:
        """At most so many jobs at once (None: any number); `limit` is the account's quota as the refusal gives it."""
        self._store.quota = Quota(jobs, limit)

    def set_overtime_status(self, status: Status) -> None:
        """How a job over MaxRuntimeInSeconds ends: "Stopped" (at first) or "Failed"; the service documents neither."""
        self._runner.overtime_status = status

    def set_reader(self, sha256: str | None = None) -> None:
        """What scripted jobs say read their SQL: the hash of verify_credit's reader; None: nothing, as older images."""
        if isinstance(self._runner, ScriptedRunner):
            self._runner.reader_sha256 = sha256

    def refused(self) -> list[dict[str, Any]]:
        """Every request that a service's own model refuses: service, operation, origin, message, at."""
        return list(self._app.refused)

    def put_objects(self, objects: dict[str, str]) -> None:
        """Store objects (key to text) in the bucket, without a call each."""
        put_objects(BUCKET, objects)

    def add_ended_jobs(self, count: int, prefix: str = "credits-automation-past-", days_ago: float = 30.0) -> None:
        """A past: jobs that completed days ago."""
        add_ended_jobs(self._store, count, prefix, days_ago, REGION)

    def set_secret(self, values: dict[str, Any] | None = None, name: str = SECRET, text: str | None = None) -> None:
        """Give a secret another value: a JSON object, or any text."""
        content = json.dumps(values) if text is None else text
        self._platform.json("secretsmanager", "PutSecretValue", {"SecretId": name, "SecretString": content})

    def enforce_iam(self) -> None:
        """From now on a role may do what its policies allow, jobs run under theirs, and every demand is kept."""
        self._iam.on = self._platform.whole = True

    def demands(self) -> list[dict[str, Any]]:
        """What roles asked for, each once: role, origin, action, resource, context, allowed."""
        return self._iam.met()

    def forget_demands(self) -> None:
        """None so far."""
        self._iam.forget()

    def delete_secret(self, name: str = SECRET) -> None:
        """Somebody deletes a secret."""
        self._platform.json("secretsmanager", "DeleteSecret", {"SecretId": name, "ForceDeleteWithoutRecovery": True})

    def ignore_conditions(self, on: bool = True) -> None:
        """Writes take no notice of If-Match and If-None-Match, as in a store that is S3 by name only."""
        self._app.takes_conditions = not on

    # Making it

    def _make_runner(self) -> Runner:
        if self._options.jobs == "scripted":
            return ScriptedRunner(self._store, self._platform, self._script)
        options = self._options
        if options.jobs == "image":
            return ImageRunner(
                self._store, self._platform, options.image, self._job_environment, options.grace, options.mounts
            )
        return ProcessRunner(self._store, self._platform, options.entrypoint, self._job_environment, options.grace)

    def _job_environment(self, job: Job) -> dict[str, str]:
        """A container's credentials: its role's own, where roles matter."""
        mine = {**self._credentials(*self._job_access), "AWS_SESSION_TOKEN": self._job_token}
        return {**mine, **(self._iam.assume_for_job(job.request["RoleArn"]) if self._iam.on else {})}

    def _credentials(self, key: str, secret: str) -> dict[str, str]:
        assert self._server is not None
        return {
            "AWS_ENDPOINT_URL": self._server.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
        }

    def _seed(self) -> None:
        self._platform.reset()
        self._platform.create_bucket(BUCKET)
        self._push_image()
        for name, values in self._options.secrets.items():
            self._platform.json("secretsmanager", "CreateSecret", {"Name": name, "SecretString": json.dumps(values)})

    def _push_image(self) -> None:
        """The job's image is in ECR, as far as ECR's own API says; what runs is the entrypoint, or `image`."""
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []}
        self._platform.json("ecr", "CreateRepository", {"repositoryName": REPOSITORY})
        image = {"repositoryName": REPOSITORY, "imageTag": self._tag, "imageManifest": json.dumps(manifest)}
        self._platform.json("ecr", "PutImage", image)


def _tag(image: str) -> str:
    """An image's tag, which says whose notebook is in it; "" where it is named by digest."""
    return "" if "@" in image else image.rpartition("/")[2].partition(":")[2]


class _LateApp:
    """The app that the platform calls is made after the platform."""

    app: AwsApp

    def __call__(self, *call: Any) -> Any:
        return self.app(*call)


def _shown(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "status": job.status,
        "ended": job.status in ENDED_STATUSES,
        "environment": job.environment,
        "created": job.created,
        "started_at": job.started,
        "ended_at": job.ended,
        "failure_reason": job.failure_reason,
        "exit_message": job.exit_message,
        "request": job.request,
    }
