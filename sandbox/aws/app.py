"""All of AWS as one WSGI app: requests are checked against their service's model, jobs run, moto does the rest."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sandbox.aws.access import Access
from sandbox.aws.errors import AwsError, error_answer, fault_error
from sandbox.aws.lacking import ANSWERS
from sandbox.aws.model import AwsRequest, read_request, refusals
from sandbox.aws.moto_app import SERVICES
from sandbox.aws.sagemaker import SageMaker
from sandbox.faults import Fault
from sandbox.wire import Answer


class AwsApp:
    """`refused` holds every request that the services' own models refuse."""

    def __init__(self, moto: WSGIApplication, sagemaker: SageMaker, access: Access) -> None:
        self._moto = moto
        self._access = access
        self._sagemaker = sagemaker
        self.refused: list[dict[str, Any]] = []
        self.takes_conditions = True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read_request(environ)
        if not self.takes_conditions:
            environ.pop("HTTP_IF_MATCH", None)
            environ.pop("HTTP_IF_NONE_MATCH", None)
        try:
            self._check(request, environ)
            self._access.check(request, environ)
            if (request.service, request.operation) in ANSWERS:
                return _send(ANSWERS[request.service, request.operation](request), start_response)
            if request.service == "sagemaker" and request.operation in self._sagemaker.operations:
                answer = self._sagemaker.operations[request.operation](request.parameters, request.region)
                return _send(_json(answer), start_response)
        except AwsError as error:
            with_body = environ["REQUEST_METHOD"] != "HEAD"
            return _send(error_answer(request, error, with_body=with_body), start_response)
        environ["sandbox.service"] = request.service
        return self._moto(environ, start_response)

    def _check(self, request: AwsRequest, environ: WSGIEnvironment) -> None:
        if request.service not in SERVICES:
            raise AwsError("UnknownService", f"The sandbox has no {request.service}: only {', '.join(SERVICES)}.", 404)
        broken = refusals(request, environ)
        if not broken:
            return
        count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
        message = count + "; ".join(broken)
        self.refused.append(
            {
                "service": request.service,
                "operation": request.operation,
                "origin": self._access.origin(environ),
                "message": message,
                "at": time.time(),
            }
        )
        raise AwsError(_REFUSAL_CODES.get(request.service, "ValidationException"), message)


_REFUSAL_CODES = {
    "s3": "InvalidRequest",
    "logs": "InvalidParameterException",
    "secretsmanager": "ValidationException",
    "cloudwatch": "InvalidParameterValue",
}


def service(environ: WSGIEnvironment) -> str:
    """What a request's service is called in counts and faults, e.g. "s3"."""
    return read_request(environ).service


def operation(environ: WSGIEnvironment) -> str:
    """The operation by botocore's name, e.g. "PutObject"."""
    return read_request(environ).operation


def fault_answer(environ: WSGIEnvironment, fault: Fault) -> Answer:
    """A throttle, a server error or a refusal in the service's own form."""
    request = read_request(environ)
    return error_answer(request, fault_error(request, fault), with_body=environ["REQUEST_METHOD"] != "HEAD")


def _json(answer: dict[str, Any]) -> Answer:
    return Answer(200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(answer).encode())


def _send(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    start_response(f"{answer.status} {'OK' if answer.status < 300 else 'Refused'}", list(answer.headers))
    return [answer.body]
