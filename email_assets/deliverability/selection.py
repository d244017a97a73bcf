"""The assets that are derived from loaded tables, and the resources that they read."""

from __future__ import annotations

from collections.abc import Iterable

from email_assets.account import Account
from email_assets.deliverability.tables import lists_in
from email_assets.vendors.resource import DAILY, REPORT, bounces_of, made_of, senders_of


def derived_assets(account: Account, resources: Iterable[str]) -> list[str]:
    """The assets that change when these resources do.

    There are none where the vendor's file has no `deliverability`.
    """
    mapping = account.deliverability
    if mapping is None:
        return []
    return [DAILY, REPORT] if {*made_of(mapping)} & {*resources} else []


def with_derived_assets(account: Account, resources: Iterable[str]) -> list[str]:
    """The resources, followed by the assets that change when they do."""
    names = list(resources)
    return [*names, *derived_assets(account, names)]


def resources_read(account: Account) -> list[str]:
    """The resources that `deliverability_daily` reads, or none where it is not defined."""
    mapping = account.deliverability
    if mapping is None:
        return []
    lookups = [sender["resource"] for sender in senders_of(mapping) if "resource" in sender]
    return list(dict.fromkeys([*made_of(mapping), *lookups]))


def tables_read(account: Account) -> list[str]:
    """The tables that the report reads besides, those of lists included."""
    mapping = account.deliverability
    if mapping is None:
        return []
    of_lists = [
        table
        for of, resource in (
            (mapping["messages"], "messages"),
            (mapping["bounces"], bounces_of(mapping)),
        )
        if (field := of.get("recipient"))
        for table in lists_in(resource, field)
    ]
    others = [one["resource"] for one in mapping.get("suppressed", ())]
    if domains := mapping.get("domains"):
        others.append(domains["resource"])
    return list(dict.fromkeys([*made_of(mapping), *of_lists, *others]))
