"""IAM: who calls, and whether the account's policies allow it; once on, for bot, job and platform alike.

moto's own enforcement demands the resource `*` outside S3, which no policy with resources allows; this one demands
each request's own resources (demands.py), and keeps every demand that it met.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from wsgiref.types import WSGIEnvironment

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.demands import Write, demands
from sandbox.aws.errors import AwsError
from sandbox.aws.iam import Demand, decide, trusts
from sandbox.aws.jobs import ACCOUNT
from sandbox.aws.model import AwsRequest, read_request
from sandbox.aws.platform import ROLE_HEADER
from sandbox.wire import default_origin

_SAGEMAKER = "sagemaker.amazonaws.com"
_DENIED = {"s3": "AccessDenied", "sts": "AccessDenied", "ec2": "UnauthorizedOperation"}


class Access:
    """`on`: policies are enforced on roles; else, and for the account's owner always, everything is allowed."""

    def __init__(self) -> None:
        self.on = False
        self._job_keys: set[str] = set()
        self._met: dict[tuple[Any, ...], dict[str, Any]] = {}

    def reset(self) -> None:
        """Off, and nothing met."""
        self.on = False
        self._met.clear()

    def forget(self) -> None:
        """No demand met so far."""
        self._met.clear()

    def add_job_key(self, key: str) -> None:
        """Calls with this access key are a job's."""
        self._job_keys.add(key)

    def origin(self, environ: WSGIEnvironment) -> str:
        """ "job" for calls with the credentials that jobs are given, "platform" for the sandbox's own, else "bot"."""
        if read_request(environ).access_key in self._job_keys:
            return "job"
        return default_origin(environ)

    def met(self) -> list[dict[str, Any]]:
        """Each demand of a role, once: role, origin, action, resource, context, allowed."""
        return list(self._met.values())

    def assume_for_job(self, role_arn: str) -> dict[str, str]:
        """The credentials a container gets: those of its job's role."""
        session: Any = sts_backends[ACCOUNT]["aws"].assume_role(
            region_name="us-east-1",
            role_session_name="SageMaker",
            role_arn=role_arn,
            policy="",
            duration=3600,
            external_id="",
        )
        self.add_job_key(session.access_key_id)
        return {
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
        }

    def check(self, request: AwsRequest, environ: WSGIEnvironment) -> None:
        """Raise AwsError if the caller's role, or the role it assumes, does not allow the request."""
        if not self.on:
            return
        if request.operation == "AssumeRoleWithWebIdentity":
            _check_web_identity(request)
        role_arn = self._role_of(request, environ)
        if role_arn is not None:
            self._check_role(role_arn, request, environ)
        if request.operation == "CreateProcessingJob":
            _check_sagemaker_may_assume(request.parameters["RoleArn"])

    def _role_of(self, request: AwsRequest, environ: WSGIEnvironment) -> str | None:
        """The caller's role; None for the account's owner."""
        if default_origin(environ) == "platform":
            return environ.get(f"HTTP_{ROLE_HEADER.upper().replace('-', '_')}")
        session: Any = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(request.access_key)
        return session.role_arn if session else None

    def _check_role(self, role_arn: str, request: AwsRequest, environ: WSGIEnvironment) -> None:
        documents = documents_of(role_arn)
        for demand in demands(request, Write("HTTP_IF_MATCH" in environ)):
            allowed = decide(documents, demand) == "allowed"
            self._keep(role_arn, self.origin(environ), demand, allowed=allowed)
            if not allowed:
                raise _denied(request, role_arn, demand)

    def _keep(self, role_arn: str, origin: str, demand: Demand, *, allowed: bool) -> None:
        said = {"role": role_arn, "origin": origin, "allowed": allowed}
        shown = {"action": demand.action, "resource": demand.resource, "context": dict(demand.context)}
        self._met[role_arn, origin, allowed, demand.key()] = said | shown


def documents_of(role_arn: str) -> list[dict[str, Any]]:
    """Every policy of a role, inline and managed; none for a role that does not exist."""
    role = _role(role_arn)
    if role is None:
        return []
    managed = [version.document for policy in role.managed_policies.values() for version in _default(policy)]
    return [_document(text) for text in [*role.policies.values(), *managed]]


def _default(policy: Any) -> list[Any]:
    return [version for version in policy.versions if version.is_default_version]


def _document(text: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text) if isinstance(text, str) else text
    return found


def _role(role_arn: str) -> Any:
    roles: Any = iam_backends[ACCOUNT]["aws"].roles
    return next((role for role in roles.values() if role.arn == role_arn), None)


def _check_sagemaker_may_assume(role_arn: str) -> None:
    demand = Demand("sts:AssumeRole", "*", {"aws:SourceAccount": ACCOUNT})
    if not _trusts(role_arn, "Service", _SAGEMAKER, demand):
        raise AwsError(
            "ValidationException",
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{_SAGEMAKER}' to assume the role.",
        )


def _check_web_identity(request: AwsRequest) -> None:
    """Check a pod's service account token: its subject has to satisfy the role's trust policy."""
    claims = _claims(request.parameters.get("WebIdentityToken", ""))
    provider = str(claims.get("iss", "")).removeprefix("https://")
    context = {f"{provider}:{name}": _one(claims.get(name, "")) for name in ("aud", "sub")}
    demand = Demand("sts:AssumeRoleWithWebIdentity", "*", context)
    federated = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}"
    if not _trusts(request.parameters.get("RoleArn", ""), "Federated", federated, demand):
        raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)


def _trusts(role_arn: str, kind: str, principal: str, demand: Demand) -> bool:
    role = _role(role_arn)
    return role is not None and trusts(_document(role.assume_role_policy_document), kind, principal, demand)


def _one(claim: Any) -> str:
    """`aud` is a list in Kubernetes' tokens."""
    return str(claim[0]) if isinstance(claim, list) and claim else str(claim)


def _claims(token: str) -> dict[str, Any]:
    try:
        payload = token.split(".")[1]
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return found


def _denied(request: AwsRequest, role_arn: str, demand: Demand) -> AwsError:
    name = role_arn.rpartition("/")[2]
    words = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session is not authorized to perform: {demand.action} on "
        f"resource: {demand.resource} because no identity-based policy allows the {demand.action} action"
    )
    code = _DENIED.get(request.service, "AccessDeniedException")
    return AwsError(code, words, 403 if request.service in _DENIED else 400)
