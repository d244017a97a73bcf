"""The number of pages ahead: four times as many as are in flight, and after refusals fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from threading import Event

import pytest
from requests import PreparedRequest, Request

from email_assets.api.answer import Answer
from email_assets.api.owner import OWNER_HEADER
from email_assets.api.read_ahead import FIRST_IN_VAIN, IN_LINE, ReadAhead
from email_assets.errors import ApiUnavailableError
from email_assets_tests.api.pending import PATIENCE
from email_assets_tests.api.simulated_reading import P, T

MOST = 8


class Pages:
    """Pages by number, of which the first ones are refused."""

    def __init__(self, refused: int) -> None:
        self.asked: list[str] = []
        self._refused = refused
        self._ahead = ReadAhead(self._fetch, MOST)
        self._number = 0

    def _fetch(self, request: PreparedRequest) -> Answer:
        self.asked.append(request.url or "")
        if len(self.asked) <= self._refused:
            raise ApiUnavailableError("Not now.")
        return Answer(request, 200, {}, b"[]")

    def read(self, pages: int) -> None:
        """Read so many pages, each of them alone."""
        for _ in range(pages):
            page = Request("GET", f"http://api.example.org/{self._number}")
            self._number += 1
            self._ahead.expect([page], (), lambda request: request.prepare())
            prepared = self._ahead.prepared(page)
            assert prepared
            answer = self._ahead.take(prepared)
            assert answer
            with suppress(ApiUnavailableError):
                answer()

    def in_flight(self) -> int:
        """Ask for all that may be in flight now, and count it."""
        before = len(self.asked)
        coming = [Request("GET", f"http://api.example.org/next/{n}") for n in range(4 * MOST)]
        self._ahead.expect(coming, (), lambda request: request.prepare())
        self._ahead.settle()
        self._ahead.close()
        return len(self.asked) - before


@pytest.mark.parametrize(("refused", "left"), [(1, 4), (2, 2), (3, 1), (9, 1)])
def test_each_refusal_halves_it(refused: int, left: int) -> None:
    pages = Pages(refused)
    pages.read(refused)
    assert pages.in_flight() == left


@pytest.mark.parametrize(
    ("refused", "read", "found"),
    [(1, 7, 4), (1, 8, 5), (1, 16, 6), (2, 15, 2), (2, 16, 3), (2, 32, 4), (3, 31, 1), (3, 32, 2)],
)
def test_each_refusal_doubles_the_pages_that_it_takes_to_regain_one(
    refused: int, read: int, found: int
) -> None:
    pages = Pages(refused)
    pages.read(refused + read)
    assert pages.in_flight() == found


@pytest.mark.parametrize(
    ("read", "ahead"),
    # more are ahead as it shows that the list goes on as expected
    [(0, FIRST_IN_VAIN), (20 * MOST, FIRST_IN_VAIN + 1), (80 * MOST, IN_LINE)],
)
def test_threads_go_on_by_themselves_while_the_reader_is_busy(read: int, ahead: int) -> None:
    pages = Pages(refused=0)
    pages.read(read)
    assert pages.in_flight() == ahead * MOST


@pytest.mark.parametrize(("begin", "end"), [(0, 10), (10, 20), (20, 40), (60, 80)])
def test_what_follows_is_looked_at_once_for_every_four_pages(begin: int, end: int) -> None:
    looks = list[int]()

    def following(number: int) -> Iterator[Request]:
        yield Request("GET", f"http://api.example.org/{number}")
        looks.append(number)
        for after in range(number + 1, number + MOST * IN_LINE):
            yield Request("GET", f"http://api.example.org/{after}")

    ahead = ReadAhead(lambda request: Answer(request, 200, {}, b"[]"), MOST)
    for number in range(end * MOST):
        ahead.expect(following(number), (), lambda request: request.prepare())
        first = next(following(number))
        assert ahead.take(ahead.prepared(first) or first.prepare())
        ahead.settle()
    ahead.close()
    found = [number for number in looks if number >= begin * MOST]
    assert len(found) <= (end - begin) * MOST // (MOST // 2) + 1


class LateThread(Executor):
    """Begins with each page at once, but with one only after all others."""

    def __init__(self, late: int, _: int) -> None:
        super().__init__()
        self._late = late
        self._submitted = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The outcome of a page; the late one stands in line."""
        outcome = Future[T]()
        self._submitted += 1
        if self._submitted != self._late:
            try:
                outcome.set_result(fn(*args, **kwargs))
            except ApiUnavailableError as error:
                outcome.set_exception(error)
        return outcome


