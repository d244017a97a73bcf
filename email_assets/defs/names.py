"""The names that an account's definitions go by in Dagster.

An account without a prefix has the bare names, so that those of one account alone stay short.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from email_assets.account import Account
from email_assets.deliverability.selection import with_derived_assets
from email_assets.vendors.resource import EMAIL_API

NEW_RECORDS = "new_records"
FRESHNESS_CHECKS = "freshness_checks"
ALERTS = "alerts"
CONDITIONS = "conditions"
SETTINGS = "settings"
"""The asset that stands for an account whose settings cannot be used."""
SENSORS = (NEW_RECORDS, FRESHNESS_CHECKS, ALERTS, CONDITIONS)


def key_of(account: Account, asset: str) -> dg.AssetKey:
    """The key of an asset of the account: of a resource, or of what is made beside them."""
    return dg.AssetKey([*account.key_prefix, asset])


def keys_of(account: Account, assets: Iterable[str]) -> list[dg.AssetKey]:
    """The keys of several assets of the account."""
    return [key_of(account, asset) for asset in assets]


def all_keys(account: Account) -> frozenset[dg.AssetKey]:
    """The keys of every asset of the account, the API's included."""
    if account.problem:
        return frozenset(keys_of(account, [SETTINGS]))
    names = with_derived_assets(account, account.resources)
    return frozenset(keys_of(account, [*names, EMAIL_API]))


def op_of(account: Account, asset: str) -> str:
    """The name of the op that makes an asset, which is also its step's."""
    return "__".join([*account.key_prefix, asset])  # as Dagster itself calls them


def asset_of(step: str) -> str:
    """The asset that a step makes, without the account's prefix."""
    return step.rpartition("__")[2]
