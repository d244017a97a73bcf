"""Rows of a list that came already: how many, and which of the latest pages."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

MANY = 300_000
"""Keys that Python itself counts in some 30 MB; pyarrow, which takes less for each, takes 70 MB
before it counts any, and a sync that changes nothing can do without it."""


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
            self._counted = len(self._hashes)
            is_small = self._counted <= MANY
            self._count = len(set(self._hashes)) if is_small else _different_in(self._hashes)
        return self._count


def _different_in(hashes: array[int]) -> int:
    # not at the top: only a long list needs it
    import pyarrow as pa
    import pyarrow.compute as pc

    # an array that a buffer still looks at cannot grow, and this one is gone with its values
    values = pa.Array.from_buffers(pa.int64(), len(hashes), [None, pa.py_buffer(hashes)])
    count: int = pc.count_distinct(values).as_py()
    return count


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
