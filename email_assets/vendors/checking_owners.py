"""Checks what a vendor's file says of owners, whose lists are read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from email_assets.vendors.resource import endpoint_of

OF_THE_FIRST = ("alone", "secret")
"""Words of a `for_each` of the owners that no other owner lists."""
DLTS_EXPRESSION = "{resources."
"""The beginning of what dlt puts a field of another resource's rows in place of."""


def mistakes_of_owners(where: str, resource: dict[str, Any], vendor: Any) -> Iterator[str]:
    """The mistakes of a resource's `for_each`, and of those that it leads to.

    Args:
        where: The resource's place in the file.
        resource: The resource.
        vendor: The file, whose resources list the owners.
    """
    endpoint = {**endpoint_of(vendor["resource_defaults"]), **endpoint_of(resource)}
    yield from _mistakes_of_dlts_words(where, resource, endpoint)
    resources = {each.get("name"): each for each in vendor["resources"]}
    passed, labels = [resource.get("name")], list[str]()
    first = resource.get("for_each", {}).get("resource")
    while for_each := resource.get("for_each"):
        lister = for_each["resource"]
        if lister not in resources:
            yield f"{where} has a 'for_each' of {lister!r}, which is no resource"
            return
        if lister in passed:
            yield f"{where} has a 'for_each' of {first!r}, which leads back to itself"
            return
        if for_each["label"] in labels:
            yield (
                f"{where} has the 'label' {for_each['label']!r} of two owners, of which rows "
                "would keep one: give one of them another"
            )
        resource = resources[lister]
        for word in OF_THE_FIRST:
            if word in for_each and "for_each" in resource:
                yield (
                    f"{where} has {word!r} in its 'for_each', and {lister!r} is read for each of "
                    f"{resource['for_each']['resource']!r}: only the first owners can have it"
                )
        passed.append(lister)
        labels.append(for_each["label"])


def _mistakes_of_dlts_words(
    where: str, resource: dict[str, Any], endpoint: dict[str, Any]
) -> Iterator[str]:
    """The mistakes that are ways of dlt's own to read lists, of which no place would be kept."""
    params = endpoint.get("params") or {}
    found = [
        f"the 'params' {name!r} of the type 'resolve'"
        for name, value in params.items()
        if isinstance(value, dict) and value.get("type") == "resolve"
    ]
    found += [
        f"an expression of dlt's in its {word!r}"
        for word in ("path", "params", "json", "headers")
        if DLTS_EXPRESSION in str(endpoint.get(word))
    ]
    if "include_from_parent" in resource:
        found.append("an 'include_from_parent'")
    for each in found:
        yield f"{where} has {each}: name the resource whose rows it is read for in its 'for_each'"
