"""A warehouse that was loaded without streams loads on, and gets what it lacks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from email_assets_tests.vendors.postmark_fixtures import DAY, NOON, Query, configure, load
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

pytestmark = pytest.mark.slow

__all__ = ["configure", "use_vendor"]

BY_SERVER = """
from copy import deepcopy

from email_assets.vendors import postmark

VENDOR = deepcopy(postmark.VENDOR)
for resource in VENDOR["resources"]:
    if resource["name"] in ("bounces", "messages"):
        resource["for_each"] = postmark.EACH_SERVER
        del resource["endpoint"]["params"]
"""
BY_STREAM = "from email_assets.vendors.postmark import VENDOR as VENDOR"


def test_it_gets_the_older_rows_of_other_streams_and_each_of_its_own_once(
    configure: Callable[..., None], use_vendor: UseVendor, query: Query
) -> None:
    with PostmarkServer(servers=2) as account:
        configure(account, None, ACCOUNT_TOKEN)
        for each in account.servers:
            each.add_stream("news", "Broadcasts")
            each.send(NOON)
            each.send(NOON - 9 * DAY, "news")
            each.bounce(NOON)
            each.bounce(NOON - 9 * DAY, "news")["ID"] += 1
        use_vendor(BY_SERVER)
        assert (load("messages").row_count, load("bounces").row_count) == (2, 2)
        account.servers[1].refuses_with = 403
        assert load("messages").owners_refused == {"servers 2": "403 Forbidden"}
        account.servers[1].refuses_with = None

        use_vendor(BY_STREAM)
        reports = load("messages"), load("bounces")

    assert [(each.row_count, each.owners_refused) for each in reports] == [(4, {}), (4, {})]
    for name in ("messages", "bounces"):
        assert query(f"SELECT server_id, message_stream FROM email.{name} ORDER BY 1, 2") == [
            (1, "news"),
            (1, "outbound"),
            (2, "news"),
            (2, "outbound"),
        ]
