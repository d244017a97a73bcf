"""The settings of partitions: stretches of time that Dagster knows of a resource."""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar

from dlt.common.configuration import configspec, known_sections

from email_assets.settings.resolve import Section, SettingError, where_to_set

LENGTHS = ("daily", "weekly", "monthly")
_AS_DAGSTER_TAKES_IT = re.compile(r"(19[7-9]\d|2[01]\d\d)-\d\d-\d\d")
"""Python takes 20260131 too, and Dagster counts no partitions at the ends of the calendar."""


@configspec
class PartitionSettings(Section):
    """`[sources.email.<resource>]`: partitions, which there are none of unless they are set."""

    partition: str | None = None
    """`daily`, `weekly` or `monthly`, in UTC."""
    partition_start: str | None = None
    """The date on which the first one begins."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse another length, and partitions that begin nowhere."""
        if self.partition is None:
            return
        if self.partition not in LENGTHS:
            raise SettingError(
                f"partition can only be {', '.join(LENGTHS)}. {where_to_set(self, 'partition')}"
            )
        start = self.partition_start or ""
        try:
            date.fromisoformat(start)
        except ValueError:
            start = ""
        if not _AS_DAGSTER_TAKES_IT.match(start):
            raise SettingError(
                "partition wants a partition_start beside it, a date such as 2026-01-31. "
                + where_to_set(self, "partition_start")
            )
