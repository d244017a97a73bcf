"""The stretch of time that a sync reads: what is new, everything, or what somebody asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from email_assets.api.window import Filter, Window
from email_assets.clock import now
from email_assets.errors import EmailAssetsError
from email_assets.instants import as_utc
from email_assets.vendors import NOW, VendorResource
from email_assets.vendors.resource import endpoint_of

A_DAY = timedelta(days=1)
"""The look-back of an incremental sync where neither the vendor's file nor a setting says."""

_DATE = re.compile(r"\d{4}-?\d\d-?\d\d")
_FROM_A_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}(\D|$)")
YEARS = range(1970, 2201)
"""Beyond them, a look-back or a time zone may leave the calendar."""


class SpanError(EmailAssetsError):
    """A stretch of time was asked for that cannot be synced."""


@dataclass(frozen=True)
class Span:
    """A wish for more than what is new: everything, or a stretch of time to fill in."""

    full_refresh: bool = False
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_backfill(self) -> bool:
        """True if it is about a stretch of time, which leaves the cursor where it is."""
        return self.start is not None or self.end is not None

    @classmethod
    def parse(cls, full_refresh: bool, start: str | None, end: str | None) -> Span:
        """A span from what people write: dates or times in ISO 8601, UTC where they say no offset.

        The day of an `end` that is a date belongs to the span.

        Raises:
            SpanError: It is no time, or it ends before it starts, or it is full as well.
        """
        try:
            found = cls(full_refresh, *(_instant(at) if at else None for at in (start, end)))
            if found.end and end and _DATE.fullmatch(end):
                found = replace(found, end=found.end + A_DAY - timedelta(microseconds=1))
        except (ValueError, OverflowError):
            found = None
        if found is None:
            raise SpanError("start and end must be dates or times such as 2026-01-31T12:00:00Z.")
        if found.is_backfill and full_refresh:
            raise SpanError("Ask for a full_refresh or for a start and end, not for both.")
        if found.start and found.end and found.end < found.start:
            raise SpanError("The end of a backfill must not be before its start.")
        return found


def _instant(text: str) -> datetime:
    found = as_utc(text)
    if not _FROM_A_DATE.match(text) or found.year not in YEARS:
        raise ValueError(text)
    return found


@dataclass(frozen=True)
class Incremental:
    """The `incremental` block of a resource that can be read by time."""

    cursor_path: str
    lag: timedelta
    newest_first: bool
    time_filter: Filter | None

    @classmethod
    def of(cls, resource: VendorResource) -> Incremental | None:
        """The block of a resource, or None if it can only be read whole."""
        block = endpoint_of(resource).get("incremental")
        if not block:
            return None
        time_filter = None
        if block.get("start_param"):
            begin = block.get("initial_value")
            time_filter = Filter(
                block["start_param"],
                block.get("end_param"),
                block.get("convert") or _write_iso,
                begin=as_utc(begin) if isinstance(begin, str) else begin,
                ends_now=block.get("end_value") == NOW,
                longest=resource.get("longest"),
            )
        return cls(
            cursor_path=block["cursor_path"],
            lag=timedelta(seconds=block["lag"]) if block.get("lag") is not None else A_DAY,
            newest_first=block.get("row_order") == "desc",
            time_filter=time_filter,
        )

    def is_to_be_noted(self, window: Window, last_read: datetime | None) -> bool:
        """True if the time of a sync is to be kept, as its newest row will soon tell nothing of it.

        That is so where the API looks back but so long, and the row is half as old; and not each
        time, since what is kept is loaded, also where there are no rows to load.

        Args:
            window: The time that is read.
            last_read: The time that was kept last, or None.
        """
        found, at = self.time_filter, now()
        earliest = found.earliest(at) if found else None
        if window.start is None or earliest is None:
            return False
        half = (at - earliest) / 2
        return window.start < at - half and (last_read is None or last_read < at - half / 5)

    def newest_stretch(self) -> dict[str, Any]:
        """The parameters that an API wants for its newest rows, where it wants any."""
        found = self.time_filter
        if found is None or not (found.begin or found.ends_now):
            return {}
        at = now()
        return found.parameters(found.stretches(Window(), at)[-1], at)


def window_of(
    name: str,
    span: Span,
    incremental: Incremental | None,
    newest: datetime | None,
    section: str,
) -> Window:
    """The time to read: of a span, or from where the last sync left off.

    Args:
        name: The resource's name, for sentences.
        span: What is asked for.
        incremental: How the resource can be read by time, if it can.
        newest: The latest time that earlier syncs have seen, or None before the first.
        section: The section of the resource's settings.

    Raises:
        SpanError: A backfill is asked for, and the resource cannot be read by time.
    """
    if span.is_backfill:
        if incremental is None:
            raise SpanError(
                f"{name}: a start and an end need to know which field holds the time. Set "
                f"[{section}] cursor_path in .dlt/config.toml, or run "
                "without them."
            )
        time_filter = incremental.time_filter
        earliest = time_filter.earliest(now()) if time_filter else None
        if earliest and (span.start or span.end or earliest) < earliest:
            raise SpanError(
                f"{name}: the API gives nothing from before {earliest.isoformat()}. Begin there, "
                "or later."
            )
        return Window(span.start, span.end)
    if incremental is None or newest is None or span.full_refresh:
        return Window()
    return Window((newest - incremental.lag).replace(microsecond=0))


def _write_iso(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
