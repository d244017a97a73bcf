"""Finds out how long a list is at the most that goes on as fast as it is read."""

from __future__ import annotations

from email_assets.api.page import Page

FAR = 10
"""Pages that a list of unknown length is read before its end is looked for, further on."""


class Horizon:
    """Looks further on where new rows may be coming as fast as they are read.

    A place without rows tells how many there are before it at that moment. What comes beyond so
    many is left to the next sync.

    Args:
        limit: Rows that a page is asked for.
        most: Rows that the API gives of the list at the most, or None.

    Attributes:
        is_aside: Whether the page that is asked for next is only looked at.
    """

    def __init__(self, limit: int, most: int | None) -> None:
        self._most = most
        self.is_aside = False
        self._look_from = FAR * limit
        self._looks = self._trickle_from = self._resume_at = 0
        self._was_short = False
        self._rows_to_go: int | None = None

    @property
    def is_reached(self) -> bool:
        """True if all rows have been read that there were at the moment of the look."""
        return self._rows_to_go is not None and self._rows_to_go <= 0

    def count(self, new: int) -> None:
        """Count rows that were read for the first time, without a gap after those before."""
        if self._rows_to_go is not None:
            self._rows_to_go -= new

    def forget(self) -> None:
        """Take nothing for known any more: rows have moved up."""
        self._rows_to_go = None

    def look(self, place: int, page: Page, *, is_full: bool, may_run_on: bool) -> int:
        """The place to ask for next: further on, if that may be needed.

        Args:
            place: The place to ask for otherwise, or afterwards.
            page: The page that has brought new rows.
            is_full: Whether it is as long as pages are.
            may_run_on: Whether it ends beyond the rows that the API first said there are.
        """
        end = page.place + len(page.keys)
        trickles = not is_full and self._was_short and end >= self._trickle_from
        self._was_short = not is_full
        runs_on = may_run_on and end >= self._look_from
        further_on = end + (len(page.keys) * 2 ** (self._looks + 1) if trickles else end)
        is_within = self._most is None or further_on < self._most
        if self._rows_to_go is not None or not (trickles or runs_on) or not is_within:
            return place
        self.is_aside, self._resume_at = True, place
        self._looks += 1
        self._trickle_from, self._look_from = further_on, max(self._look_from, further_on)
        return further_on

    def learn(self, page: Page, read_to: int, *, says_more: bool) -> int:
        """The place to go on at, after the page further on.

        Args:
            page: The page further on.
            read_to: The place up to which the list was read.
            says_more: Whether the API says that there are rows nevertheless.
        """
        self.is_aside = False
        if not page.keys and not says_more:
            self._rows_to_go = page.place - read_to
        return self._resume_at
