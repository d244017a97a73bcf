"""The senders and the days that the report of deliverability is about."""

import base64
import re
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dagster as dg

from email_assets.account import configured_account
from email_assets.defs.deliverability import build_deliverability_assets
from email_assets.deliverability.daily import SenderDay
from email_assets.deliverability.report import WORST, render
from email_assets_tests.deliverability.deliverability_fixtures import put_daily

TODAY = date(2026, 6, 15)
ENOUGH = 100
NOON = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)
IMAGE = re.compile(r"!\[Bounce rate of the worst senders\]\(data:image/svg\+xml;base64,([^)]+)\)")


def day_of(sender: str, sent: int, hard: int) -> SenderDay:
    return SenderDay(day=TODAY, sender=sender, sent=sent, hard=hard, soft=0, complaints=0, other=0)


def worst_senders(*rows: SenderDay) -> tuple[str, list[str]]:
    """The title of the chart, and the senders on it from top to bottom."""
    (chart,) = IMAGE.findall(render(rows, TODAY, limit=0.05, min_messages=ENOUGH))
    root = ElementTree.fromstring(base64.b64decode(chart))
    title, *bars, _ = [text.text or "" for text in root.iter(f"{root.tag[:-3]}text")]
    return title, bars[::2]


def test_senders_are_ranked_by_their_rate_and_not_by_their_bounces() -> None:
    rows = [day_of("few", 100, 9), day_of("most", 1000, 50), day_of("worst", 200, 30)]

    assert worst_senders(*rows) == (
        "Worst senders with 100 messages or more",
        ["worst", "few", "most"],
    )


def test_a_sender_of_few_messages_is_not_named_where_another_has_enough() -> None:
    _, senders = worst_senders(day_of("few", ENOUGH - 1, 50), day_of("enough", ENOUGH, 1))

    assert senders == ["enough"]


def test_where_no_sender_has_enough_messages_all_are_named() -> None:
    rows = [day_of("a", 3, 1), day_of("b", ENOUGH - 1, 50)]

    assert worst_senders(*rows) == ("Worst senders", ["b", "a"])


def test_no_more_senders_are_named_than_the_worst() -> None:
    rows = [day_of(f"sender {bounces}", 100, bounces) for bounces in range(WORST + 2)]

    _, senders = worst_senders(*rows)

    assert senders == [row.sender for row in reversed(rows)][:WORST]


def test_a_day_that_is_yet_to_come_is_not_counted(warehouse: Path) -> None:
    put_daily(warehouse, "('2026-06-15', 'a', 100, 1, 0)", "('2026-06-16', 'a', 100, 50, 0)")
    _, report = build_deliverability_assets(configured_account(), clock=lambda: NOON)
    made: Any = report(dg.build_asset_context())
    (result,) = made

    figures = {name: result.metadata[name] for name in ("sent", "bounced", "bounce_rate")}
    assert figures == {"sent": 100, "bounced": 1, "bounce_rate": 0.01}
    assert result.metadata["report"].value.startswith("1.0 % bounced: 1 of 100 messages, ")
