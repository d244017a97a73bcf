"""Each statement that checks and deliverability ask, in the words of each destination.

Only DuckDB, PostgreSQL and SQLite are here to be asked. Of others it is known that their statements
are of their grammar, and name what dlt made.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from email_assets.account import configured_account
from email_assets.deliverability.breakdown import read_breakdown
from email_assets.deliverability.daily import build_daily, read_daily
from email_assets.sandbox import Sandbox
from email_assets.warehouse import dialects
from email_assets.warehouse.counts import count_keys
from email_assets.warehouse.dialects import HAVE_OUR_PATTERNS, in_dialect
from email_assets_tests.conftest import KEY
from email_assets_tests.queries import set_place
from email_assets_tests.warehouses import change, load

pytestmark = pytest.mark.slow

DIALECTS = (
    *("bigquery", "snowflake", "redshift", "databricks", "tsql", "fabric", "clickhouse"),
    *("postgres", "sqlite"),
)
SINCE, UNTIL = date(2020, 1, 1), date(2040, 1, 1)


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """All that was asked while messages were loaded, checked, counted by day and reported."""
    asked: list[str] = []

    def listen(statement: str, dialect: str) -> tuple[str, tuple[int, ...]]:
        asked.append(statement)
        return in_dialect(statement, dialect)

    warehouse = tmp_path_factory.mktemp("dialects") / "warehouse.duckdb"
    with pytest.MonkeyPatch.context() as patch, Sandbox(messages=50, api_key=KEY) as sandbox:
        set_place(patch, warehouse)
        patch.setenv("API_KEY", KEY)
        patch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
        patch.setenv("CATALOG__PREVIEW_ROWS", "1")
        patch.setattr(dialects, "in_dialect", listen)
        for resource in ("messages", "bounces", "domains"):
            load(resource)
            # so that there are examples of duplicate keys to be asked for
            change(warehouse, f"INSERT INTO email.{resource} SELECT * FROM email.{resource}")
            count_keys(configured_account().warehouse, resource, ["id"], say=print)
        build(warehouse)
        yield asked


def build(warehouse: Path) -> None:
    """Make and read what is made of the tables, once of a table that has changed since."""
    account = configured_account()
    build_daily(account, say=print)
    change(
        warehouse,
        "ALTER TABLE email.deliverability_daily DROP COLUMN hard",
        "ALTER TABLE email.deliverability_daily ALTER sent TYPE VARCHAR",
    )
    build_daily(account, say=print)
    read_daily(account, SINCE, who="report", say=print)
    read_breakdown(account, SINCE, UNTIL, who="report", say=print)


def in_grammar(statement: str, dialect: str) -> str:
    """A statement in a dialect, which sqlglot can read in it."""
    translated, _ = in_dialect(statement, dialect)
    parsed = sqlglot.parse_one(translated.replace("%s", "'x'"), read=dialect)
    assert not parsed.find(exp.Command), translated  # what it cannot read is one
    return translated


def is_asked(statement: str, dialect: str) -> bool:
    # sqlglot does not know that Databricks drops columns
    if "DROP COLUMN" in statement:
        return dialect != "databricks"
    return "regexp_replace" not in statement or dialect in HAVE_OUR_PATTERNS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_is_of_the_grammar(dialect: str, statements: list[str]) -> None:
    assert len(statements) > 20
    for statement in statements:
        if is_asked(statement, dialect):
            in_grammar(statement, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_parameter_has_its_place(dialect: str, statements: list[str]) -> None:
    for statement in statements:
        translated, order = in_dialect(statement, dialect)
        assert translated.count("%s") == len(order)
        assert {*order} == {*range(statement.count("%s"))}


def test_a_parameter_that_a_dialect_says_twice_is_given_twice() -> None:
    # SQL Server sorts what is NULL first, unless it is told twice
    _, order = in_dialect("SELECT a FROM t WHERE b = %s ORDER BY COALESCE(a, %s)", "tsql")
    assert order == (0, 1, 1)


def test_names_that_are_not_quoted_are_what_snowflake_reads_in_them() -> None:
    translated, _ = in_dialect('SELECT m.day FROM "EMAIL"."MESSAGES" AS m', "snowflake")
    assert translated == 'SELECT "M"."DAY" FROM "EMAIL"."MESSAGES" AS "M"'


def test_words_of_a_dialect_may_be_names() -> None:
    translated, _ = in_dialect("SELECT 1 AS tag", "redshift")
    assert translated == 'SELECT 1 AS "tag"'


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("tsql", "SELECT CAST([id] AS NVARCHAR(MAX)) FROM [m]"),
        ("redshift", 'SELECT CAST("id" AS VARCHAR(MAX)) FROM "m"'),
        ("clickhouse", 'SELECT CAST("id" AS Nullable(String)) FROM "m"'),
        ("bigquery", "SELECT CAST(`id` AS STRING) FROM `m`"),
    ],
)
def test_a_text_is_one_of_any_length_and_letters(dialect: str, expected: str) -> None:
    assert in_dialect("SELECT CAST(id AS VARCHAR) FROM m", dialect)[0] == expected


def test_sql_server_is_asked_for_some_rows_by_its_own_word(statements: list[str]) -> None:
    limited = [one for one in statements if "GROUP BY" in one and one.endswith("LIMIT 10")]
    assert limited
    for statement in limited:
        translated = in_grammar(statement, "tsql")
        assert translated.startswith("SELECT TOP 10 ")
        assert "LIMIT" not in translated


def test_a_table_of_clickhouse_has_an_engine() -> None:
    translated, _ = in_dialect("CREATE TABLE d (n BIGINT)", "clickhouse")
    assert translated.endswith(" ENGINE = MergeTree ORDER BY tuple()")


def test_duckdb_is_asked_as_it_is_written(statements: list[str]) -> None:
    assert {in_dialect(statement, "duckdb")[0] for statement in statements} == {*statements}
