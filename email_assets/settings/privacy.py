"""The settings of privacy: which personal data is loaded, in which form, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from dlt.common.configuration import configspec

from email_assets.settings.resolve import (
    Section,
    SettingError,
    secret,
    where_to_set,
    where_to_set_secret,
)

SALT = "privacy.salt"
"""The secret that makes pseudonyms: whoever lacks it cannot try addresses out."""
SHORTEST_SALT = 16
"""Characters. A shorter one could be tried out as well."""
MOST_DAYS = 36_500
"""Days. There is no date so much longer ago that a calendar ends."""
MAKE_A_SALT = (
    "A good one comes from: python -c 'import secrets; print(secrets.token_hex(32))'. Keep it: "
    "with another one, values get other pseudonyms."
)


@configspec
class PrivacySettings(Section):
    """`[privacy]`, which all accounts share. A field is named with its resource before it."""

    hash: list[str] = field(default_factory=list)
    """Fields that are loaded as pseudonyms, such as `messages.recipients.email`."""
    drop: list[str] = field(default_factory=list)
    """Fields that are not loaded."""
    keep_days: dict[str, int] = field(default_factory=dict)
    """Days after which rows are deleted, by resource."""

    sections: ClassVar[tuple[str, ...]] = ("privacy",)
    secrets: ClassVar[tuple[str, ...]] = (SALT,)

    def on_resolved(self) -> None:
        """Refuse fields without a resource, and days that are none or beyond every calendar."""
        for resource, days in self.keep_days.items():
            if type(days) is not int or not 1 <= days <= MOST_DAYS:
                raise SettingError(
                    f"keep_days of {resource} must be a whole number of days from 1 to "
                    f"{MOST_DAYS}. {where_to_set(self, 'keep_days')}"
                )
        for name in ("hash", "drop"):
            for entry in getattr(self, name):
                if not isinstance(entry, str) or not all(entry.split(".")) or "." not in entry:
                    raise SettingError(
                        f"{name} wants fields with their resource, such as "
                        f"messages.recipients.email. {where_to_set(self, name)}"
                    )

    def of(self, resource: str) -> PrivateFields:
        """The part that is about one resource."""
        days = self.keep_days.get(resource)
        return PrivateFields(_below(resource, self.hash), _below(resource, self.drop), days)

    def refuse_unknown(self, resources: Iterable[str]) -> None:
        """Refuse what names none of the resources of all accounts: nothing would come of it.

        Raises:
            SettingError: There is no such resource; the text has those that there are.
        """
        known = dict.fromkeys(resources)
        for name in ("hash", "drop", "keep_days"):
            for entry in getattr(self, name):
                if entry.partition(".")[0] not in known:
                    raise SettingError(
                        f"{name} names {entry}, and no resource is called so; there are "
                        f"{', '.join(known)}. {where_to_set(self, name)}"
                    )


@dataclass(frozen=True)
class PrivateFields:
    """The fields of one resource that are not loaded as they come, as paths, and for how long."""

    hashed: Sequence[Sequence[str]] = ()
    dropped: Sequence[Sequence[str]] = ()
    keep_days: int | None = None
    """Days after which rows are deleted, or None."""
    time: str | None = None
    """The field that says when a row came about, as a dotted path, where there is one."""

    def refuse_needed(self, resource: str, key: Sequence[str], section: str) -> None:
        """Refuse to drop or hash what rows are told apart by, and days of rows without a time.

        Args:
            resource: The resource's name.
            key: The fields of its primary key.
            section: The section of the resource's settings.

        Raises:
            SettingError: No row could be loaded, or none be read or deleted by time.
        """
        if self.keep_days and not self.time:
            raise SettingError(
                f"keep_days names {resource}, of which nothing says when a row came about. Set "
                f"[{section}] cursor_path in .dlt/config.toml, or take it out of keep_days. "
                f"{where_to_set(PrivacySettings, 'keep_days')}"
            )
        time = f"{self.time}." if self.time else ""
        for name, paths, needed in (("drop", self.dropped, key), ("hash", self.hashed, ())):
            for dotted in map(".".join, paths):
                if dotted in needed or time.startswith(f"{dotted}."):
                    raise SettingError(
                        f"{name} names {resource}.{dotted}, which syncs of {resource} "
                        f"cannot do without. {where_to_set(PrivacySettings, name)}"
                    )


def salt(why: str) -> str:
    """The secret that pseudonyms are made with, as it is now.

    Args:
        why: What it is needed for, with which the sentence begins.

    Raises:
        SettingError: There is none, or it is too short.
    """
    found = secret(SALT)
    problem = "there is no salt" if found is None else "the salt is too short"
    if found is None or len(found) < SHORTEST_SALT:
        raise SettingError(
            f"{why}, and {problem}: a secret of at least {SHORTEST_SALT} characters. "
            f"{where_to_set_secret(SALT)} {MAKE_A_SALT}"
        )
    return found


def _below(resource: str, entries: Sequence[str]) -> list[list[str]]:
    paths = [entry.split(".") for entry in entries]
    return [path[1:] for path in paths if path[0] == resource]
