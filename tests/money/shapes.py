"""SQL in the shapes that Looker writes and analysts edit, over the tables of Verify: none is anybody's text.

Sources, read in November 2026; where no repository is named the text index gave the file without its name:
LAKE     ns-wkao/query-rewrite-custom, src/test/resources/test_cases/{looker,temporal}/*/query.sql (Looker on Trino)
DBT      spothero/dbt_demo, dbt_demo/models/control_panel_research/dashboards/…/facility_mtd_report.sql
APPEALS  Looker's SQL of dashboards on public.appeals and public.tasks (totals, pivots, row totals, grand totals)
PARSER   a parser of Looker's SQL and its tests, which tell the comments apart by their words
FLIGHTS  Looker's SQL on cloud-training-demos.looker_ecomm and looker_flights
DELTA    Looker's SQL on Trino's delta catalog, with symmetric sums
SESSIONS Looker's SQL on Trino, edited by hand: "der"."sessions"
CUSTOM   Adobe's guide to a BI extension (cc_data_view): Looker's names of custom measures
FILTERS  Looker's templated filters without a value, in derived tables of several companies
"""

from __future__ import annotations

from tests.money.ledger import ACCOUNT

COMMENT = "-- sql for creating the total and/or determining pivot columns"
ROW_TOTALS = "-- sql for creating the pivot row totals"
GRAND_TOTALS = "-- sql for creating the grand totals"
FILTERS = (
    "((( u.usage_date ) >= ((TIMESTAMP '2025-07-01')) AND ( u.usage_date ) < ((TIMESTAMP '2025-10-01')))) "
    f"AND (u.account_sid ) = '{ACCOUNT}' AND (u.is_fraud )"
)
SUMS = 'COALESCE(SUM(u.amount ), 0) AS "u.total_amount",\n    COALESCE(SUM(u.attempts ), 0) AS "u.total_attempts"'
FROM = "FROM authy.verification_usage  AS u"
BY_DAY = "(DATE_FORMAT(u.usage_date , '%Y-%m-%d')) AS \"u.usage_date\""
BY_COUNTRY = 'u.country_iso  AS "u.country_iso"'
TAIL = "GROUP BY\n    1\nORDER BY\n    1 DESC\nLIMIT 500"


def looker(
    shown: str = BY_DAY, sums: str = SUMS, source: str = FROM, also: str = "", tail: str = TAIL, before: str = ""
) -> str:
    """A query as Looker writes it, of one account's third quarter of 2025."""
    by = f"{shown},\n    " if shown else ""
    return f"{before}SELECT\n    {by}{sums}\n{source}\nWHERE {FILTERS}{also}\n{tail}"


TOTAL = looker("", tail="LIMIT 1")
DAILY = looker()
CELLS = looker(f"{BY_COUNTRY},\n    {BY_DAY}", tail="GROUP BY\n    1,\n    2")


def pivoted(
    inner: str = CELLS,
    order: str = '"u.usage_date" DESC, z__pivot_col_rank',
    columns: str = 'CASE WHEN "u.country_iso" IS NULL THEN 1 ELSE 0 END, "u.country_iso"',
    rows: str = "(z___pivot_row_rank <= 500 OR z__pivot_col_ordering = 1)",
) -> str:
    """Looker's pivot around a query."""
    return (
        "SELECT * FROM (\nSELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) as z___pivot_row_rank, "
        "RANK() OVER (PARTITION BY z__pivot_col_rank ORDER BY z___min_rank) as z__pivot_col_ordering, "
        "CASE WHEN z___min_rank = z___rank THEN 1 ELSE 0 END AS z__is_highest_ranked_cell FROM (\n"
        'SELECT *, MIN(z___rank) OVER (PARTITION BY "u.usage_date") as z___min_rank FROM (\n'
        f"SELECT *, RANK() OVER (ORDER BY {order}) AS z___rank FROM (\n"
        f"SELECT *, DENSE_RANK() OVER (ORDER BY {columns}) AS z__pivot_col_rank FROM (\n{inner}) ww\n"
        ") bb WHERE z__pivot_col_rank <= 16384\n) aa\n) xx\n) zz\n"
        f" WHERE (z__pivot_col_rank <= 50 OR z__is_highest_ranked_cell = 1) AND {rows} ORDER BY z___pivot_row_rank"
    )


