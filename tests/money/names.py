"""Forms of a claim's SQL: accepted ones with the tables that they read, and refused ones with the words of the refusal.

Shared with the lane of the real Presto, which is asked what each of them reads.
"""

from __future__ import annotations

from verify_credit.looker_sql import Session

from tests.money.ledger import ACCOUNT

SESSION = Session("hive", "authy")
USAGE, CODES, MRR, COSTS, ACCOUNTS = (
    f"hive.{name}"
    for name in (
        "authy.verification_usage",
        "verify.mcc_codes",
        "verify.mrr",
        "verify.provider_costs",
        "verify.accounts",
    )
)


def where(table: str = "") -> str:
    """The filters of one account's July, of a table by that name."""
    of = f"{table}." if table else ""
    return (
        f"WHERE {of}account_sid = '{ACCOUNT}' AND {of}is_fraud = true "
        f"AND {of}usage_date >= DATE '2025-07-01' AND {of}usage_date < DATE '2025-08-01'"
    )


TOTALS = "SUM(attempts) AS total_attempts, SUM(amount) AS total_amount"
PLAIN = "authy.verification_usage"
ALL = f"SELECT * FROM {PLAIN} {where()}"


def showing(expression: str, group: str = "GROUP BY 1") -> str:
    """The totals by one more column."""
    return f"SELECT {expression} AS shown, {TOTALS} FROM {PLAIN} {where()} {group}"


def joined(join: str, table: str = "verify.mcc_codes m", shown: str = "m.country_name") -> str:
    """The totals by a column of another table."""
    totals = "SUM(u.attempts) AS total_attempts, SUM(u.amount) AS total_amount"
    return f"SELECT {shown}, {totals} FROM {PLAIN} u {join.replace('@', table)} {where('u')} GROUP BY 1"


