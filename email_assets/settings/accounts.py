"""The accounts that the settings name: `[sources.email.accounts.<name>]`."""

from __future__ import annotations

import os
import re
from typing import ClassVar

import dlt
from dlt.common.configuration import configspec, known_sections
from dlt.common.typing import AnyType

from email_assets.settings.resolve import (
    ACCOUNTS,
    Section,
    SettingError,
    load,
    use_project,
    where_to_set,
)
from email_assets.settings.sections import ApiSettings
from email_assets.settings.warehouse import WarehouseSettings, refuse_no_name

IN_THE_ENVIRONMENT = "__".join(ACCOUNTS).upper() + "__"
NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
"""Names that can stand in an asset's key, a dataset's name and an environment variable alike."""
STAGING = "_staging"
"""The end of the name of a dataset in which dlt puts what it loads into another."""


@configspec
class AccountSettings(Section):
    """`[sources.email.accounts.<name>]`: where an account's assets and tables stand."""

    group: str | None = None
    """The assets' group in Dagster's catalog; `email_<name>` unless it is set."""
    dataset_name: str | None = None
    """The schema that holds the tables; `email_<name>` unless it is set."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse a group that Dagster could not show, and a dataset without a name."""
        if self.dataset_name is not None:
            refuse_no_name(self, self.dataset_name)
        if self.group is not None and not re.fullmatch(r"[A-Za-z0-9_]+", self.group):
            raise SettingError(
                "group must be a name of letters, digits and underscores. "
                + where_to_set(self, "group")
            )


def names_of_accounts() -> list[str]:
    """The names of all accounts, in the order of the settings' files; none where there is one only.

    An account may stand in `config.toml` alone, in `secrets.toml` alone, or in both.

    Raises:
        SettingError: A name could not stand in the key of an asset.
    """
    use_project()
    names: dict[str, None] = {}
    *above, key = ACCOUNTS
    # each for itself: where two providers have the section, dlt takes that of the first alone
    for provider in reversed(dlt.config.config_providers):
        section, _ = provider.get_value(key, AnyType, None, *above)
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


def refuse_unknown(account: str) -> None:
    """Refuse an account that the settings do not name.

    Raises:
        SettingError: There is none of that name; the text has those that there are.
    """
    names = names_of_accounts()
    if account not in names:
        known = f"are {', '.join(names)}" if names else "is none"
        raise SettingError(
            f"There is no account {account!r} in the settings; there {known}. An account is a "
            f"section of its own in .dlt/config.toml: [{'.'.join(ACCOUNTS)}.{account}]"
        )


def group_of(account: str | None) -> str:
    """The group of an account's assets, or of those of `[sources.email]`.

    Raises:
        SettingError: It is no name.
    """
    default = "email" if account is None else f"email_{account}"
    return load(AccountSettings, account=account).group or default


def api_of(account: str | None) -> ApiSettings:
    """The API of an account, or that of `[sources.email]`.

    Raises:
        SettingError: A setting of it has the wrong type or cannot be used.
    """
    api = load(ApiSettings, account=account)
    if api.vendor != load(ApiSettings).vendor:
        # the common address is that of another vendor's API, which would learn the account's key
        api.base_url = load(ApiSettings, account=account, alone=True).base_url
    return api


def warehouse_of(account: str | None) -> WarehouseSettings:
    """The warehouse, with the dataset of an account or that of `[sources.email]`.

    Raises:
        SettingError: A setting has the wrong type, or dlt would empty the dataset's tables.
    """
    warehouse = load(WarehouseSettings)
    if account is None:
        return warehouse
    own = load(AccountSettings, account=account, alone=True)
    warehouse.dataset_name = own.dataset_name or f"{warehouse.dataset_name}_{account}"
    if warehouse.dataset_name.casefold().endswith(STAGING):
        raise SettingError(
            f"The dataset {warehouse.dataset_name} of the account {account} has a name that dlt "
            "gives to the tables that it empties at each load of another dataset. Give it another. "
            + where_to_set(own, "dataset_name")
        )
    return warehouse
