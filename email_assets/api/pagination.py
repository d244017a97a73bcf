"""Pagination that cannot loop or lie: what all lists share, and those that dlt pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy, deepcopy
from typing import Any

from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.paginators import (
    BaseNextUrlPaginator,
    BasePaginator,
    RangePaginator,
)
from requests import Request, Response

from email_assets.errors import ApiError
from email_assets.redaction import redact

_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*")


class Selector:
    """A JSONPath; one that is a plain key is looked up without walking through the answer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._compiled = jsonpath.compile_path(path)
        self._is_plain_key = _PLAIN_KEY.fullmatch(path) is not None

    def find(self, payload: Any) -> list[Any]:
        """All that is at the path."""
        if self._is_plain_key and isinstance(payload, dict):
            return [payload[self._path]] if self._path in payload else []
        return jsonpath.find_values(self._compiled, payload)

    def __str__(self) -> str:
        return repr(self._path)


class ListPaginator(BasePaginator):
    """A paginator that may know which pages follow the next one."""

    @property
    def is_foreseeable(self) -> bool:
        """Whether an answer has told how long the list is."""
        return False

    def upcoming(self, request: Request) -> Iterator[Request]:
        """The requests that follow the next one, as far as the total reaches.

        Args:
            request: The next request.
        """
        del request
        return iter(())


class WatchedPaginator(ListPaginator):
    """One of dlt's paginators, which believe whatever comes; this one does not.

    An answer without a list and a way back to a page that was read are errors. A link to the next
    page, which some APIs always give, is followed up to a page without rows.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        pages: The paginator to watch.
        speculate: Whether pages with numbers may be asked for ahead. They cannot overlap: two that
            are answered the other way round while rows arrive hide a row from the reader.
    """

    def __init__(
        self, resource: str, data_selector: str, pages: BasePaginator, speculate: bool = False
    ) -> None:
        super().__init__()
        self._resource = resource
        self._data = Selector(data_selector)
        self._pages = pages
        self._speculate = speculate
        self._total: int | None = None
        self._asked: set[str] = set()

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        # copies: what belongs to a page must not stay in the vendor's file
        request.params, request.json = deepcopy(request.params), deepcopy(request.json)
        self._pages.init_request(request)
        self._asked = {_address(request)}
        self._has_next_page = True

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: The answer holds no list of rows.
        """
        payload = response.json()
        found = self._data.find(payload)
        if not found or found[0] is None:
            raise self._error(f"gave an answer without {self._data}: {shape_of(payload)}")
        self._pages.update_state(response, data)
        ended = isinstance(self._pages, BaseNextUrlPaginator) and not data
        self._has_next_page = self._pages.has_next_page and not ended
        if isinstance(self._pages, RangePaginator) and self._pages.total_path:
            totals = jsonpath.find_values(self._pages.total_path, payload)
            self._total = int(totals[0]) if totals and data else None

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on.

        Raises:
            ApiError: That page was read already.
        """
        if not self._has_next_page:
            return
        self._pages.update_request(request)
        if (address := _address(request)) in self._asked:
            raise self._error("leads back to a page that it gave before")
        self._asked.add(address)

    @property
    def is_foreseeable(self) -> bool:
        """Whether an answer has told how many pages there are, and they may be asked for ahead."""
        return self._speculate and self._total is not None

    def upcoming(self, request: Request) -> Iterator[Request]:
        """The requests that follow the next one, where pages have numbers and a total."""
        pages = self._pages
        if not self.is_foreseeable or not isinstance(pages, RangePaginator) or not self._total:
            return
        end = min(self._total + pages.base_index, pages.maximum_value or self._total + 1)
        ahead = copy(pages)
        for value in range(pages.current_value + pages.value_step, end, pages.value_step):
            ahead.current_value = value
            later = copy_of(request)
            ahead.update_request(later)
            yield later

    def _error(self, problem: str) -> ApiError:
        return ApiError(
            f"{self._resource}: the API {problem}. Nothing of this run was loaded; what was loaded "
            "before is untouched."
        )


def copy_of(request: Request) -> Request:
    """A request whose parameters and body can be changed without changing the other's."""
    found = copy(request)
    found.params, found.json = dict(request.params or {}), deepcopy(request.json)
    return found


def _address(request: Request) -> str:
    """What tells the request for one page of a list from that for another."""
    return repr((request.url, request.params, request.json))


def shape_of(value: Any) -> str:
    """What a value is, without what it says: values may be customers' data."""
    if isinstance(value, dict):
        keys = ", ".join(repr(redact(key)) for key in list(value)[:10])
        return f"an object with the keys {keys or '(none)'}"
    names = {list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
