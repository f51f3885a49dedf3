"""Which S3 operation a request is, by botocore's model: method, path, and the query or headers it must have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

import botocore.session
from botocore.model import OperationModel

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_MAX_KEY_BYTES = 1024
_MAX_METADATA_BYTES = 2048
_METADATA = "HTTP_X_AMZ_META_"


class _Form(NamedTuple):
    operation: str
    method: str
    depth: int  # 0 the service, 1 a bucket, 2 an object
    needs: frozenset[str]


def s3_operation(environ: WSGIEnvironment) -> str:
    """The operation's name, e.g. "ListObjectsV2"; "?" for what is none."""
    depth = sum(1 for part in _bucket_and_key(environ) if part)
    return _named(environ["REQUEST_METHOD"], depth, frozenset(_has(environ)))


@cache
def _named(method: str, depth: int, has: frozenset[str]) -> str:
    fitting = [form for form in _forms() if form.method == method and form.depth == depth and form.needs <= has]
    return max(fitting, key=lambda form: len(form.needs)).operation if fitting else "?"


def _has(environ: WSGIEnvironment) -> Iterator[str]:
    """What this request has of all that any operation needs."""
    needed = _needed()
    for name, value in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True):
        for need in (f"?{name}", f"?{name}={value}"):
            if need in needed:
                yield need
    for need in _needed_headers():
        if f"HTTP_{need.upper().replace('-', '_')}" in environ:
            yield need


@cache
def _needed() -> frozenset[str]:
    return frozenset().union(*(form.needs for form in _forms()))


@cache
def _needed_headers() -> tuple[str, ...]:
    return tuple(need for need in _needed() if not need.startswith("?"))


@cache
def _forms() -> tuple[_Form, ...]:
    model = botocore.session.get_session().get_service_model("s3")
    return tuple(_form(model.operation_model(name)) for name in model.operation_names)


def _form(operation: OperationModel) -> _Form:
    path, _, query = operation.http["requestUri"].partition("?")
    depth = {"/": 0, "/{Bucket}": 1, "/{Bucket}/{Key+}": 2}.get(path, -1)
    needs = {f"?{part}" for part in query.split("&") if part}
    shape = operation.input_shape
    members = shape.members if shape else {}
    for name in shape.required_members if shape else []:
        where = members[name].serialization
        if where.get("location") == "querystring":
            needs.add(f"?{where['name']}")
        elif where.get("location") == "header":
            needs.add(where["name"])
    return _Form(operation.name, operation.http["method"], depth, frozenset(needs))


def _bucket_and_key(environ: WSGIEnvironment) -> tuple[str, str]:
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, key


def s3_parameters(environ: WSGIEnvironment) -> dict[str, Any]:
    """Bucket and Key, where the request names them."""
    bucket, key = _bucket_and_key(environ)
    return {name: value for name, value in (("Bucket", bucket), ("Key", key)) if value}


def s3_violations(parameters: dict[str, Any], environ: WSGIEnvironment) -> list[str]:
    """What S3 documents and its model leaves out: names of buckets, lengths of keys and metadata."""
    found = []
    if "Bucket" in parameters and not _BUCKET_NAME.fullmatch(parameters["Bucket"]):
        found.append(f"The specified bucket is not valid: it must match {_BUCKET_NAME.pattern}")
    if len(parameters.get("Key", "").encode()) > _MAX_KEY_BYTES:
        found.append(f"Your key is too long: it must have at most {_MAX_KEY_BYTES} bytes in UTF-8")
    metadata = [(name, value) for name, value in environ.items() if name.startswith(_METADATA)]
    if sum(len(name) - len(_METADATA) + len(value) for name, value in metadata) > _MAX_METADATA_BYTES:
        found.append(f"Your metadata headers exceed the maximum allowed metadata size of {_MAX_METADATA_BYTES} bytes")
    return found
