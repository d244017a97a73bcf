"""Lists whose pages have numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from requests import Request, Response

from email_assets.api.page import Page
from email_assets.api.pagination import ListPaginator, copy_of, write_into
from email_assets.api.seen import SeenKeys, Shelf
from email_assets.api.whole_pages import WholePages


class PageNumberListPaginator(ListPaginator):
    """Reads a list by page number, to its end, and notices when the list shifts.

    The options are those of dlt's `PageNumberPaginator`, and mean the same, except that neither
    `stop_after_empty_page` nor `total_path` ends a list while the API says that there is more.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        primary_key: Fields that identify a row.
        base_page: The number of the API's first page.
        page: The number to begin with; the first, unless it is given.
        page_param: The query parameter of the number; `page`, unless it stands in the body.
        total_path: JSONPath of the number of pages, or None where the API has none.
        maximum_page: The number to end before, or None.
        stop_after_empty_page: Accepted as dlt's; pages without rows are judged by what follows.
        has_more_path: JSONPath of a boolean that says whether there is more, or None.
        page_body_path: Where in a JSON body the number stands.
        speculate: Whether pages are asked for ahead and each of them once: rows that move from one
            to another meanwhile are missed until the next sync that reads them.
    """

    def __init__(
        self,
        resource: str,
        data_selector: str,
        primary_key: Sequence[str],
        *,
        base_page: int = 0,
        page: int | None = None,
        page_param: str | None = None,
        total_path: str | None = "total",
        maximum_page: int | None = None,
        stop_after_empty_page: bool = True,
        has_more_path: str | None = None,
        page_body_path: str | None = None,
        speculate: bool = False,
    ) -> None:
        super().__init__(resource, data_selector, primary_key, total_path, has_more_path)
        del stop_after_empty_page
        self._base, self._first = base_page, base_page if page is None else page
        self._end = maximum_page
        self._page_at = None if page_body_path else page_param or "page", page_body_path
        self._speculate = speculate
        self._start()

    def _start(self) -> None:
        self._pages_in_all: int | None = None
        self._seen = SeenKeys()
        self._shelf = Shelf(3)
        self._walk = WholePages(self._first, None, not self._speculate, self._answers.error)
        self._has_next_page = True

    @property
    def reached(self) -> int:
        """Different rows of the list that were read."""
        return self._seen.count

    @property
    def missing(self) -> int:
        """1 if the API counts a page on which it gave nothing, so that rows may be missing."""
        return int(self._walk.has_gaps)

    @property
    def missed_rows(self) -> bool:
        """True if the last page came after rows that may not have been read yet."""
        return self._walk.missed_rows

    @property
    def looks_back(self) -> bool:
        """True if the last page stands before others that were read."""
        return self._walk.looked_back

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._start()
        self.update_request(request)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on."""
        write_into(request, *self._page_at, self._walk.place)

    @property
    def is_foreseeable(self) -> bool:
        """True if an answer has told how many pages there are, and they may be asked for ahead."""
        return self._speculate and self._pages_in_all is not None

    def upcoming(self, request: Request) -> Iterator[Request]:
        """The requests that follow the next one, as far as the total reaches."""
        if not self.is_foreseeable or self._pages_in_all is None:
            return
        end = self._pages_in_all + self._base
        for number in range(self._walk.place + 1, min(end, self._end or end)):
            later = copy_of(request)
            write_into(later, *self._page_at, number)
            yield later

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: The answer holds no list of rows, its total is no number, or the same page
                came again.
        """
        place = self._walk.place
        self._answers.place = f"at page {place} "
        payload = response.json()
        keys = self._answers.identities(self._answers.rows_given(payload, data))
        self._seen.add(keys)
        if data:
            self._shelf.hand_on(data, keys)
        total = self._answers.total(payload)
        self._pages_in_all = self._pages_in_all if total is None else total
        left = None if self._pages_in_all is None else self._pages_in_all + self._base - self._first
        self._walk.learn(Page(place, keys, left, self._answers.has_more(payload)))
        is_beyond = self._end is not None and self._walk.place >= self._end
        self._has_next_page = self._walk.has_next and not is_beyond
