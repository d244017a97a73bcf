"""The accounts that the settings name: `[sources.email.accounts.<name>]`."""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar

import dlt
from dlt.common.configuration import configspec, known_sections

from email_assets.settings.resolve import (
    ACCOUNTS,
    Section,
    SettingError,
    load,
    use_project,
    where_to_set,
)

IN_THE_ENVIRONMENT = "__".join(ACCOUNTS).upper() + "__"
NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
"""Names that can stand in an asset's key, a dataset's name and an environment variable alike."""


@configspec
class AccountSettings(Section):
    """`[sources.email.accounts.<name>]`: where an account's assets and tables stand."""

    group: str | None = None
    """The assets' group in Dagster's catalog; `email_<name>` unless it is set."""
    dataset_name: str | None = None
    """The schema that holds the tables; `email_<name>` unless it is set."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse a group that Dagster could not show."""
        if self.group is not None and not re.fullmatch(r"[A-Za-z0-9_]+", self.group):
            raise SettingError(
                "group must be a name of letters, digits and underscores. "
                + where_to_set(self, "group")
            )


def names_of_accounts() -> list[str]:
    """The names of all accounts, in the order of the settings' files; none where there is one only.

    Raises:
        SettingError: A name could not stand in the key of an asset.
    """
    use_project()
    names: dict[str, None] = {}
    found: list[Any] = [settings.get(".".join(ACCOUNTS)) for settings in (dlt.config, dlt.secrets)]
    for section in found:
        if isinstance(section, dict):  # else a resource of that name is read otherwise
            names |= dict.fromkeys(name for name, of in section.items() if isinstance(of, dict))
    for variable in sorted(os.environ):
        name, ends, _ = variable.removeprefix(IN_THE_ENVIRONMENT).partition("__")
        if variable.startswith(IN_THE_ENVIRONMENT) and ends:
            names[name.lower()] = None
    for name in names:
        if not NAME.fullmatch(name):
            raise SettingError(
                f"[{'.'.join(ACCOUNTS)}.{name}]: an account's name has small letters, digits and "
                "single underscores, such as marketing or brand_2. Rename it in .dlt/config.toml "
                "and .dlt/secrets.toml."
            )
    return [*names]


def group_of(account: str | None) -> str:
    """The group of an account's assets, or of those of `[sources.email]`.

    Raises:
        SettingError: It is no name.
    """
    default = "email" if account is None else f"email_{account}"
    return load(AccountSettings, account=account).group or default


def dataset_of(account: str) -> str | None:
    """The dataset that an account's own section gives it, or None where it gives it none.

    Raises:
        SettingError: It is of the wrong type.
    """
    return load(AccountSettings, "accounts", account).dataset_name
