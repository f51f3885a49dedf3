"""Every service of the sandbox in this process, each on a loopback port of its own, and the port that drives them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sandbox import looker, slack
from sandbox.aws.world import SECRET, AwsOptions, AwsWorld
from sandbox.control import ControlApp
from sandbox.left_behind import LeftBehind
from sandbox.wire import Hub, Server, serve

ROOT = Path(__file__).resolve().parent.parent
LINK_HOST = "looker.sandbox.example"


@dataclass(frozen=True)
class Options:
    """jobs: how processing jobs run; entrypoint: what a job starts, or `image`, with `mounts` of its own;
    grace: seconds from SIGTERM to SIGKILL; notebook: another than ours, for `env` to name."""

    jobs: Literal["process", "scripted", "image"] = "process"
    presto: Literal["embedded", "real", "none"] = "embedded"
    entrypoint: Path = ROOT / "sagemaker" / "entrypoint.sh"
    grace: float = 30.0
    image: str = ""
    mounts: tuple[str, ...] = ()
    notebook: Path | None = None


class Services:
    """All of them, running. `env` is what the bot needs; `control_url` is for sandbox.client."""

    def __init__(self, options: Options) -> None:
        self._hub = Hub()
        self._control = ControlApp(self._hub)
        self._servers: list[Server] = []
        self._closing: list[Callable[[], None]] = []
        self._worlds: list[AwsWorld | slack.SlackWorld] = []
        secrets = self._start_presto(options.presto)
        self._presto_passwords = [str(values["password"]) for values in secrets.values()]
        aws = AwsOptions(options.jobs, options.entrypoint, options.grace, secrets, options.image, options.mounts)
        self._aws = AwsWorld(aws, self._hub)
        self._left_behind = LeftBehind()
        self._control.register("aws", self._aws.control, self._kept(self._aws))
        named = {"NOTEBOOK": str(options.notebook)} if options.notebook else {}
        self.env = {**self._aws.env, **self._start_slack(), **self._start_looker(), **named}
        self._control.env = self.env
        self._hub.calls.clear()
        self._servers.append(serve(self._control, "control", lambda _environ: "control", hub=Hub()))
        self.control_url = self._servers[-1].url

    @property
    def secrets(self) -> list[str]:
        """Every secret of this sandbox, for whoever looks for leaks."""
        named = [self.env[name] for name in ("SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_SECRET")]
        return [*named, *self._aws.secrets, *self._presto_passwords]

    def stop(self) -> None:
        """End every job's processes and close every port."""
        self._aws.close()
        for world in self._worlds:
            self._left_behind.keep(world.left())
        for close in self._closing:
            close()
        for server in self._servers:
            server.stop()

    def _kept(self, world: AwsWorld | slack.SlackWorld) -> Callable[[], None]:
        """Wrap a service's reset: keep what the service holds, then reset it."""
        self._worlds.append(world)

        def reset() -> None:
            self._left_behind.keep(world.left())
            world.reset()

        return reset

    def _start_slack(self) -> dict[str, str]:
        world = slack.SlackWorld()
        url = self._serve("slack", slack, slack.create_app(world), world, reset=self._kept(world)).url
        return {
            "SLACK_API_URL": f"{url}/api/",
            "SLACK_BOT_TOKEN": world.token,
            "SLACK_CHANNEL": world.channel,
            "SLACK_ERROR_USER": world.error_user,
        }

    def _start_looker(self) -> dict[str, str]:
        world = looker.LookerWorld()
        server = self._serve("looker", looker, looker.create_app(world), world)
        return {
            "LOOKERSDK_BASE_URL": server.url,
            "LOOKERSDK_CLIENT_ID": world.client_id,
            "LOOKERSDK_CLIENT_SECRET": world.client_secret,
            "LOOKER_HOSTS": f"{LINK_HOST},127.0.0.1:{server.port}",
        }

    def _start_presto(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Start Presto; return the secret's content. Imported here, because DuckDB takes long to import."""
        if kind == "none":
            return {}
        if kind == "real":
            real = importlib.import_module("sandbox.real_presto.world").RealPrestoWorld()
            self._control.register("presto", real.control, real.reset)
            self._closing.append(real.close)
            return {SECRET: real.credentials()}
        presto = importlib.import_module("sandbox.presto")
        world = presto.PrestoWorld()
        server = self._serve("presto", presto, presto.create_app(world), world, ssl_context=world.ssl_context)
        return {SECRET: world.credentials(server.port)}

    def _serve(
        self,
        name: str,
        service: Any,
        app: Any,
        world: Any,
        ssl_context: Any = None,
        reset: Callable[[], None] | None = None,
    ) -> Server:
        self._control.register(name, world.control, reset or world.reset)
        server = serve(
            app,
            name,
            service.operation,
            hub=self._hub,
            ssl_context=ssl_context,
            fault_answer=service.fault_answer,
        )
        self._servers.append(server)
        return server
