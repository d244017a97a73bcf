"""Finds the next page of a list whose pages overlap: each repeats the end of the one before."""

from __future__ import annotations

from collections.abc import Callable

from email_assets.api.page import EMPTY_PAGES, Page, endless, same_page
from email_assets.api.seen import SeenKeys
from email_assets.errors import ApiError

REWINDS = 100
"""Times that a list may shift without a new row before its reader gives up."""
FAR = 10
"""Pages that a list of unknown length is read before its end is looked for, further on."""

A_ROUND_NUMBER = 25


class PagesAreWholeError(Exception):
    """The API rounds offsets to whole pages, which leaves no room for an overlap."""


class Overlap:
    """Decides from each page which offset to ask for next.

    A page moves the reader on by the rows that came, those with equal keys counted once, less one.
    A page that does not repeat what the one before ended with is read again from further up, and
    where rows go on vanishing, pages overlap by so many that the reader gets ahead.

    What ends a list is what it gives: a page that brings nothing new, while the API does not say
    that there is more; a total only confirms what a page shorter than asked for says already. Where
    new rows come as fast as they are read, a look further on tells how long the list is at the
    most, and it is read so far. Where in the end fewer rows were read than there were all the time,
    the head is read once more: rows may have moved there.

    Args:
        limit: Rows that a page is asked for.
        start: The first offset.
        most: Rows that the API gives of the list at the most, or None.
        seen: The keys that were read; this class only looks at their number.
        error: Makes an error of what the API did.

    Attributes:
        place: The next offset to ask for.
        has_next: Whether there is anything more to ask for.
        read_to: The offset up to which the list was read.
        missed_rows: Whether the last page came after rows that were not read yet.
        is_aside: Whether the page that is asked for next is only looked at.
    """

    def __init__(
        self,
        limit: int,
        start: int,
        most: int | None,
        seen: SeenKeys,
        error: Callable[[str], ApiError],
    ) -> None:
        self._limit, self._start, self._most = limit, start, most
        self._seen, self._error = seen, error
        self.place = self.read_to = start
        self.has_next = True
        self.missed_rows = self.is_aside = False
        self.widest = 0
        self.overlap = self._stride = 1
        self.first_total: int | None = None
        self.least_total: int | None = None
        self.last_total: int | None = None
        self._known: set[str] = set()
        self._first: Page | None = None
        self._previous: Page | None = None
        self._furthest = start
        self._rewinds = self._empty_pages = 0
        self._empty_at: int | None = None
        self._was_short = self._was_known = self._has_gaps = False
        self._last_key: str | None = None
        self._resume_at = 0
        self._look_from = FAR * limit
        self._looks = self._trickle_from = 0
        self._bound: int | None = None
        self._looks_again: int | None = None

    def learn(self, page: Page) -> None:
        """Decide where to go on.

        Raises:
            ApiError: The page came before, or the list shifts faster than it can be read.
            PagesAreWholeError: Pages cannot overlap; those read so far hold.
        """
        self.missed_rows = False
        self.note_total(page.total)
        keys = set(page.keys)
        if self.is_aside:
            self._learn_the_length(keys)
        elif self._looks_again is not None:
            self._look_again(page, keys)
        elif self._repeats_in_full(page, keys):
            self._end_or_refuse(page, keys)
        elif self._is_torn(page, keys):
            self._rewind(page)
        else:
            self._go_on(page, keys)
        self.widest = max(self.widest, len(keys))

    def note_total(self, total: int | None) -> None:
        """Remember what the API says of the list's length."""
        if total is not None:
            self.first_total = total if self.first_total is None else self.first_total
            self.last_total = total
            self.least_total = min(total, total if self.least_total is None else self.least_total)

    def _go_on(self, page: Page, keys: set[str]) -> None:
        end = page.place + len(keys)
        if end > self._furthest:
            self._furthest, self._rewinds = end, 0
        brings_new = not keys <= self._known
        is_full = self._is_full(len(keys))
        says_more = page.has_more or (page.total is not None and page.total > end)
        self._first = self._first or page
        self._previous, self._known, self._stride = page, keys, 1
        self.read_to = end
        if page.has_more is False or (self._bound is not None and end >= self._bound):
            self._finish()
        elif not brings_new and not is_full and (len(keys) < 2 or self._ends_as_before(page)):
            self._pass_over(page) if says_more else self._finish()
        elif page.total == end and not is_full and not page.has_more:
            self._finish()
        else:
            self._empty_pages = 0
            # a page of one row leaves no room for an overlap; and one that repeats several may have
            # had no room for others, so that what follows is asked for once more
            overlap = self.overlap if brings_new else max(1, self.overlap // 2)
            self.place = max(page.place + 1, end - overlap)
            if brings_new or self._was_known:
                self._look_further_on(end, len(keys), is_full)
            self._was_short, self._was_known = not is_full, not brings_new
            self._last_key = page.keys[-1] if keys else None

    def _ends_as_before(self, page: Page) -> bool:
        """True if the second page in turn brings nothing, and ends with the row of the first."""
        return self._was_known and self._last_key == page.keys[-1]

    def _is_full(self, rows: int) -> bool:
        """True if a page is as long as pages are, so that another may follow."""
        if self._first is None and rows < self._limit:
            # an API that gives fewer rows a page than it is asked for, and their number as the
            # total, gives a round number of them
            return rows > 0 and rows % A_ROUND_NUMBER == 0
        return rows >= self._limit or rows >= self.widest > 1

    def _pass_over(self, page: Page) -> None:
        """Go on beyond a page that brought nothing, though the API says that there is more."""
        step = min(self._limit, self.widest) if self.widest > 1 else self._limit
        beyond = page.place + step
        self._empty_pages += 1
        if self._empty_pages > EMPTY_PAGES and page.has_more:
            raise endless(self._error)
        if self._empty_pages > EMPTY_PAGES or not (
            page.has_more or (page.total is not None and page.total > beyond)
        ):
            self._finish()
            return
        self.place = self.read_to = beyond
        self._known, self._has_gaps = set(), True

    # A list that goes on without end

    def _look_further_on(self, end: int, rows: int, is_full: bool) -> None:
        """Ask, where new rows may be coming as fast as they are read, how long the list is."""
        is_beyond_the_start = self.first_total is None or end > self.first_total
        trickles = not is_full and self._was_short and end >= self._trickle_from
        runs_on = is_beyond_the_start and end >= self._look_from
        further_on = end + (rows * 2 ** (self._looks + 1) if trickles else end)
        is_within = self._most is None or further_on < self._most
        if self._bound is None and (trickles or runs_on) and is_within:
            self.is_aside, self._resume_at, self.place = True, self.place, further_on
            self._looks += 1
            self._trickle_from, self._look_from = further_on, max(self._look_from, further_on)

    def _learn_the_length(self, keys: set[str]) -> None:
        self.is_aside = False
        if not keys:
            # what there was at that moment lies before, and is read
            self._bound = self.place
        self.place = self._resume_at

    # A list that shifts

    def _is_torn(self, page: Page, keys: set[str]) -> bool:
        """True if a page lacks what the one before ended with, though it should repeat it."""
        if not self._start < page.place < self.read_to or self.widest < 2 or not self._known:
            return False
        if not keys:
            # at the second time it is a page without rows, and not a list that has shifted
            was_empty, self._empty_at = self._empty_at == page.place, page.place
            return not was_empty
        return keys.isdisjoint(self._known)

    def _rewind(self, page: Page) -> None:
        self._rewinds += 1
        if self._rewinds > REWINDS:
            raise self._error(f"shifted its list {REWINDS} times while it was read")
        self.place = max(self._start, page.place - self._limit * self._stride)
        self._previous = page
        self._stride *= 2
        self.overlap = max(1, min(self.overlap * 2, self.widest // 2))
        self.missed_rows = True

    def _repeats_in_full(self, page: Page, keys: set[str]) -> bool:
        """True if these rows came just before, or as the first ones, for a smaller offset."""
        earlier = [past for past in (self._first, self._previous) if past is not None]
        return len(keys) >= max(self.widest, 2) and any(
            past.keys == page.keys and past.place < page.place and past.total == page.total
            for past in earlier
        )

    def _end_or_refuse(self, page: Page, keys: set[str]) -> None:
        has_all = page.total is not None and self.read_to >= page.total
        is_near = self._first and page.place < self._start + len(self._first.keys)
        if is_near and not (has_all and len(keys) > self._limit):
            raise PagesAreWholeError
        if not has_all:
            raise same_page(self._error, len(keys))
        # some APIs give their last page again beyond the end, and some know no pages at all
        self._finish()

    # A list that gave less than it has

    @property
    def looks_again(self) -> bool:
        """True if the next page was read before, and is asked for to find what moved there."""
        return self._looks_again is not None

    @property
    def missing(self) -> int:
        """Rows that were there all the time, by the smallest total, and were not read."""
        # beyond a page without rows nobody can tell whether the list has shifted
        expected = self.last_total if self._has_gaps else self.least_total
        return max(0, (expected or 0) - self._start - self._seen.count)

    def _finish(self) -> None:
        self.has_next = False
        if self.missing and self._looks_again is None:
            self._looks_again, self.has_next = self._seen.count, True
            self.place = self._start

    def _look_again(self, page: Page, keys: set[str]) -> None:
        before, self._looks_again = self._looks_again, self._seen.count
        self.has_next = bool(self.missing and self._seen.count > (before or 0) and len(keys) > 1)
        self.place = page.place + len(keys) - 1