OLD_PIVOT = (
    pivoted(order="CASE WHEN z__pivot_col_rank=1 THEN 1 ELSE 2 END NULLS LAST, z__pivot_col_rank")
    .replace(", CASE WHEN z___min_rank = z___rank THEN 1 ELSE 0 END AS z__is_highest_ranked_cell", "")
    .replace("(z__pivot_col_rank <= 50 OR z__is_highest_ranked_cell = 1) AND (z___pivot", "z___pivot")
    .replace("z__pivot_col_ordering = 1) ORDER", "z__pivot_col_ordering = 1 ORDER")
)
BY_VALUE = (
    'CASE WHEN z__pivot_col_rank=6 THEN (CASE WHEN "u.total_amount" IS NOT NULL THEN 0 ELSE 1 END) ELSE 2 END, '
    'CASE WHEN z__pivot_col_rank=6 THEN "u.total_amount" ELSE NULL END DESC, "u.total_amount" DESC, z__pivot_col_rank'
)
DERIVED = (
    "WITH u AS (SELECT *, SPLIT(service_sid, 'A') AS parts\n      FROM (SELECT A.*, CONCAT(A.country_iso, A.mcc) AS "
    'place\n        FROM "authy"."verification_usage" AS A\n        -- one account\'s rows\n        WHERE '
    f"A.account_sid = '{ACCOUNT}')\n    )\n"
)
KEY = (
    "CAST(FROM_BASE(SUBSTR(TO_HEX(MD5(CAST(CAST( u.usage_date AS VARCHAR) AS VARBINARY))), {}), 16) AS DECIMAL(38, 0))"
)
HASH = f"{KEY.format('1, 14')} * CAST(10000000000 AS DECIMAL(38, 0)) + {KEY.format('17, 10')}"
SYMMETRIC = (
    f"COALESCE(CAST((SUM(DISTINCT (CAST(FLOOR(COALESCE(u.amount, 0) * (1000000*1.0)) AS DECIMAL(38,0))) + ({HASH})) "
    f'- SUM(DISTINCT ({HASH}))) AS DOUBLE) / CAST((1000000*1.0) AS DOUBLE), 0) AS "u.total_amount"'
)

