"""The template deployed into the sandbox, IAM enforced, and the bot as a pod under its role."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from sandbox.client import ROOT, Sandbox

TEMPLATE = ROOT / "sagemaker" / "template.yaml"
STACK = "credits-automation"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
SECRET = "presto-service-account-credentials"
COMMAND_SECONDS = 180
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_OWN_SETTINGS = ("SLACK_", "LOOKER")


class Installation:
    """A stack and what an installer does after it: the image pushed, the secret filled. `outputs` are the stack's."""

    def __init__(self, box: Sandbox, folder: Path, **parameters: str) -> None:
        self.box = box
        self._folder = folder
        presto = self._take_over_secret()
        self.outputs = self._deploy({"OidcProvider": ISSUER, **parameters})
        if presto:
            self.box.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=presto)
        self.image = self.push_image("abc1234")
        self.environment = self._environment()
        box.aws.enforce_iam()

    def push_image(self, tag: str) -> str:
        """An image of two layers in the stack's repository; its URI."""
        layers = [{"mediaType": "x", "size": 1, "digest": f"sha256:{digit * 64}"} for digit in "12"]
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": {}, "layers": layers}
        repository = self.outputs["NotebookRepositoryUri"].partition("/")[2]
        self.box.client("ecr").put_image(repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest))
        return f"{self.outputs['NotebookRepositoryUri']}:{tag}"

    def as_pod(self, service_account: str = "credit-bot", role: str = "BotRoleArn") -> dict[str, str]:
        """The whole environment of a process in a pod of this service account."""
        token = self._folder / f"token-{service_account}"
        token.write_text(service_account_token(service_account))
        return {
            **self.environment,
            "AWS_ROLE_ARN": self.outputs[role],
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_ROLE_SESSION_NAME": service_account,
        }

    def as_local_pod(self) -> dict[str, str]:
        """The rollback's pod."""
        return {**self.as_pod("credit-bot-local", "LocalBotRoleArn"), "EXECUTOR": "local"}

    def run(self, *command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """`python -m ...` in that environment and no other."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def session(self, service_account: str = "credit-bot", role: str = "BotRoleArn") -> boto3.Session:
        """The credentials that the pod's SDK would get, for a bot in this process."""
        sts = boto3.client("sts", endpoint_url=self.box.env["AWS_ENDPOINT_URL"], region_name="us-east-1")
        made = sts.assume_role_with_web_identity(
            RoleArn=self.outputs[role],
            RoleSessionName=service_account,
            WebIdentityToken=service_account_token(service_account),
        )["Credentials"]
        return boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], "us-east-1")

    def session_of(self, role_arn: str) -> boto3.Session:
        """A role's credentials, taken by the account's owner."""
        made = self.box.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="lane")["Credentials"]
        return boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], "us-east-1")

    def client(self, service: str, session: boto3.Session) -> Any:
        """A client of a role's session."""
        return session.client(service, endpoint_url=self.box.env["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]

    def _take_over_secret(self) -> str:
        """The value of the secret that the sandbox came with, which makes room for the stack's."""
        secrets = self.box.client("secretsmanager")
        if not secrets.list_secrets()["SecretList"]:
            return ""
        value: str = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
        secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
        return value

    def _deploy(self, parameters: dict[str, str]) -> dict[str, str]:
        stacks = self.box.client("cloudformation")
        stacks.create_stack(
            StackName=STACK,
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        [stack] = stacks.describe_stacks(StackName=STACK)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        self.described = {output["OutputKey"]: output["Description"] for output in stack["Outputs"]}
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _environment(self) -> dict[str, str]:
        """The bot's settings: the stack's outputs by their descriptions, and those that AWS has no part in."""
        variables = {said: key for key, said in self.described.items() if said.replace("_", "").isupper()}
        of_stack = {variable: self.outputs[key] for variable, key in variables.items()}
        own = {name: value for name, value in self.box.env.items() if name.startswith(_OWN_SETTINGS)}
        return {
            **own,
            **of_stack,
            "AWS_ENDPOINT_URL": self.box.env["AWS_ENDPOINT_URL"],
            "SAGEMAKER_IMAGE_URI": self.image,
            "SAGEMAKER_TAGS": "team=fraud",
            "SLACK_POST_INTERVAL": "0",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
        }


def service_account_token(service_account: str, namespace: str = "credits", audience: str = "sts.amazonaws.com") -> str:
    """What Kubernetes puts into the pod, but for its signature: the sandbox reads what it claims."""
    claims = {
        "iss": f"https://{ISSUER}",
        "aud": [audience],
        "sub": f"system:serviceaccount:{namespace}:{service_account}",
    }
    return ".".join(_encoded(part) for part in ({"alg": "RS256"}, claims, "unsigned"))


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
