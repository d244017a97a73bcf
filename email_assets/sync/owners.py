"""The owners of a resource's rows, where each owner has a list of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from email_assets.api.owner import Owner
from email_assets.api.windows import WindowPaginator
from email_assets.errors import ApiError, KeyRefusedError, RefusedError
from email_assets.sync.api_access import Access, secrets_are_set, where_to_set_secrets
from email_assets.sync.paginators import paginator_of
from email_assets.vendors import ForEach, VendorResource


@dataclass
class Owners:
    """The owners of a resource's lists."""

    all: dict[str, Owner] = field(default_factory=dict)
    """The owners by name."""
    secrets: dict[str, str] = field(default_factory=dict)
    """The secrets of those that have their own, by name."""
    refused: dict[str, RefusedError] = field(default_factory=dict)
    """Reasons why the lists of some cannot even be asked for, by name."""

    @property
    def readable(self) -> list[Owner]:
        """The owners whose lists can be asked for."""
        return [owner for name, owner in self.all.items() if name not in self.refused]

    def titles(self, refused: dict[str, RefusedError]) -> dict[str, str]:
        """The refused owners, for people: an owner's title, and the reason in a few words."""
        return {self.all[name].title: error.reason for name, error in refused.items()}


def owners_of(access: Access, resource: VendorResource) -> Owners:
    """The owners to read one by one.

    Raises:
        ApiError: The API refused, or no owner's list can be asked for.
        KeyRefusedError: Neither the owner's secret is set nor what lists all owners.
    """
    for_each = resource.get("for_each")
    if for_each is None:
        return Owners({"": Owner()})
    account, name = access.account, str(resource["name"])
    lister = account.resources[for_each["resource"]]
    has_secret = secrets_are_set(account, resource)
    if not has_secret and not secrets_are_set(account, lister):
        remedies = dict.fromkeys(where_to_set_secrets(account, one) for one in (resource, lister))
        raise KeyRefusedError(f"{name}: there is no API key. {' Or: '.join(remedies)}")
    alone = for_each.get("alone") if has_secret else None
    found = Owners()
    for row in _the_one(access, resource, alone) if alone else _all_of(access, lister):
        _add(found, row, name, for_each, None if alone else for_each.get("secret"))
    if found.all and not found.readable:
        raise next(iter(found.refused.values()))
    return found


def _the_one(access: Access, resource: VendorResource, path: str) -> Iterator[dict[str, Any]]:
    """The row that describes the owner whose secret is set."""
    with access.session(resource, lists_owners=True) as session:
        yield access.client(session).get(path).json()


def _all_of(access: Access, lister: VendorResource) -> Iterator[dict[str, Any]]:
    """The rows that describe all owners."""
    with access.session(lister, lists_owners=True) as session:
        paginator = WindowPaginator(str(lister["name"]), paginator_of(lister))
        for page in access.pages(lister, session, paginator):
            yield from page


def _add(
    found: Owners, row: dict[str, Any], resource: str, for_each: ForEach, secret_field: str | None
) -> None:
    """Add the owner that a row describes, and the secret that stands in a field of it.

    A list that is read again in part, as lists are that shift, gives some of them twice.
    """
    lister = for_each["resource"]
    if row.get(for_each["id"]) is None:
        raise ApiError(
            f"{resource}: {lister} comes without {for_each['id']}, by which the vendor's file "
            "tells its rows apart."
        )
    name = str(row[for_each["id"]])
    found.all[name] = owner = Owner(name, {for_each["label"]: row[for_each["id"]]}, lister)
    if secret_field is None:
        return
    secret = row.get(secret_field)
    first = secret[0] if isinstance(secret, list) and secret else secret
    found.refused.pop(name, None)
    if isinstance(first, str) and first:
        found.secrets[name] = first
    else:
        found.refused[name] = RefusedError(
            f"{resource}: {owner.title} comes without a secret in {secret_field}, and its rows "
            "cannot be read without one.",
            f"no secret in {secret_field}",
        )
