"""Reads the list of a simulated API as dlt and the session do, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl, urlsplit

from requests import PreparedRequest, Request

from email_assets.api.answer import Answer
from email_assets.api.read_ahead import ReadAhead
from email_assets.api.windows import WindowPaginator
from email_assets.errors import ApiError
from email_assets_tests.api.simulated import Row, SimulatedApi
from email_assets_tests.api.simulated_answers import ADDRESS, LIMIT

P = ParamSpec("P")
T = TypeVar("T")


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


class AtOnce(Executor):
    """Asks for pages at the moment at which others would begin to, so that nothing is by chance."""

    def __init__(self, _: int) -> None:
        super().__init__()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The outcome of a function that is called now."""
        outcome = Future[T]()
        outcome.set_result(fn(*args, **kwargs))
        return outcome


def read(paginator: WindowPaginator, api: SimulatedApi, in_flight: int = 1) -> Reading:
    """Read a list to its end, with so many pages asked for ahead."""

    def fetch(request: PreparedRequest) -> Answer:
        reply = api.answer(dict(parse_qsl(urlsplit(request.url or "").query)))
        body = json.dumps(reply.document).encode()
        return Answer(request, 200, reply.headers, body)

    ahead = ReadAhead(fetch, in_flight, AtOnce)
    paginator.expect = partial(ahead.expect, prepare=Request.prepare)
    ids: set[int] = set()
    try:
        for page in _pages(paginator, ahead, fetch):
            ids.update(row["id"] for row in page)
    except ApiError as error:
        return Reading(ids, False, str(error))
    is_short = paginator.total is not None and paginator.reached < paginator.total
    return Reading(ids, is_short and not paginator.stopped_early, None)


def _pages(
    paginator: WindowPaginator, ahead: ReadAhead, fetch: Callable[[PreparedRequest], Answer]
) -> Iterator[list[Row]]:
    request = Request("GET", ADDRESS, params={"limit": LIMIT})
    paginator.init_request(request)
    while True:
        prepared = ahead.prepared(request) or request.prepare()
        asked = ahead.take(prepared)
        answer = asked() if asked else fetch(prepared)
        rows: list[dict[str, Any]] = answer.json()["data"]
        paginator.update_state(answer, rows)
        paginator.update_request(request)
        yield rows
        if not paginator.has_next_page:
            return
