"""An Airflow of a given version with the DAG installed as on a real one: file, config and kube config in its folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "build" / "airflow"
DAG_FILE = ROOT / "airflow" / "credit_bot_dag.py"
EXAMPLE = ROOT / "airflow" / "credit_bot.example.json"
SECONDS = 240


class AirflowHome:
    """One AIRFLOW_HOME in `folder`, with the environment that was made for `version`."""

    def __init__(self, version: str, folder: Path, slack: Mapping[str, str] | None = None) -> None:
        self._bin = ENVIRONMENTS / version / "bin"
        self.dags = folder / "dags"
        self.dags.mkdir(parents=True)
        shutil.copy(DAG_FILE, self.dags)
        self._environment = {
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",  # the usual 30 s are too few where Airflow shares a core
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "NO_PROXY": "*",
        }
        if slack:
            extra = {"channel": slack["channel"], "api_url": slack["api_url"]}
            connection = {"conn_type": "generic", "password": slack["token"], "extra": extra}
            self._environment["AIRFLOW_CONN_CREDIT_BOT_SLACK"] = json.dumps(connection)

    def configure(self, **changes: Any) -> None:
        """Write credit_bot.json: the example with these changes; those of `environment` are merged."""
        config = json.loads(EXAMPLE.read_text())
        environment = {**config["environment"], **changes.pop("environment", {})}
        (self.dags / "credit_bot.json").write_text(json.dumps({**config, **changes, "environment": environment}))

    def connect(self, cluster: str) -> None:
        """Write the kube config: this cluster's."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": cluster}}],
            "users": [{"name": "airflow", "user": {"token": "a-token"}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "airflow"}}],
            "current-context": "fake",
        }
        (self.dags / "kube_config.yaml").write_text(json.dumps(config))

    @property
    def database(self) -> Path:
        """Airflow's own, SQLite."""
        return self.dags.parent / "airflow.db"

    def airflow(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The airflow command."""
        return self._run([str(self._bin / "airflow"), *arguments])

    def python(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A script, by Airflow's Python."""
        return self._run([str(self._bin / "python"), str(script), *arguments])

    def describe(self) -> dict[str, Any]:
        """What this Airflow makes of the DAG file (describe_dag.py)."""
        done = self.python(Path(__file__).parent / "describe_dag.py")
        lines = [line for line in done.stdout.splitlines() if line.startswith("DESCRIBED ")]
        assert lines, done.stdout + done.stderr
        described: dict[str, Any] = json.loads(lines[0].removeprefix("DESCRIBED "))
        return described

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self._environment,
            cwd=self.dags.parent,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
