"""Opens and clicks by who keeps the mailboxes, of events that are put there by hand."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.blocks import Heading, Table
from email_assets.deliverability.breakdown import read_breakdown
from email_assets.deliverability.engagement import Engagement, of_opens, tells_of_opens
from email_assets.deliverability.events import EVENT_COLUMNS
from email_assets_tests.queries import Place, on_both
from email_assets_tests.warehouses import change

SINCE, UNTIL = date(2026, 6, 1), date(2026, 6, 15)
EVENTS = [
    ("2026-06-02 10:00", "sent", "m1", "ann@gmail.com"),
    ("2026-06-02 10:00", "sent", "m1", "bob@gmail.com"),
    ("2026-06-02 10:00", "sent", "m1", "cy@shop.example"),
    ("2026-06-02 11:00", "opened", "m1", "ann@gmail.com"),
    ("2026-06-02 12:00", "opened", "m1", "ann@gmail.com"),
    ("2026-06-02 12:00", "clicked", "m1", "ann@gmail.com"),
    ("2026-06-15 23:59", "clicked", "m1", "bob@gmail.com"),
    ("2026-05-31 23:59", "opened", "m0", "cy@shop.example"),
    ("2026-06-16 00:00", "opened", "m1", "cy@shop.example"),
    ("2026-06-03 10:00", "bounced", "m1", "cy@shop.example"),
]


def put_events(place: Place, *rows: tuple[str, str, str | None, str]) -> None:
    """A view's columns as a table, with what the rows tell."""
    types = ", ".join(f"{name} {type_}" for name, (type_, _) in EVENT_COLUMNS.items())
    change(
        place,
        "CREATE SCHEMA email",
        f"CREATE TABLE email.email_events ({types})",
        *(
            "INSERT INTO email.email_events (time, type, message, recipient) VALUES "
            f"(CAST('{time}+00' AS TIMESTAMPTZ), '{type_}', {_text(message)}, '{recipient}')"
            for time, type_, message, recipient in rows
        ),
    )


def _text(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


def opens(monkeypatch: pytest.MonkeyPatch, vendor: str) -> dict[str, Engagement]:
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", vendor)
    return read_breakdown(configured_account(), SINCE, UNTIL, who="report", say=print).opens


@on_both
def test_a_message_counts_once_for_each_recipient_and_a_click_is_an_open(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_events(warehouse, *EVENTS)

    assert opens(monkeypatch, "mailgun") == {
        "Gmail": Engagement(sent=2, opened=2, clicked=2),
        "others": Engagement(sent=1, opened=0, clicked=0),
    }


@on_both
def test_opens_of_messages_from_before_the_period_do_not_count(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [
        ("2026-05-31 10:00", "sent", "m0", "ann@gmail.com"),
        ("2026-06-02 10:00", "opened", "m0", "ann@gmail.com"),
        ("2026-06-02 10:00", "clicked", "m0", "ann@gmail.com"),
    ]
    put_events(warehouse, *EVENTS, *before)

    assert opens(monkeypatch, "mailgun")["Gmail"] == Engagement(sent=2, opened=2, clicked=2)


@on_both
def test_messages_without_an_id_do_not_count_beside_those_that_have_one(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = [
        (f"2026-06-02 1{hour}:00", type_, None, "ann@gmail.com")
        for hour, type_ in enumerate(("sent", "opened", "sent", "clicked", "sent"))
    ]
    put_events(warehouse, *EVENTS, *unknown)

    assert opens(monkeypatch, "mailgun")["Gmail"] == Engagement(sent=2, opened=2, clicked=2)


def test_where_messages_have_no_id_nothing_tells_which_were_opened(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "mailgun")
    vendor: Any = deepcopy(configured_account().vendor)
    assert tells_of_opens(vendor)

    del vendor["deliverability"]["messages"]["id"]

    assert not tells_of_opens(vendor)


def test_where_nothing_was_opened_there_is_nothing_to_tell(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_events(warehouse, *EVENTS[:3])

    assert opens(monkeypatch, "mailgun") == {}


def test_of_a_vendor_that_tells_of_no_opens_nobody_asks_the_events(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_events(warehouse, *EVENTS)

    assert opens(monkeypatch, "generic") == {}


def test_a_table_of_somebody_else_is_not_read(
    warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(warehouse, "CREATE SCHEMA email", "CREATE TABLE email.email_events (id BIGINT)")

    assert opens(monkeypatch, "mailgun") == {}


def test_rates_are_of_what_was_sent() -> None:
    blocks: list[Any] = of_opens({"Gmail": Engagement(200, 50, 1), "others": Engagement(0, 1, 0)})

    assert blocks[0] == Heading("Opens and clicks")
    assert isinstance(blocks[1], Table)
    assert blocks[1].rows == [
        ["Gmail", "200", "50", "25.0 %", "1", "0.50 %"],
        ["others", "0", "1", "-", "0", "-"],
        ["all", "200", "51", "25.5 %", "1", "0.50 %"],
    ]


def test_a_report_without_them_has_no_such_section() -> None:
    assert of_opens({}) == []
