"""Run by an Airflow's own Python: one run of the DAG whose task may take only as many seconds as the argument says."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

from airflow.models import DagBag

dag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"], include_examples=False).dags["credit_bot"]
dag.task_dict["tick"].execution_timeout = timedelta(seconds=float(sys.argv[1]))
dag.test()
