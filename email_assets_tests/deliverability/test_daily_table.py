"""The table by day and sender: read from a day on, and altered when its columns change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import (
    DeliverabilityError,
    SenderDay,
    build_daily,
    read_daily,
)
from email_assets.deliverability.dictionary import DAILY_COLUMNS
from email_assets.errors import EmailAssetsError
from email_assets_tests.deliverability.deliverability_fixtures import (
    ROWS_OF_DAILY,
    put_bounces,
    put_messages,
)
from email_assets_tests.queries import Place
from email_assets_tests.warehouses import Query, ask, change, columns_of


def build() -> int:
    return build_daily(configured_account(), say=print)[0]


def read(since: str) -> list[SenderDay]:
    return read_daily(
        configured_account(), date.fromisoformat(since), who="deliverability_report", say=print
    )


class TestReading:
    @pytest.mark.parametrize("action", [build, lambda: read("2026-01-01")])
    def test_a_warehouse_that_cannot_be_used_is_one_sentence(
        self, action: Callable[[], Any], warehouse: Path
    ) -> None:
        warehouse.write_bytes(b"rubbish" * 1000)

        with pytest.raises(EmailAssetsError, match="the warehouse cannot be used") as caught:
            action()

        assert "\n" not in str(caught.value)

    def test_it_reads_from_a_day_on(self, warehouse: Path) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')", "('b', 7, '2026-03-02 10:00Z')")
        put_bounces(warehouse, "('b', 'SoftBounce', '2026-03-02 11:00Z')")
        build()

        assert read("2026-03-02") == [
            SenderDay(
                day=date(2026, 3, 2), sender="7", sent=1, hard=0, soft=1, complaints=0, other=0
            )
        ]

    @pytest.mark.parametrize("is_there", [False, True], ids=["no file", "no table"])
    def test_without_a_table_it_says_what_to_materialize(
        self, is_there: bool, warehouse: Path
    ) -> None:
        if is_there:
            put_messages(warehouse)

        with pytest.raises(DeliverabilityError) as caught:
            read("2026-03-02")

        assert str(caught.value) == (
            "deliverability_report: there is no table deliverability_daily yet. Materialize "
            "deliverability_daily."
        )


class TestColumns:
    """Tables of other versions: what they lack is added, what they have besides goes."""

    @pytest.mark.parametrize(
        "former",
        [
            "ALTER TABLE email.deliverability_daily DROP COLUMN complaints",
            "ALTER TABLE email.deliverability_daily ADD COLUMN opened BIGINT",
            "ALTER TABLE email.deliverability_daily ALTER bounce_rate TYPE VARCHAR",
            "ALTER TABLE email.deliverability_daily RENAME sender TO domain",
            'ALTER TABLE email.deliverability_daily RENAME sender TO "Sender"',
        ],
        ids=["a column fewer", "a column more", "another type", "another name", "capitals"],
    )
    def test_a_table_of_another_version_gets_todays_columns_and_rows(
        self, former: str, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse)
        build()
        change(warehouse, former)

        build()

        assert {*columns_of(query, "deliverability_daily")} == {*DAILY_COLUMNS}
        assert query(ROWS_OF_DAILY) == [(date(2026, 3, 1), "7", 1, 0, 0, 0, 0, 0, 0.0)]

    @pytest.mark.parametrize(
        ("warehouse", "added"),
        [
            ("duckdb", "Opened"),
            ("duckdb", 'a "b"'),
            # DuckDB takes `Sender` and `sender` for one
            *(
                pytest.param("postgres", added, marks=pytest.mark.postgres)
                for added in ("Opened", 'a "b"', "Sender")
            ),
        ],
        indirect=["warehouse"],
    )
    def test_a_column_that_somebody_added_goes_however_its_name_is_written(
        self, added: str, warehouse: Place
    ) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse)
        build()
        name = added.replace('"', '""')
        change(warehouse, f'ALTER TABLE email.deliverability_daily ADD COLUMN "{name}" BIGINT')

        build()

        assert {*columns_of(partial(ask, warehouse), "deliverability_daily")} == {*DAILY_COLUMNS}
        assert ask(warehouse, ROWS_OF_DAILY) == [(date(2026, 3, 1), "7", 1, 0, 0, 0, 0, 0, 0.0)]

    def test_a_table_of_this_version_keeps_what_somebody_built_on_it(
        self, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse)
        build()
        change(warehouse, "ALTER TABLE email.deliverability_daily ALTER sent SET DEFAULT 7")

        build()

        defaults = (
            "SELECT column_default FROM duckdb_columns() "
            "WHERE table_name = 'deliverability_daily' AND column_name = 'sent'"
        )
        assert query(defaults) == [("7",)]
