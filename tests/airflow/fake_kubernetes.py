"""A Kubernetes API that runs a pod's command as a process of this machine: as much of it as a pod operator needs.

It holds manifests to what the real API refuses: names, a missing service account, secret, or key of one.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_POD = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods(/(?P<name>[^/]+))?(?P<log>/log)?")


class Refused(Exception):
    """The API refuses; the text is its answer's message."""


@dataclass
class Pod:
    """One pod: its manifest, its process, what that has written, and how it was told to end."""

    manifest: dict[str, Any]
    process: subprocess.Popen[bytes]
    lines: list[bytes] = field(default_factory=list)
    grace: int | None = None

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def container(self) -> dict[str, Any]:
        [container] = self.manifest["spec"]["containers"]
        return dict(container)


class FakeKubernetes:
    """Serves one namespace on loopback. `secrets` are its Secrets, `path` is the PATH of its containers."""

    def __init__(self, secrets: Mapping[str, Mapping[str, str]], service_accounts: set[str], path: str) -> None:
        self.created: list[Pod] = []
        self.pods: dict[str, Pod] = {}
        self.calls: list[str] = []
        self._secrets = secrets
        self._service_accounts = service_accounts
        self._path = path
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for pod in self.created:
            pod.process.kill()
            pod.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def create(self, manifest: dict[str, Any]) -> Pod:
        """Start a pod's one container. Raises Refused."""
        spec = manifest["spec"]
        if not _NAME.fullmatch(manifest["metadata"]["name"]):
            raise Refused(f"Invalid value: {manifest['metadata']['name']!r}: a lowercase RFC 1123 label is needed")
        if spec.get("serviceAccountName") not in self._service_accounts:
            raise Refused(f"error looking up service account {spec.get('serviceAccountName')}: not found")
        [container] = spec["containers"]
        process = subprocess.Popen(
            [*container["command"], *(container.get("args") or [])],
            cwd=ROOT,
            env={"PATH": self._path, **dict(self._variable(entry) for entry in container["env"])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        pod = Pod(manifest, process)
        self.created.append(pod)
        self.pods[pod.name] = pod
        threading.Thread(target=_collect, args=(pod,), daemon=True).start()
        return pod

    def delete(self, name: str, grace: int | None) -> Pod:
        """SIGTERM, then SIGKILL after the grace (the pod's own unless told), then gone; at once for the caller."""
        pod = self.pods[name]
        pod.grace = pod.manifest["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace
        threading.Thread(target=self._end, args=(pod, pod.grace), daemon=True).start()
        return pod

    def matching(self, selector: str) -> list[Pod]:
        """Pods with these labels."""
        wanted = [term for term in selector.split(",") if term]
        return [pod for pod in self.pods.values() if all(_has(pod, term) for term in wanted)]

    def _end(self, pod: Pod, grace: int) -> None:
        if pod.process.poll() is None:
            pod.process.send_signal(signal.SIGTERM)
        try:
            pod.process.wait(grace)
        except subprocess.TimeoutExpired:
            pod.process.kill()
            pod.process.wait()
        self.pods.pop(pod.name, None)

    def _variable(self, entry: dict[str, Any]) -> tuple[str, str]:
        if "valueFrom" not in entry:
            return entry["name"], entry.get("value") or ""
        reference = entry["valueFrom"]["secretKeyRef"]
        try:
            return entry["name"], self._secrets[reference["name"]][reference["key"]]
        except KeyError as error:
            raise Refused(f"CreateContainerConfigError: no key {error} in the secrets") from error


def shown(pod: Pod) -> dict[str, Any]:
    """The pod as the API gives it, with its status."""
    code = pod.process.poll()
    state: dict[str, Any] = {"running": {"startedAt": _now()}}
    if code is not None:
        ended = {"exitCode": abs(code), "reason": "Completed" if code == 0 else "Error", "finishedAt": _now()}
        state = {"terminated": {**ended, "startedAt": _now()}}
    phase = "Running" if code is None else "Failed" if code else "Succeeded"
    container = {"name": pod.container["name"], "image": pod.container["image"], "imageID": "", "restartCount": 0}
    status = {
        "phase": phase,
        "startTime": _now(),
        "containerStatuses": [{**container, "ready": code is None, "state": state, "lastState": {}}],
        "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": _now()}],
    }
    return {"apiVersion": "v1", "kind": "Pod", **pod.manifest, "status": status}


def _collect(pod: Pod) -> None:
    assert pod.process.stdout is not None
    with pod.process.stdout as output:
        for line in output:
            pod.lines.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f000Z} ".encode() + line)
    pod.process.wait()


def _has(pod: Pod, term: str) -> bool:
    labels = pod.manifest["metadata"].get("labels") or {}
    if "!=" in term:
        name, value = term.split("!=")
        return bool(labels.get(name) != value)
    name, _, value = term.partition("=")
    return name.startswith("!") or labels.get(name) == value.lstrip("=")


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cluster: FakeKubernetes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cluster = cluster


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(lambda _name, body: shown(self.server.cluster.create(body)))

    def do_PATCH(self) -> None:
        self._answer(self._patch)

    def do_DELETE(self) -> None:
        self._answer(lambda name, body: shown(self.server.cluster.delete(name, self._grace(body))))

    def _grace(self, body: dict[str, Any]) -> int | None:
        query = parse_qs(urlsplit(self.path).query)
        told = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds", [None])[0])
        return None if told is None else int(told)

    def _get(self, name: str, _body: dict[str, Any]) -> dict[str, Any]:
        if name:
            return shown(self.server.cluster.pods[name])
        selector = parse_qs(urlsplit(self.path).query).get("labelSelector", [""])[0]
        items = [shown(pod) for pod in self.server.cluster.matching(selector)]
        return {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items}

    def _patch(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        labels = self.server.cluster.pods[name].manifest["metadata"].setdefault("labels", {})
        labels.update(body.get("metadata", {}).get("labels", {}))
        return shown(self.server.cluster.pods[name])

    def _answer(self, act: Any) -> None:
        path = urlsplit(self.path).path
        self.server.cluster.calls.append(f"{self.command} {path}")
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        found = _POD.fullmatch(path)
        if found is None:  # events and the like: there are none
            self._send(200, {"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": []})
        elif found["log"] and found["name"] in self.server.cluster.pods:
            self._send_log(self.server.cluster.pods[found["name"]])
        else:
            self._send_pod(act, found["name"] or "", body)

    def _send_pod(self, act: Any, name: str, body: dict[str, Any]) -> None:
        try:
            self._send(200, act(name, body))
        except KeyError:
            self._send(404, {"kind": "Status", "code": 404, "reason": "NotFound", "message": f"no pod {name}"})
        except Refused as error:
            self._send(422, {"kind": "Status", "code": 422, "reason": "Invalid", "message": str(error)})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_log(self, pod: Pod) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        sent = 0
        while True:
            over = pod.process.poll() is not None
            for line in pod.lines[sent:]:
                sent += 1
                self.wfile.write(line)
            self.wfile.flush()
            if over and sent == len(pod.lines):
                break
            time.sleep(0.05)
        self.close_connection = True

    def log_message(self, *_arguments: Any) -> None:
        """Quiet: `calls` has them."""
