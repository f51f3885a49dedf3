"""What a request asks for, and what in it the service would refuse: read from botocore's service models.

botocore itself checks types and minimums before it sends; length, pattern and the like are left to the service.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple, cast
from urllib.parse import parse_qs, parse_qsl
from wsgiref.types import WSGIEnvironment

import botocore.session
from botocore.model import ServiceModel, Shape

from sandbox.aws.constraints import constrained, violations
from sandbox.aws.s3_operations import s3_operation, s3_parameters, s3_violations
from sandbox.wire import body

MODELLED = ("sagemaker", "s3", "secretsmanager", "logs", "cloudwatch")
_READ = "sandbox.aws.request"
_SIGNING_NAMES = {"monitoring": "cloudwatch"}


class AwsRequest(NamedTuple):
    """One request as the service reads it. `parameters` has the members of its operation's input shape."""

    service: str
    operation: str
    parameters: dict[str, Any]
    access_key: str
    region: str
    protocol: Literal["json", "query", "rest-xml"]


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def read_request(environ: WSGIEnvironment) -> AwsRequest:
    """Service, operation and parameters of a request, from its signature, target, path and body. Reads it once."""
    known = environ.get(_READ)
    if known is None:
        known = environ[_READ] = _read(environ)
    return cast("AwsRequest", known)


def _read(environ: WSGIEnvironment) -> AwsRequest:
    access_key, region, service = _scope(environ)
    if service == "s3":
        return AwsRequest(service, s3_operation(environ), s3_parameters(environ), access_key, region, "rest-xml")
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return AwsRequest(service, target.rpartition(".")[2], _json(environ), access_key, region, "json")
    form = dict(parse_qsl(body(environ).decode("utf-8", "replace")))
    return AwsRequest(service, form.pop("Action", "?"), form, access_key, region, "query")


def refusals(request: AwsRequest, environ: WSGIEnvironment) -> list[str]:
    """Each way in which the request breaks its service's model, as the service words it."""
    if request.service not in MODELLED:
        return []
    found = [] if request.protocol == "query" else list(_modelled(request))
    return found + (s3_violations(request.parameters, environ) if request.service == "s3" else [])


def _modelled(request: AwsRequest) -> Iterator[str]:
    shape = _input_shape(request.service, request.operation)
    if shape is not None and constrained(shape):
        yield from violations(shape, request.parameters)


@cache
def _input_shape(service: str, operation: str) -> Shape | None:
    model = service_model(service)
    return model.operation_model(operation).input_shape if operation in model.operation_names else None


def _scope(environ: WSGIEnvironment) -> tuple[str, str, str]:
    """(access key, region, service) of a signed or presigned request; S3 where there is no signature."""
    credential = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition(",")[0]
    credential = credential or parse_qs(str(environ["QUERY_STRING"])).get("X-Amz-Credential", [""])[0]
    parts = credential.split("/")
    if len(parts) != 5:
        return "", "us-east-1", "sts" if _is_web_identity(environ) else "s3"
    return parts[0], parts[2], _SIGNING_NAMES.get(parts[3], parts[3])


def _is_web_identity(environ: WSGIEnvironment) -> bool:
    """The one call that a pod makes before it has credentials to sign with."""
    form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    return form and b"Action=AssumeRoleWithWebIdentity" in body(environ)


def _json(environ: WSGIEnvironment) -> dict[str, Any]:
    try:
        parameters = json.loads(body(environ) or b"{}")
    except ValueError:
        return {}
    return parameters if isinstance(parameters, dict) else {}
