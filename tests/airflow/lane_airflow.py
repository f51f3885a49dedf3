"""The DAG in real Airflow: `make test-airflow`. Not collected by name, because it needs the environments made first."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import Sandbox
from tests.airflow.airflow_home import AirflowHome
from tests.airflow.fake_kubernetes import FakeKubernetes
from tests.bot.harness import VERIFY

pytestmark = pytest.mark.timeout(400)

# The DAG is imported in each of these, and run in the oldest and the newest.
VERSIONS = os.environ.get("AIRFLOW_VERSIONS", "2.10.3 3.0.6 3.1.3").split()
RUN_IN = sorted({VERSIONS[0], VERSIONS[-1]}, key=VERSIONS.index)
SECRETS = ("SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET")
SLACK = {"channel": "C0000000000", "api_url": "http://127.0.0.1:9/", "token": "unused"}
HERE = Path(__file__).parent


@pytest.fixture(scope="session", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(version: str, tmp_path: Path) -> AirflowHome:
    home = AirflowHome(version, tmp_path / "home", SLACK)
    home.configure()
    home.connect("http://127.0.0.1:9")
    return home


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    with Sandbox.start(jobs="scripted", presto="none") as box:
        yield box


class Installation:
    """Airflow, a cluster and the sandbox, joined as in production by the config, a kube config and a secret."""

    def __init__(self, home: AirflowHome, box: Sandbox, cluster: FakeKubernetes, secrets: dict[str, str]) -> None:
        self.home, self.box, self.cluster, self.secrets = home, box, cluster, secrets
        home.connect(cluster.url)
        environment = {name: value for name, value in box.env.items() if name not in {*SECRETS, *_CREDENTIALS}}
        # A service account brings AWS credentials in production; here they come by a file.
        credentials = home.dags.parent / "aws_credentials"
        credentials.write_text("[default]\n" + "".join(f"{name.lower()} = {box.env[name]}\n" for name in _CREDENTIALS))
        environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "SLACK_POST_INTERVAL": "0"}
        self.environment = environment
        self.configure(LISTEN_SECONDS="0")

    def configure(self, **environment: str) -> None:
        self.home.configure(environment={**self.environment, **environment})

    def ask(self) -> str:
        host = self.box.env["LOOKER_HOSTS"].split(",")[0]
        self.box.looker.add_query(slug="asked", sql=VERIFY)
        return str(self.box.slack.post(user="U0SUPPORT1", text=f"<https://{host}/x/asked>"))

    def replies(self, ts: str) -> list[str]:
        return [message["text"] for message in self.box.slack.thread(ts=ts)[1:] if not message.get("files")]


_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture(scope="session")
def empty_database(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = AirflowHome(version, tmp_path_factory.mktemp("database") / "home")
    home.configure()
    migrated = home.airflow("db", "migrate")
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    return home.database


@pytest.fixture
def installed(version: str, box: Sandbox, empty_database: Path, tmp_path: Path) -> Iterator[Installation]:
    box.reset()
    slack = {"channel": box.env["SLACK_CHANNEL"], "api_url": box.env["SLACK_API_URL"], "token": _token(box)}
    home = AirflowHome(version, tmp_path / "home", slack)
    shutil.copy(empty_database, home.database)
    secrets = {name: box.env[name] for name in SECRETS}
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    with FakeKubernetes({"credit-bot": secrets}, {"credit-bot"}, path) as cluster:
        yield Installation(home, box, cluster, secrets)


def _token(box: Sandbox) -> str:
    return box.env["SLACK_BOT_TOKEN"]


def test_the_dag_imports_without_errors_or_warnings_and_runs_one_at_a_time(home: AirflowHome) -> None:
    described = home.describe()

    assert (described["errors"], described["warnings"]) == ([], [])
    dag = described["credit_bot"]
    assert (dag["schedule"], dag["catchup"], dag["max_active_runs"]) == ("*/15 * * * *", False, 1)
    assert (dag["retries"], dag["reattach"], dag["on_finish_action"]) == (0, True, "delete_pod")
    assert dag["tags"] == ["credits", "slack", "verify"]
    assert "never a need to clear a run" in dag["doc_md"]
    assert dag["has_failure_callback"]
    assert 780 + 60 < dag["execution_timeout"] < dag["dagrun_timeout"]
    assert dag["in_cluster"] is False


def test_the_pod_has_its_secrets_by_reference_and_nobodys_rights(home: AirflowHome) -> None:
    pod = home.describe()["credit_bot"]["pod"]

    [container] = pod["spec"]["containers"]
    variables = {entry["name"]: entry for entry in container["env"]}
    for name in SECRETS:
        assert variables[name]["valueFrom"] == {"secretKeyRef": {"name": "credit-bot", "key": name}}
    assert (variables["LISTEN_SECONDS"]["value"], variables["EXECUTOR"]["value"]) == ("780", "sagemaker")
    assert container["command"] == ["python", "-m", "src.credit_bot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert pod["spec"]["terminationGracePeriodSeconds"] >= 60
    assert pod["spec"]["restartPolicy"] == "Never"
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/opt/credits", "/tmp"}


def test_the_executor_chooses_image_service_account_and_time(home: AirflowHome) -> None:
    home.configure(images={"sagemaker": "bot@sha256:1", "local": "bot-local@sha256:2"})
    usual = home.describe()["credit_bot"]
    home.configure(executor="local", images={"sagemaker": "bot@sha256:1", "local": "bot-local@sha256:2"})
    local = home.describe()["credit_bot"]

    assert [_image(usual), _image(local)] == ["bot@sha256:1", "bot-local@sha256:2"]
    assert usual["pod"]["spec"]["serviceAccountName"] == "credit-bot"
    assert local["pod"]["spec"]["serviceAccountName"] == "credit-bot-local"
    assert local["execution_timeout"] > 2100 > usual["execution_timeout"]
    assert local["dagrun_timeout"] > local["execution_timeout"]


def _image(described: dict[str, Any]) -> str:
    return str(described["pod"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"environment": {"SLACK_BOT_TOKEN": "xoxb-1"}}, "SLACK_BOT_TOKEN must not be in environment"),
        ({"executor": "lambda"}, "executor is 'lambda', but images has no entry for it"),
        ({"executor": "local", "service_accounts": {"sagemaker": "a"}}, "service_accounts has no entry for it"),
    ],
)
def test_a_wrong_config_is_an_import_error_that_says_what_to_mend(
    home: AirflowHome, changes: dict[str, Any], words: str
) -> None:
    home.configure(**changes)

    [error] = home.describe()["errors"]

    assert words in error
    assert "xoxb-1" not in error


def test_a_missing_config_is_an_import_error_that_names_it(home: AirflowHome) -> None:
    (home.dags / "credit_bot.json").unlink()

    [error] = home.describe()["errors"]

    assert "credit_bot.json cannot be read" in error


@pytest.mark.parametrize("version", RUN_IN, indirect=True)
def test_a_run_starts_the_pod_whose_tick_answers_a_message_in_slack(installed: Installation) -> None:
    ts = installed.ask()

    done = installed.home.airflow("dags", "test", "credit_bot")

    assert done.returncode == 0, done.stdout + done.stderr
    [pod] = installed.cluster.created
    assert pod.process.returncode == 0, b"".join(pod.lines).decode()
    [answer] = installed.replies(ts)
    assert "credit recommended" in answer
    assert "tick done" in done.stdout + done.stderr
    assert installed.cluster.pods == {}
    seen = done.stdout + done.stderr + str(pod.manifest)
    assert not [name for name, value in installed.secrets.items() if value in seen]


@pytest.mark.parametrize("version", RUN_IN, indirect=True)
def test_a_run_that_fails_is_told_in_slack_and_fails_in_airflow(installed: Installation) -> None:
    installed.secrets["SLACK_BOT_TOKEN"] = "xoxb-of-yesterday"

    done = installed.home.airflow("dags", "test", "credit_bot")

    [pod] = installed.cluster.created
    assert pod.process.returncode == 2
    told = [call for call in installed.box.calls("slack", "chat.postMessage") if call["status"] == 200]
    assert len(told) == 1, done.stdout + done.stderr
    assert "token" in done.stdout + done.stderr
    assert "xoxb-of-yesterday" not in done.stdout + done.stderr


@pytest.mark.parametrize("version", RUN_IN, indirect=True)
def test_a_run_out_of_time_ends_its_pod_gently(installed: Installation) -> None:
    installed.configure(LISTEN_SECONDS="120")

    installed.home.python(HERE / "run_out_of_time.py", "6")

    [pod] = installed.cluster.created
    pod.process.wait(30)
    assert pod.grace is not None
    assert pod.grace >= 60
    assert pod.process.returncode == 143
