"""Owners that the API does not list for a while: nothing of them is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from email_assets_tests.vendors.postmark_fixtures import (
    DAY,
    NOON,
    Query,
    configure,
    load,
    loaded_ids,
    message_ids,
)
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

__all__ = ["configure"]


@pytest.mark.slow
def test_one_that_was_refused_before_is_read_from_where_it_was(
    configure: Callable[..., None], query: Query
) -> None:
    with PostmarkServer(servers=3) as account:
        configure(account, None, ACCOUNT_TOKEN)
        quiet, refused, busy = account.servers
        refused.send(NOON)
        load("messages")
        refused.refuses_with = 403
        refused.send(NOON + 2 * DAY)
        busy.send(NOON + 9 * DAY)
        load("messages")
        account.servers[:] = [quiet]
        load("messages")

        refused.refuses_with = None
        account.servers[:] = [quiet, refused, busy]
        load("messages")

        assert loaded_ids(query) == sorted([*message_ids(refused), *message_ids(busy)])
