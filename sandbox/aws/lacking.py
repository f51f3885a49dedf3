"""Operations that moto lacks and the platform needs, answered as their services do."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from sandbox.aws.model import AwsRequest
from sandbox.wire import Answer


def _layer_url(request: AwsRequest) -> Answer:
    digest = request.parameters["layerDigest"]
    url = f"https://layers.sandbox.example/{digest}?X-Amz-Signature={secrets.token_hex(32)}"
    answer = json.dumps({"downloadUrl": url, "layerDigest": digest}).encode()
    return Answer(200, [("Content-Type", "application/x-amz-json-1.1")], answer)


def _interface_permission(request: AwsRequest) -> Answer:
    answer = f"<{request.operation}Response><return>true</return></{request.operation}Response>"
    return Answer(200, [("Content-Type", "text/xml")], answer.encode())


ANSWERS: dict[tuple[str, str], Callable[[AwsRequest], Answer]] = {
    ("ecr", "GetDownloadUrlForLayer"): _layer_url,
    ("ec2", "CreateNetworkInterfacePermission"): _interface_permission,
    ("ec2", "DeleteNetworkInterfacePermission"): _interface_permission,
}