ACCEPTED: dict[str, tuple[str, set[str]]] = {
    "schema and table": (f"SELECT {TOTALS} FROM {PLAIN} {where()}", {USAGE}),
    "the table alone": (f"SELECT {TOTALS} FROM verification_usage {where()}", {USAGE}),
    "catalog, schema and table": (f"SELECT {TOTALS} FROM hive.{PLAIN} {where()}", {USAGE}),
    "all quoted": (f'SELECT {TOTALS} FROM "hive"."authy"."verification_usage" {where()}', {USAGE}),
    "quoted in capitals": (f'SELECT {TOTALS} FROM "AUTHY"."Verification_Usage" {where()}', {USAGE}),
    "capitals": (f"SELECT {TOTALS} FROM HIVE.AUTHY.VERIFICATION_USAGE {where()}", {USAGE}),
    "capitals, the table alone": (f"SELECT {TOTALS} FROM Verification_Usage {where('VERIFICATION_USAGE')}", {USAGE}),
    "blanks and comments in a name": (
        f"SELECT {TOTALS} FROM authy /* a */ . -- b\n verification_usage {where()}",
        {USAGE},
    ),
    "a comment that opens twice": (f"SELECT /* /* */ {TOTALS} FROM verification_usage {where()} -- */ /*", {USAGE}),
    "an alias": (f"SELECT {TOTALS} FROM verification_usage AS u {where('u')}", {USAGE}),
    "an alias without AS": (f"SELECT {TOTALS} FROM verification_usage u {where('u')}", {USAGE}),
    "a quoted alias": (f'SELECT {TOTALS} FROM verification_usage AS "U" {where("u")}', {USAGE}),
    "an alias of another table's name": (f"SELECT {TOTALS} FROM {PLAIN} AS mcc_codes {where('mcc_codes')}", {USAGE}),
    "an alias of its own name": (
        f"SELECT {TOTALS} FROM {PLAIN} verification_usage {where('verification_usage')}",
        {USAGE},
    ),
    "columns by the table's name": (f"SELECT {TOTALS} FROM verification_usage {where('verification_usage')}", {USAGE}),
    "columns by schema and table": (f"SELECT {TOTALS} FROM {PLAIN} {where(PLAIN)}", {USAGE}),
    "columns by a schema that FROM leaves out": (f"SELECT {TOTALS} FROM verification_usage {where(PLAIN)}", {USAGE}),
    "columns by catalog, schema and table": (f"SELECT {TOTALS} FROM {PLAIN} {where('hive.' + PLAIN)}", {USAGE}),
    "a semicolon": (f"SELECT {TOTALS} FROM {PLAIN} {where()};", {USAGE}),
    "the whole in parentheses": (f"(SELECT {TOTALS} FROM {PLAIN} {where()})", {USAGE}),
    "DISTINCT": (f"SELECT DISTINCT usage_date, attempts, amount FROM {PLAIN} {where()}", {USAGE}),
    "ORDER BY and LIMIT": (showing("mcc", "GROUP BY mcc ORDER BY 2 DESC NULLS LAST, 1 LIMIT 500"), {USAGE}),
    "a subquery": (f"SELECT {TOTALS} FROM (SELECT * FROM verification_usage) x {where('x')}", {USAGE}),
    "a subquery without an alias": (f"SELECT {TOTALS} FROM (SELECT * FROM verification_usage) {where()}", {USAGE}),
    "subqueries in each other": (
        f"SELECT {TOTALS} FROM (SELECT * FROM (SELECT * FROM {PLAIN}) a) b {where()}",
        {USAGE},
    ),
    "a subquery that has the table's name": (
        f"SELECT {TOTALS} FROM (SELECT * FROM {PLAIN}) verification_usage {where('verification_usage')}",
        {USAGE},
    ),
    "a subquery that renames in its SELECT": (
        f"SELECT SUM(n) AS total_attempts FROM (SELECT account_sid a, usage_date d, is_fraud f, attempts n FROM {PLAIN}) x "
        f"WHERE x.a = '{ACCOUNT}' AND x.f AND x.d >= DATE '2025-07-01' AND x.d < DATE '2025-08-01'",
        {USAGE},
    ),
    "a CTE": (f"WITH v AS ({ALL}) SELECT {TOTALS} FROM v", {USAGE}),
    "a CTE in other letters": (f"WITH Vol AS ({ALL}) SELECT {TOTALS} FROM VOL", {USAGE}),
    "a quoted CTE": (f'WITH "Vol" AS ({ALL}) SELECT {TOTALS} FROM vol', {USAGE}),
    "a CTE by an alias": (f"WITH v AS ({ALL}) SELECT {TOTALS} FROM v AS w WHERE w.mcc = '621'", {USAGE}),
    "a CTE of a CTE": (f"WITH v AS ({ALL}), w AS (SELECT * FROM v) SELECT {TOTALS} FROM w", {USAGE}),
    "a CTE in a subquery": (f"WITH v AS ({ALL}) SELECT {TOTALS} FROM (SELECT * FROM v) x", {USAGE}),
    "a CTE in a subquery of a CTE": (
        f"WITH v AS ({ALL}), w AS (SELECT * FROM (SELECT * FROM v) x) SELECT {TOTALS} FROM w",
        {USAGE},
    ),
    "a CTE of a table's bare name elsewhere": (f"WITH codes AS ({ALL}) SELECT {TOTALS} FROM codes", {USAGE}),
    "an alias of a CTE's name": (f"WITH v AS ({ALL}) SELECT {TOTALS} FROM (SELECT * FROM v) v", {USAGE}),
    "two CTEs joined": (
        f"WITH v AS ({ALL}), c AS (SELECT mcc, country_name FROM verify.mcc_codes) "
        f"SELECT c.country_name, {TOTALS} FROM v JOIN c ON v.mcc = c.mcc GROUP BY 1",
        {USAGE, CODES},
    ),
    "a join": (joined("JOIN @ ON u.mcc = m.mcc"), {USAGE, CODES}),
    "a join of three parts": (joined("JOIN @ ON u.mcc = m.mcc", "hive.verify.mcc_codes m"), {USAGE, CODES}),
    "a left join": (joined("LEFT JOIN @ ON u.mcc = m.mcc AND u.country_iso = m.country_iso"), {USAGE, CODES}),
    "a left outer join": (joined("LEFT OUTER JOIN @ ON m.mcc = u.mcc"), {USAGE, CODES}),
    "an inner join": (joined("INNER JOIN @ ON (u.mcc = m.mcc)"), {USAGE, CODES}),
    "a right join": (joined("RIGHT JOIN @ ON u.mcc = m.mcc"), {USAGE, CODES}),
    "a full join": (joined("FULL OUTER JOIN @ ON u.mcc = m.mcc"), {USAGE, CODES}),
    "a cross join": (joined("CROSS JOIN @"), {USAGE, CODES}),
    "a comma": (joined(", @"), {USAGE, CODES}),
    "a comma and a join": (joined(", @ JOIN verify.mrr r ON m.mcc = r.account_sid"), {USAGE, CODES, MRR}),
    "a join with a subquery": (joined("JOIN (SELECT mcc, country_name FROM @) m ON u.mcc = m.mcc"), {USAGE, CODES}),
    "two joins": (
        joined("JOIN @ ON u.mcc = m.mcc JOIN verify.accounts a ON a.account_sid = u.account_sid"),
        {USAGE, CODES, ACCOUNTS},
    ),
    "two joins of tables by their own names": (
        "SELECT SUM(verification_usage.amount) AS total_amount FROM verification_usage "
        "LEFT JOIN verify.mcc_codes ON verification_usage.mcc = mcc_codes.mcc "
        f"LEFT JOIN verify.provider_costs ON mcc_codes.mcc = provider_costs.mcc {where('verification_usage')}",
        {USAGE, CODES, COSTS},
    ),
    "a quoted function": (f'SELECT "sum"(amount) AS total_amount FROM {PLAIN} {where()}', {USAGE}),
    "a month as text": (showing("DATE_FORMAT(usage_date, '%Y-%m')"), {USAGE}),
    "a month as a date": (showing("DATE_TRUNC('month', usage_date)"), {USAGE}),
    "a week of Looker's": (
        showing(
            "DATE_FORMAT(DATE_ADD('day', (0 - MOD((DAY_OF_WEEK(usage_date) % 7) - 1 + 7, 7)), usage_date), '%Y-%m-%d')"
        ),
        {USAGE},
    ),
    "parts of a date": (showing("EXTRACT(YEAR FROM usage_date) * 100 + MONTH(usage_date)"), {USAGE}),
    "a difference of days": (showing("DATE_DIFF('day', DATE '2025-07-01', usage_date)"), {USAGE}),
    "a date by Joda's format": (showing("FORMAT_DATETIME(CAST(usage_date AS TIMESTAMP), 'yyyy-MM')"), {USAGE}),
    "the last day of a month": (showing("LAST_DAY_OF_MONTH(usage_date)"), {USAGE}),
    "an interval": (showing("usage_date - INTERVAL '7' DAY"), {USAGE}),
    "a time zone in what is shown": (showing("CAST(usage_date AS TIMESTAMP) AT TIME ZONE 'UTC'"), {USAGE}),
    "distinct counts": (showing("COUNT(DISTINCT mcc)", ""), {USAGE}),
    "an estimate of a count": (showing("APPROX_DISTINCT(service_sid)", ""), {USAGE}),
    "a filtered sum": (showing("SUM(attempts) FILTER (WHERE mcc = '621')", ""), {USAGE}),
    "smallest, largest, mean": (showing("MIN(amount) + MAX(amount) - AVG(amount)", ""), {USAGE}),
    "COALESCE and NULLIF": (showing("COALESCE(NULLIF(mcc, ''), 'unknown')"), {USAGE}),
    "IF": (showing("IF(attempts > 5, 'many', 'few')"), {USAGE}),
    "CASE": (showing("CASE WHEN attempts > 5 AND NOT mcc IN ('1') THEN mcc ELSE NULL END"), {USAGE}),
    "CASE of a value": (showing("CASE country_iso WHEN 'NG' THEN 1 WHEN 'PK' THEN 2 END"), {USAGE}),
    "casts": (showing("CAST(TRY_CAST(mcc AS BIGINT) AS DECIMAL(18,2))"), {USAGE}),
    "text": (showing("CONCAT(UPPER(TRIM(country_iso)), '-', SUBSTR(mcc, 1, 2)) || LOWER('X')"), {USAGE}),
    "a length": (showing("LENGTH(country_iso) BETWEEN 1 AND 3 OR mcc LIKE '6%' OR mcc IS NOT NULL"), {USAGE}),
    "rounding": (showing("ROUND(ABS(amount), 2) + CEIL(amount) + FLOOR(amount)"), {USAGE}),
    "row numbers": (
        f"SELECT attempts, amount, ROW_NUMBER() OVER (PARTITION BY mcc ORDER BY usage_date DESC) AS n FROM {PLAIN} {where()}",
        {USAGE},
    ),
    "a running sum": (
        "SELECT attempts, amount, SUM(amount) OVER (ORDER BY usage_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) "
        f"AS so_far FROM {PLAIN} {where()}",
        {USAGE},
    ),
    "ranks of sums": (
        f"SELECT mcc, {TOTALS}, RANK() OVER (ORDER BY SUM(amount) DESC) AS place FROM {PLAIN} {where()} GROUP BY mcc",
        {USAGE},
    ),
    "what is quoted looks like SQL": (
        f"SELECT 'FROM finance.cards' AS \"union\", {TOTALS} FROM {PLAIN} {where()} /* FROM finance.cards */",
        {USAGE},
    ),
    "a quote in a text": (showing("'it''s -- no /* comment'"), {USAGE}),
}

