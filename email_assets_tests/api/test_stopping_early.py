"""A list is read from its newest end to where everything is older."""

from datetime import datetime, timezone

import pytest

from email_assets.api.window import Window
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.listing import Listing
from email_assets_tests.api.conftest import OpenListing, ids, offsets, read


class TestStoppingEarly:
    @pytest.fixture
    def listing(
        self, api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
    ) -> Listing:
        """The messages, of which the newest 150 are to be read."""
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")
        opened = listing_of("messages")
        start = datetime.fromisoformat(api.rows("messages")[149]["sent_at"].replace("Z", "+00:00"))
        opened.paginator.window = Window(start)
        return opened

    def test_the_first_page_that_is_older_as_a_whole_is_the_last(
        self, api: Sandbox, listing: Listing
    ) -> None:
        api.insert_head("messages", 100)
        start = datetime.fromisoformat(api.rows("messages")[150]["sent_at"].replace("Z", "+00:00"))
        listing.paginator.window = Window(start)
        assert ids(read(listing)) == ids(api.rows("messages")[:298])
        assert offsets(api) == [0, 99, 198]
        assert listing.paginator.stopped_early
        assert (listing.paginator.reached, listing.paginator.total) == (298, 350)

    def test_a_list_that_ends_before_is_read_to_its_end(
        self, api: Sandbox, listing: Listing
    ) -> None:
        listing.paginator.window = Window(datetime(2020, 1, 1, tzinfo=timezone.utc))
        assert ids(read(listing)) == ids(api.rows("messages"))
        assert not listing.paginator.stopped_early

    def test_rows_that_vanish_at_the_head_hide_none_from_a_list_that_stops_early(
        self, api: Sandbox, listing: Listing
    ) -> None:
        """The page after them reaches back, and the seven rows before it were not read yet."""
        before = api.rows("messages")
        api.set_faults("messages", Fault("delete_head", rows=7, times=1))
        assert {*ids(read(listing))} >= {*ids(before[:150])}

    def test_rows_without_a_time_stop_nothing(self, api: Sandbox, listing: Listing) -> None:
        rows = [{**row, "sent_at": None} for row in api.rows("messages")]
        api.replace("messages", rows)
        assert len(read(listing)) == 250

    def test_a_list_in_another_order_is_read_to_its_end(
        self, api: Sandbox, listing: Listing
    ) -> None:
        api.replace("messages", api.rows("messages")[::-1])
        assert len(read(listing)) == 250
