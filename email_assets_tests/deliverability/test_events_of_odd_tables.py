"""The views of events, of tables that are not what they should be."""

from __future__ import annotations

from email_assets_tests.deliverability.deliverability_fixtures import (
    build,
    put_bounces,
    put_messages,
)
from email_assets_tests.queries import Place, on_both
from email_assets_tests.warehouses import Query, change, columns_of


@on_both
def test_what_no_row_ever_had_is_null(warehouse: Place, query: Query) -> None:
    put_messages(warehouse, "('m1', 101, '2026-03-01T10:00:00Z')")
    put_bounces(warehouse, "('m1', 'HardBounce', '2026-03-01T11:00:00Z')")

    build()

    assert query(
        "SELECT type, message, recipient, sender, reason FROM email.email_events ORDER BY time"
    ) == [("sent", "m1", None, "101", None), ("bounced", "m1", None, "101", None)]


@on_both
def test_a_recipient_with_a_name_is_the_address_alone(warehouse: Place, query: Query) -> None:
    put_messages(
        warehouse, "('m1', 101, '2026-03-01T10:00:00Z')", "('m2', 101, '2026-03-02T10:00:00Z')"
    )
    put_bounces(warehouse)
    change(
        warehouse,
        "ALTER TABLE email.messages ADD COLUMN recipients__email VARCHAR",
        "UPDATE email.messages SET recipients__email = 'Ann <Ann@x.example>' WHERE id = 'm1'",
        "UPDATE email.messages SET recipients__email = 'ann@x.example' WHERE id = 'm2'",
    )

    build()

    assert query("SELECT recipient, sent FROM email.recipients") == [("ann@x.example", 2)]


@on_both
def test_a_bounce_that_tells_no_recipient_is_one_of_its_messages(
    warehouse: Place, query: Query
) -> None:
    put_messages(warehouse, "('m1', 101, '2026-03-01T10:00:00Z')")
    put_bounces(warehouse, "('m1', 'HardBounce', '2026-03-01T11:00:00Z')")
    change(
        warehouse,
        "ALTER TABLE email.messages ADD COLUMN recipients__email VARCHAR",
        "UPDATE email.messages SET recipients__email = 'ann@x.example'",
    )

    build()

    assert query("SELECT recipient, bounced FROM email.recipients") == [("ann@x.example", 1)]


@on_both
def test_what_somebody_built_on_them_stays(warehouse: Place, query: Query) -> None:
    put_messages(warehouse, "('m1', 101, '2026-03-01T10:00:00Z')")
    put_bounces(warehouse)
    build()
    change(warehouse, "CREATE VIEW email.mine AS SELECT sent FROM email.recipients")
    change(warehouse, "ALTER TABLE email.messages ADD COLUMN recipients__email VARCHAR")
    change(warehouse, "UPDATE email.messages SET recipients__email = 'ann@x.example'")

    build()

    assert query("SELECT sent FROM email.mine") == [(1,)]


@on_both
def test_a_table_of_that_name_stays_and_is_told_of(warehouse: Place, query: Query) -> None:
    put_messages(warehouse, "('m1', 101, '2026-03-01T10:00:00Z')")
    put_bounces(warehouse)
    change(warehouse, "CREATE TABLE email.recipients (mine BIGINT)")
    said: list[str] = []

    build(said)

    assert columns_of(query, "recipients") == ["mine"]
    assert "recipients: a table has this name already, and no view is made." in said
