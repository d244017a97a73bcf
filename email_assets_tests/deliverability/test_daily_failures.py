"""The table by day stays as it was when making it fails, and the failure is one sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from email_assets.deliverability.daily import DeliverabilityError
from email_assets.deliverability.tables import MappingError
from email_assets.errors import EmailAssetsError
from email_assets_tests.deliverability.deliverability_fixtures import (
    build,
    put_bounces,
    put_messages,
)
from email_assets_tests.warehouses import Query, change


class TestFailures:
    def test_before_anything_is_loaded_it_says_what_to_materialize_and_makes_no_file(
        self, warehouse: Path
    ) -> None:
        with pytest.raises(DeliverabilityError) as caught:
            build()

        assert str(caught.value) == (
            "deliverability_daily: there is no table messages yet. Materialize messages."
        )
        assert not warehouse.exists()

    def test_a_table_that_was_never_loaded_is_not_taken_for_one_without_rows(
        self, warehouse: Path
    ) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")

        with pytest.raises(DeliverabilityError, match=r"there is no table bounces yet\."):
            build()

    def test_a_column_that_is_not_there_is_named_with_its_field(self, warehouse: Path) -> None:
        put_messages(warehouse)
        put_bounces(warehouse)
        change(warehouse, "ALTER TABLE email.bounces DROP COLUMN bounced_at")

        with pytest.raises(MappingError) as caught:
            build()

        assert str(caught.value) == (
            "deliverability_daily: the table bounces has no column bounced_at, of the field "
            "'bounced_at' that 'deliverability' in the vendor's file names. Correct it there, or "
            "materialize bounces once the API gives the field."
        )

    def test_a_field_that_holds_no_time_is_named(self, warehouse: Path) -> None:
        put_messages(warehouse)
        put_bounces(warehouse)
        change(warehouse, "ALTER TABLE email.messages ALTER sent_at TYPE VARCHAR")

        with pytest.raises(MappingError, match="'sent_at' of messages comes as text and not as"):
            build()

    def test_a_failure_half_way_leaves_the_old_table(self, warehouse: Path, query: Query) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse)
        build()
        # the table is emptied before its rows are put in, which fails for a day without messages
        change(
            warehouse,
            "ALTER TABLE email.deliverability_daily ALTER bounce_rate SET NOT NULL",
            "INSERT INTO email.bounces VALUES ('a', 'HardBounce', '2026-03-02 11:00Z')",
        )

        with pytest.raises(EmailAssetsError) as caught:
            build()

        assert "\n" not in str(caught.value)
        assert query("SELECT day, sender, sent FROM email.deliverability_daily") == [
            (date(2026, 3, 1), "7", 1)
        ]
