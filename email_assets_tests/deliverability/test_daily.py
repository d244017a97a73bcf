"""The table of messages and bounces by day and sender."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.deliverability.dictionary import DAILY_COLUMNS
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.deliverability.deliverability_fixtures import (
    ROWS_OF_DAILY,
    build,
    counted,
    put_bounces,
    put_messages,
)
from email_assets_tests.queries import WAREHOUSES, Place, fresh_place, on_both
from email_assets_tests.warehouses import Query, change, columns_of, fresh_warehouse, load


@pytest.fixture(scope="module", params=WAREHOUSES)
def loaded(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Sandbox, Query, list[str]]]:
    """The sandbox in a warehouse, with the table made before and after its domains came."""
    said: list[str] = []
    folder = tmp_path_factory.mktemp("daily")
    place = fresh_place(folder, request)
    with Sandbox(messages=300) as sandbox:
        with fresh_warehouse(folder, sandbox, place) as query:
            for name in ("messages", "bounces"):
                load(name)
            build(said)
            load("domains")
            build()
        yield sandbox, query, said


class TestOfTheSandbox:
    def test_it_counts_what_the_api_lists(self, loaded: tuple[Sandbox, Query, list[str]]) -> None:
        sandbox, query, _ = loaded

        assert [(str(day), *rest) for day, *rest in query(ROWS_OF_DAILY)] == counted(sandbox)
        rates = "SELECT complaint_rate, complaints, sent FROM email.deliverability_daily"
        assert all(rate == (n / sent if sent else None) for rate, n, sent in query(rates))

    def test_its_columns_are_those_that_are_described(
        self, loaded: tuple[Sandbox, Query, list[str]]
    ) -> None:
        _, query, _ = loaded

        assert columns_of(query, "deliverability_daily") == list(DAILY_COLUMNS)

    def test_without_their_names_senders_are_shown_by_their_id(
        self, loaded: tuple[Sandbox, Query, list[str]]
    ) -> None:
        assert loaded[2] == [
            "deliverability_daily: domains is not loaded yet, so senders are shown by their id."
        ]


@on_both
class TestCounting:
    @pytest.mark.slow
    def test_what_tells_no_time_is_in_no_row_and_told(self, api: Sandbox, query: Query) -> None:
        message = api.rows("messages")[0]
        api.replace("messages", [message, {**message, "id": "later", "sent_at": "soon"}])
        api.replace("bounces", [])
        for name in ("messages", "bounces"):
            load(name)

        assert build_daily(configured_account(), say=print) == (1, 1)

    def test_each_type_counts_as_what_the_vendors_file_says(
        self, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse, *(f"('{n}', 7, '2026-03-01 10:00Z')" for n in range(10)))
        types = [
            *("HardBounce", "HardBounce", "SoftBounce", "Blocked", "DnsError"),
            *("SpamComplaint", "Transient", "SomethingNew"),
        ]
        put_bounces(warehouse, *(f"('1', '{t}', '2026-03-01 11:00Z')" for t in types))
        change(warehouse, "INSERT INTO email.bounces VALUES ('1', NULL, '2026-03-01 11:00Z')")

        build()

        assert query(ROWS_OF_DAILY) == [(date(2026, 3, 1), "7", 10, 5, 2, 3, 1, 3, 0.5)]

    def test_types_may_be_numbers_though_the_vendors_file_names_texts(
        self, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse)
        change(
            warehouse,
            "ALTER TABLE email.bounces ALTER type TYPE BIGINT USING CAST(type AS BIGINT)",
            "INSERT INTO email.bounces VALUES ('a', 550, '2026-03-01 11:00Z')",
        )

        build()

        assert query(ROWS_OF_DAILY) == [(date(2026, 3, 1), "7", 1, 0, 0, 0, 0, 1, 0.0)]

    def test_a_day_is_one_of_utc(
        self, warehouse: Path, query: Query, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__SESSION_TIMEZONE", "Asia/Tokyo")
        put_messages(warehouse, "('a', 7, '2026-03-01 23:59Z')", "('b', 7, '2026-03-02 00:00Z')")
        put_bounces(warehouse)

        build()

        assert [row[:3] for row in query(ROWS_OF_DAILY)] == [
            (date(2026, 3, 1), "7", 1),
            (date(2026, 3, 2), "7", 1),
        ]

    def test_a_day_on_which_only_bounces_came_has_no_rate(
        self, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse, "('a', 'HardBounce', '2026-03-02 10:00Z')")

        build()

        assert query(ROWS_OF_DAILY) == [
            (date(2026, 3, 1), "7", 1, 0, 0, 0, 0, 0, 0.0),
            (date(2026, 3, 2), "7", 0, 1, 1, 0, 0, 0, None),
        ]

    def test_a_bounce_whose_message_is_not_there_is_counted_for_nobody(
        self, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse)
        put_bounces(warehouse, "('gone', 'HardBounce', '2026-03-02 10:00Z')")

        build()

        assert [row[:4] for row in query(ROWS_OF_DAILY)] == [(date(2026, 3, 2), "unknown", 0, 1)]

    def test_a_bounce_of_a_message_that_is_there_twice_counts_once(
        self, warehouse: Path, query: Query
    ) -> None:
        put_messages(warehouse, *["('a', 7, '2026-03-01 10:00Z')"] * 2)
        put_bounces(warehouse, "('a', 'HardBounce', '2026-03-02 10:00Z')")

        build()

        assert [row[:4] for row in query(ROWS_OF_DAILY)] == [
            (date(2026, 3, 1), "7", 2, 0),
            (date(2026, 3, 2), "7", 0, 1),
        ]

    def test_two_senders_of_one_name_are_one(self, warehouse: Path, query: Query) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')", "('b', 8, '2026-03-01 10:00Z')")
        put_bounces(warehouse)
        change(
            warehouse,
            "CREATE TABLE email.domains (id BIGINT, name VARCHAR)",
            "INSERT INTO email.domains VALUES (7, 'acme'), (8, 'acme'), (8, 'acme')",
        )

        build()

        assert [row[:3] for row in query(ROWS_OF_DAILY)] == [(date(2026, 3, 1), "acme", 2)]

    def test_it_is_made_anew_every_time(self, warehouse: Path, query: Query) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse)

        assert (build(), build()) == (1, 1)

    @pytest.mark.slow
    def test_an_api_without_rows_gives_an_empty_table(self, api: Sandbox, query: Query) -> None:
        for name in ("messages", "bounces"):
            api.set_faults(name, Fault("empty"))
            load(name)

        assert build() == 0
        assert query(ROWS_OF_DAILY) == []


@pytest.mark.slow
@on_both
@pytest.mark.parametrize("letters", [63, 80])
def test_a_dataset_with_a_name_longer_than_dlts_own_names_is_read(
    api: Sandbox, warehouse: Place, monkeypatch: pytest.MonkeyPatch, letters: int
) -> None:
    monkeypatch.setenv("WAREHOUSE__DATASET_NAME", "e" * letters)
    for name in ("messages", "bounces", "domains"):
        load(name)

    rows, _ = build_daily(configured_account(), say=print)

    assert rows == len(counted(api))
    assert load("domains").rows_loaded == 0
