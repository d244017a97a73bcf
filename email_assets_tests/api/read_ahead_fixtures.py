"""A long list, and failures for its pages in flight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from email_assets_tests.api.pending import (
    PendingServer,
    offset_of,
)
from email_assets_tests.vendors.serving import Answer, Asked

SETTING = "SOURCES__EMAIL__READ_AHEAD"


LONG = 4000


PAGES = [0, *range(99, LONG - 1, 99)]


IN_FLIGHT = PAGES[1:9]
"""The pages that are asked for together once the first one has told the total."""


Reply = Callable[[Asked], Answer]


def fails(server: PendingServer, offsets: list[int], answer: Answer, times: int = 1) -> Reply:
    """A `reply` that gives these pages so many times another answer than their rows."""
    given = Counter[int]()

    def reply(asked: Asked) -> Answer:
        given[offset_of(asked)] += 1
        failed = offset_of(asked) in offsets and given[offset_of(asked)] <= times
        return answer if failed else server.page(asked)

    return reply


def busy(status: int = 429, retry_after: str | None = "17") -> Answer:
    return Answer(status, {}, {"Retry-After": retry_after} if retry_after else {})
