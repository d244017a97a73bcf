"""Whose rows a resource holds, where each owner's list wants the owner's own secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlt.sources.helpers.rest_client.client import RESTClient

from email_assets.access import Say, Sleep, base_url, headers, secrets_are_set, session_for
from email_assets.api.errors import ApiError
from email_assets.api.session import Usage
from email_assets.api.windows import Owner
from email_assets.paging import paginator_of
from email_assets.vendor import endpoint_of, vendor_resources
from email_assets.vendors import VendorResource


def owners_of(
    resource: VendorResource, *, usage: Usage, say: Say, sleep: Sleep
) -> tuple[list[Owner], dict[str, str]]:
    """The owners to read one by one, and their secrets by name.

    Raises:
        ApiError: The API refused, or an owner comes without a secret.
    """
    for_each = resource.get("for_each")
    if for_each is None:
        return [Owner()], {}
    alone = secrets_are_set(resource)
    lists_owners = resource if alone else vendor_resources()[for_each["resource"]]
    owners: list[Owner] = []
    secrets: dict[str, str] = {}
    with session_for(lists_owners, usage=usage, say=say, sleep=sleep) as session:
        client = RESTClient(base_url(), headers(), session=session)
        found = [client.get(for_each["alone"]).json()] if alone else _all(client, lists_owners)
        for row in found:
            name, secret = str(row[for_each["id"]]), row.get(for_each["secret"])
            first = secret[0] if isinstance(secret, list) and secret else secret
            if not alone and (not first or not isinstance(first, str)):
                raise ApiError(
                    f"{resource['name']}: {for_each['resource']} {name} comes without a secret in "
                    f"{for_each['secret']}, and its rows cannot be read without one."
                )
            owners.append(Owner(name, {for_each["label"]: row[for_each["id"]]}))
            if not alone:
                secrets[name] = str(first)
    return owners, secrets


def _all(client: RESTClient, resource: VendorResource) -> Iterator[dict[str, Any]]:
    endpoint = endpoint_of(resource)
    for page in client.paginate(
        endpoint["path"],
        params=endpoint.get("params"),
        data_selector=endpoint["data_selector"],
        paginator=paginator_of(resource),
    ):
        yield from page