ACROSS = f"WITH a AS (SELECT * FROM credit_cards), credit_cards AS (SELECT * FROM verify.mcc_codes) SELECT {TOTALS} FROM {PLAIN} u JOIN a ON a.mcc = u.mcc {where('u')}"
"""Reads a table by a name that a later CTE has, too."""

NOT_ALLOWED = "reads credit_cards, which is hive.authy.credit_cards to Presto: not allowed"

REFUSED: dict[str, tuple[str, str]] = {
    "a forward reference": (ACROSS, NOT_ALLOWED),
    "a reference of a CTE to itself": (
        f"WITH credit_cards AS (SELECT * FROM credit_cards) SELECT {TOTALS} FROM {PLAIN} u "
        f"JOIN credit_cards c ON c.mcc = u.mcc {where('u')}",
        NOT_ALLOWED,
    ),
    "a CTE that a subquery's table has the name of, qualified": (
        f"WITH credit_cards AS ({ALL}) SELECT {TOTALS} FROM authy.credit_cards",
        "reads authy.credit_cards, which is hive.authy.credit_cards to Presto",
    ),
    "a WITH in a subquery, its name outside": (
        f"SELECT {TOTALS} FROM (WITH credit_cards AS ({ALL}) SELECT * FROM credit_cards) x JOIN credit_cards c ON c.mcc = x.mcc",
        "a WITH inside",
    ),
    "a WITH in a CTE": (f"WITH v AS (WITH w AS ({ALL}) SELECT * FROM w) SELECT {TOTALS} FROM v", "a WITH inside"),
    "a CTE that shadows the usage table": (
        f"WITH verification_usage AS ({ALL}) SELECT {TOTALS} FROM verification_usage",
        "a table's name: verification_usage",
    ),
    "a quoted CTE that shadows a table": (
        f'WITH "MCC_Codes" AS (SELECT * FROM verify.mcc_codes) SELECT {TOTALS} FROM {PLAIN} {where()}',
        'a table\'s name: "MCC_Codes"',
    ),
    "two CTEs of one name": (f'WITH v AS ({ALL}), "V" AS (SELECT * FROM v) SELECT {TOTALS} FROM v', "one name"),
    "a CTE read twice": (f"WITH v AS ({ALL}) SELECT {TOTALS} FROM v a JOIN v b ON a.mcc = b.mcc", "CTEs twice"),
    "a table and schema as one quoted name": (
        f'SELECT {TOTALS} FROM "authy.verification_usage" {where()}',
        'reads "authy.verification_usage", which is hive.authy.authy.verification_usage to Presto',
    ),
    "another table in a CTE that nobody reads": (
        f"WITH v AS (SELECT * FROM credit_cards) SELECT {TOTALS} FROM {PLAIN} {where()}",
        NOT_ALLOWED,
    ),
    "another table after a comma": (f"SELECT {TOTALS} FROM {PLAIN} u, credit_cards c {where('u')}", NOT_ALLOWED),
    "another schema": (f"SELECT {TOTALS} FROM reporting.verification_usage {where()}", "reads reporting.verification"),
    "another catalog": (f"SELECT {TOTALS} FROM other.{PLAIN} {where()}", "reads other.authy.verification_usage"),
    "a name of four parts": (f"SELECT {TOTALS} FROM a.hive.{PLAIN} {where()}", "cannot hold"),
    "a column of two thousand parts": (showing("a" + ".a" * 2000), "has a.a.a.a"),
    "letters that look English": (f"SELECT {TOTALS} FROM verificatiоn_usage {where()}", "'о' in line 1"),
    "letters that are folded, in quotes": (f'SELECT {TOTALS} FROM verify."bloc\u212aing_events"', "only English"),
    "IN (SELECT)": (f"{ALL} AND mcc IN (SELECT mcc FROM verify.mcc_codes)", "a SELECT outside of FROM"),
    "EXISTS": (f"{ALL} AND EXISTS (SELECT 1 FROM verify.mcc_codes)", "has EXISTS in line 1"),
    "a scalar subquery that is shown": (
        f"SELECT (SELECT MAX(mrr) FROM verify.mrr) AS m, {TOTALS} FROM {PLAIN} {where()}",
        "a SELECT outside of FROM",
    ),
    "a scalar subquery in WHERE": (f"{ALL} AND mcc = (SELECT MAX(mcc) FROM verify.mcc_codes)", "outside of FROM"),
    "a scalar subquery in ON": (joined("JOIN @ ON u.mcc = (SELECT MAX(mcc) FROM verify.mcc_codes)"), "outside of FROM"),
    "a scalar subquery in ORDER BY": (f"{ALL} ORDER BY (SELECT MAX(mrr) FROM verify.mrr)", "outside of FROM"),
    "a scalar subquery in GROUP BY": (showing("1", "GROUP BY (SELECT 1 FROM verify.mrr)"), "outside of FROM"),
    "a scalar subquery in HAVING": (f"{showing('mcc')} HAVING 1 = (SELECT 1 FROM verify.mrr)", "HAVING"),
    "a subquery compared with ANY": (f"{ALL} AND mcc = ANY (SELECT mcc FROM verify.mcc_codes)", "calls ANY(…)"),
    "a UNION": (f"{ALL} UNION ALL {ALL}", "has UNION in line 1"),
    "an INTERSECT in a subquery": (f"SELECT * FROM ({ALL} INTERSECT {ALL}) x", "has INTERSECT"),
    "an EXCEPT": (f"{ALL} EXCEPT SELECT * FROM verify.mrr", "has EXCEPT"),
    "a UNION behind a comment that does not nest": (f"{ALL} /* /* */ UNION SELECT * FROM credit_cards -- */", "UNION"),
    "VALUES": (f"SELECT {TOTALS} FROM {PLAIN} u CROSS JOIN (VALUES 1, 2) v {where('u')}", "has VALUES"),
    "TABLE": (f"SELECT {TOTALS} FROM (TABLE {PLAIN}) x {where('x')}", "has TABLE in line 1"),
    "no SELECT": (f"FROM {PLAIN} {where()}", "is FROM, not one SELECT"),
    "no SELECT in a subquery": (f"SELECT {TOTALS} FROM (FROM {PLAIN}) x {where('x')}", "without a SELECT"),
    "UNNEST": (f"SELECT 1 FROM {PLAIN} CROSS JOIN UNNEST(mccs) {where()}", "has UNNEST"),
    "LATERAL": (f"SELECT 1 FROM {PLAIN} u CROSS JOIN LATERAL (SELECT * FROM verify.mrr) m {where('u')}", "has LATERAL"),
    "TABLESAMPLE": (f"SELECT 1 FROM {PLAIN} TABLESAMPLE BERNOULLI (10) {where()}", "has TABLESAMPLE"),
    "a join in parentheses": (f"SELECT 1 FROM ({PLAIN} u CROSS JOIN verify.mrr m) {where('u')}", "reads from"),
    "USING": (joined("JOIN @ USING (mcc)"), "has USING in line 1"),
    "NATURAL": (joined("NATURAL JOIN @"), "has NATURAL"),
    "a SEMI JOIN": (
        f"SELECT {TOTALS} FROM {PLAIN} u LEFT SEMI JOIN verify.mrr m ON u.mcc = m.mcc {where('u')}",
        "SEMI",
    ),
    "a table as of another time": (f"SELECT 1 FROM {PLAIN} FOR VERSION AS OF 5 {where()}", "plain table"),
    "a lambda": (showing("COALESCE(x -> x, 1)"), "cannot be read at - in line 1"),
    "a lambda in a function of arrays": (showing("FILTER(mcc, x -> x > 1)"), "cannot be read at -"),
    "an array": (showing("ARRAY[1, 2]"), "has '[' in line 1"),
    "an array's element": (showing("mccs[1]"), "has '[' in line 1"),
    "a cast in two colons": (showing("mcc::bigint"), "has ':' in line 1"),
    "an at sign": (f"SELECT 1 FROM verification_usage@x {where()}", "has '@' in line 1"),
    "a backquote": (f"SELECT 1 FROM `authy`.verification_usage {where()}", "has '`' in line 1"),
    "a comment of Jinja's": (f"SELECT 1 FROM {PLAIN} {{# , credit_cards #}} {where()}", "has '{' in line 1"),
    "a text with a prefix": (f"{ALL} AND mcc = N'621'", "cannot be read at N in line 1"),
    "a text in hex": (f"{ALL} AND mcc = X'621A'", "cannot be read at X in line 1"),
    "a text in Unicode": (f"{ALL} AND mcc = U&'\\0036'", "has '&' in line 1"),
    "an unknown function": (f"{ALL}\nAND usage_date >=\nfiscal_start('2025')", "calls fiscal_start(…) in line 3"),
    "a quoted function": (showing('"Fiscal_Start"(mcc)'), 'calls "Fiscal_Start"(…)'),
    "a function of a schema": (showing("authy.upper(mcc)"), "calls upper(…)"),
    "a function that reads elsewhere": (showing("KEY_SAMPLING_PERCENT(mcc)"), "calls KEY_SAMPLING_PERCENT(…)"),
    "who asks": (showing("CURRENT_USER"), "has CURRENT_USER"),
    "columns renamed by a CTE": (f"WITH v (a, b) AS ({ALL}) SELECT * FROM v", "renames columns in v"),
    "columns renamed by a second CTE": (f"WITH w AS ({ALL}), v (a) AS (SELECT 1 FROM w) SELECT * FROM v", "renames"),
    "columns renamed by an alias": (f"SELECT 1 FROM {PLAIN} AS u (a, b) {where('u')}", "renames columns"),
    "GROUPING SETS": (showing("mcc", "GROUP BY GROUPING SETS ((mcc), ())"), "has GROUPING"),
    "a clause after parentheses": (f"({ALL}) LIMIT 5", "outside of its parentheses"),
    "a named WINDOW": (f"SELECT SUM(amount) OVER w FROM {PLAIN} {where()} WINDOW w AS (ORDER BY mcc)", "WINDOW"),
    "a lock": (f"{ALL} FOR UPDATE", "FOR UPDATE"),
    "a quote that never closes": (f"SELECT 1 FROM {PLAIN}\n{where()} AND mcc = 'x", "opens in line 2 is never closed"),
    "a comment that never closes": (f"{ALL} /* and so on", "never closed"),
}
