"""Postmark's messages and bounces by day and server."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.breakdown import read_breakdown
from email_assets.deliverability.daily import Outcome, build_daily
from email_assets_tests.deliverability.deliverability_fixtures import ROWS_OF_DAILY
from email_assets_tests.vendors.postmark_fixtures import DAY, NOON, Query, configure, load
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

pytestmark = pytest.mark.slow

__all__ = ["configure"]

# in New York, the day before
HALF_PAST_MIDNIGHT = NOON - timedelta(hours=11, minutes=30)


def test_they_are_counted_by_utc_day_and_the_servers_name(
    configure: Callable[..., None], query: Query
) -> None:
    with PostmarkServer(servers=2) as api:
        configure(api, None, ACCOUNT_TOKEN)
        first, second = api.servers
        first.send_many([HALF_PAST_MIDNIGHT, NOON, NOON, NOON])
        second.send_many([NOON - DAY])
        types = ["BadEmailAddress", "Blocked", "Transient", "SpamComplaint", "HardBounce"]
        for type_ in types:
            first.bounce(NOON)["Type"] = type_
        for name in ("servers", "messages", "bounces"):
            load(name)

        build_daily(configured_account(), say=print)

    assert [(str(day), *rest) for day, *rest in query(ROWS_OF_DAILY)] == [
        ("2026-06-14", "Server 2", 1, 0, 0, 0, 0, 0, 0.0),
        ("2026-06-15", "Server 1", 4, 3, 2, 1, 1, 1, 0.75),
    ]


def test_the_report_knows_their_recipients_tags_reasons_and_suppressions(
    configure: Callable[..., None], query: Query
) -> None:
    with PostmarkServer(servers=1) as api:
        configure(api, None, ACCOUNT_TOKEN)
        (server,) = api.servers
        server.bounce(NOON - DAY)["Details"] = "smtp;550 5.1.1 <ann@example.org> is unknown"
        server.send(NOON)["Recipients"] = ["ann@example.org", "bob@gmail.com", "cy@gmail.com"]
        for name in ("servers", "messages", "bounces", "suppressions"):
            load(name)

        today = NOON.date()
        found = read_breakdown(configured_account(), today - DAY, today, who="report", say=print)

    assert found.providers == {"Gmail": Outcome(2, 0, 0, 0, 0), "others": Outcome(1, 1, 0, 0, 0)}
    assert found.tags == {"invitation": Outcome(3, 1, 0, 0, 0)}
    assert found.reasons == {"5.1.1: the mailbox does not exist": 1}
    assert (found.suppressed, found.after_hard_bounce) == (1, (1, 1))
