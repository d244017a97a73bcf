"""Finds the next page of a list of whole pages, which have numbers and cannot overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from email_assets.api.page import EMPTY_PAGES, Page, endless, same_page
from email_assets.errors import ApiError

WALKS = 10
"""Times that a reader may look for known rows up to the first page before it gives up."""

ONE_AGAIN = 3
"""Times that a page of one row may come again, where all have one; then the list has no other."""
A_ROUND_NUMBER = 5
"""Rows of a full page are a multiple of it: one that may be full may not be the only one, though
some APIs count one page always."""


class WholePages:
    """Decides from each page which one to ask for next.

    After each page, the one before is looked at again: if a row vanished that stood before both,
    the first row of the later page has moved up into the earlier one, where nobody would find it.
    If that page brings nothing that is known, the one before it is looked at, too. A row that moves
    up a page and down again between two looks is not seen.

    What ends a list is a page that brings nothing, while the API does not say that there is more; a
    total only confirms what a page says that is shorter than others.

    Args:
        first: The number of the first page.
        size: Rows of a full page, or None where only the pages can tell.
        looks_back: Whether to look at pages again, which doubles the requests.
        error: Makes an error of what the API did.

    Attributes:
        place: The number of the page to ask for next.
        has_next: Whether there is anything more to ask for.
        missed_rows: Whether the last page came after rows that may not have been read yet.
        has_gaps: Whether a page was empty that the API counts.
        looked_back: Whether the last page was looked at again.
    """

    def __init__(
        self,
        first: int,
        size: int | None,
        looks_back: bool,
        error: Callable[[str], ApiError],
    ) -> None:
        self._first, self._size, self._looks_back, self._error = first, size, looks_back, error
        self.place = self._front = first
        self.has_next = True
        self.missed_rows = self.has_gaps = self.looked_back = False
        self._widest = 0
        self._empty_pages = 0
        self._walks = 0
        self._ended = self._is_doubtful = self._is_said_last = self._asks_again = False
        self._front_keys: list[str] = []
        self._known: set[str] = set()
        """Keys of the page before the front page, as it was first read."""

    def learn(self, page: Page) -> None:
        """Decide where to go on.

        Args:
            page: What came; its `total` counts pages.

        Raises:
            ApiError: The page came just before, or the API says without end that there is more.
        """
        page = replace(page, keys=list(dict.fromkeys(page.keys)))
        self.looked_back = page.place < self._front
        is_counted = page.total is not None and page.place - self._first < page.total
        if is_counted and not page.keys and not self._asks_again:
            self._asks_again = True  # the API may do better at the second time
            return
        self.has_gaps = self.has_gaps or (is_counted and not page.keys)
        self._asks_again = False
        if self.looked_back:
            self._look_back(page)
        else:
            self._go_on(page)
        self.missed_rows = self.place < self._front

    def _go_on(self, page: Page) -> None:
        said_last = page.total is not None and page.place + 1 - self._first >= page.total
        is_full = len(page.keys) >= (self._size or 0) and len(page.keys) >= self._widest > 0
        repeats = bool(page.keys) and page.keys == self._front_keys and page.place > self._first
        # of pages that have one row each, one may come again since another row has arrived
        is_one = repeats and len(page.keys) == self._widest == 1
        may_be_stuck = (self._looks_back or not said_last) and not is_one
        self._is_doubtful = repeats and is_full and page.total != 0 and may_be_stuck
        self._is_said_last = said_last
        if self._is_doubtful and not self._looks_back:
            is_first = page.place - 1 == self._first
            raise same_page(self._error, len(page.keys), is_first=is_first)
        says_more = page.has_more or (page.total is not None and not said_last)
        if page.keys and (self._is_doubtful or not repeats):
            self._empty_pages = 0
            is_short = 0 < len(page.keys) < max(self._widest, self._size or 0)
            is_single = page.place == self._first and len(page.keys) % A_ROUND_NUMBER != 0
            confirmed = said_last and (is_short or is_single)
            self._ended = page.has_more is False or (confirmed and not page.has_more)
        else:
            self._empty_pages += 1
            if self._empty_pages > EMPTY_PAGES and page.has_more:
                raise endless(self._error)
            most = ONE_AGAIN if is_one else EMPTY_PAGES
            self._ended = not (says_more or is_one) or self._empty_pages > most
        self._known = set(self._front_keys)
        self._front, self._front_keys = page.place, page.keys
        self._widest = max(self._widest, len(page.keys))
        is_known = repeats and not self._is_doubtful and not is_one
        if self._looks_back and page.place > self._first and not is_known:
            self.place, self.has_next = page.place - 1, True
        else:
            self._forward()

    def _look_back(self, page: Page) -> None:
        if self._is_doubtful and page.keys == self._front_keys:
            # no rows arrived that made a page of the one before it
            if not self._is_said_last:
                is_first = page.place == self._first
                raise same_page(self._error, len(page.keys), is_first=is_first)
            self._ended = True  # some APIs give their last page again beyond the end
        self._is_doubtful = False
        # what stood on a page that is empty now has moved further up
        is_new = self._known.isdisjoint(page.keys) and bool(self._known or page.keys)
        if is_new and page.place > self._first:
            self.place = page.place - 1
            return
        if is_new:
            self._walks += 1
            if self._walks > WALKS:
                raise self._error(f"shifted its whole list {WALKS} times while it was read")
        self._forward()

    def _forward(self) -> None:
        self.place = self._front + 1
        self.has_next = not self._ended
