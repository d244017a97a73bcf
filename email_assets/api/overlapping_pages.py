"""Finds the next page of a list whose pages overlap: each repeats the end of the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from email_assets.api.horizon import Horizon
from email_assets.api.page import EMPTY_PAGES, Page, endless, same_page
from email_assets.api.seen import SeenKeys
from email_assets.errors import ApiError

REWINDS = 100
"""Pages that may bring nothing, because the list shifts, before its reader gives up."""
REPEATS = 4
"""Times that a full page may come again for other offsets: so many rows arrive in no list."""
A_ROUND_NUMBER = 25
"""Some APIs give fewer rows than they are asked for, so many or more, and those as the total."""


class PagesAreWholeError(Exception):
    """The API rounds offsets to whole pages, which leaves no room for an overlap."""


class Overlap:
    """Decides from each page which offset to ask for next.

    A page counts as read on to if it holds a row of the page before, or is the first: then all that
    was there all the time, up to its last row, has been read, whatever came and went meanwhile. One
    that holds none of them is read again from further up, and where rows go on vanishing, pages
    overlap by so many that the reader gets ahead. Offsets are only guesses of where rows stand.

    What ends a list is a page that holds its last known row and no other, while the API does not
    say that there is more; a total that agrees with a short page saves that request, if nothing has
    shifted. Where new rows come as fast as they are read, a look further on tells how long the list
    is at the most, and so many rows are read. Where in the end fewer rows were read than there were
    all the time, the head is read once more: rows may have moved there.

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
        has_gaps: Whether a place was passed over where the API said that there are rows.
        last: The page that was read on to last, or None.
    """

    def __init__(
        self,
        limit: int,
        start: int,
        most: int | None,
        seen: SeenKeys,
        error: Callable[[str], ApiError],
    ) -> None:
        self._limit, self._start = limit, start
        self._seen, self._error = seen, error
        self.place = self.read_to = start
        self.has_next = True
        self.missed_rows = self.has_gaps = self._was_stale = False
        self._horizon = Horizon(limit, most)
        self.widest = 0
        self.overlap = self._stride = 1
        self.first_total: int | None = None
        self.least_total: int | None = None
        self.last: Page | None = None
        self._known: set[str] = set()
        self._furthest = start
        self._in_vain = self._repeats = self._empty_pages = self._seen_before = 0
        self._looks_again: int | None = None

    def learn(self, page: Page) -> None:
        """Decide where to go on.

        Raises:
            ApiError: The page came before, or the list shifts faster than it can be read.
            PagesAreWholeError: The page is the one after `last`, and pages cannot overlap.
        """
        self.missed_rows = False
        self.note_total(page.total)
        page = replace(page, keys=list(dict.fromkeys(page.keys)))
        if self.is_aside:
            says_more = self._says_more(page)
            self.place = self._horizon.learn(page, self.read_to, says_more=says_more)
        elif self._looks_again is not None:
            self._look_again(page)
        elif self._is_torn(page):
            self._rewind(page)
        elif len(page.keys) < 2 and self._known.issuperset(page.keys) and self._says_more(page):
            self._pass_over(page)
        else:
            self._go_on(page)
        self.widest = max(self.widest, len(page.keys))

    @property
    def is_aside(self) -> bool:
        """True if the page that is asked for next is only looked at."""
        return self._horizon.is_aside

    def note_total(self, total: int | None) -> None:
        """Remember what the API says of the list's length."""
        if total is not None:
            self.first_total = total if self.first_total is None else self.first_total
            self.least_total = min(total, total if self.least_total is None else self.least_total)

    def _go_on(self, page: Page) -> None:
        keys, end = page.keys, page.place + len(page.keys)
        is_full, shift = self._is_full(len(keys)), self._shift_of(page)
        new = next((n for n, key in enumerate(reversed(keys)) if key in self._known), len(keys))
        is_said = page.total == end and shift == 0 and not is_full and not page.has_more
        if new and end > self._furthest:
            self._furthest, self._in_vain = end, 0
        self._horizon.count(new)
        is_repeated = self._is_repeated(page)
        self._known = {*keys, *(self.last.keys if new and self.last else self._known)}
        self.read_to = self.read_to if is_repeated else end
        self.last = page
        self._stride = 1
        is_last = (len(keys) < 2 and not new) or page.has_more is False
        if is_last or is_said or self._horizon.is_reached or (is_repeated and self._is_all(page)):
            self._finish()
        elif new:
            on = max(page.place + 1, end - self.overlap)
            may_run_on = self.first_total is None or end > self.first_total
            self.place = self._horizon.look(on, page, is_full=is_full, may_run_on=may_run_on)
        else:
            self._count_in_vain()
            # it may have had no room for others, so that what follows is asked for once more; and
            # where the list goes on shifting, at the place to which its last row will have moved
            drift = shift or 0 if self._in_vain % 8 < 4 else 0
            if self._was_stale or drift < 0:
                self.place = max(self._start, end - 1 + drift)
            else:
                self.place = max(page.place + 1, end - self.overlap)
        self._was_stale = not new

    def _shift_of(self, page: Page) -> int | None:
        """Rows by which the one that the page before ended with has moved; None if it is gone."""
        if self.last is None or not self.last.keys or page.place == self._start:
            return 0
        row, was_at = self.last.keys[-1], self.last.place + len(self.last.keys) - 1
        return page.place + page.keys.index(row) - was_at if row in page.keys else None

    def _is_full(self, rows: int) -> bool:
        """True if a page is as long as pages are, so that another may follow."""
        if self.last is None and rows < self._limit:
            return rows > 0 and rows % A_ROUND_NUMBER == 0
        return rows >= self._limit or rows >= self.widest > 1

    def _says_more(self, page: Page) -> bool:
        return page.has_more or (page.total or 0) > page.place + len(page.keys)

    def _pass_over(self, page: Page) -> None:
        """Go on beyond a page that brought nothing, though the API says that there is more."""
        is_counted = (page.total or 0) > page.place + len(page.keys)
        before, self._seen_before = self._seen_before, self._seen.count
        self._empty_pages = self._empty_pages + 1 if self._seen_before == before else 1
        if self._empty_pages == 1 and is_counted:
            return  # the API may do better at the second time
        beyond = page.place + (min(self._limit, self.widest) if self.widest > 1 else self._limit)
        if self._empty_pages > EMPTY_PAGES and page.has_more:
            raise endless(self._error)
        self.has_gaps = self.has_gaps or is_counted
        if self._empty_pages > EMPTY_PAGES or not (page.has_more or (page.total or 0) > beyond):
            self._finish()
            return
        self.place = self.read_to = beyond
        self._known, self.last = set(), None

    def _is_torn(self, page: Page) -> bool:
        """True if a page lacks what the one before ended with, though it should repeat it."""
        may_repeat = self.widest > 1 or (not page.keys and (self.first_total or 0) > self.read_to)
        is_torn = bool(self._known) and self._known.isdisjoint(page.keys)
        return is_torn and may_repeat and page.place > self._start

    def _rewind(self, page: Page) -> None:
        last, size = self.last, self.widest
        if self._repeats and last and page.keys and page.place < last.place + size:
            numbers = [(one.place - self._start) // size for one in (last, page)]
            if numbers[0] + 1 == numbers[1]:
                raise PagesAreWholeError
        self._count_in_vain()
        self.place = max(self._start, page.place - min(self._limit, size) * self._stride)
        self._stride *= 2
        self.overlap = max(1, min(self.overlap * 2, size // 2))
        self._horizon.forget()
        self.missed_rows = True

    def _count_in_vain(self) -> None:
        self._in_vain += 1
        if self._in_vain > REWINDS:
            raise self._error(f"shifted its list {REWINDS} times while it was read")

    def _is_repeated(self, page: Page) -> bool:
        """True if a full page came just before, for another offset."""
        last, size = self.last, len(page.keys)
        is_repeated = (
            last is not None
            and (last.keys, last.total) == (page.keys, page.total)
            and last.place != page.place
            and size >= max(self.widest, 2)
        )
        self._repeats = self._repeats + 1 if is_repeated else 0
        return is_repeated

    def _is_all(self, page: Page) -> bool:
        """True if a page that came again is all there is, as of APIs that know no offsets.

        Raises:
            ApiError: The API does not get on.
        """
        size = len(page.keys)
        # an API that rounds offsets gives the first page again for those below its end
        is_beyond = page.place >= self._start + size or size > self._limit
        if is_beyond and page.total == self.read_to:
            return True
        if self._repeats > REPEATS:
            raise same_page(self._error, size)
        return False

    @property
    def looks_again(self) -> bool:
        """True if the next page was read before, and is asked for to find what moved there."""
        return self._looks_again is not None

    @property
    def missing(self) -> int:
        """Rows that were there all the time, by the smallest total, and were not read."""
        short = (self.least_total or 0) - self._start - self._seen.count
        # nobody can tell what has moved to a place that was passed over
        return max(short, int(self.has_gaps))

    def _finish(self) -> None:
        self.has_next = False
        if self.missing and self._looks_again is None:
            self._looks_again, self.has_next = self._seen.count, True
            self.place = self._start

    def _look_again(self, page: Page) -> None:
        before, self._looks_again = self._looks_again, self._seen.count
        is_longer = self._seen.count > (before or 0)
        self.has_next = self.missing > 0 and is_longer and len(page.keys) > 1
        self.place = page.place + len(page.keys) - 1