@pytest.mark.parametrize(("late", "failing"), [(2, 3), (3, 4), (2, 5), (4, 3)])
def test_pages_beyond_one_whose_thread_began_too_late_are_kept_with_their_failures(
    late: int, failing: int
) -> None:
    asked = list[str]()

    def fetch(request: PreparedRequest) -> Answer:
        asked.append(request.url or "")
        if request.url == coming[failing - 1].url:
            raise ApiUnavailableError("Not now.")
        return Answer(request, 200, {}, b"[]")

    coming = [Request("GET", f"http://api.example.org/{number}") for number in range(6)]
    ahead = ReadAhead(fetch, MOST, partial(LateThread, late))
    failures = 0
    for number, page in enumerate(coming):
        ahead.expect(coming[number:], (), lambda request: request.prepare())
        prepared = ahead.prepared(page)
        answer = (prepared and ahead.take(prepared)) or partial(fetch, page.prepare())
        try:
            answer()
        except ApiUnavailableError:
            failures += 1
    assert failures == 1
    assert sorted(asked) == [page.url for page in coming]


def test_once_a_page_has_failed_what_is_in_line_is_not_asked_for() -> None:
    asked, may_fail, may_go = list[str](), Event(), Event()

    def fetch(request: PreparedRequest) -> Answer:
        asked.append(request.url or "")
        if is_far:
            if len(asked) == MOST:  # each thread has begun, lest its page be in line still
                may_fail.set()
            (may_fail if request.url == coming[0].url else may_go).wait(PATIENCE)
            if request.url == coming[0].url:
                raise ApiUnavailableError("Not now.")
        return Answer(request, 200, {}, b"[]")

    is_far = False
    ahead = ReadAhead(fetch, MOST)
    coming = [Request("GET", f"http://api.example.org/{n}") for n in range(22 * MOST)]
    for page in coming[: 20 * MOST]:
        ahead.expect([page], (), lambda request: request.prepare())
        ahead.take(ahead.prepared(page) or page.prepare())
    is_far, coming = True, coming[20 * MOST :]
    asked.clear()
    ahead.expect(coming, (), lambda request: request.prepare())
    first = ahead.take(ahead.prepared(coming[0]) or coming[0].prepare())
    assert first
    with pytest.raises(ApiUnavailableError):
        first()
    may_go.set()
    ahead.settle()
    assert sorted(asked) == sorted(str(request.url) for request in coming[:MOST])
    second = ahead.take(ahead.prepared(coming[MOST]) or coming[MOST].prepare())
    assert second
    assert second().status_code == 200
    ahead.close()


def test_pages_of_an_owner_that_is_given_up_hold_up_no_others() -> None:
    asked: list[str] = []

    def fetch(request: PreparedRequest) -> Answer:
        asked.append(request.headers[OWNER_HEADER])
        if asked[-1] == "failing":
            raise ApiUnavailableError("Not now.")
        return Answer(request, 200, {}, b"[]")

    ahead = ReadAhead(fetch, MOST)
    for owner in ("failing", "answering"):
        parts = [
            Request("GET", f"http://api.example.org/{n}", {OWNER_HEADER: owner}) for n in range(2)
        ]
        ahead.expect((), parts, lambda request: request.prepare())
        ahead.settle()
        ahead.forget("failing")
    ahead.close()

    assert asked.count("answering") == 2
