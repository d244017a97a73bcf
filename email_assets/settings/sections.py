"""The sections of the settings: what each holds, its defaults, and what is refused."""

from __future__ import annotations

import re
from dataclasses import field
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter
from dlt.common.configuration import configspec, known_sections
from requests import PreparedRequest

from email_assets.clock import now
from email_assets.settings.resolve import Section, SettingError, where_to_set

MOST_READ_AHEAD = 64
"""Each page in flight is a thread and a connection."""
MOST_PREVIEWED = 100
LEAST_RETENTION = 7
"""Days. What has not ended after so long was killed, and its run can be deleted like the others."""
MOST_RETENTION = 36_500
"""Days. There is no date so much longer ago that a calendar ends."""
MODES = ("schedules", "conditions")
EXECUTORS = ("in_process", "multiprocess", "celery", "k8s")
OWNER = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}|team:.+")
TAG = re.compile(r"([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}")
TAGGED = re.compile(r"[A-Za-z0-9_.-]{0,63}")
"""The owners, tags and values of tags that Dagster takes."""
LONGEST_LAG = 20 * 365 * 24 * 60 * 60
"""Seconds that a sync may look back; whoever wants more wants a full refresh."""


@configspec
class ApiSettings(Section):
    """`[sources.email]`: which API to read."""

    vendor: str = "generic"
    """A vendor of this package, or a module (`my_company.email_api`) or file (`email_api.py`)."""
    base_url: str | None = None
    """The API's address, where it is not the one that the vendor's file gives."""
    read_ahead: int = 8
    """Pages of a list to keep in flight, once its total is known; 1 asks for them one by one."""
    max_page_bytes: int = 128 * 1024 * 1024
    """Bytes of one answer at the most, decompressed; parsed, it takes several times as many."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse an address that no request could be sent to, and a number of pages below 1."""
        if not 1 <= self.read_ahead <= MOST_READ_AHEAD:
            raise SettingError(
                f"read_ahead must be a number of pages from 1 to {MOST_READ_AHEAD}. "
                + where_to_set(self, "read_ahead")
            )
        if self.max_page_bytes < 1:
            raise SettingError(
                "max_page_bytes must be a number of bytes from 1. "
                + where_to_set(self, "max_page_bytes")
            )
        if self.base_url is None:
            return
        address = http_address(self.base_url)
        if address is None:
            raise SettingError(
                "base_url must be an http or https address, for example https://mail.example.org. "
                + where_to_set(self, "base_url")
            )
        # an empty query or a fragment too: the resource's path would become a part of it
        if "@" in address.netloc or {"?", "#"} & set(self.base_url):
            raise SettingError(
                "base_url must hold no key, user, query or fragment; keys belong in "
                ".dlt/secrets.toml. " + where_to_set(self, "base_url")
            )


@configspec
class ResourceSettings(Section):
    """`[sources.email.<resource>]`: syncs of what is new only. The words are dlt's.

    What is set here wins over the vendor's file.
    """

    cursor_path: str | None = None
    """The field that says when a row came about."""
    start_param: str | None = None
    """The API's parameter for rows from an instant on."""
    end_param: str | None = None
    """The API's parameter for rows up to an instant."""
    lag: float | None = None
    """Seconds to look back for rows that change late."""
    row_order: str | None = None
    """`desc` if the API lists the newest rows first."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse a field without a name, an order that means nothing here, and no look-back."""
        if self.cursor_path is not None and not all(map(str.strip, self.cursor_path.split("."))):
            raise SettingError(
                "cursor_path must be a field, such as sent_at, or the way to one with dots, such "
                f"as dates.sent. {where_to_set(self, 'cursor_path')}"
            )
        if self.row_order not in (None, "desc"):
            raise SettingError(
                "row_order can only be desc: the API lists the newest rows first. "
                + where_to_set(self, "row_order")
            )
        if self.lag is not None and not 0 <= self.lag <= LONGEST_LAG:
            raise SettingError(
                f"lag must be a number of seconds from 0 to {LONGEST_LAG}. "
                + where_to_set(self, "lag")
            )


