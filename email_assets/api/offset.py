"""Lists that are asked for by `offset` and `limit`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

from requests import Request, Response

from email_assets.api.overlapping_pages import Overlap, PagesAreWholeError
from email_assets.api.page import Page
from email_assets.api.pagination import ListPaginator, copy_of, write_into
from email_assets.api.seen import SeenKeys, Shelf
from email_assets.api.whole_pages import WholePages

FEW_PAGES = 5
"""Up to so many, pages in flight gain nothing to speak of."""


class ListOffsetPaginator(ListPaginator):
    """Reads a list by `offset` and `limit`, to its end, and notices when the list shifts.

    `Overlap` says where to go on, or `WholePages` where an API rounds offsets to whole pages.
    Because pages overlap they may come in any order of time, as those do that are in flight
    together. Rows read again are merged by their primary key.

    The options are those of dlt's `OffsetPaginator`, and mean the same, except that neither
    `stop_after_empty_page` nor `total_path` ends a list while the API says that there is more, and
    that `maximum_offset` is a ceiling: rows beyond it are never given.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        primary_key: Fields that identify a row.
        limit: Rows to ask for; an API may give fewer a page.
        offset: The first offset.
        offset_param: The query parameter of the offset; `offset`, unless it stands in the body.
        limit_param: The query parameter of the limit; `limit`, unless it stands in the body.
        total_path: JSONPath of the total in an answer, or None where the API has none.
        maximum_offset: Rows that the API gives of a list at the most, or None.
        stop_after_empty_page: Accepted as dlt's; pages without rows are judged by what follows.
        has_more_path: JSONPath of a boolean that says whether there is more, or None.
        offset_body_path: Where in a JSON body the offset stands.
        limit_body_path: Where in a JSON body the limit stands.
        speculate: Whether pages that may not exist can be asked for ahead, while there is no total.
    """

    def __init__(
        self,
        resource: str,
        data_selector: str,
        primary_key: Sequence[str],
        *,
        limit: int,
        offset: int = 0,
        offset_param: str | None = None,
        limit_param: str | None = None,
        total_path: str | None = "total",
        maximum_offset: int | None = None,
        stop_after_empty_page: bool = True,
        has_more_path: str | None = None,
        offset_body_path: str | None = None,
        limit_body_path: str | None = None,
        speculate: bool = False,
    ) -> None:
        super().__init__(resource, data_selector, primary_key, total_path, has_more_path)
        del stop_after_empty_page
        self._limit, self._begin, self._maximum_offset = limit, offset, maximum_offset
        self._offset_at = None if offset_body_path else offset_param or "offset", offset_body_path
        self._limit_at = None if limit_body_path else limit_param or "limit", limit_body_path
        self._speculate = speculate
        self._start()

    def _start(self) -> None:
        self.total = None
        self._seen = SeenKeys()
        self._overlap = Overlap(
            self._limit, self._begin, self._maximum_offset, self._seen, self._answers.error
        )
        self._whole: WholePages | None = None
        self._page_size = 0
        self._offset = self._begin
        self._shelf = Shelf(1)
        self._is_long = False
        self._has_next_page = True

    @property
    def reached(self) -> int:
        """Different rows of the list that were read."""
        return self._seen.count

    @property
    def missing(self) -> int:
        """Rows that were there all the time, by the smallest total, and were not read."""
        return self._overlap.missing

    @property
    def position(self) -> int:
        """The place in the list up to which rows were read."""
        return self._overlap.read_to

    @property
    def missed_rows(self) -> bool:
        """True if the last page came after rows that may not have been read yet."""
        return (self._whole or self._overlap).missed_rows or self._overlap.has_gaps

    @property
    def looks_back(self) -> bool:
        """True if the last page stands before others that were read."""
        return self._whole is not None and self._whole.looked_back

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._start()
        self.update_request(request)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on."""
        self._at(self._offset, request)

    @property
    def is_foreseeable(self) -> bool:
        """True if an answer has told how many rows there are, or it does not matter."""
        return self.total is not None or self._speculate

    def upcoming(self, request: Request) -> Iterator[Request]:
        """The requests that follow the next one, as far as the total reaches, if nothing shifts."""
        walk = self._overlap
        if not self.is_foreseeable or not self._is_long or self._whole or walk.is_aside:
            return
        total = sys.maxsize if self.total is None else self.total
        # where the list ends with a page, no other follows that repeats its last row
        end = min(total, self._maximum_offset or total) - walk.overlap
        step = max(1, walk.widest - walk.overlap)
        for offset in range(self._offset + step, end, step):
            yield self._at(offset, copy_of(request))

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: The answer holds no list of rows, its total is no number, the page came
                before, or the list shifts faster than it can be read.
        """
        self._answers.place = f"at offset {self._offset} "
        payload = response.json()
        keys = self._answers.identities(self._answers.rows(payload))
        total = self._answers.total(payload)
        self.total = self.total if total is None else total
        page = Page(self._offset, keys, self.total, self._answers.has_more(payload))
        if self._offset == self._begin:
            pages = FEW_PAGES * len(set(keys))
            self._is_long = self.total is None or self.total > pages > FEW_PAGES
        is_aside = self._whole is None and self._overlap.is_aside
        is_new = self._seen.lacks(keys) if data and self._overlap.looks_again else None
        if not is_aside:
            self._seen.add(keys)
        if data and is_aside:
            data.clear()  # they come again in their turn
        elif data and is_new:
            # of rows with equal keys the last one counts, and these came before others
            data[:] = compress(data, is_new)
        elif data:  # null stands for no rows here, and in the answer for a mistake
            self._shelf.hand_on(data, keys, 0 if self._whole else self._overlap.overlap)
        self._learn(page)

    def _learn(self, page: Page) -> None:
        walk = self._overlap
        if self._whole is None:
            try:
                walk.learn(page)
            except PagesAreWholeError:
                self._page_size = walk.widest
                self._whole = WholePages(0, walk.widest, True, self._answers.error)
                self._shelf = Shelf(3)
                if walk.last:
                    self._whole.learn(self._numbered(walk.last))
        if self._whole is None:
            self._offset, self._has_next_page = walk.place, walk.has_next
        else:
            walk.note_total(page.total)
            walk.read_to = max(walk.read_to, page.place + len(page.keys))
            self._whole.learn(self._numbered(page))
            walk.has_gaps = walk.has_gaps or self._whole.has_gaps
            self._offset = self._begin + self._whole.place * self._page_size
            self._has_next_page = self._whole.has_next
        if self._maximum_offset is not None and self.position >= self._maximum_offset:
            self._has_next_page = (self._whole or walk).missed_rows

    def _numbered(self, page: Page) -> Page:
        """A page of an API that rounds offsets, by its number, with a total of pages."""
        size, total = self._page_size, page.total
        pages = None if total is None else max(0, -(-(total - self._begin) // size))
        return replace(page, place=(page.place - self._begin) // size, total=pages)

    def _at(self, offset: int, request: Request) -> Request:
        write_into(request, *self._offset_at, offset)
        limit = self._limit
        if self._maximum_offset is not None:
            limit = max(1, min(limit, self._maximum_offset - offset))
        write_into(request, *self._limit_at, limit)
        return request
