"""deploy.sh with the real aws CLI on the sandbox: an empty account, two versions, both rollbacks, a tick after each.

The images are given as pushed already: building and pushing them is the image lane's.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import ROOT, Sandbox

SECRET = "presto-service-account-credentials"
LINK = "https://looker.sandbox.example/x/sample"
TOOLS = os.environ.get("AWS_TOOLS") or str(ROOT / "build" / "aws" / "bin")
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
KINDS = {"JOB_IMAGE": "notebook", "BOT_IMAGE": "bot", "BOT_LOCAL_IMAGE": "bot"}
SECONDS = 400
pytestmark = pytest.mark.timeout(1500)


class Operator:
    """Somebody with a clone, the aws CLI, and the account owner's credentials."""

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box = box
        self.clone = folder / "clone"
        self.dags = "s3://airflow-dags/dags"
        self._images = 0
        self._git("clone", "--quiet", str(ROOT), str(self.clone), cwd=folder)
        (self.clone / ".venv").symlink_to(ROOT / ".venv")
        self.presto = self.box.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
        self.box.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
        self.box.client("s3").create_bucket(Bucket="airflow-dags")
        box.aws.enforce_iam()
        self._write_config()

    def deploy(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("./deploy.sh", *arguments, **environment)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = ("AWS_", "SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT")
        given = {name: value for name, value in self.box.env.items() if name.startswith(own)}
        settings = {
            "DAGS": self.dags,
            "SMOKE_LINK": LINK,
            "CHECK": "true",
            "STACK_PARAMETERS": f"OidcProvider={ISSUER}",
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "HOME": str(self.clone.parent),
        }
        return subprocess.run(
            command,
            cwd=self.clone,
            env={**given, **settings, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def push_images(self) -> dict[str, str]:
        """What a build would leave in ECR: three images, another digest each time."""
        self._images += 1
        images = {}
        for variable, kind in KINDS.items():
            manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
            manifest |= {"config": {}, "layers": []}
            put = self.box.client("ecr").put_image(
                repositoryName=f"credits-automation-{kind}",
                imageTag=f"{variable.lower()}-{self._images}",
                imageManifest=json.dumps({**manifest, "name": f"{variable}-{self._images}"}),
                imageDigest=f"sha256:{sha256(f'{variable}-{self._images}'.encode()).hexdigest()}",
            )["image"]
            registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
            images[variable] = f"{registry}/{put['repositoryName']}@{put['imageId']['imageDigest']}"
        return images

    def commit(self) -> str:
        self._git("-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "-q", "--allow-empty", "-m", "next")
        return self.head()

    def head(self) -> str:
        return self._git("rev-parse", "HEAD").strip()

    def deployed(self) -> dict[str, Any]:
        """credit_bot.json in the DAGs folder; empty where there is none."""
        s3 = self.box.client("s3")
        try:
            found: dict[str, Any] = json.loads(
                s3.get_object(Bucket="airflow-dags", Key="dags/credit_bot.json")["Body"].read()
            )
        except s3.exceptions.NoSuchKey:
            return {}
        return found

    def versions(self) -> list[dict[str, Any]]:
        bucket = self.deployed()["environment"]["S3_OUTPUT_BUCKET"]
        key = "credits-automation/deploy/versions.json"
        found: list[dict[str, Any]] = json.loads(
            self.box.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        )
        return found

    def fill_secret(self) -> None:
        self.box.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=self.presto)

    def answers_a_link(self) -> str:
        """A tick as the DAG's pod would run it with what is deployed; what it replies to a fresh message."""
        config = self.clone.parent / "deployed.json"
        config.write_text(json.dumps(self.deployed()))
        self.box.looker.add_query(slug=f"deploy{self._images}", sql=self._sample())
        self._images += 1
        host = LINK.rpartition("/x/")[0]
        ts = self.box.slack.post(text=f"<{host}/x/deploy{self._images - 1}>")
        python = ".venv/bin/python"
        tick = self.run(python, "scripts/deployment.py", "run", str(config), python, "-m", "src.credit_bot")
        assert tick.returncode == 0, tick.stderr
        return "\n".join(message["text"] for message in self.box.slack.thread(ts=ts)[1:])

    def _sample(self) -> str:
        from sandbox.warehouse import SAMPLE_SQL  # noqa: PLC0415

        return f"{SAMPLE_SQL}\n-- {self._images}"

    def _write_config(self) -> None:
        config = json.loads((self.clone / "airflow" / "credit_bot.example.json").read_text())
        own = ("SLACK_", "LOOKER")
        secret = ("SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET")
        config["environment"] = {
            name: value for name, value in self.box.env.items() if name.startswith(own) and name not in secret
        } | {"SLACK_POST_INTERVAL": "0"}
        (self.clone / "airflow" / "credit_bot.json").write_text(json.dumps(config))

    def _git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=cwd or self.clone, capture_output=True, text=True, check=True)
        return done.stdout


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with Sandbox.start(jobs="process", presto="embedded") as box:
        yield Operator(box, tmp_path_factory.mktemp("deploy"))


def test_a_version_goes_out_stops_at_what_is_wrong_and_comes_back_either_way(operator: Operator) -> None:
    # Nothing is there yet: the plan is told, and nothing is made.
    plan = operator.deploy("--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert "deploy sagemaker/template.yaml as the stack credits-automation" in plan.stdout
    assert operator.box.client("cloudformation").describe_stacks()["Stacks"] == []

    # Checks that fail stop it before anything is changed.
    red = operator.deploy(CHECK="false")
    assert (red.returncode, "nothing was changed" in red.stderr) == (1, True)
    assert operator.box.client("cloudformation").describe_stacks()["Stacks"] == []

    # The template alone, so that there are repositories to push to; then a first try with the secret still empty.
    assert "go together: give all three, or none" in operator.deploy(JOB_IMAGE="only-one").stderr
    first = operator.push_images()
    stopped = operator.deploy(**first)
    assert stopped.returncode == 1
    assert "✗ secret" in stopped.stdout
    assert stopped.stdout.count("✗") == 1, stopped.stdout
    assert "production was not changed" in stopped.stderr
    assert operator.deployed() == {}

    # The same again, once it is fixed, goes on from there.
    operator.fill_secret()
    done = operator.deploy(**first)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4,948.80 USD" in done.stdout
    version_1 = operator.head()
    deployed = operator.deployed()
    assert deployed["environment"]["SAGEMAKER_IMAGE_URI"] == first["JOB_IMAGE"]
    assert deployed["images"] == {"sagemaker": first["BOT_IMAGE"], "local": first["BOT_LOCAL_IMAGE"]}
    assert [version["revision"] for version in operator.versions()] == [version_1]
    assert "4,948.80 USD" in operator.answers_a_link()

    # And once more changes nothing.
    before = operator.versions()
    assert operator.deploy("--no-smoke", **first).returncode == 0
    assert operator.versions() == before

    # The next version, and back.
    version_2 = operator.commit()
    second = operator.push_images()
    assert operator.deploy("--no-smoke", **second).returncode == 0
    assert operator.deployed()["environment"]["SAGEMAKER_IMAGE_URI"] == second["JOB_IMAGE"]
    assert [version["revision"] for version in operator.versions()] == [version_1, version_2]

    said = operator.deploy("--rollback", "--dry-run")
    assert version_1[:12] in said.stdout.partition("to:")[2]
    assert operator.deployed()["environment"]["SAGEMAKER_IMAGE_URI"] == second["JOB_IMAGE"]

    back = operator.deploy("--rollback")
    assert back.returncode == 0, back.stdout + back.stderr
    assert operator.deployed() == deployed
    assert [version["revision"] for version in operator.versions()] == [version_1]
    assert "4,948.80 USD" in operator.answers_a_link()
    assert operator.deploy("--rollback").returncode == 1

    # Without SageMaker, and with it again.
    jobs = len(operator.box.aws.jobs())
    local = operator.deploy("--rollback", "local")
    assert local.returncode == 0, local.stdout + local.stderr
    assert operator.deployed() == deployed | {"executor": "local"}
    assert "4,948.80 USD" in operator.answers_a_link()
    assert len(operator.box.aws.jobs()) == jobs

    again = operator.deploy("--no-smoke", **second)
    assert again.returncode == 0, again.stdout + again.stderr
    assert operator.deployed()["executor"] == "sagemaker"


def test_an_image_that_is_gone_is_not_rolled_back_to(operator: Operator) -> None:
    deployed = operator.deployed()
    gone = operator.versions()[0]["config"]["images"]["sagemaker"].partition("@")[2]
    operator.box.client("ecr").batch_delete_image(
        repositoryName="credits-automation-bot", imageIds=[{"imageDigest": gone}]
    )
    refused = operator.deploy("--rollback")
    assert refused.returncode == 1
    assert "is not in ECR any more" in refused.stderr
    assert operator.deployed() == deployed


def test_a_folder_takes_the_dag_as_well_and_uncommitted_changes_go_nowhere(operator: Operator, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    assert operator.deploy("--rollback", "local", DAGS=str(folder)).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == ["credit_bot.json", "credit_bot_dag.py"]
    assert json.loads((folder / "credit_bot.json").read_text())["executor"] == "local"
    (operator.clone / "README.md").write_text("changed")
    refused = operator.deploy("--no-smoke")
    assert (refused.returncode, "uncommitted changes" in refused.stderr) == (1, True)
