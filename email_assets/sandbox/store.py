"""Which rows the API lists at this moment, newest first.

A row's contents come from `data`; here is decided how many there are, when each came, and what a
test has put in their place.
"""

from __future__ import annotations

import json
import re
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
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
from email_assets.sandbox.numbers import Numbers

HISTORY = 30 * 86_400.0
"""Seconds before the start over which the first messages are spread."""

LISTED_AFTER = 60.0
"""Seconds from a message's sending to its listing: it is listed once its fate is known."""

TIME_FIELDS = {"messages": "sent_at", "bounces": "bounced_at"}
"""The resources that can be asked for a stretch of time, and the field that it is about."""

EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
LATEST = datetime.max.replace(tzinfo=timezone.utc)

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII
)


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
        self._step = (HISTORY - LISTED_AFTER) / max(messages, 1)
        self._arrived = 0
        self._message_times = array("d")
        self._late_bounces: list[tuple[int, float]] = []
        self._replaced: dict[str, list[Any]] = {}
        self._changed: dict[tuple[str, int], Row] = {}
        self._numbers = {
            "bounces": Numbers(data.bounce_count(messages)),
            "messages": Numbers(messages),
            "deliverystats": Numbers(len(BOUNCE_TYPES)),
            "servers": Numbers(SERVERS),
            "domains": Numbers(DOMAINS),
        }
        self._time: dict[str, Callable[[int], float]] = {
            "messages": lambda number: self._listed_at(number) - LISTED_AFTER,
            "bounces": self._bounced_at,
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
                    field = TIME_FIELDS[resource]
                    rows = [row for row in rows if _lies_within(row, field, since, until)]
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
        time, ever = self._time[resource], range(numbers.next)

        def at(number: int) -> datetime:
            return moment(time(number))

        first = bisect_left(ever, since, key=at) if since else 0
        return numbers.within(first, bisect_right(ever, until, key=at) if until else len(ever))

    def _now(self) -> float:
        """The clock's time, but never before the newest row's: rows stay in order."""
        latest = self._message_times[-1] if self._message_times else self._start
        if self._late_bounces:
            latest = max(latest, self._late_bounces[-1][1])
        return max(self._clock().timestamp(), latest)

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
            return self._add_bounce(self._block(bounces.next - 1), now)
        return self._numbers[resource].add()

    def _add_message(self, at: float) -> int:
        number = self._numbers["messages"].add()
        self._message_times.append(at)
        if self._data.bouncing_message(number // BLOCK) == number:
            self._add_bounce(number // BLOCK, at)
        return number

    def _add_bounce(self, block: int, at: float) -> int:
        self._late_bounces.append((block, at))
        return self._numbers["bounces"].add()

    def _block(self, bounce: int) -> int:
        """The block of messages that a bounce belongs to."""
        late = bounce - self._numbers["bounces"].first
        return bounce if late < 0 else self._late_bounces[late][0]

    def _listed_at(self, message: int) -> float:
        late = message - self._numbers["messages"].first
        if late >= 0:
            return self._message_times[late]
        # A little off the beat, by less than the step, so that the order stays.
        offbeat = 0.9 * (message * 0.6180339887 % 1)
        return self._start - HISTORY + LISTED_AFTER + (message + offbeat) * self._step

    def _message(self, number: int) -> Row:
        return self._data.message(number, self._listed_at(number) - LISTED_AFTER)

    def _bounce(self, number: int) -> Row:
        message = self._data.bouncing_message(self._block(number))
        return self._data.bounce(number, self._message(message), self._bounced_at(number))

    def _bounced_at(self, number: int) -> float:
        late = number - self._numbers["bounces"].first
        if late >= 0:
            return self._late_bounces[late][1]
        # Before the listing, by less than two messages are apart, so that the order stays.
        early = min(0.1 * self._step, LISTED_AFTER - 5)
        message = self._data.bouncing_message(self._block(number))
        return self._listed_at(message) - early * (number * 0.6180339887 % 1)

    def _deliverystat(self, number: int) -> Row:
        count = 0
        if number < len(BOUNCE_TYPES):
            for listed in self._numbers["bounces"].ranges:
                count += self._data.type_count(BOUNCE_TYPES[number], listed.stop)
                count -= self._data.type_count(BOUNCE_TYPES[number], listed.start)
        return self._data.deliverystat(number, count)


def instant(text: str) -> datetime:
    """An instant from ISO 8601 with an offset from UTC: `2026-01-31T09:30:00Z`.

    Raises:
        ValueError: It is none, or only a date, or the offset is missing.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError("no instant")
    second, fraction, offset = found.groups(default="")
    return datetime.fromisoformat(f"{second}.{fraction:0<6}{offset.replace('Z', '+00:00')}")


def _lies_within(row: Any, field: str, since: datetime | None, until: datetime | None) -> bool:
    try:
        at = instant(row[field])
    except (KeyError, TypeError, ValueError):
        return False
    return (since or EARLIEST) <= at <= (until or LATEST)


def check_resource(resource: str) -> None:
    """Raise a `ValueError` that names the known resources unless this is one."""
    if resource not in RESOURCES:
        raise ValueError(f"There is no resource {resource!r}; known are {', '.join(RESOURCES)}.")


def check_count(count: int) -> None:
    """Raise a `ValueError` unless this is a number of rows."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError("The number of rows must be a whole number of at least 0.")
