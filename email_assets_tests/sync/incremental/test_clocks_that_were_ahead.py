"""A clock that was ahead during one sync, and rows that bear times to come."""

from __future__ import annotations

import pytest

from email_assets.clock import now
from email_assets.sandbox import Sandbox
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead
from email_assets_tests.messages import A_DAY
from email_assets_tests.sync.incremental_fixtures import Load, message
from email_assets_tests.warehouses import Query, keys_in, keys_of


@pytest.mark.slow
@pytest.mark.usefixtures("incremental")
def test_nothing_is_passed_over_until_the_time_that_it_told(
    api: Sandbox, load: Load, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.replace("messages", [message("planned", now() + 60 * A_DAY), *api.rows("messages")])
    with monkeypatch.context() as meanwhile:
        put_clock_ahead(meanwhile, 30 * A_DAY)
        load()
    api.insert_head("messages", 3)

    load()

    assert keys_in(query) == keys_of(api.rows("messages"))
    start = load().window.start
    assert start
    assert start < now()
