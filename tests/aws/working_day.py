"""What an installation does in a day, each by the command that does it in production, in a pod's environment."""

from __future__ import annotations

import re
import subprocess
import sys

from sandbox.client import ROOT
from sandbox.warehouse import SAMPLE_SQL
from tests.aws.installation import COMMAND_SECONDS, Installation

BROKEN_SQL = SAMPLE_SQL.replace("SUM(", "NO_SUCH_FUNCTION(")
Done = subprocess.CompletedProcess[str]


class WorkingDay:
    """`done`: each command's end, by a name; `threads`: what was answered, by the same names."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.done: dict[str, Done] = {}
        self._asked: dict[str, str] = {}

    def replies(self, name: str) -> list[str]:
        """What the bot said in the thread of a request."""
        thread = self.installation.box.slack.thread(ts=self._asked[name])
        return [message["text"] for message in thread[1:] if not message.get("files")]

    def link(self, slug: str, sql: str) -> str:
        """A Looker link with this SQL, unlike any other's."""
        self.installation.box.looker.add_query(slug=slug, sql=f"{sql}\n-- {slug}")
        return f"https://{self.installation.environment['LOOKER_HOSTS'].split(',')[0]}/x/{slug}"

    def ask(self, name: str, sql: str = SAMPLE_SQL) -> None:
        """Post a request."""
        text = f"Please: <{self.link(name, sql)}>"
        self._asked[name] = self.installation.box.slack.post(user="U0SUPPORT1", text=text)

    def tick(self) -> None:
        """A recommendation, and a failure whose log is read."""
        self.ask("success")
        self.ask("failure", BROKEN_SQL)
        self._run("tick", "src.credit_bot")

    def commands(self) -> None:
        """What people run."""
        self._run("link", "src.credit_bot", "--link", self.link("by-hand", SAMPLE_SQL))
        self._run("list", "src.runs", "list")
        execution = re.findall(r"^(\d{8}_\d{6}_[0-9a-f]{8})  answered", self.done["list"].stdout, re.MULTILINE)[0]
        for command in (["show", execution], ["verify", execution], ["search"], ["cost"]):
            self._run(command[0], "src.runs", *command)

    def stop_a_job(self) -> None:
        """A job is stopped by the bot's own executor."""
        script = (
            "from src.sagemaker_executor import SageMakerExecutor\n"
            f"executor = SageMakerExecutor()\njob = executor.execute({SAMPLE_SQL!r})\n"
            "executor.stop(job['job_name'])\n"
            "print(executor.wait_for_completion(job['job_name'])['status'])\n"
        )
        self.done["stop"] = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=self.installation.as_pod(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def doctor(self) -> None:
        """The installation checks itself."""
        self._run("doctor", "src.doctor")

    def roll_back(self) -> None:
        """The same bot with EXECUTOR=local, under the rollback's role."""
        self.ask("local")
        self.done["local"] = self.installation.run("src.credit_bot", environment=self.installation.as_local_pod())

    def _run(self, name: str, *command: str) -> None:
        self.done[name] = self.installation.run(*command, environment=self.installation.as_pod())
