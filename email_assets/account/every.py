"""All accounts of the settings, those included whose own settings cannot be used."""

from __future__ import annotations

from collections.abc import Iterable

from email_assets.account import Account, configured_account
from email_assets.account.private import private_fields
from email_assets.settings.accounts import names_of_accounts, refuse_unknown
from email_assets.settings.common import refuse_misspelt_names
from email_assets.settings.misspelt import misspelt_section
from email_assets.settings.partitions import PartitionSettings
from email_assets.settings.resolve import ACCOUNTS, SettingError
from email_assets.settings.sections import ApiSettings, ResourceSettings
from email_assets.settings.warehouse import WarehouseSettings


def configured_accounts() -> list[Account]:
    """Every account of the settings, or the one of `[sources.email]` where they name none.

    One that cannot be used has a `problem`, and leaves the others as they are.

    Raises:
        SettingError: A setting that all share cannot be used, or there is no account besides that
            can be used.
    """
    refuse_misspelt_names()
    names: list[str | None] = [*names_of_accounts()]
    accounts = [account_or_problem(name) for name in names or [None]]
    problems = [account.problem for account in accounts if account.problem]
    if len(problems) == len(accounts):
        raise problems[0]
    if not problems:  # the resources of an account with a problem are not known
        names_of_all = [name for account in accounts for name in account.resources]
        accounts[0].privacy.refuse_unknown(names_of_all)
        _refuse_misspelt_sections(accounts, names_of_all)
    return accounts


def _refuse_misspelt_sections(accounts: Iterable[Account], resources: Iterable[str]) -> None:
    """Refuse a section of accounts or of a resource whose name is misspelt.

    Raises:
        SettingError: There is one; the text has it, where it stands, and what it is near to.
    """
    settings = [*ResourceSettings.names(), *PartitionSettings.names()]
    places = {account.api.place: dict.fromkeys(account.resources, settings) for account in accounts}
    places[ACCOUNTS[:-1]] = {**dict.fromkeys(resources, settings), ACCOUNTS[-1]: []}
    for above, sections in places.items():
        if sentence := misspelt_section(above, sections):
            raise SettingError(sentence)


def account_or_problem(name: str | None) -> Account:
    """An account, or one that has no resources but the `problem` that its settings have.

    Raises:
        SettingError: There is no such account, or it is that of `[sources.email]` and cannot be
            used.
    """
    if name is None:
        return configured_account()
    refuse_unknown(name)
    try:
        account = configured_account(name)
        for resource in account.resources:
            account.partition_of(resource)
            private_fields(account, resource)
    except SettingError as error:
        return Account(
            ApiSettings(),
            WarehouseSettings(),
            name=name,
            key_prefix=(name,),
            group=f"email_{name}",
            problem=error,
        )
    return account
