"""Whose rows a resource holds, where each owner has a list of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.sources.helpers.rest_client.client import RESTClient

from email_assets.account import Account
from email_assets.api.owner import Owner
from email_assets.api.session import Usage
from email_assets.errors import ApiError, KeyRefusedError
from email_assets.sync.access import (
    Say,
    Sleep,
    secrets_are_set,
    session_for,
    where_to_set_secrets,
)
from email_assets.sync.paginators import paginator_of
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import endpoint_of


def owners_of(
    account: Account,
    resource: VendorResource,
    *,
    usage: Usage,
    say: Say,
    sleep: Sleep,
    runtime: RuntimeConfiguration | None = None,
) -> tuple[list[Owner], dict[str, str]]:
    """The owners to read one by one, and the secrets of those that have their own, by name.

    Raises:
        ApiError: The API refused, or an owner comes without a secret.
        KeyRefusedError: Neither the owner's secret is set nor what lists all owners.
    """
    for_each = resource.get("for_each")
    if for_each is None:
        return [Owner()], {}
    has_secret = secrets_are_set(account, resource)
    alone = for_each.get("alone") if has_secret else None
    lists_owners = resource if alone else account.resources[for_each["resource"]]
    if not has_secret and not secrets_are_set(account, lists_owners):
        remedies = dict.fromkeys(
            where_to_set_secrets(account, one) for one in (resource, lists_owners)
        )
        raise KeyRefusedError(f"{resource['name']}: there is no API key. {' Or: '.join(remedies)}")
    owners: dict[str, Owner] = {}
    secrets: dict[str, str] = {}
    with session_for(
        account, lists_owners, usage=usage, say=say, sleep=sleep, runtime=runtime, lists_owners=True
    ) as session:
        client = RESTClient(account.base_url, account.headers, session=session)
        found = [client.get(alone).json()] if alone else _all(client, lists_owners)
        for row in found:
            if row.get(for_each["id"]) is None:
                raise ApiError(
                    f"{resource['name']}: {for_each['resource']} comes without {for_each['id']}, "
                    "by which the vendor's file tells its rows apart."
                )
            name = str(row[for_each["id"]])
            # a list that is read again in part, as lists are that shift, gives some of them twice
            owners[name] = Owner(name, {for_each["label"]: row[for_each["id"]]})
            if "secret" not in for_each or alone:
                continue
            secret = row.get(for_each["secret"])
            first = secret[0] if isinstance(secret, list) and secret else secret
            if not first or not isinstance(first, str):
                raise ApiError(
                    f"{resource['name']}: {for_each['resource']} {name} comes without a secret in "
                    f"{for_each['secret']}, and its rows cannot be read without one."
                )
            secrets[name] = first
    return list(owners.values()), secrets


def _all(client: RESTClient, resource: VendorResource) -> Iterator[dict[str, Any]]:
    endpoint = endpoint_of(resource)
    for page in client.paginate(
        endpoint["path"],
        method=endpoint.get("method", "GET"),
        params=endpoint.get("params"),
        json=endpoint.get("json"),
        data_selector=endpoint["data_selector"],
        paginator=paginator_of(resource),
    ):
        yield from page
