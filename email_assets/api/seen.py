"""Rows of a list that came already: how many, and which of the latest pages."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any


class SeenKeys:
    """Counts the different keys of a list that were read, at eight bytes for each row."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._count = 0
        self._counted = 0

    def add(self, keys: Iterable[str]) -> None:
        """Note the keys of a page."""
        self._hashes.extend(map(hash, keys))

    def lacks(self, keys: Sequence[str]) -> list[bool]:
        """Tell of each key whether it did not come yet."""
        known = frozenset(self._hashes)
        return [hash(key) not in known for key in keys]

    @property
    def count(self) -> int:
        """Different keys so far."""
        if self._counted != len(self._hashes):
            # not at the top: only a sync needs it, and loading the definitions is to cost nothing
            import pyarrow as pa
            import pyarrow.compute as pc

            self._counted = len(self._hashes)
            buffer = pa.py_buffer(self._hashes)
            hashes = pa.Array.from_buffers(pa.int64(), self._counted, [None, buffer])
            self._count = pc.count_distinct(hashes).as_py()
            # an array that a buffer still looks at cannot grow
            del hashes, buffer
        return self._count


class Shelf:
    """Holds the rows of the latest pages, so that what is read again is handed on once.

    Args:
        pages: How many pages to hold.
    """

    def __init__(self, pages: int) -> None:
        self._held: deque[dict[str, dict[str, Any]]] = deque(maxlen=pages)

    def hand_on(self, rows: list[dict[str, Any]], keys: Sequence[str], ends: int = 0) -> None:
        """Take those rows out of a page that came before, unless they have changed since.

        Args:
            rows: The page's rows, of which those are left that are to be handed on.
            keys: Their keys.
            ends: How many rows of its end can come again, or 0 for all.
        """
        named = list(zip(keys, rows, strict=True))
        known = set().union(*self._held)
        rows[:] = [
            row
            for key, row in named
            if key not in known or all(page.get(key) != row for page in self._held)
        ]
        # copies: a row may get more fields on its way
        self._held.append({key: dict(row) for key, row in named[-ends:]})
