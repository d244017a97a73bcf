"""The figures of a sync."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from email_assets.api.usage import Usage
from email_assets.api.window import Window
from email_assets.sync.listing import Listing
from email_assets.sync.span import Span

Step = Literal["extract", "normalize", "load"]


@dataclass(frozen=True)
class SyncReport:
    """The figures of a sync: rows, requests, bytes and seconds."""

    rows_received: int
    """Rows that the API gave, those read again included."""
    rows_listed: int
    """Rows of the API's list that were read, not counting those read again."""
    rows_loaded: int
    """Rows handed to the warehouse, where those with equal keys become one."""
    rows_without_key: int
    """Rows without a primary key, which were not loaded."""
    rows_unchanged: int
    """Rows that the warehouse held already as they are, which were not loaded again."""
    api_total: int | None
    """Rows that the API says there are in the window, or None where it does not say."""
    window: Window
    """The stretch of time that was read, open at both ends for everything."""
    stopped_early: bool
    """True if reading stopped at rows from before the window, with older ones left unread."""
    is_backfill: bool = field(default=False, kw_only=True)
    """True if a stretch of time was filled in, and the next sync has all to read that is new."""
    row_count: int
    """Rows in the resource's table afterwards."""
    usage: Usage
    seconds: float
    rows_withheld: int | None = None
    """Rows that `[privacy]` keeps out; None where it keeps out none."""
    asked_for_everything: bool = field(default=False, kw_only=True)
    """True if all was read that the API gives, which may be what is recent alone."""
    rows_before: int = 0
    """Rows in the resource's table when the sync began."""
    rows_new: int = 0
    """Rows that the table did not have before."""
    seconds_of: dict[Step, float] = field(default_factory=dict)
    """Seconds of each of dlt's steps, with what the last waited for its turn at the file."""
    schema_changes: list[str] = field(default_factory=list)
    """Columns and tables that rows of an existing table brought along, a phrase for each."""
    preview: list[dict[str, str]] = field(default_factory=list)
    """A few rows of the table, with addresses masked, if the settings want to see them."""
    owners_refused: dict[str, str] = field(default_factory=dict)
    """Owners whose lists the API refused, as people know them, and why."""
    owners_unavailable: dict[str, str] = field(default_factory=dict)
    """Owners whose lists the API failed to give, as people know them, and why."""
    stretches_missed: dict[str, str] = field(default_factory=dict)
    """Owners, as people know them, that are back after longer than the API looks back, and the
    stretch of time of each that was not asked for."""
    newest_is_missing: bool = False
    """True if not even the newest row of earlier syncs came again, which the window should hold."""

    @property
    def rows_updated(self) -> int:
        """Rows that took the place of an earlier copy of themselves."""
        return max(0, self.rows_loaded - self.rows_new)


def figures_of(listing: Listing, span: Span) -> dict[str, Any]:
    """The part of a report that is about what was read, by the names of its fields."""
    rows, paginator = listing.rows, listing.paginator
    looked_for_what_is_new = paginator.window.start is not None and not span.is_backfill
    return {
        "rows_received": rows.received,
        "rows_listed": paginator.reached,
        "rows_without_key": rows.without_key,
        "rows_unchanged": rows.unchanged,
        "rows_withheld": rows.withheld if listing.private.withholds else None,
        "api_total": paginator.total,
        "window": paginator.asked,
        "asked_for_everything": paginator.window == Window(),
        "newest_is_missing": looked_for_what_is_new and rows.received == 0,
        "stopped_early": paginator.stopped_early,
        "is_backfill": span.is_backfill,
        "stretches_missed": stretches_missed(listing),
        "owners_refused": listing.owners.titles(paginator.refused, by_the_api=True),
        "owners_unavailable": listing.owners.titles(paginator.refused, by_the_api=False),
        "usage": listing.usage,
    }


def stretches_missed(listing: Listing) -> dict[str, str]:
    """The stretches of time that `SyncReport.stretches_missed` tells of."""
    paginator, found = listing.paginator, dict[str, str]()
    for owner in paginator.owners:
        gap = Window(listing.away.get(owner.name)).before(paginator.asked_of[owner.name])
        if gap and owner.name not in paginator.refused:
            found[owner.title] = str(gap)
    return found


def sentence_on(owner: str, missed: str) -> str:
    """The sentence, without its end, for one of `stretches_missed`."""
    return (
        f"{owner} could not be read for longer than the API looks back, so rows of {missed} were "
        "not asked for, and may be missing for good"
    )
