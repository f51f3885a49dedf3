"""moto's services as one WSGI app, made fit for many threads and many keys."""

from __future__ import annotations

import importlib
import threading
from bisect import bisect_left, insort
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import moto.s3.models
from moto.backends import get_backend
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.utils import _VersionedKeyStore

s3_models: Any = moto.s3.models
make_app: Any = create_backend_app
SERVICES = (
    "s3",
    "sagemaker",
    "secretsmanager",
    "logs",
    "cloudwatch",
    "sts",
    "iam",
    "ec2",
    "ecr",
    "kms",
    "sns",
    "cloudformation",
)


class IndexedKeys(_VersionedKeyStore):
    """A bucket's keys with a sorted index: moto looks at every key of a bucket to list a prefix."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []

    def setlist(self, key: str, list_: Any) -> None:
        self._add(key)
        super().setlist(key, list_)

    def __setitem__(self, key: str, value: Any) -> None:
        self._add(key)
        super().__setitem__(key, value)

    def pop(self, key: str) -> None:  # type: ignore[override]
        super().pop(key)
        self._names.pop(bisect_left(self._names, key))

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._names.pop(bisect_left(self._names, key))

    def under(self, prefix: str) -> dict[str, Any]:
        """The keys that start with `prefix`, and their newest versions."""
        first = bisect_left(self._names, prefix)
        found = {}
        for name in self._names[first : bisect_left(self._names, prefix + "\U0010ffff", first)]:
            found[name] = self[name]
        return found

    def _add(self, key: str) -> None:
        if key not in self:
            insort(self._names, key)


def _index_buckets() -> None:
    list_all = s3_models.S3Backend.list_objects

    def list_objects(self: Any, bucket: Any, prefix: str | None, *args: Any, **kwargs: Any) -> Any:
        keys = getattr(bucket, "keys", None)
        if prefix and isinstance(keys, IndexedKeys):
            return list_all(self, SimpleNamespace(keys=keys.under(prefix)), prefix, *args, **kwargs)
        return list_all(self, bucket, prefix, *args, **kwargs)

    s3_models._VersionedKeyStore = IndexedKeys
    s3_models.S3Backend.list_objects = list_objects


class MotoApp:
    """Passes a request on to moto's app for the service that `environ["sandbox.service"]` names.

    One request a service at a time: moto checks If-Match and then puts, in two steps.
    """

    def __init__(self) -> None:
        _index_buckets()
        self._apps: dict[str, WSGIApplication] = {}
        self._locks = {name: threading.RLock() for name in SERVICES}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        service = environ["sandbox.service"]
        _preserve_header_names(environ)
        with self._locks[service]:
            content = self._app(service)(environ, start_response)
            try:
                return [b"".join(content)]
            finally:
                close = getattr(content, "close", None)
                if close:
                    close()

    def forget_everything(self) -> None:
        """Every service as it was at the start. A stack leaves something in any of them."""
        get: Any = get_backend
        for name in SERVICES if "cloudformation" in self._apps else {*self._apps, "s3", "sts", "iam"}:
            get(name).reset()

    def _app(self, service: str) -> WSGIApplication:
        """Made when first asked for: some take seconds to import."""
        if service not in self._apps:
            if service == "cloudformation":
                importlib.import_module("sandbox.aws.cloudformation")
            self._apps[service] = make_app(service)
        return self._apps[service]


def _preserve_header_names(environ: WSGIEnvironment) -> None:
    """moto wants S3 metadata headers under their own names, underscores included."""
    preserved = [pair for pair in environ["sandbox.headers"] if should_preserve_original_header_name(pair[0])]
    names = {}
    for name, value in preserved:
        key = environ_key_for_header(name)
        environ[key] = value
        names[key] = name
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
