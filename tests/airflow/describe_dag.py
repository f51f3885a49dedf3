"""Run by an Airflow's own Python: what it makes of the DAG file, as one JSON line."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from airflow.models import DagBag

bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"], include_examples=False)
described: dict[str, Any] = {"errors": list(bag.import_errors.values()), "warnings": []}
for found in bag.captured_warnings.values():
    described["warnings"] += [text for text in found if "credit_bot_dag" in text]  # a provider's own are its own
for dag in bag.dags.values():
    [task] = dag.tasks
    schedule = getattr(dag, "schedule", None)
    pod = task.build_pod_request_obj(None)
    described[dag.dag_id] = {
        "schedule": str(schedule or getattr(dag, "schedule_interval", None)),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tags": sorted(dag.tags),
        "doc_md": dag.doc_md,
        "has_failure_callback": dag.on_failure_callback is not None,
        "dagrun_timeout": dag.dagrun_timeout.total_seconds(),
        "execution_timeout": task.execution_timeout.total_seconds(),
        "retries": task.retries,
        "on_finish_action": str(getattr(task.on_finish_action, "value", task.on_finish_action)),
        "reattach": task.reattach_on_restart,
        "in_cluster": task.in_cluster,
        "termination_grace_period": task.termination_grace_period,
        "pod": task.client.api_client.sanitize_for_serialization(pod) if task.config_file else pod.to_dict(),
    }
print("DESCRIBED " + json.dumps(described, default=str))
sys.exit(bool(bag.import_errors))
