"""The owners of a resource's rows, where each owner has a list of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from email_assets.api.answer_reader import shape_of
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
    refused: dict[str, ApiError] = field(default_factory=dict)
    """Reasons why the lists of some cannot even be asked for, by name."""
    stand_ins: set[str] = field(default_factory=set)
    """Names of refused owners that stand for all of their own, which could not be listed."""

    @property
    def readable(self) -> list[Owner]:
        """The owners whose lists can be asked for."""
        return [owner for name, owner in self.all.items() if name not in self.refused]

    def titles(self, refused: dict[str, ApiError], *, by_the_api: bool) -> dict[str, str]:
        """Owners whose lists the API refused, or else failed to give, as people know them.

        Each has the reason in a few words.
        """
        return {
            self.all[name].title: error.reason
            for name, error in refused.items()
            if isinstance(error, RefusedError) is by_the_api
        }

    def sentences_on(self, refused: dict[str, ApiError]) -> Iterator[str]:
        """A sentence, without its end, for each owner whose list could not be read."""
        for name, error in refused.items():
            owner = f"{self.all[name].title} ({error.reason})"
            if isinstance(error, RefusedError):
                yield f"the API refused the rows of {owner}"
            else:
                yield f"the API failed to give the rows of {owner}"

    def recall(self, known: Iterable[str]) -> None:
        """Put owners that earlier syncs knew, by name, in the place of what stands for them.

        Each of them then has a place of its own from which it is read once it can be listed again.
        """
        names = list(known)
        for stand_in in sorted(self.stand_ins):
            stood_for = [name for name in names if name.startswith(f"{stand_in}/")]
            if not stood_for:
                continue
            self.stand_ins.remove(stand_in)
            above, error = self.all.pop(stand_in), self.refused.pop(stand_in)
            self.all.update((name, replace(above, name=name)) for name in stood_for)
            self.refused.update(dict.fromkeys(stood_for, error))


def owners_of(access: Access, resource: VendorResource, above: Owners | None = None) -> Owners:
    """The owners to read one by one.

    Args:
        access: The API.
        resource: The resource, complete.
        above: The owners of its owners, if they have some and were asked for already.

    Raises:
        ApiError: The API refused, or no owner's list can be asked for.
        KeyRefusedError: Neither the owner's secret is set nor what lists all owners.
    """
    for_each = resource.get("for_each")
    if for_each is None:
        return Owners({"": Owner()})
    account, name = access.account, str(resource["name"])
    lister = account.resources[for_each["resource"]]
    if above := above or owners_above(access, resource):
        return _owners_of_owners(access, for_each, {**lister, "name": name}, above)
    has_secret = secrets_are_set(account, resource)
    if not has_secret and not secrets_are_set(account, lister):
        remedies = dict.fromkeys(where_to_set_secrets(account, one) for one in (resource, lister))
        raise KeyRefusedError(f"{name}: there is no API key. {' Or: '.join(remedies)}")
    alone = for_each.get("alone") if has_secret else None
    found = Owners()
    for row in _the_one(access, resource, alone) if alone else _all_of(access, lister):
        owner = _add(found, Owner(), row, name, for_each)
        if owner and not alone and "secret" in for_each:
            _add_secret(found, owner, row, name, for_each["secret"])
    return _some_readable(found)


def owners_above(access: Access, resource: VendorResource) -> Owners | None:
    """The owners of a resource's owners, or None where those have none of their own.

    Raises:
        ApiError, KeyRefusedError: As `owners_of`.
    """
    for_each = resource.get("for_each")
    lister = access.account.resources[for_each["resource"]] if for_each else None
    if lister is None or "for_each" not in lister:
        return None
    # sentences are to name what is read
    return owners_of(access, {**lister, "name": str(resource["name"])})


def _owners_of_owners(
    access: Access, for_each: ForEach, lister: VendorResource, above: Owners
) -> Owners:
    """The owners that owners list, each with the secret of the one that lists it.

    One whose list is refused stands for all of its own, so that the others' can be read.
    """
    found = Owners()
    for name, page in _pages_below(access, above, lister):
        for row in page:
            owner = _add(found, above.all[name], row, str(lister["name"]), for_each)
            if owner and name in above.secrets:
                found.secrets[owner.name] = above.secrets[name]
    for name, error in above.refused.items():
        stand_in = replace(above.all[name], name=above.all[name].path)
        found.all[stand_in.name], found.refused[stand_in.name] = stand_in, error
        found.stand_ins.add(stand_in.name)
    return _some_readable(found)


def _some_readable(found: Owners) -> Owners:
    """The owners, unless there are some and no list of theirs can be asked for."""
    if found.all and not found.readable:
        raise next(iter(found.refused.values()))
    return found


def _pages_below(
    access: Access, above: Owners, lister: VendorResource
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The pages of each owner's list of its own, by the owner's name; notes who is refused."""
    with access.session(lister, above.secrets) as session:
        paginator = WindowPaginator(str(lister["name"]), paginator_of(lister))
        paginator.owners = above.readable
        paginator.expect, paginator.forget = session.expect, session.forget
        by_label = {tuple(owner.label.values()): owner.name for owner in above.readable}
        labels = [name for owner in above.readable[:1] for name in owner.label]
        for page in access.pages(lister, session, paginator) if above.readable else ():
            if page:
                yield by_label[tuple(page[0][name] for name in labels)], page
    above.refused.update(paginator.refused)


def _the_one(access: Access, resource: VendorResource, path: str) -> Iterator[dict[str, Any]]:
    """The row that describes the owner whose secret is set."""
    with access.session(resource, lists_owners=True) as session:
        row = access.client(session).get(path).json()
    if not isinstance(row, dict):
        raise ApiError(f"{resource['name']}: {path} gives {shape_of(row)}, not an object.")
    yield row


def _all_of(access: Access, lister: VendorResource) -> Iterator[dict[str, Any]]:
    """The rows that describe all owners."""
    with access.session(lister, lists_owners=True) as session:
        paginator = WindowPaginator(str(lister["name"]), paginator_of(lister))
        for page in access.pages(lister, session, paginator):
            yield from page


def _add(
    found: Owners, above: Owner, row: dict[str, Any], resource: str, for_each: ForEach
) -> Owner | None:
    """Add the owner that a row describes, if its rows are wanted.

    A list that is read again in part, as lists are that shift, gives some of them twice.
    """
    only = for_each.get("only")
    for named in (for_each["id"], *([only["field"]] if only else ())):
        if row.get(named) is None:
            raise ApiError(
                f"{resource}: {for_each['resource']} comes without {named}, by which the "
                "vendor's file tells its rows apart."
            )
    if only and row[only["field"]] not in only["values"]:
        return None
    own = row[for_each["id"]]
    owner = above.below(own, for_each["label"], for_each["resource"])
    found.all[owner.name] = owner
    return owner


def _add_secret(
    found: Owners, owner: Owner, row: dict[str, Any], resource: str, field: str
) -> None:
    """Add the secret that stands in a field of the owner's row, or the reason why none does."""
    secret = row.get(field)
    first = secret[0] if isinstance(secret, list) and secret else secret
    found.refused.pop(owner.name, None)
    if isinstance(first, str) and first:
        found.secrets[owner.name] = first
    else:
        found.refused[owner.name] = RefusedError(
            f"{resource}: {owner.title} comes without a secret in {field}, and its rows "
            "cannot be read without one.",
            f"no secret in {field}",
        )
