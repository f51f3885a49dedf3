"""What a claim's SQL is read as is what Presto reads: each accepted form, and what the refused ones would have read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from verify_credit.errors import ClaimError
from verify_credit.looker_sql import Session, read_claim
from verify_credit.presto import Warehouse

from sandbox.client import Sandbox
from tests.money.ledger import AS_OF
from tests.money.names import ACCEPTED, ACROSS, PLAIN, SESSION, TOTALS, where
from tests.money.shapes import ACCEPTED as SHAPES
from tests.presto.real import Real

pytestmark = pytest.mark.timeout(600)
ELSEWHERE = "hive.authy.credit_cards"
AS_RUN_ALONE = {"a semicolon", "columns by a schema that FROM leaves out", "columns by catalog, schema and table"}
"""Presto takes what was put in for part of a column's name, too; as it was written it refuses them."""
REPORTING = "hive.reporting.verification_usage"


@pytest.fixture(scope="module")
def real_one(real_box: Sandbox) -> Iterator[Real]:
    """With a table that nobody may read, and a schema that has one of the usage table's name."""
    real_box.reset()
    for statement in (
        f"CREATE TABLE {ELSEWHERE} AS SELECT * FROM hive.verify.mcc_codes",
        "CREATE SCHEMA hive.reporting",
        f"CREATE TABLE {REPORTING} AS SELECT * FROM hive.{PLAIN}",
    ):
        real_box.presto.execute(sql=statement)
    yield Real(real_box)
    real_box.reset()


def tables_read(real: Real, sql: str, schema: str = "authy") -> set[str]:
    """The tables that Presto says it reads, in a session of this schema."""
    warehouse = Warehouse(real.credentials(schema=schema), attempts=1)
    [plan] = warehouse.run_all({"io": f"EXPLAIN (TYPE IO, FORMAT JSON) {sql}"})["io"].rows
    tables = (one["table"] for one in json.loads(str(plan["Query Plan"]))["inputTableColumnInfos"])
    return {f"{table['catalog']}.{table['schemaTable']['schema']}.{table['schemaTable']['table']}" for table in tables}


@pytest.mark.parametrize("form", ACCEPTED)
def test_presto_reads_the_tables_that_were_allowed_and_no_other_in_any_session(real_one: Real, form: str) -> None:
    sql, tables = ACCEPTED[form]
    claim = read_claim(sql, as_of=AS_OF, session=SESSION)
    for schema in ("authy", "reporting"):
        assert tables_read(real_one, claim.sql_as_run, schema) == set(claim.tables) == tables
    if form not in AS_RUN_ALONE:
        assert tables_read(real_one, claim.sql) == tables


@pytest.mark.parametrize("shape", SHAPES)
def test_what_runs_of_a_shape_of_lookers_reads_what_was_allowed(real_one: Real, shape: str) -> None:
    claim = read_claim(SHAPES[shape][0], as_of=AS_OF, session=SESSION)
    assert tables_read(real_one, claim.sql_as_run, "reporting") == set(claim.tables)


HIDING = {
    "a forward reference": ACROSS,
    "a reference of a CTE to itself": "WITH credit_cards AS (SELECT * FROM credit_cards) SELECT * FROM credit_cards",
    "a union behind a comment": f"SELECT mcc FROM {PLAIN} /* /* */ UNION SELECT mcc FROM credit_cards -- */",
    "TABLE": "TABLE credit_cards",
    "a subquery in WHERE": f"SELECT {TOTALS} FROM {PLAIN} {where()} AND mcc IN (SELECT mcc FROM credit_cards)",
}


@pytest.mark.parametrize("form", HIDING)
def test_what_is_refused_would_have_read_a_table_that_nobody_may_read(real_one: Real, form: str) -> None:
    assert ELSEWHERE in tables_read(real_one, HIDING[form])


def test_a_bare_name_is_refused_where_the_secrets_schema_has_a_table_of_that_name(real_one: Real) -> None:
    sql = f"SELECT {TOTALS} FROM verification_usage {where()}"
    assert tables_read(real_one, sql, "reporting") == {REPORTING}
    with pytest.raises(ClaimError, match=f"is {REPORTING} to Presto: not allowed"):
        read_claim(sql, as_of=AS_OF, session=Session("hive", "reporting"))