ACCEPTED: dict[str, tuple[str, int | None, tuple[str, ...]]] = {
    # (SQL, its limit, the flags): each of one account's third quarter of 2025
    "totals ticked [APPEALS]": (f"{DAILY}\n\n{COMMENT}\n{TOTAL}", 500, ("looker_additions",)),
    "totals ticked, a CTE in both [APPEALS]": (
        "\n\n".join(
            [looker(before=DERIVED, source="FROM u"), f"{COMMENT}\n{looker('', before=DERIVED, source='FROM u')}"]
        ),
        500,
        ("looker_additions",),
    ),
    "totals ticked, semicolons and Windows' line ends [FLIGHTS]": (
        f"{DAILY};\n\n{COMMENT}\n{TOTAL};\n".replace("\n", "\r\n"),
        500,
        ("looker_additions",),
    ),
    "a filled dimension and totals [FLIGHTS]": (
        f"-- raw sql results do not include filled-in values for 'u.usage_date'\n\n\n{DAILY}\n\n{COMMENT}\n{TOTAL}",
        500,
        ("looker_additions",),
    ),
    "row totals and no column totals [APPEALS]": (f"{CELLS}\n\n{ROW_TOTALS}\n{DAILY}", None, ("looker_additions",)),
    "the comment with no totals behind it": (f"{DAILY}\n\n{COMMENT}\n;", 500, ()),
    "the comment with no query before it": (f"{COMMENT}\n{DAILY}", 500, ()),
    "a pivot [DBT]": (pivoted(), None, ("pivoted",)),
    "a pivot with a filled dimension [APPEALS]": (
        f"-- raw sql results do not include filled-in values for 'u.usage_date'\n\n\n{pivoted()}",
        None,
        ("pivoted",),
    ),
    "a pivot without a limit for each column [PARSER]": (
        pivoted(rows="(z___pivot_row_rank <= 5000)"),
        None,
        ("pivoted",),
    ),
    "a pivot whose limit cuts all rows but one": (pivoted(rows="(z___pivot_row_rank <= 1)"), None, ("pivoted",)),
    "a pivot of an older Looker [APPEALS]": (OLD_PIVOT, None, ("pivoted",)),
    "a pivot ordered by a value [LAKE]": (pivoted(order=BY_VALUE), None, ("pivoted",)),
    "a pivot over lines [LAKE]": ("\n  ".join(pivoted().split(" ")), None, ("pivoted",)),
    "a pivot behind a CTE [LAKE]": (
        DERIVED + pivoted(CELLS.replace(FROM, "FROM u")),
        None,
        ("pivoted",),
    ),
    "a pivot with every total [APPEALS]": (
        f"{pivoted()}\n\n{COMMENT}\n{DAILY}\n\n{ROW_TOTALS}\n{DAILY}\n\n{GRAND_TOTALS}\n{TOTAL}",
        None,
        ("looker_additions", "pivoted"),
    ),
    "FETCH FIRST [PARSER, which has NEXT]": (
        looker(tail=TAIL.replace("LIMIT 500", "FETCH FIRST 500 ROWS ONLY")),
        500,
        (),
    ),
    "a join in parentheses [SESSIONS]": (
        looker(source=f"{FROM}\nLEFT JOIN verify.mcc_codes  AS m ON (u.mcc ) = (m.mcc )"),
        500,
        (),
    ),
    "a join whole in parentheses, on two columns [DELTA]": (
        looker(
            source=f"{FROM}\nJOIN verify.mcc_codes  AS m ON ((u.mcc ) = m.mcc\n AND (u.country_iso) = (m.country_iso))"
        ),
        500,
        (),
    ),
    "a derived table that splits a text [LAKE]": (looker(before=DERIVED, source="FROM u"), 500, ()),
    "a symmetric sum [LAKE, DELTA]": (looker(sums=f"{SYMMETRIC},\n    COUNT(*) AS attempts"), 500, ()),
    "templated filters without a value [FILTERS]": (
        looker(also=" AND ((1=1 -- no filter on 'u.carrier'\n) AND 1=1 AND\n  -- Retention\n1 = 1\n)"),
        500,
        (),
    ),
    "custom measures [CUSTOM]": (
        looker(sums=SUMS.replace("u.total_", "sum_of_")),
        500,
        (),
    ),
    "a week as a column [LAKE]": (
        looker(
            "(DATE_FORMAT(DATE_TRUNC('DAY', DATE_ADD('day', (0 - MOD((DAY_OF_WEEK(u.usage_date) % 7) - 1 + 7, 7)), "
            "u.usage_date)), '%Y-%m-%d')) AS \"u.usage_week\""
        ),
        500,
        (),
    ),
    "a month of the quarter as a column [LAKE]": (
        looker('CASE\n WHEN (MONTH(u.usage_date)) IN (1,4,7,10) THEN 1\n ELSE 3\n END\n AS "u.month_of_quarter"'),
        500,
        (),
    ),
}
ANOTHER = "AND (m.country_name) IN ('low', 'poor')"

