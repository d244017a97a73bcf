"""The fields that `[privacy]` names of a resource of an account."""

from __future__ import annotations

from dataclasses import replace

from email_assets.account import Account
from email_assets.settings.privacy import PrivateFields
from email_assets.vendors.resource import endpoint_of, primary_key, time_of


def private_fields(account: Account, resource: str) -> PrivateFields:
    """The fields of a resource that are not loaded as they come, and how long rows are kept.

    Raises:
        SettingError: A setting cannot be used, or names a field that syncs need.
    """
    known = account.resources[resource]
    cursor_path = endpoint_of(known).get("incremental", {}).get("cursor_path")
    time = cursor_path or time_of(account.deliverability, resource)
    fields = replace(account.privacy.of(resource), time=time)
    fields.refuse_needed(resource, primary_key(known), account.section_of(resource))
    return fields
