"""AWS errors in each protocol's own form: JSON, S3's XML, and the query protocol's XML."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sandbox.aws.model import AwsRequest
from sandbox.faults import Fault
from sandbox.wire import Answer

_DENIED = "User: arn:aws:sts::123456789012:assumed-role/sandbox/session is not authorized to perform: {action}"


@dataclass(eq=False)
class AwsError(Exception):
    """What a service refuses, by its own code."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def error_answer(request: AwsRequest, error: AwsError, *, with_body: bool = True) -> Answer:
    """The error as the request's service would send it; `with_body=False` for the answer to a HEAD."""
    request_id = secrets.token_hex(8).upper()
    if request.service == "s3":
        return _s3(error, request, request_id, with_body)
    if request.protocol == "query":
        return _query(error, request_id)
    body = {"__type": error.code, "message": error.message}
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id)]
    return Answer(error.status, headers, json.dumps(body).encode())


def _s3(error: AwsError, request: AwsRequest, request_id: str, with_body: bool) -> Answer:
    resource = "/".join(("", request.parameters.get("Bucket", ""), request.parameters.get("Key", "")))
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        f"<Resource>{escape(resource)}</Resource><RequestId>{request_id}</RequestId></Error>"
    )
    headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    return Answer(error.status, headers, body.encode() if with_body else b"")


def _query(error: AwsError, request_id: str) -> Answer:
    side = "Receiver" if error.status >= 500 else "Sender"
    body = (
        f"<ErrorResponse><Error><Type>{side}</Type><Code>{error.code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Answer(error.status, [("Content-Type", "text/xml")], body.encode())


def fault_error(request: AwsRequest, fault: Fault) -> AwsError:
    """The throttle, server error or refusal that this service would answer with."""
    if fault.kind == "throttle":
        return _THROTTLES.get(request.service, AwsError("ThrottlingException", "Rate exceeded"))
    status = fault.status if fault.kind == "status" else 500
    if status == 403:
        words = fault.says or _DENIED.format(action=f"{request.service}:{request.operation}")
        return AwsError("AccessDenied" if request.service == "s3" else "AccessDeniedException", words, 403)
    known = (_S3_STATUS if request.service == "s3" else _SERVER_ERRORS.get(request.service, _JSON_STATUS)).get(status)
    if known and fault.says:
        return AwsError(known.code, fault.says, status)
    return known or AwsError("ServiceUnavailable" if status >= 500 else "ClientError", f"Status {status}", status)


_THROTTLES = {"s3": AwsError("SlowDown", "Please reduce your request rate.", 503)}
_S3_STATUS = {
    404: AwsError("NoSuchKey", "The specified key does not exist.", 404),
    409: AwsError(
        "ConditionalRequestConflict", "A conflicting operation occurred during this operation: try again.", 409
    ),
    412: AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412),
    500: AwsError("InternalError", "We encountered an internal error. Please try again.", 500),
    503: AwsError("ServiceUnavailable", "Please reduce your request rate.", 503),
}
_JSON_STATUS = {
    400: AwsError("ValidationException", "The request was refused."),
    500: AwsError("InternalFailure", "The request processing has failed because of an unknown error.", 500),
}
_SERVER_ERRORS = {
    "logs": {500: AwsError("ServiceUnavailableException", "The service cannot complete the request.", 500)},
    "secretsmanager": {500: AwsError("InternalServiceError", "An error occurred on the server side.", 500)},
    "cloudwatch": {500: AwsError("InternalServiceFault", "The request processing has failed.", 500)},
}
