"""The settings of partitions: stretches of time that Dagster knows of a resource."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from dlt.common.configuration import configspec, known_sections

from email_assets.settings.resolve import Section, SettingError

LENGTHS = ("daily", "weekly", "monthly")


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
            raise SettingError(f"partition can only be {', '.join(LENGTHS)}.")
        try:
            date.fromisoformat(self.partition_start or "")
        except ValueError:
            raise SettingError(
                "partition wants a partition_start beside it, a date such as 2026-01-31."
            ) from None
