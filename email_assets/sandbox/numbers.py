"""The numbers of the rows that a resource has, while rows come and go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Numbers:
    """The numbers of the rows that one resource lists, kept as a few ranges.

    New rows always get new numbers, so a row that was deleted never comes back.
    """

    def __init__(self, count: int) -> None:
        self.next = count
        """The number of the next new row."""
        self.ranges = [range(count)]

    def add(self) -> int:
        """List one more row at the head and return its number."""
        number, self.next = self.next, self.next + 1
        if self.ranges and self.ranges[-1].stop == number:
            self.ranges[-1] = range(self.ranges[-1].start, self.next)
        else:
            self.ranges.append(range(number, self.next))
        return number

    def delete_head(self, count: int) -> None:
        """Stop listing the newest `count` rows, or all if there are fewer."""
        while count > 0 and self.ranges:
            last = self.ranges.pop()
            if len(last) > count:
                self.ranges.append(last[:-count])
            count -= len(last)

    def within(self, since: int, before: int) -> list[range]:
        """The numbers listed from one number up to another, which is not one of them."""
        return [range(max(r.start, since), min(r.stop, before)) for r in self.ranges]

    @staticmethod
    def newest_first(ranges: Sequence[range], offset: int) -> Iterator[int]:
        """The numbers of ranges, from the one at `offset` on, found without counting through."""
        for numbers in reversed(ranges):
            if offset < len(numbers):
                yield from numbers[::-1][offset:]
            offset = max(0, offset - len(numbers))
