"""Four notebooks that import nothing of ours: what each is to give, whoever runs it, and what the bot says of it.

A fifth is the last one again, with a cell that fails after it has put its result into S3.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.client import Sandbox
from src import paths
from src.config import load_settings
from src.console_links import s3_object
from src.credit_bot import make_bot
from src.errors import ExecutionFailed
from src.executor import CreditResult
from src.executors import make_executor
from src.waiting import Waiter
from tests.executors.results import PLANS_TEN
from tests.own_notebook.notebooks import notebook_folder

ASKED_BY = "U0SUPPORT1"

KNOWS_FOUR_KEYS = """
import json, os
import boto3, pandas as pd, prestodb

said = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
secret = json.loads(said["SecretString"])
connection = prestodb.dbapi.connect(
    host=secret["host"], port=secret["port"], user=secret["username"], catalog="hive", schema="authy",
    http_scheme="https", auth=prestodb.auth.BasicAuthentication(secret["username"], secret["password"]),
)
cursor = connection.cursor()
cursor.execute(looker)
days = pd.DataFrame(cursor.fetchall(), columns=["day", "attempts", "charged"])
"""
BY_MONTH = """
days["charged"] = days.charged.astype(float)
output_df = days.groupby(days.day.astype(str).str[:7].rename("month")).charged.sum().round(2).to_frame()
output_df["credit"] = (output_df.charged / 2).round(2)
credit_amount = output_df.credit.sum()
"""
ROWS = """
import re
from decimal import Decimal

account_sid = re.search("AC[0-9a-f]{32}", looker).group()
output_df = [{"country": "AA", "usd": Decimal("1000.125")}, {"country": "BB", "usd": Decimal("234.445")}]
credit_amount = sum(row["usd"] for row in output_df)
flags = [{"code": "guess", "text": "The price is last month's."}]
currency = "EUR"
"""
TEN_FIELDS = f"""
import json, os

result = {PLANS_TEN!r}
result["execution_id"] = os.environ["EXECUTION_ID"]
"""
INTO_FOLDER = """
with open("result.json", "w") as file:
    json.dump(result, file)
"""
INTO_S3 = """
import boto3

key = f"credits-automation/outputs/{os.environ['EXECUTION_ID']}/result.json"
boto3.client("s3").put_object(Bucket=os.environ["S3_OUTPUT_BUCKET"], Key=key, Body=json.dumps(result))
"""
OF_THE_MONTHS = """
Row: month 2025-07, charged 3,309.10, credit 1,654.55
Row: month 2025-08, charged 3,033.78, credit 1,516.89
Row: month 2025-09, charged 2,875.30, credit 1,437.65"""
OF_THE_ROWS = """
Account SID: AC0123456789abcdef0123456789abcdef
Row: country AA, usd 1,000.13
Row: country BB, usd 234.45
Check before paying:
• The price is last month's."""
OF_THE_TEN = """
Account SID: AC55555555555555555555555555555555
Window: 2025-07-01 to 2025-09-30
Charged for fraud: 9,218.18 USD
MRR: 3.00 USD
Row: mode max, credit 4,948.80"""


@dataclass(frozen=True)
class Four:
    """One of them. amount: of its result, None where it has none; said: in the thread, before the links."""

    cells: tuple[str, ...]
    amount: float | None
    said: str


FOUR = {
    "frame": Four(
        (KNOWS_FOUR_KEYS, BY_MONTH),
        4609.09,
        f"*4,609.09 USD credit recommended*{OF_THE_MONTHS}",
    ),
    "rows": Four(
        (ROWS,),
        1234.57,
        f"*1,234.57 EUR credit recommended*{OF_THE_ROWS}",
    ),
    "file": Four((TEN_FIELDS, INTO_FOLDER), 4948.80, f"*4,948.80 USD credit recommended*{OF_THE_TEN}"),
    "s3": Four((TEN_FIELDS, INTO_S3, "print('done')"), 4948.80, f"*4,948.80 USD credit recommended*{OF_THE_TEN}"),
    "s3, then fails": Four(
        (TEN_FIELDS, INTO_S3, "1 / 0"),
        None,
        "No recommendation: A cell of the notebook failed: ZeroDivisionError. Tell whoever looks after the "
        "notebook; the saved notebook shows the cell, the job's log what it said. On-call has been told. Details are "
        "in your direct messages.",
    ),
}


def write_four(folder: Path) -> dict[str, Path]:
    """All of them in one folder, by their names."""
    return {
        name: notebook_folder(folder, *one.cells, name=f"{name}.ipynb") / f"{name}.ipynb" for name, one in FOUR.items()
    }


def check_bot(box: Sandbox, name: str) -> None:
    """One tick of the bot, as the environment configures it, for one message: what is in its thread, and the result."""
    ts = box.slack.post(user=ASKED_BY, text=f"<https://{box.env['LOOKER_HOSTS'].split(',')[0]}/x/sample>")
    bot = make_bot(load_settings(), waiting=Waiter())

    bot.run()

    executor = make_executor(bot.services.settings, clients=bot.services.clients, sleep=Waiter().sleep)
    [execution_id] = _executions(box)
    said = [message["text"] for message in box.slack.thread(ts=ts)[1:] if not message.get("files")]
    assert said == [_thread(box, name, execution_id)]
    check_result(name, lambda: executor.get_results(execution_id))


def check_result(name: str, result: Callable[[], CreditResult]) -> None:
    """That it has its amount; of what fails, the error of its end, whatever the notebook has put into S3."""
    amount = FOUR[name].amount
    if amount is None:
        with pytest.raises(ExecutionFailed, match="ZeroDivisionError"):
            result()
    else:
        assert result()["credit_amount"] == amount


def _executions(box: Sandbox) -> list[str]:
    listed = box.client("s3").list_objects_v2(Bucket=box.env["S3_OUTPUT_BUCKET"], Prefix=f"{paths.ROOT}/inputs/")
    return sorted({entry["Key"].split("/")[2] for entry in listed["Contents"]})


def _thread(box: Sandbox, name: str, execution_id: str) -> str:
    said = FOUR[name].said
    if FOUR[name].amount is None:
        return said
    files = paths.ExecutionPaths(execution_id)
    region, bucket = box.env["AWS_DEFAULT_REGION"], box.env["S3_OUTPUT_BUCKET"]
    named = {"Report in S3": files.report, "Notebook in S3": files.notebook}
    pages = {words: s3_object(region, bucket, key).replace("&", "&amp;") for words, key in named.items()}
    links = " · ".join(f"<{url}|{words}>" for words, url in pages.items())
    return f"{said}\n{links}\nexecution {execution_id}"


if __name__ == "__main__":
    write_four(Path(sys.argv[1]))
