"""The words of the report of deliverability of senders, days and remedies, and how it looks."""

import base64
import re
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.defs.deliverability import build_deliverability_assets
from email_assets.deliverability.blocks import Picture, Points, Table, Text, as_html, as_markdown
from email_assets.deliverability.breakdown import Breakdown, OfType
from email_assets.deliverability.daily import Outcome, SenderDay
from email_assets.deliverability.facts import Facts
from email_assets.deliverability.report import MOST_SENDERS, WORST, report_of
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets_tests.deliverability.deliverability_fixtures import put_daily

TODAY = date(2026, 6, 15)
ENOUGH = 100
A_HUNDRED = Outcome(sent=100, hard=1, soft=0, complaints=0, other=0)
NOON = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)
IMAGE = re.compile(r"!\[Bounce rate of the worst senders\]\(data:image/svg\+xml;base64,([^)]+)\)")


class Reader(HTMLParser):
    """Reads a page: its tags, and what it fetches or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = set[str]()
        self.linked = list[str | None]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.linked += [value for name, value in attrs if name in ("src", "href")]


def day_of(sender: str, sent: int, hard: int = 0, ago: int = 0, complaints: int = 0) -> SenderDay:
    day = TODAY - timedelta(days=ago)
    return SenderDay(sent, hard, 0, complaints, 0, day=day, sender=sender)


def facts_of(*rows: SenderDay, breakdown: Breakdown | None = None) -> Facts:
    return Facts(rows, breakdown or Breakdown(), TODAY, DeliverabilitySettings())


def worst_senders(*rows: SenderDay) -> tuple[str, list[str]]:
    """The title of the chart, and the senders on it from top to bottom."""
    (chart,) = IMAGE.findall(as_markdown(report_of(facts_of(*rows))))
    root = ElementTree.fromstring(base64.b64decode(chart))
    title, *bars, _ = [text.text or "" for text in root.iter(f"{root.tag[:-3]}text")]
    return title, bars[::2]


def table_of_senders(*rows: SenderDay) -> dict[str, list[str]]:
    table = next(block for block in report_of(facts_of(*rows)) if isinstance(block, Table))
    assert table.columns[:4] == ["Sender", "This week", "Last week", "Change"]
    return {sender: [*cells] for sender, *cells in table.rows}


def remedies_of(*rows: SenderDay, breakdown: Breakdown | None = None) -> list[str]:
    blocks = report_of(facts_of(*rows, breakdown=breakdown))
    return [*next(block for block in blocks if isinstance(block, Points)).points]


def test_senders_are_ranked_by_their_rate_and_not_by_their_bounces() -> None:
    rows = [day_of("few", 100, 9), day_of("most", 1000, 50), day_of("worst", 200, 30)]

    assert worst_senders(*rows) == (
        "Worst senders with 100 messages or more",
        ["worst", "few", "most"],
    )


def test_a_sender_of_few_messages_is_not_ranked_where_another_has_enough() -> None:
    _, senders = worst_senders(day_of("few", ENOUGH - 1, 50), day_of("enough", ENOUGH, 1))

    assert senders == ["enough"]


def test_where_no_sender_has_enough_messages_all_are_ranked() -> None:
    rows = [day_of("a", 3, 1), day_of("b", ENOUGH - 1, 50)]

    assert worst_senders(*rows) == ("Worst senders", ["b", "a"])


def test_no_more_senders_are_ranked_than_the_worst() -> None:
    rows = [day_of(f"sender {bounces}", 100, bounces) for bounces in range(WORST + 2)]

    _, senders = worst_senders(*rows)

    assert senders == [row.sender for row in reversed(rows)][:WORST]


def test_senders_that_are_addresses_are_named_by_their_domain() -> None:
    rows = [day_of("Ann <ann@acme.example>", 100), day_of("joe@ACME.example", 100, 5)]

    assert worst_senders(*rows, day_of("joe@localhost", 100))[1] == ["acme.example", "…"]


def test_weeks_are_whole_days_and_compared_by_sender() -> None:
    rows = [
        *(day_of("news", 1000, ago=0), day_of("news", 30, ago=1), day_of("news", 30, ago=7)),
        *(day_of("news", 40, ago=8), day_of("news", 40, 2, ago=14), day_of("news", 9, ago=15)),
        day_of("a.name.of.a.sender.that.has.no.room.in.a.chart.example", 0, 3),
    ]

    assert table_of_senders(*rows) == {
        "news": ["60", "80", "-25 %", "1,149", "2", "0.17 %", "0.0 %"],
        rows[-1].sender: ["0", "0", "-", "0", "3", "-", "-"],
    }


def test_of_many_senders_those_with_bounces_and_no_messages_are_named_too() -> None:
    many = [day_of(f"sender {number}", 1000 + number, 1) for number in range(400)]
    silent = [day_of(f"silent {hard}", 0, hard) for hard in range(1, 8)]

    named = table_of_senders(*many, *silent)

    assert len(named) == MOST_SENDERS
    assert [name for name in named if name.startswith("silent")] == [
        f"silent {hard}" for hard in (7, 6, 5, 4, 3)
    ]
    assert "sender 399" in named


def test_what_to_do_is_told_with_the_figures() -> None:
    breakdown = Breakdown(
        providers={
            "Gmail": Outcome(sent=500, hard=100, soft=0, complaints=0, other=0),
            "others": Outcome(sent=1500, hard=20, soft=0, complaints=0, other=0),
        },
        after_hard_bounce=(12, 3),
        unverified={"bad.example": ["SPF"]},
    )

    said = remedies_of(day_of("news", 2000, 120, complaints=5), breakdown=breakdown)

    assert [sentence.partition(":")[0].partition(";")[0] for sentence in said] == [
        "6.0 % bounced, most of news",
        "Gmail bounced 20.0 % of what it got, and the others 1.3 %",
        "5 of 2,000 messages were called spam, most of news",
        "Messages to addresses that had bounced hard before",
        "Sending domains whose records are not right",
    ]


@pytest.mark.parametrize(
    ("complaints", "first"), [(6, "6.0 % bounced"), (7, "7 of 2,000 messages were called spam")]
)
def test_what_passes_its_limit_is_told_before_what_is_warned_of(
    complaints: int, first: str
) -> None:
    said = remedies_of(day_of("news", 2000, 120, complaints=complaints))

    assert [sentence.startswith(first) for sentence in said] == [True, False]


@pytest.mark.parametrize(
    ("sent", "bounced", "complaints", "told"),
    [
        (100_000, 5_001, 0, "5.001 % bounced, most of news; max_bounce_rate is 5.000 %."),
        (100_000, 0, 101, "0.101 %, where mailbox providers want less than 0.100 %."),
        (100_000, 7_200, 0, "7.2 % bounced, most of news; max_bounce_rate is 5.0 %."),
    ],
)
def test_a_rate_is_not_rounded_to_the_limit_that_it_passes(
    sent: int, bounced: int, complaints: int, told: str
) -> None:
    (said,) = remedies_of(day_of("news", sent, bounced, complaints=complaints))

    assert told in said


def test_bounces_of_which_no_sender_is_known_are_put_on_none() -> None:
    (said,) = remedies_of(day_of("news", 2000), day_of("unknown", 0, 120))

    assert said.startswith("6.0 % bounced; max_bounce_rate is 5.0 %. ")
    assert said.endswith("look at where the account's addresses come from.")


def test_where_all_is_well_nothing_is_to_be_done() -> None:
    assert remedies_of(day_of("news", 2000, 10)) == ["Nothing stands out."]


def test_types_and_reasons_that_have_no_room_are_counted_together() -> None:
    types = [OfType(f"Type {number}", "soft", 20 - number) for number in range(12)]
    reasons = {f"Reason {number}": 20 - number for number in range(12)}

    blocks = report_of(
        facts_of(day_of("news", 9), breakdown=Breakdown(types=types, reasons=reasons))
    )

    tables = [block.rows for block in blocks if isinstance(block, Table)]
    assert tables[-2][-1] == ["further types", "", "19"]
    assert tables[-1][-1] == ["further reasons", "19"]


def test_that_nobody_was_written_to_after_a_hard_bounce_is_told() -> None:
    blocks = report_of(facts_of(day_of("news", 9), breakdown=Breakdown(after_hard_bounce=(0, 0))))

    assert Text("No message went to an address that had bounced hard before.") in blocks


def test_a_page_needs_nothing_from_outside_and_follows_light_and_dark() -> None:
    sender = day_of('<img src="x">', 200, 20, complaints=1)
    page = as_html("Delivery <of> mail", report_of(facts_of(sender)))

    reader = Reader()
    reader.feed(page)
    assert {"svg", "table", "ul"} <= reader.tags
    assert not {"script", "link", "img", "iframe"} & reader.tags
    assert reader.linked == []
    assert re.search(r"url\(|@import", page) is None
    dark = page.partition("prefers-color-scheme:dark")[2].partition("body{")[0]
    for svg in (block.svg for block in report_of(facts_of(sender)) if isinstance(block, Picture)):
        for attribute in {*re.findall(r'((?:fill|stroke)="#\w+")', svg)}:
            assert f"[{attribute}]" in dark


def test_a_day_that_is_yet_to_come_is_not_counted(warehouse: Path) -> None:
    put_daily(warehouse, "('2026-06-15', 'a', 100, 1, 0)", "('2026-06-16', 'a', 100, 50, 0)")
    _, report = build_deliverability_assets(configured_account(), clock=lambda: NOON)
    made: Any = report(dg.build_asset_context())
    (result,) = made

    figures = {name: result.metadata[name] for name in ("sent", "bounced", "bounce_rate")}
    assert figures == {"sent": 100, "bounced": 1, "bounce_rate": 0.01}
    assert result.metadata["report"].value.startswith("1.0 % bounced: 1 of 100 messages, ")


def test_where_the_api_tells_of_no_complaints_the_report_shows_none_and_says_so() -> None:
    facts = facts_of(
        day_of("news", 2000, 40), breakdown=Breakdown(domains={}, providers={"Gmail": A_HUNDRED})
    )

    text = as_markdown(report_of(replace(facts, tells_of_complaints=False)))

    assert "soft: 0; the API does not tell who called it spam." in text
    assert "Complaint" not in re.sub(r"\(data:[^)]*\)", "", text)
    assert "Complaint rate" in as_markdown(report_of(facts))
