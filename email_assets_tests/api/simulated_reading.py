"""Reads the list of a simulated API as dlt and the session do, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from requests import PreparedRequest, Request

from email_assets.api.answer import Answer
from email_assets.api.pagination import address_of
from email_assets.api.windows import WindowPaginator
from email_assets.errors import ApiError
from email_assets_tests.api.simulated import Row, SimulatedApi
from email_assets_tests.api.simulated_answers import ADDRESS, LIMIT, Reply


@dataclass
class Reading:
    """The result of reading a list."""

    ids: set[int]
    warns: bool
    """True if the check `complete` would warn."""
    error: str | None

    @property
    def is_told(self) -> bool:
        """True if somebody hears that not all was read."""
        return self.warns or self.error is not None


class Ahead:
    """Pages that were asked for before they are wanted, up to so many of a list."""

    def __init__(self, api: SimulatedApi, in_flight: int) -> None:
        self._api, self._most = api, in_flight
        self._pages: dict[str, Reply] = {}
        self._others: dict[str, Reply] = {}

    def expect(self, coming: Iterable[Request], others: Iterable[Request]) -> None:
        """Ask for pages; what is in flight is void where a list did not go on as expected."""
        if self._most == 1:
            return
        wanted = {address_of(one): one for one in islice(coming, self._most)}
        if next(iter(wanted), None) not in self._pages:
            self._pages.clear()
        for address in set(self._pages) - set(wanted):
            del self._pages[address]
        for address, one in wanted.items():
            if address not in self._pages and address not in self._others:
                self._pages[address] = self._api.answer(one)
        for one in others:
            if len(self._pages) + len(self._others) >= self._most:
                return
            if (address := address_of(one)) not in self._others:
                self._others[address] = self._api.answer(one)

    def take(self, request: Request) -> Reply:
        """The answer to a request."""
        address = address_of(request)
        for pages in (self._pages, self._others):
            if address in pages:
                return pages.pop(address)
        return self._api.answer(request)


def read(paginator: WindowPaginator, api: SimulatedApi, in_flight: int = 1) -> Reading:
    """Read a list to its end, with so many pages asked for ahead."""
    ahead = Ahead(api, in_flight)
    paginator.expect = ahead.expect
    ids: set[int] = set()
    try:
        for page in _pages(paginator, ahead):
            ids.update(row["id"] for row in page)
    except ApiError as error:
        return Reading(ids, False, str(error))
    is_short = paginator.total is not None and paginator.reached < paginator.total
    return Reading(ids, is_short and not paginator.stopped_early, None)


def _pages(paginator: WindowPaginator, ahead: Ahead) -> Iterator[list[Row]]:
    request = Request("GET", ADDRESS, params={"limit": LIMIT})
    paginator.init_request(request)
    while True:
        reply = ahead.take(request)
        body = json.dumps(reply.document).encode()
        rows: list[dict[str, Any]] = json.loads(body)["data"]
        paginator.update_state(Answer(PreparedRequest(), 200, reply.headers, body), rows)
        paginator.update_request(request)
        yield rows
        if not paginator.has_next_page:
            return