@configspec
class AutomationSettings(Section):
    """`[automation]`: when to run without being asked."""

    enabled: bool = False
    """True if schedules and sensors are switched on when Dagster first sees them."""
    timezone: str = "UTC"
    """The IANA time zone of the cron expressions."""
    event_cron: str = "0 * * * *"
    """The cron expression for event resources."""
    inventory_cron: str = "30 5 * * *"
    """The cron expression for inventory."""
    mode: str = "schedules"
    """`schedules`, or `conditions`: Dagster's automation conditions of each asset."""

    sections: ClassVar[tuple[str, ...]] = ("automation",)

    def on_resolved(self) -> None:
        """Refuse time zones and cron expressions that Dagster could not run, and another mode."""
        if self.mode not in MODES:
            raise SettingError(
                f"mode can only be schedules or conditions. {where_to_set(self, 'mode')}"
            )
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise SettingError(
                f"timezone {self.timezone!r} is no IANA time zone such as Europe/Berlin. "
                + where_to_set(self, "timezone")
            ) from None
        for name in ("event_cron", "inventory_cron"):
            cron = getattr(self, name)
            if len(cron.split()) != 5 or not _has_a_next_run(cron):
                raise self.no_cron(name)

    def no_cron(self, name: str) -> SettingError:
        """The error of a setting that holds no cron expression."""
        return SettingError(
            f"{name} {getattr(self, name)!r} is no cron expression of five fields such as "
            f"'0 * * * *'. {where_to_set(self, name)}"
        )


@configspec
class ExecutionSettings(Section):
    """`[execution]`: where the steps of a run take place."""

    executor: str = "in_process"
    """`in_process`; `multiprocess`, a process each; `celery` or `k8s`, on several machines."""

    sections: ClassVar[tuple[str, ...]] = ("execution",)

    def on_resolved(self) -> None:
        """Refuse an executor that there is not."""
        if self.executor not in EXECUTORS:
            raise SettingError(
                f"executor can only be {', '.join(EXECUTORS[:-1])} or {EXECUTORS[-1]}. "
                + where_to_set(self, "executor")
            )


@configspec
class CatalogSettings(Section):
    """`[catalog]`: what the Dagster catalog says of every asset."""

    owners: list[str] = field(default_factory=list)
    """E-mail addresses, or teams as `team:name`."""
    tags: dict[str, str] = field(default_factory=dict)
    """Tags, name to value."""
    preview_rows: int = 0
    """Rows that a materialization shows, with addresses masked. They are customers' data."""

    sections: ClassVar[tuple[str, ...]] = ("catalog",)

    def on_resolved(self) -> None:
        """Refuse what no page could show, or Dagster would refuse with all definitions."""
        if not all(isinstance(one, str) and OWNER.fullmatch(one) for one in self.owners):
            raise SettingError(
                "owners holds something that is for Dagster neither an e-mail address, whose last "
                f"part has 2 to 7 letters, nor team:name. {where_to_set(self, 'owners')}"
            )
        for name, value in self.tags.items():
            if not (isinstance(value, str) and TAG.fullmatch(name) and TAGGED.fullmatch(value)):
                raise SettingError(
                    "tags wants names and values of up to 63 letters, digits, dots, dashes and "
                    f"underscores. {where_to_set(self, 'tags')}"
                )
        if not 0 <= self.preview_rows <= MOST_PREVIEWED:
            raise SettingError(
                f"preview_rows must lie between 0 and {MOST_PREVIEWED}. "
                + where_to_set(self, "preview_rows")
            )


@configspec
class RetentionSettings(Section):
    """`[retention]`: how long the history of runs is kept."""

    days: int = 90
    """Days after which a run, its events and its logs are deleted."""

    sections: ClassVar[tuple[str, ...]] = ("retention",)

    def on_resolved(self) -> None:
        """Refuse days that a run under way could outlast, and those beyond every calendar."""
        if not LEAST_RETENTION <= self.days <= MOST_RETENTION:
            raise SettingError(
                f"days must be a whole number of days from {LEAST_RETENTION} to {MOST_RETENTION}. "
                + where_to_set(self, "days")
            )


def http_address(url: str) -> SplitResult | None:
    """The parts of an http or https address, or None if it is none that can be asked."""
    sent = PreparedRequest()
    try:
        address = urlsplit(url)
        known = address.scheme in ("http", "https") and address.hostname and address.port != 0
        sent.prepare_url(url, None)
        # as whoever looks the name up does, who would fail at parts that are empty or too long
        (urlsplit(sent.url or "").hostname or "").encode("idna")
    except ValueError:
        return None
    return address if known and not re.search(r"\s", url) else None


def _has_a_next_run(cron: str) -> bool:
    try:
        croniter(cron, now()).get_next()
    except CroniterError:
        return False
    return True
