"""The settings of deliverability: what is too much, and what the report is about."""

from __future__ import annotations

from typing import ClassVar

from dlt.common.configuration import configspec

from email_assets.settings.resolve import Section, SettingError, where_to_set

LEAST_REPORTED, MOST_REPORTED = 7, 92
"""Days of a report: Dagster keeps each with its charts, which are no wider for more."""


@configspec
class DeliverabilitySettings(Section):
    """`[deliverability]`: when bounces and complaints are too many."""

    max_bounce_rate: float = 0.05
    """The share of a day's messages that may bounce."""
    max_complaint_rate: float = 0.003
    """The share of seven days' messages that may be called spam; a third of it is warned of. The
    default is what Gmail and Yahoo ask of bulk senders."""
    min_messages: int = 100
    """Messages from which on a rate is judged: among few of them, one bounce is a high rate."""
    report_days: int = 30
    """Days that the report is about, today included."""

    sections: ClassVar[tuple[str, ...]] = ("deliverability",)

    def on_resolved(self) -> None:
        """Refuse what is no share and no number of messages."""
        for name, such_as in (
            ("max_bounce_rate", "0.05 for 5"),
            ("max_complaint_rate", "0.003 for 0.3"),
        ):
            if not 0 <= getattr(self, name) <= 1:  # also what is not a number
                raise SettingError(
                    f"{name} must be a share from 0 to 1, such as {such_as} %. "
                    + where_to_set(self, name)
                )
        if self.min_messages < 1:
            raise SettingError(
                "min_messages must be a whole number of messages of at least 1. "
                + where_to_set(self, "min_messages")
            )
        if not LEAST_REPORTED <= self.report_days <= MOST_REPORTED:
            raise SettingError(
                "report_days must be a whole number of days from "
                f"{LEAST_REPORTED} to {MOST_REPORTED}. " + where_to_set(self, "report_days")
            )

    @property
    def warned_complaint_rate(self) -> float:
        """The share that is warned of: a third of the limit, which is 0.1 % of 0.3 %."""
        # to so many decimals, since a third of 0.009 would be a little less than 0.003
        return round(self.max_complaint_rate / 3, 12)