REFUSED: dict[str, tuple[str, str]] = {
    "more of Looker's comments than it writes": (
        f"{DAILY}\n\n" + f"{COMMENT}\n{TOTAL}\n" * 4,
        "The SQL has 4 of Looker's comments on totals; 3 is the most that Looker writes",
    ),
    "a pivot with a filter of somebody's [DBT, edited]": (
        pivoted().replace("<= 16384", '<= 16384 AND "u.total_amount" > 5'),
        "The query is pivoted (z___min_rank in line 2)",
    ),
    "a pivot with columns chosen [FLIGHTS, edited]": (
        pivoted().replace("SELECT * FROM (", 'SELECT "u.usage_date", "u.total_amount" FROM (', 1),
        "The query is pivoted",
    ),
    "a pivot in a pivot [DBT, edited]": (pivoted(pivoted()), "The query is pivoted"),
    "a pivot in a CTE [DBT, edited]": (f"WITH p AS ({pivoted()}) SELECT * FROM p", "The query is pivoted"),
    "a pivot with a LIMIT behind [DBT, edited]": (f"{pivoted()} LIMIT 5", "The query is pivoted"),
    "a pivot joined with more [DBT, edited]": (
        pivoted().replace(") bb", ") bb CROSS JOIN verify.mrr"),
        "The query is pivoted",
    ),
    "a pivot by a quoted name [DBT, edited]": (
        pivoted().replace("BY z___min_rank) as", 'BY "z___min_rank") as'),
        "The query is pivoted",
    ),
    "a pivot of another table": (pivoted(CELLS.replace(FROM, "FROM finance.cards AS u")), "reads finance.cards"),
    "totals of two queries": (
        f"{DAILY}\n{COMMENT}\n{TOTAL}; {TOTAL}",
        "has Looker's comment on totals in line 12, and not one query behind it",
    ),
    "a statement behind the comment": (f"{DAILY}\n{COMMENT}\nDROP TABLE x", "comment on totals in line 12"),
    "the comment in a text": (looker(also=f" AND u.mcc = '\n{COMMENT}\n' {TOTAL}"), "cannot be read at SELECT"),
    "the comment in another comment": (f"{DAILY}\n/*\n{COMMENT}\n*/\n{TOTAL}", "cannot be read at SELECT in line 15"),
    "the comment in other words": (f"{DAILY}\n{COMMENT} of mine\n{TOTAL}", "cannot be read at SELECT in line 13"),
    "the comment in the middle of a query": (
        looker(also=f" AND u.mcc IN (\n{COMMENT}\nSELECT mcc FROM finance.cards)"),
        "cannot be read",
    ),
    "a UNION at the comment": (f"{DAILY} UNION ALL\n{COMMENT}\n{TOTAL}", "has UNION in line 11"),
    "a half of a query before the comment": (f"WITH x AS ({DAILY})\n{COMMENT}\n{TOTAL}", "cannot be read"),
    "a window of another zone [LAKE]": (
        looker(
            also=" AND u.usage_date < ((CAST(CONCAT(FORMAT_DATETIME(DATE_ADD('day', -6, CAST(CAST(DATE_TRUNC("
            "'DAY', (NOW() AT TIME ZONE 'Asia/Taipei')) AS DATE) AS TIMESTAMP)), 'yyyy-MM-dd'), ' Asia/Taipei') "
            "AS TIMESTAMP)))"
        ),
        "(NOW() AT TIME ZONE 'Asia/Taipei')) AS DATE) AS TIMESTAMP)), 'yyyy-MM-dd'), ' Asia/Taipei')",
    ),
    "a filter of a joined table [LAKE]": (
        looker(source=f"{FROM}\nLEFT JOIN verify.mcc_codes  AS m ON u.mcc = m.mcc", also=f" {ANOTHER}"),
        "filters by (m.country_name) IN ('low', 'poor'),",
    ),
    "an IN in a join [LAKE]": (
        looker(
            source=f"{FROM}\nJOIN verify.mcc_codes  AS m ON u.mcc = m.mcc AND u.country_iso IN (m.country_iso, 'x')"
        ),
        "joins on u.country_iso IN (m.country_iso, 'x'),",
    ),
    "a NOT [LAKE]": (looker(also=" AND (NOT (u.sanctioned ))"), "filters by NOT (u.sanctioned ),"),
    "a filter that does not mind capitals": (
        looker(also=" AND (UPPER(u.country_iso ) = UPPER('ng'))"),
        "filters by UPPER(u.country_iso ) = UPPER('ng'),",
    ),
    "a filter on days as text": (
        looker(also=" AND (DATE_FORMAT(u.usage_date , '%m-%Y')) = '07-2025'"),
        "filters by (DATE_FORMAT(u.usage_date , '%m-%Y')) = '07-2025',",
    ),
    "a filter on a measure [APPEALS]": (
        looker(tail="GROUP BY\n    1\nHAVING NOT (COALESCE(SUM(u.amount ), 0) = 0)"),
        "has HAVING",
    ),
}
