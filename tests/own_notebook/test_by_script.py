"""A notebook that says nothing of an account, run by a script that names one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.client import Sandbox
from src import paths
from src.aws import AwsClients
from src.config import Settings
from src.execution.base_executor import BaseExecutor
from src.notebook_executor import NotebookExecutor
from src.sagemaker_executor import SageMakerExecutor
from tests.own_notebook.notebooks import NAME, notebook_folder

ACCOUNT = "AC" + "7" * 32


@pytest.mark.parametrize("kind", [SageMakerExecutor, NotebookExecutor])
def test_result_and_audit_record_name_the_scripts_account_and_the_index_has_no_entry(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseExecutor]
) -> None:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = notebook_folder(tmp_path, "credit_amount = 12.345")
    settings = Settings(notebook=str(folder / NAME))

    result = kind(settings).run("SELECT 1 FROM authy.verification_usage", ACCOUNT)

    assert (result["credit_amount"], result.get("account_sid")) == (12.35, ACCOUNT)
    s3, bucket = AwsClients(settings).s3, settings.s3_output_bucket
    key = paths.ExecutionPaths(result["execution_id"]).audit
    record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert (record["purpose"], record["asid"], record["result"]) == ("script", ACCOUNT, result)
    assert not s3.list_objects_v2(Bucket=bucket, Prefix=paths.account_index_prefix(ACCOUNT)).get("Contents")
