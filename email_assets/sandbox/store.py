"""The rows that the API lists at this moment, newest first.

A row's contents come from `data`, when it came from `times`; here is decided how many there are,
and what a test has put in their place.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from email_assets.sandbox.data import (
    BLOCK,
    BOUNCE_TYPES,
    DOMAINS,
    RESOURCES,
    SERVERS,
    Data,
    Row,
    moment,
)
from email_assets.sandbox.instants import lies_within
from email_assets.sandbox.numbers import Numbers
from email_assets.sandbox.times import Times


class Store:
    """The rows of all resources, as they stand at the clock's time. Safe to use from any thread.

    Args:
        data: What each row contains.
        messages: How many messages there are at the start.
        rate: How many more arrive in a minute.
        clock: The time now, with a time zone.

    Raises:
        ValueError: A number is negative, or the clock tells no time zone.
    """

    def __init__(
        self, data: Data, *, messages: int, rate: float, clock: Callable[[], datetime]
    ) -> None:
        if messages < 0 or rate < 0:
            raise ValueError("messages and rate must not be negative.")
        if clock().tzinfo is None:
            raise ValueError("The clock must return times with a time zone.")
        self._data = data
        self._clock = clock
        self._rate = rate
        self._lock = threading.RLock()
        self._start = clock().timestamp()
        self._times = Times(data, messages, self._start)
        self._arrived = 0
        self._replaced: dict[str, list[Any]] = {}
        self._changed: dict[tuple[str, int], Row] = {}
        self._numbers = {
            "bounces": Numbers(data.bounce_count(messages)),
            "messages": Numbers(messages),
            "deliverystats": Numbers(len(BOUNCE_TYPES)),
            "servers": Numbers(SERVERS),
            "domains": Numbers(DOMAINS),
        }
        self._build: dict[str, Callable[[int], Row]] = {
            "bounces": self._bounce,
            "messages": self._message,
            "deliverystats": self._deliverystat,
            "servers": data.server,
            "domains": data.domain,
        }

    def page(
        self,
        resource: str,
        offset: int,
        limit: int | None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[list[Any], int]:
        """A page of rows and how many rows there are in all; a limit of `None` gives the rest.

        Only the resources of `TIME_FIELDS` can be asked for a stretch of time. Both its ends belong
        to it, and rows that tell no time do not.
        """
        with self._lock:
            self._catch_up()
            if resource in self._replaced:
                rows = self._replaced[resource]
                if since or until:
                    rows = [row for row in rows if lies_within(row, resource, since, until)]
                end = None if limit is None else offset + limit
                return rows[offset:end], len(rows)
            ranges = self._listed(resource, since, until)
            wanted = islice(Numbers.newest_first(ranges, offset), limit)
            return [self._row(resource, number) for number in wanted], sum(map(len, ranges))

    def replace(self, resource: str, rows: Sequence[Any] | None) -> None:
        """Serve exactly these rows, whatever JSON they are, or `None` for the generated ones.

        Raises:
            ValueError: The resource is unknown, or a row is not JSON.
        """
        check_resource(resource)
        if rows is not None:
            try:
                json.dumps(rows, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise ValueError(f"The rows for {resource} are not JSON: {error}.") from error
        with self._lock:
            if rows is None:
                self._replaced.pop(resource, None)
            else:
                self._replaced[resource] = list(rows)

    def insert_head(self, resource: str, count: int) -> None:
        """List `count` new rows at the head, as if they had arrived now.

        A bounce that is inserted is a further one of the newest message that bounced.

        Raises:
            ValueError: The resource is unknown or the count negative.
        """
        check_resource(resource)
        check_count(count)
        with self._lock:
            self._catch_up()
            now = self._now()
            for _ in range(count):
                number = self._add(resource, now)
                if resource in self._replaced:
                    self._replaced[resource].insert(0, self._build[resource](number))

    def delete_head(self, resource: str, count: int) -> None:
        """Stop listing the newest `count` rows. Rows of other resources that name them stay.

        Raises:
            ValueError: The resource is unknown or the count negative.
        """
        check_resource(resource)
        check_count(count)
        with self._lock:
            self._catch_up()
            if resource in self._replaced:
                del self._replaced[resource][:count]
            else:
                self._numbers[resource].delete_head(count)

    def change(self, resource: str, position: int, values: Row) -> None:
        """Let the row at a position of the list, from 0 on, have these values from now on.

        Raises:
            ValueError: The resource is unknown, or its rows are replaced by others.
            IndexError: There is no such row.
        """
        check_resource(resource)
        with self._lock:
            self._catch_up()
            if resource in self._replaced:
                raise ValueError(f"The rows of {resource} are replaced: replace them again.")
            numbers = Numbers.newest_first(self._numbers[resource].ranges, position)
            number = next(numbers, None)
            if number is None:
                raise IndexError(f"{resource} has no row at {position}.")
            self._changed.setdefault((resource, number), {}).update(values)

    def _row(self, resource: str, number: int) -> Row:
        return {**self._build[resource](number), **self._changed.get((resource, number), {})}

    def _listed(
        self, resource: str, since: datetime | None, until: datetime | None
    ) -> Sequence[range]:
        """The numbers listed of a stretch of time; later rows have higher numbers."""
        numbers = self._numbers[resource]
        if not since and not until:
            return numbers.ranges
        ever = range(numbers.next)
        time = {"messages": self._times.sent_at, "bounces": self._times.bounced_at}[resource]

        def at(number: int) -> datetime:
            return moment(time(number))

        first = bisect_left(ever, since, key=at) if since else 0
        return numbers.within(first, bisect_right(ever, until, key=at) if until else len(ever))

    def _now(self) -> float:
        """The clock's time, but never before the newest row's: rows stay in order."""
        return max(self._clock().timestamp(), self._times.latest)

    def _catch_up(self) -> None:
        """Add the messages that have arrived since the last look, each at its own time."""
        if not self._rate:
            return
        gap = 60 / self._rate
        elapsed = self._clock().timestamp() - self._start
        while (self._arrived + 1) * gap <= elapsed:
            self._arrived += 1
            self._add_message(self._start + self._arrived * gap)

    def _add(self, resource: str, now: float) -> int:
        if resource == "messages":
            return self._add_message(now)
        if resource == "bounces":
            bounces = self._numbers["bounces"]
            while bounces.next == 0:  # a bounce needs a message
                self._add_message(now)
            return self._add_bounce(self._times.block(bounces.next - 1), now)
        return self._numbers[resource].add()

    def _add_message(self, at: float) -> int:
        number = self._numbers["messages"].add()
        self._times.add_message(at)
        if self._data.bouncing_message(number // BLOCK) == number:
            self._add_bounce(number // BLOCK, at)
        return number

    def _add_bounce(self, block: int, at: float) -> int:
        self._times.add_bounce(block, at)
        return self._numbers["bounces"].add()

    def _message(self, number: int) -> Row:
        return self._data.message(number, self._times.sent_at(number))

    def _bounce(self, number: int) -> Row:
        message = self._data.bouncing_message(self._times.block(number))
        return self._data.bounce(number, self._message(message), self._times.bounced_at(number))

    def _deliverystat(self, number: int) -> Row:
        count = 0
        if number < len(BOUNCE_TYPES):
            for listed in self._numbers["bounces"].ranges:
                count += self._data.type_count(BOUNCE_TYPES[number], listed.stop)
                count -= self._data.type_count(BOUNCE_TYPES[number], listed.start)
        return self._data.deliverystat(number, count)


def check_resource(resource: str) -> None:
    """Raise a `ValueError` that names the known resources unless this is one."""
    if resource not in RESOURCES:
        raise ValueError(f"There is no resource {resource!r}; known are {', '.join(RESOURCES)}.")


def check_count(count: int) -> None:
    """Raise a `ValueError` unless this is a number of rows."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError("The number of rows must be a whole number of at least 0.")
