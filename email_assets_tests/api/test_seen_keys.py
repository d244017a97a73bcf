"""The count of different keys, of few and of many."""

from __future__ import annotations

import pytest

from email_assets.api.seen import MANY, SeenKeys


@pytest.mark.parametrize("keys", [1000, MANY + 1000])
def test_keys_that_came_twice_count_once(keys: int) -> None:
    seen = SeenKeys()
    seen.add(map(str, range(keys)))
    seen.add(map(str, range(500)))
    assert seen.count == keys
    seen.add(["another"])
    assert seen.count == keys + 1
