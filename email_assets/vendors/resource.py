"""A resource of a vendor's file: its parts, and what the settings change about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from dlt.sources.rest_api.typing import EndpointResourceBase

from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import ResourceSettings
from email_assets.vendors import Vendor, VendorResource
from email_assets.vendors.meanings import Deliverability, Sender

EMAIL_API = "email_api"
DAILY = "deliverability_daily"
REPORT = "deliverability_report"
TAKEN = (EMAIL_API, DAILY, REPORT)
"""The assets that are no resources."""


def complete(resource: Any, vendor: Vendor, tuned: ResourceSettings) -> VendorResource:
    """A resource with the vendor's defaults, and with what the settings change about it."""
    defaults = vendor["resource_defaults"]
    endpoint = {
        **endpoint_of(defaults),
        **endpoint_of(resource),
        **_incremental(resource, defaults, tuned),
    }
    return cast(VendorResource, {**defaults, **resource, "endpoint": endpoint})


def endpoint_of(resource: Any) -> dict[str, Any]:
    """The resource's endpoint block, in dlt's form."""
    return cast(dict[str, Any], resource.get("endpoint", {}))


def labels_of(resource: Any, resources: Mapping[str, Any]) -> list[str]:
    """The fields that rows get of their owner, of the owner's owner, and so on."""
    found = []
    while for_each := resource.get("for_each"):
        found.append(for_each["label"])
        resource = resources[for_each["resource"]]
    return found


def primary_key(resource: VendorResource) -> list[str]:
    """The fields that identify a row, as the API spells them."""
    key = cast("str | list[str]", resource["primary_key"])
    return [key] if isinstance(key, str) else list(key)


def column_hints(resource: Any) -> dict[str, dict[str, Any]]:
    """The file's hints for each column; none where a model or a function gives dlt the columns."""
    columns = resource.get("columns") or {}
    if isinstance(columns, list):
        columns = {of["name"]: {**of} for of in columns}
        for hints in columns.values():
            del hints["name"]
    return columns if isinstance(columns, dict) else {}


def columns_with(data_type: str, resource: Any) -> list[str]:
    """The columns to which the file gives a type of dlt's, as it names them."""
    hints = column_hints(resource).items()
    return [name for name, of in hints if of.get("data_type") == data_type]


def deliverability_of(vendor: Vendor) -> Deliverability | None:
    """The fields that tell how mail is delivered, or None where the vendor's file names none."""
    names = {resource["name"] for resource in vendor["resources"]}
    mapping = vendor.get("deliverability")
    return mapping if mapping and names.issuperset(made_of(mapping)) else None


def made_of(mapping: Deliverability) -> list[str]:
    """The resources whose rows count: messages, bounces, and complaints of their own."""
    of_complaints = [mapping["complaints"]["resource"]] if "complaints" in mapping else []
    return list(dict.fromkeys(["messages", bounces_of(mapping), *of_complaints]))


def bounces_of(mapping: Deliverability) -> str:
    """The resource whose rows tell of bounces."""
    return mapping["bounces"].get("resource", "bounces")


def tells_of_complaints(mapping: Deliverability) -> bool:
    """True if anything says who called a message spam; without it, no complaint means nothing."""
    return "complaints" in mapping or bool(mapping["bounces"].get("complaint"))


def time_of(mapping: Deliverability | None, resource: str) -> str | None:
    """The field that says when a message was sent, or a bounce or complaint reported."""
    if mapping is None or resource not in made_of(mapping):
        return None
    if resource == "messages":
        return mapping["messages"]["time"]
    of_bounces = resource == bounces_of(mapping)
    return mapping["bounces"]["time"] if of_bounces else mapping["complaints"]["time"]


def senders_of(mapping: Deliverability) -> list[Sender]:
    """The senders that a mapping names: of messages, and of what says it itself."""
    of_bounces = mapping["bounces"].get("sender")
    of_complaints = mapping.get("complaints", {}).get("sender")
    found = (mapping["messages"]["sender"], of_bounces, of_complaints)
    return [sender for sender in found if sender]


def _incremental(
    resource: VendorResource, defaults: EndpointResourceBase, tuned: ResourceSettings
) -> dict[str, Any]:
    """The resource's `incremental` block, with what `[sources.email.<resource>]` says of it."""
    section = ".".join((*tuned.place, str(resource["name"])))
    changes = {name: value for name, value in dict(tuned).items() if value is not None}
    by_default = endpoint_of(defaults).get("incremental", {})
    incremental = {**by_default, **endpoint_of(resource).get("incremental", {}), **changes}
    if changes and "cursor_path" not in incremental:
        raise SettingError(
            f"[{section}] {', '.join(changes)} means nothing without a "
            "cursor_path, the field that says when a row came about."
        )
    if "end_param" in changes and not incremental.get("start_param"):
        raise SettingError(f"[{section}] end_param means nothing without a start_param.")
    return {"incremental": incremental} if incremental else {}
