"""The credit bot in Airflow (2.10.3 to 3.x): one tick every 15 minutes, in a pod of the bot's image.

What differs between installations is in `credit_bot.json` beside this file (airflow/credit_bot.example.json shows it;
CREDIT_BOT_CONFIG names another place). Secrets are never in it: the pod gets them from the Kubernetes secret that it
names, the failure callback from an Airflow connection.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import models as k8s

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG  # type: ignore[no-redef,attr-defined]

try:
    from airflow.sdk.bases.hook import BaseHook
except ImportError:  # Airflow 2
    from airflow.hooks.base import BaseHook  # type: ignore[no-redef]

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
CONFIG = Path(os.environ.get("CREDIT_BOT_CONFIG") or HERE / "credit_bot.json")
DOC = """
### Credit bot

Answers Looker links in Slack with a credit recommendation for Verify. Each run is one tick: it listens to the channel
for 13 minutes, starts a SageMaker job for each new link and answers in the thread. What it leaves running, the next
run goes on with, so a failed or skipped run loses nothing: **there is never a need to clear a run or to backfill.**

- **A run failed:** the task's log says why in its last lines; exit code 2 is a missing setting, 1 a failure outside.
- **To stop the bot:** pause this DAG. Running jobs end by themselves and are answered once it is unpaused.
- **Rollback to notebooks in the pod:** `"executor": "local"` in `credit_bot.json`; the next run uses it.
"""

SECRETS = ("SLACK_BOT_TOKEN", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET")
REQUIRED = ("executor", "images", "service_accounts", "namespace", "secret", "slack_connection", "environment")
WRITABLE = {"work": "/opt/credits", "tmp": "/tmp"}  # noqa: S108 - the pod's own emptyDir
LISTEN_SECONDS = 780
"""How long a tick listens for messages: until just before the next tick."""
LOCAL_BUDGET_SECONDS = 2100
"""How long a tick with local jobs may take: they end with its pod, so above SAGEMAKER_MAX_RUNTIME's default."""
STARTUP = timedelta(minutes=5)
GRACE_SECONDS = 60
TO_END = timedelta(minutes=2)
RESOURCES = {
    "sagemaker": {"cpu": "250m", "memory": "512Mi"},
    "local": {"cpu": "2", "memory": "4Gi"},
}


class ConfigWrong(ValueError):
    """credit_bot.json cannot be used; the message says what to fix."""


def read_config(path: Path = CONFIG) -> dict[str, Any]:
    """The installation's settings. Raises ConfigWrong, which Airflow shows as this DAG's import error."""
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigWrong(f"{path.name} cannot be read ({error.strerror}): copy it beside the DAG.") from error
    except ValueError as error:
        raise ConfigWrong(f"{path.name} is not JSON: {error}.") from error
    missing = [name for name in REQUIRED if name not in config]
    if missing:
        raise ConfigWrong(f"{path.name} lacks {', '.join(missing)}: see airflow/credit_bot.example.json.")
    check_executor(config)
    check_no_secrets(config["environment"])
    return config


def check_executor(config: dict[str, Any]) -> None:
    """Raise ConfigWrong if the chosen executor has no image or no service account."""
    executor = config["executor"]
    for name in ("images", "service_accounts"):
        if executor not in RESOURCES or not config[name].get(executor):
            raise ConfigWrong(
                f"{CONFIG.name}: executor is {executor!r}, but {name} has no entry for it; "
                f"give one of {', '.join(RESOURCES)} and its {name.rstrip('s').replace('_', ' ')}."
            )


