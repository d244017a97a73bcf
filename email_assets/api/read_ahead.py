"""Keeps the next pages of a list in flight while the one before them is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice

from requests import PreparedRequest, Request

from email_assets.api.answer import Answer
from email_assets.api.owner import OWNER_HEADER
from email_assets.api.pagination import address_of
from email_assets.errors import ApiUnavailableError

MEMORY = 64 * 1024 * 1024
"""Bytes of bodies to hold ahead, if they are as large as the largest so far."""

IN_LINE = 4
"""Pages that are asked for ahead, for each request in flight: a thread that has got one goes on
with the next by itself, while the reader is still busy with an earlier one."""

ENOUGH_IN_LINE = 3
"""Pages ahead for each request in flight with which it is not worth a look at what follows them;
while fewer may be ahead, it is worth one once there is room for half of those in flight."""

FIRST_IN_VAIN = 2
"""Pages that may be asked for in vain in any case, for each request in flight: with fewer, threads
would wait for the reader over the first hundreds of pages."""

SHARE_IN_VAIN = 20
"""One page more may be asked for in vain for every so many that are read: some lists go on
otherwise than their first pages suggest."""

THREADS = partial(ThreadPoolExecutor, thread_name_prefix="read-ahead")


@dataclass(frozen=True)
class _Page:
    request: PreparedRequest
    answer: Future[Answer]
    is_sure: bool
    """True if it will be wanted however the list that is being read goes on."""
    refusals: int
    """The number of refusals there had been when it was asked for."""


class ReadAhead:
    """Pages that are asked for before they are wanted, each of them once.

    All decisions are made by the thread that reads. A page that failed is not asked for again
    here: it fails for its reader, who is to try again, alone, after `settle`. Until then nothing
    new is asked for, not even what is in line already, and afterwards fewer pages at a time: half
    of them, and one more for every so many that come (additive increase, multiplicative decrease,
    as TCP does it). Each time that happens, it takes twice as many pages to get there: some APIs
    allow only so many at once.

    Args:
        fetch: Sends a request once; called in threads.
        pages: Requests in flight at the most; four times as many pages may be ahead, and with 1
            none is.
        threads: Makes so many threads.
    """

    def __init__(
        self,
        fetch: Callable[[PreparedRequest], Answer],
        pages: int,
        threads: Callable[[int], Executor] = THREADS,
    ) -> None:
        self._fetch = fetch
        self._make_threads = threads
        self._most = pages
        self._width = float(pages)
        self._refusals = 0
        self._largest = 1
        self._read = 0
        self._in_vain = 0
        self._pages: dict[str, _Page] = {}
        self._in_flight: set[Future[Answer]] = set()
        self._threads: Executor | None = None

    def expect(
        self,
        coming: Iterable[Request],
        others: Iterable[Request],
        prepare: Callable[[Request], PreparedRequest],
    ) -> None:
        """Ask for pages, as many as are allowed.

        Args:
            coming: The requests that follow, in order, if the list goes on as it did.
            others: Requests for other lists, which are sure to follow after those.
            prepare: Makes of a request what will be sent.
        """
        if self._most < 2:
            return
        cancelled = set() if self._has_a_failure() else self._forget_cancelled()
        ahead = islice(coming, self._most * IN_LINE)
        wanted = {address_of(request): request for request in islice(ahead, 1)}
        room = self._room()
        enough = min(self._most * ENOUGH_IN_LINE, max(self._most, room - self._most // 2))
        if len(self._pages) >= enough and wanted.keys() <= self._pages.keys():
            return
        wanted |= {address_of(request): request for request in ahead}
        if next(iter(wanted), None) not in self._pages.keys() | cancelled:
            # the list did not go on as expected, and what is in flight may have been overtaken
            self._drop_unless_in(())
        self._drop_unless_in(wanted)
        if self._has_a_failure():
            return
        room = self._room()  # with what was dropped
        of_this_list = sum(not page.is_sure for page in self._pages.values())
        missing = [request for address, request in wanted.items() if address not in self._pages]
        for request in missing[: max(0, room - of_this_list)]:
            self._ask_for(prepare(request), address_of(request), is_sure=False)
        for request in others:
            if len(self._pages) >= room:
                return
            if (address := address_of(request)) not in self._pages:
                self._ask_for(prepare(request), address, is_sure=True)

    def prepared(self, request: Request) -> PreparedRequest | None:
        """The result of exactly this request, or None if its page was not asked for."""
        page = self._pages.get(address_of(request))
        return page.request if page else None

    def take(self, request: PreparedRequest) -> Callable[[], Answer] | None:
        """The outcome of a request, to be waited for, or None if its page was not asked for."""
        for address, page in self._pages.items():
            if page.request is request:
                del self._pages[address]
                self._learn_from(page)
                return partial(self._outcome, page)
        return None

    def note_size(self, size: int) -> None:
        """Learn how large answers are; those that were not asked for ahead tell that, too."""
        self._largest = max(self._largest, size)

    def forget(self, owners: Collection[str]) -> None:
        """Forget the pages of owners whose lists are read no further."""
        for address, page in list(self._pages.items()):
            if page.request.headers.get(OWNER_HEADER) in owners:
                page.answer.cancel()
                del self._pages[address]

    def settle(self) -> None:
        """Wait until nothing is in flight."""
        wait(list(self._in_flight))

    def close(self) -> None:
        """Forget all pages, and end the threads as soon as their requests do."""
        for page in self._pages.values():
            page.answer.cancel()
        self._pages.clear()
        if self._threads:
            self._threads.shutdown(wait=True)

    def _ask_for(self, request: PreparedRequest, address: str, *, is_sure: bool) -> None:
        if self._threads is None:
            self._threads = self._make_threads(self._most)
        answer = self._threads.submit(self._fetch, request)
        self._in_flight.add(answer)
        self._pages[address] = _Page(request, answer, is_sure, self._refusals)
        answer.add_done_callback(self._note_end)

    def _note_end(self, answer: Future[Answer]) -> None:
        """Let nothing go on that is in line, once a page has failed; called in threads."""
        self._in_flight.discard(answer)
        if _has_failed(answer):
            self._clear_line()

    def _has_a_failure(self) -> bool:
        """True while a page that failed is still to be taken."""
        return any(_has_failed(page.answer) for page in self._pages.values())

    def _forget_cancelled(self) -> set[str]:
        """Forget the pages that were in line when another failed; gives their addresses."""
        found = {address for address, page in self._pages.items() if page.answer.cancelled()}
        for address in found:
            del self._pages[address]
        return found

    def _clear_line(self) -> None:
        for page in tuple(self._pages.values()):
            page.answer.cancel()

    def _outcome(self, page: _Page) -> Answer:
        try:
            return page.answer.result()
        except CancelledError:  # it was in line when another page failed
            return self._fetch(page.request)

    def _drop_unless_in(self, addresses: Container[str]) -> None:
        for address, page in list(self._pages.items()):
            if page.is_sure or address in addresses:
                continue
            del self._pages[address]
            if not page.answer.cancel():
                self._in_vain += 1
                if _has_failed(page.answer):
                    self._learn_from(page)

    def _room(self) -> int:
        """The number of pages that may be ahead now: the next one, which is wanted, and others."""
        may_be_in_vain = FIRST_IN_VAIN * self._most + self._read // SHARE_IN_VAIN - self._in_vain
        # after a refusal none stands in line: there is always a thread that would take it at once
        at_once = self._most * IN_LINE if self._width >= self._most else int(self._width)
        return 1 + max(0, min(at_once, MEMORY // self._largest, may_be_in_vain) - 1)

    def _learn_from(self, page: _Page) -> None:
        try:
            error = page.answer.exception()
        except CancelledError:
            return
        self._read += 1
        if error is None:
            pages_for_one_more = self._most * 2 ** (self._refusals - 1)
            self._width = min(self._most, self._width + 1 / pages_for_one_more)
            return
        self._clear_line()
        if isinstance(error, ApiUnavailableError) and page.refusals == self._refusals:
            # pages that were in flight together are refused together, for one reason
            self._width = max(1.0, self._width / 2)
            self._refusals += 1


def _has_failed(answer: Future[Answer]) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is not None
