"""Containers of an image for a test, and what a registry says of it."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_REFERENCE = re.compile(r"@|:(?=[^/]*$)")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Image:
    """One image in a registry on loopback, pulled to this machine: `name` is its URI, with digest or tag."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.config: dict[str, Any] = self._inspect()["OCIv1"]["config"]

    def _inspect(self) -> dict[str, Any]:
        inspected: dict[str, Any] = json.loads(_run("buildah", "inspect", "--type", "image", self.name).stdout)
        return inspected

    def run(
        self, *command: str, environment: Mapping[str, str] | None = None, mounts: tuple[str, ...] = (), user: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """A command in a fresh container, with the image's own user, environment and folder.

        It lingers a moment: buildah loses the last words of a process that ends right after it wrote them.
        """
        lingering = ("sh", "-c", '"$@"; code=$?; sleep 0.1; exit $code', "sh")
        with self.container() as container:
            options = [part for pair in (environment or {}).items() for part in ("--env", "=".join(pair))]
            options += [part for mount in mounts for part in ("--volume", mount)]
            options += ["--user", user] if user else []
            return _run("buildah", "run", *options, container, "--", *lingering, *command, check=False)

    @contextmanager
    def container(self) -> Iterator[str]:
        """A container's name, for as long as it is needed."""
        name = _run("buildah", "from", "--pull-never", self.name).stdout.strip()
        try:
            yield name
        finally:
            _run("buildah", "rm", name)

    def files(self) -> list[str]:
        """Every path under /opt."""
        return self.run("find", "/opt", user="0:0").stdout.splitlines()

    def megabytes_above(self, base: str) -> float:
        """What it weighs in the registry above its base, compressed, in units of 10^6 bytes."""
        return float(sum(layer["size"] for layer in self._layers_above(base))) / 1e6

    def contents_above(self, base: str) -> Iterator[bytes]:
        """Each layer above the base, uncompressed, as the registry has it; then the image's configuration."""
        for layer in self._layers_above(base):
            yield gzip.decompress(self._fetch(f"blobs/{layer['digest']}"))
        yield self._fetch(f"blobs/{self._manifest()['config']['digest']}")

    def _layers_above(self, base: str) -> list[dict[str, Any]]:
        inspected = json.loads(_run("buildah", "inspect", "--type", "image", base).stdout)
        layers: list[dict[str, Any]] = self._manifest()["layers"]
        return layers[len(inspected["OCIv1"]["rootfs"]["diff_ids"]) :]

    def _manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self._fetch(f"manifests/{_REFERENCE.split(self.name, maxsplit=1)[1]}"))
        return manifest

    def _fetch(self, what: str) -> bytes:
        """From the registry."""
        registry, _, repository = _REFERENCE.split(self.name, maxsplit=1)[0].partition("/")
        request = urllib.request.Request(f"http://{registry}/v2/{repository}/{what}", headers={"Accept": MANIFEST})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content


def image(variable: str) -> Image:
    """The image that the lane's script left in this variable."""
    return Image(os.environ[variable])


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=check)