def check_no_secrets(environment: dict[str, str]) -> None:
    """Raise ConfigWrong if the configuration holds a secret."""
    open_secrets = sorted(environment.keys() & {*SECRETS, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
    if open_secrets:
        raise ConfigWrong(
            f"{CONFIG.name}: {', '.join(open_secrets)} must not be in environment: "
            "put it into the Kubernetes secret, or leave it to the service account."
        )


def pod_environment(config: dict[str, Any]) -> dict[str, str]:
    """Return the bot's settings in the pod; the installation's own ones take precedence."""
    environment = {"EXECUTOR": config["executor"], "LISTEN_SECONDS": str(LISTEN_SECONDS)}
    if config["executor"] == "local":
        environment["TICK_BUDGET_SECONDS"] = str(LOCAL_BUDGET_SECONDS)
    return environment | {name: str(value) for name, value in config["environment"].items()}


def longest_tick(environment: dict[str, str]) -> timedelta:
    """How long a tick may take, from the start of its pod to its end."""
    seconds = max(int(environment["LISTEN_SECONDS"]), int(environment.get("TICK_BUDGET_SECONDS", LISTEN_SECONDS)))
    return STARTUP + timedelta(seconds=seconds) + TO_END


def tell_slack(context: dict[str, Any]) -> None:
    """The DAG's failure callback: one message to the channel of the Slack connection. Never raises."""
    try:
        connection = BaseHook.get_connection(CONFIGURED["slack_connection"])
        extra = connection.extra_dejson
        body = {"channel": extra["channel"], "text": failure_text(context), "unfurl_links": False}
        request = urllib.request.Request(  # noqa: S310 - the address is the installation's own
            extra.get("api_url", "https://slack.com/api/") + "chat.postMessage",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {connection.password}", "Content-Type": "application/json; charset=utf-8"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            answer = json.load(response)
        if not answer.get("ok"):
            log.error("Slack refused the failure message: %s", answer.get("error"))
    except Exception as error:  # noqa: BLE001 - a callback that fails must not hide the failure it tells of
        log.error("The failure could not be told in Slack: %s: %s", type(error).__name__, error)


def failure_text(context: dict[str, Any]) -> str:
    """Write the message that on-call reads."""
    run = context.get("run_id") or getattr(context.get("dag_run"), "run_id", "unknown")
    reason = context.get("reason") or "task failed"
    return (
        f":warning: The credit bot's run `{run}` failed in Airflow ({reason}). No request is lost: the next run "
        "goes on with it. If it comes again, read the last lines of the log (DAG `credit_bot`, task `tick`)."
    )


def security() -> tuple[k8s.V1PodSecurityContext, k8s.V1SecurityContext]:
    """Return the security contexts of pod and container: no root, no rights, only the two folders writable."""
    return (
        k8s.V1PodSecurityContext(
            run_as_non_root=True, fs_group=10001, seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault")
        ),
        k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
    )


def tick(config: dict[str, Any]) -> KubernetesPodOperator:
    """The one task: a pod that runs one tick of the bot."""
    executor, environment = config["executor"], pod_environment(config)
    of_pod, of_container = security()
    requests = RESOURCES[executor]
    kube_config = config.get("kube_config")
    return KubernetesPodOperator(
        task_id="tick",
        name="credit-bot",
        image=config["images"][executor],
        image_pull_policy="IfNotPresent",
        cmds=["python", "-m", "src.credit_bot"],
        namespace=config["namespace"],
        service_account_name=config["service_accounts"][executor],
        env_vars=environment,
        secrets=[Secret("env", name, config["secret"], name) for name in SECRETS],
        labels={"app": "credit-bot", "executor": executor},
        container_resources=k8s.V1ResourceRequirements(
            requests=requests, limits={"memory": requests["memory"], "cpu": "2"}
        ),
        security_context=of_pod,
        container_security_context=of_container,
        volumes=[k8s.V1Volume(name=name, empty_dir=k8s.V1EmptyDirVolumeSource()) for name in WRITABLE],
        volume_mounts=[k8s.V1VolumeMount(name=name, mount_path=path) for name, path in WRITABLE.items()],
        full_pod_spec=k8s.V1Pod(
            spec=k8s.V1PodSpec(
                containers=[k8s.V1Container(name="base")], termination_grace_period_seconds=GRACE_SECONDS
            )
        ),
        in_cluster=not kube_config,
        config_file=str(HERE / kube_config) if kube_config else None,
        kubernetes_conn_id=None,
        get_logs=True,
        do_xcom_push=False,
        reattach_on_restart=True,
        on_finish_action="delete_pod",
        startup_timeout_seconds=int(STARTUP.total_seconds()),
        termination_grace_period=GRACE_SECONDS,
        execution_timeout=longest_tick(environment),
        retries=0,
    )


CONFIGURED = read_config()

with DAG(
    dag_id="credit_bot",
    description="Credit recommendations for Verify, from Looker links in Slack",
    schedule="*/15 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    dagrun_timeout=longest_tick(pod_environment(CONFIGURED)) + timedelta(minutes=3),
    on_failure_callback=tell_slack,
    default_args={"owner": "fraud", "retries": 0},
    tags=["credits", "verify", "slack"],
    doc_md=DOC,
) as dag:
    tick(CONFIGURED)
