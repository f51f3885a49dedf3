"""What a job is started with, and what is refused before a call is made: by table."""

from __future__ import annotations

from typing import Any

import pytest

from src.config import Settings
from src.errors import ConfigurationError, CreditsError, QueryError
from src.execution.submission import MAX_VARIABLE, Submission, make_submission
from src.executor import MAX_QUERY_BYTES

ID = "20260115_123456_3fa94c01"
ACCOUNT = "AC" + "1" * 32


def submission(sql: str = "SELECT 1", asid: str | None = None, execution_id: str = ID, **settings: Any) -> Submission:
    usual = {"s3_output_bucket": "credits", "presto_secret_name": "presto", "aws_default_region": "us-east-1"}
    return make_submission(Settings(**{**usual, **settings}), sql, asid, execution_id)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"sql": " \n"}, QueryError, "The SQL is empty"),
        ({"sql": "SELECT '\ud83d'"}, QueryError, "character 9 is half a pair"),
        ({"sql": "x" * (MAX_QUERY_BYTES + 1)}, QueryError, "4,000,001 bytes, more than the 4,000,000"),
        ({"asid": "AC1"}, QueryError, "'AC1' is no account's SID"),
        ({"execution_id": "mine"}, ConfigurationError, "execution id 'mine' is not of the form"),
        ({"s3_output_bucket": ""}, ConfigurationError, "S3_OUTPUT_BUCKET is not set"),
        ({"s3_output_bucket": "", "presto_secret_name": ""}, ConfigurationError, "and PRESTO_SECRET_NAME are not set"),
        ({"s3_output_bucket": "s3://credits"}, ConfigurationError, "'s3://credits', which is no bucket's name"),
        ({"s3_output_bucket": "my..credits"}, ConfigurationError, "'my..credits', which is no bucket's name"),
        ({"result_profile": "nobodys"}, ConfigurationError, "'nobodys', which is no profile"),
        ({"sagemaker_environment": "TEAM"}, ConfigurationError, "'TEAM', which is no variable"),
        ({"sagemaker_environment": "1ST=x"}, ConfigurationError, "'1ST', which is no variable"),
        ({"sagemaker_environment": "TEAM=a,=b"}, ConfigurationError, "'', which is no variable"),
        ({"sagemaker_environment": "MODE=check"}, ConfigurationError, "sets MODE, which has a setting of its own"),
        ({"sagemaker_environment": "ASID=AC1"}, ConfigurationError, "sets ASID, which has a setting of its own"),
        ({"sagemaker_environment": "SECRET_NAME=x"}, ConfigurationError, "sets SECRET_NAME, which"),
    ],
)
def test_what_could_not_run_is_refused_and_named(given: dict[str, Any], kind: type[CreditsError], words: str) -> None:
    with pytest.raises(kind) as refused:
        submission(**given)
    assert words in str(refused.value)


def test_a_notebooks_own_variables_are_given_besides() -> None:
    environment = submission(sagemaker_environment="TEAM=fraud,_RATE=a=b,EMPTY=").environment
    assert {name: environment[name] for name in ("TEAM", "_RATE", "EMPTY")} == {
        "TEAM": "fraud",
        "_RATE": "a=b",
        "EMPTY": "",
    }


@pytest.mark.parametrize(
    ("sql", "fits"),
    [
        ("x" * MAX_VARIABLE, True),
        ("x" * (MAX_VARIABLE + 1), False),
        ("é" * MAX_VARIABLE, True),
        ("😀" * (MAX_VARIABLE // 2), True),
        ("😀" * (MAX_VARIABLE // 2) + "x", False),
        ("SELECT '\0'", False),
    ],
)
def test_the_sql_stands_in_the_environment_where_it_fits_and_always_in_its_file(sql: str, fits: bool) -> None:
    made = submission(sql)
    assert ("LOOKER_QUERY" in made.environment) is fits
    assert made.query == sql.encode()


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({}, "EXECUTION_ID", ID),
        ({}, "S3_OUTPUT_BUCKET", "credits"),
        ({}, "SECRET_NAME", "presto"),
        ({}, "AWS_DEFAULT_REGION", "us-east-1"),
        ({"sagemaker_max_runtime": 1200}, "MAX_RUNTIME_SECONDS", "1200"),
        ({"asid": ACCOUNT}, "ASID", ACCOUNT),
        ({}, "ASID", None),
        ({"allowed_tables": "a.b,c.d"}, "ALLOWED_TABLES", "a.b,c.d"),
        ({"sagemaker_image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/i:1"}, "IMAGE_URI",
         "123456789012.dkr.ecr.us-east-1.amazonaws.com/i:1"),
        ({"slack_picture": True}, "BREAKDOWN_PICTURE", "1"),
        ({"slack_picture": False}, "BREAKDOWN_PICTURE", None),
        ({}, "MODE", None),
    ],
)  # fmt: skip
def test_each_variable_of_the_job(given: dict[str, Any], name: str, value: str | None) -> None:
    assert submission(**given).environment.get(name) == value
