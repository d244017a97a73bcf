"""Requests that are tried as often as may be, and the sentence that they end with."""

from __future__ import annotations

import pytest

from email_assets.errors import ApiUnavailableError
from email_assets_tests.api.conftest import OpenListing, ask

UNTOUCHED = "Tried 3 times; what was loaded before is untouched."


def given_up(listing_of: OpenListing, waits: list[float]) -> str:
    """The sentences after three attempts, with the usual waits between them."""
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert waits == [2.0, 4.0]
    return str(caught.value)
