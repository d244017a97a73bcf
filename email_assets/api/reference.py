"""Lists in which each page refers to the next one, by a link or a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy, deepcopy
from typing import Any

from dlt.sources.helpers.rest_client.paginators import (
    BaseNextUrlPaginator,
    BasePaginator,
    HeaderCursorPaginator,
)
from requests import Request, Response

from email_assets.api.page import EMPTY_PAGES, endless
from email_assets.api.pagination import ListPaginator, address_of
from email_assets.api.seen import SeenKeys

NOTHING_NEW = 10
"""Pages that may bring no other rows than the page before, one after the other."""


class ReferencePaginator(ListPaginator):
    """One of dlt's paginators, which believe whatever comes; this one does not.

    An answer without a list, a way back to a page that was read, a page that comes again under
    another reference, and pages without end that bring nothing are errors. A link to the next page,
    which some APIs always give, is followed up to a page without rows; one that is null or empty is
    none.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        primary_key: Fields that identify a row.
        pages: dlt's paginator, which takes the reference out of an answer.
        has_more_path: JSONPath of a boolean that says whether there is more, or None.
        total_path: JSONPath of the rows that there are, or None.
    """

    def __init__(
        self,
        resource: str,
        data_selector: str,
        primary_key: Sequence[str],
        pages: BasePaginator,
        has_more_path: str | None = None,
        total_path: str | None = None,
    ) -> None:
        super().__init__(resource, data_selector, primary_key, total_path, has_more_path)
        self._pages = pages
        self._least: int | None
        self._start()

    def _start(self) -> None:
        self._given = 0
        self.total = self._least = None
        self._asked: set[str] = set()
        self._seen = SeenKeys()
        self._came: set[int] = set()
        self._previous: set[str] = set()
        self._empty_pages = self._stale_pages = 0
        self._has_next_page = True

    @property
    def reached(self) -> int:
        """Different rows of the list that were read."""
        return self._seen.count

    @property
    def missing(self) -> int:
        """Rows that were there all the time, by the smallest total, and were not read."""
        return max(0, (self._least or 0) - self.reached)

    @property
    def position(self) -> int:
        """Rows that were given, those with equal keys too."""
        return self._given

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._start()
        # copies: what belongs to a page must not stay in the vendor's file
        request.params, request.json = deepcopy(request.params), deepcopy(request.json)
        self._pages.init_request(request)
        self._asked = {address_of(request)}

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: The answer holds no list of rows, the page came before, or the API says that
                there is more and gives nothing.
        """
        payload = response.json()
        rows = self._answers.rows_given(payload, data)
        keys = self._answers.identities(rows)
        self._seen.add(keys)
        self._given += len(keys)
        self._note_total(self._answers.total(payload))
        has_more = self._answers.has_more(payload)
        self._pages.update_state(response, data)
        is_link = isinstance(self._pages, BaseNextUrlPaginator)
        goes_on = self._pages.has_next_page and not self._leads_nowhere()
        if has_more and not goes_on:
            raise self._answers.error(
                f"says that there is more after {self._seen.count} rows, and not where"
            )
        self._has_next_page = goes_on and has_more is not False and not (is_link and not rows)
        if self._has_next_page:
            self._refuse_to_go_in_circles(rows, keys)
        self._previous = set(keys)

    def _note_total(self, total: int | None) -> None:
        if total is not None:
            self.total = total
            self._least = total if self._least is None else min(self._least, total)

    def _leads_nowhere(self) -> bool:
        """True if dlt has found the link or the header's cursor `""`, and would use it."""
        if not isinstance(self._pages, (BaseNextUrlPaginator, HeaderCursorPaginator)):
            return False
        following = Request(url="http://somewhere", params={})
        self._follow(copy(self._pages), following)
        return "" in (following.url, *(following.params or {}).values())

    def _follow(self, pages: BasePaginator, request: Request) -> None:
        with suppress(AttributeError, TypeError, ValueError):  # of a link that is no text, mostly
            pages.update_request(request)
            return
        raise self._answers.error("refers to the next page by something that leads nowhere")

    def _refuse_to_go_in_circles(self, rows: list[dict[str, Any]], keys: list[str]) -> None:
        page = hash(repr(rows))
        self._empty_pages = 0 if rows else self._empty_pages + 1
        is_stale = bool(keys) and self._previous.issuperset(keys)
        self._stale_pages = self._stale_pages + 1 if is_stale else 0
        is_stuck = self._empty_pages > EMPTY_PAGES or self._stale_pages > NOTHING_NEW
        if rows and (page in self._came or is_stuck):
            raise self._answers.error(
                f"gave the same page of {len(rows)} rows twice, under another reference"
            )
        if is_stuck:
            raise endless(self._answers.error)
        self._came.add(page)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on.

        Raises:
            ApiError: That page was read already, or nothing can be asked for by what refers to it.
        """
        if not self._has_next_page:
            return
        self._follow(self._pages, request)
        if (address := address_of(request)) in self._asked:
            raise self._answers.error("leads back to a page that it gave before")
        self._asked.add(address)
