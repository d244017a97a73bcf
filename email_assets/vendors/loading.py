"""The vendor that the settings name: a file of this package or of the user's own, checked."""

from __future__ import annotations

import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from dlt.common.exceptions import DictValidationException
from dlt.common.schema import Schema
from dlt.common.validation import validate_dict
from dlt.sources.rest_api.typing import EndpointResourceBase

from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import ApiSettings, ResourceSettings
from email_assets.vendors import Deliverability, Secret, Sender, Vendor, VendorResource

PACKAGE = "email_assets.vendors"
AUTH_TYPES = ("api_key", "bearer", "http_basic")

EMAIL_API = "email_api"
DAILY = "deliverability_daily"
REPORT = "deliverability_report"
TAKEN = (EMAIL_API, DAILY, REPORT)
"""The assets that are no resources."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SECRET = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_CAUSE = re.compile(r"Path `(VENDOR[^`]*)`: (.+)")


@cache
def load_vendor(name: str) -> Vendor:
    """The vendor that `[sources.email] vendor` names.

    Raises:
        SettingError: There is no such vendor, or its file is not what it should be.
    """
    vendor = getattr(_find(name), "VENDOR", None)
    if vendor is None:
        raise _error(name, "has no VENDOR")
    if problem := _what_is_wrong(vendor):
        raise _error(name, f"is not a vendor file: {problem}")
    return cast(Vendor, vendor)


def vendor_file(name: str) -> Path:
    """The file of a vendor."""
    return Path(str(_find(name).__file__))


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


def primary_key(resource: VendorResource) -> list[str]:
    """The fields that identify a row, as the API spells them."""
    key = cast("str | list[str]", resource["primary_key"])
    return [key] if isinstance(key, str) else list(key)


def column_hints(resource: Any) -> dict[str, dict[str, Any]]:
    """What the file says of each column, or nothing where a model or a function tells dlt."""
    columns = resource.get("columns") or {}
    if isinstance(columns, list):
        columns = {of["name"]: {**of} for of in columns}
        for hints in columns.values():
            del hints["name"]
    return columns if isinstance(columns, dict) else {}


def deliverability_of(vendor: Vendor) -> Deliverability | None:
    """The fields that tell how mail is delivered, or None where the vendor's file names none."""
    names = {resource["name"] for resource in vendor["resources"]}
    return vendor.get("deliverability") if {"messages", "bounces"} <= names else None


def senders_of(mapping: Deliverability) -> list[Sender]:
    """The senders that a mapping names: of messages, and of bounces that say it themselves."""
    of_bounces = mapping["bounces"].get("sender")
    return [mapping["messages"]["sender"], *([of_bounces] if of_bounces else [])]


def _incremental(
    resource: VendorResource, defaults: EndpointResourceBase, tuned: ResourceSettings
) -> dict[str, Any]:
    """The resource's `incremental` block, with what `[sources.email.<resource>]` says of it."""
    changes = {name: value for name, value in dict(tuned).items() if value is not None}
    by_default = endpoint_of(defaults).get("incremental", {})
    incremental = {**by_default, **endpoint_of(resource).get("incremental", {}), **changes}
    if changes and "cursor_path" not in incremental:
        raise SettingError(
            f"[sources.email.{resource['name']}] {', '.join(changes)} means nothing without a "
            "cursor_path, the field that says when a row came about."
        )
    if "end_param" in changes and not incremental.get("start_param"):
        raise SettingError(
            f"[sources.email.{resource['name']}] end_param means nothing without a start_param."
        )
    return {"incremental": incremental} if incremental else {}


@cache
def _find(name: str) -> ModuleType:
    if name.endswith(".py"):
        file = resolve.project_file(name)
        spec = importlib.util.spec_from_file_location(Path(name).stem, file)
        if spec is None or spec.loader is None or not file.is_file():
            raise _error(name, "is no file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    module_name = name if "." in name else f"{PACKAGE}.{name}"
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise  # the vendor's module is there, and misses one of its own imports
    raise _error(name, "is neither one of this package's vendors nor a module or file of yours")


def _what_is_wrong(vendor: Any) -> str | None:
    if not isinstance(vendor, dict):
        return "VENDOR is no dictionary"
    try:
        validate_dict(Vendor, vendor, path="VENDOR")
    except DictValidationException as error:
        return _cause_in(str(error))
    address = vendor["client"].get("base_url")
    if not address:
        return "VENDOR['client'] needs a 'base_url'"
    if "@" in address or "?" in address:
        return "VENDOR['client'] needs a 'base_url' without a user, a key or a query"
    names = [resource.get("name") for resource in vendor["resources"]]
    defaults = vendor["resource_defaults"]
    for at, resource in enumerate(vendor["resources"]):
        where = f"VENDOR['resources'][{at}]"
        if not isinstance(resource.get("name"), str) or names.count(resource["name"]) > 1:
            return f"{where} needs a 'name' of its own"
        if not _NAME.fullmatch(resource["name"]):
            return f"{where} needs a 'name' of small letters, digits and _ only"
        if Schema("vendor").naming.normalize_table_identifier(name := resource["name"]) != name:
            return f"{where} ({name}) must be named as its table is, in snake_case"
        if name in TAKEN:
            return f"{where} ({name}) has the name of another asset: {', '.join(TAKEN)} are taken"
        if not {**defaults, **resource}.get("primary_key"):
            return f"{where} ({resource['name']}) needs a 'primary_key'"
        if not isinstance(endpoint_of(resource), dict):
            return f"{where} ({resource['name']}) needs an 'endpoint' with a 'path' of its own"
        endpoint = {**endpoint_of(defaults), **endpoint_of(resource)}
        auth = endpoint.get("auth") or vendor["client"].get("auth")
        if not isinstance(auth, dict) or auth.get("type") not in AUTH_TYPES:
            types = ", ".join(AUTH_TYPES)
            return f"{where} ({resource['name']}) needs an 'auth' block whose 'type' is of {types}"
        lister = resource.get("for_each", {}).get("resource")
        if lister is not None and lister not in names:
            return f"{where} ({name}) has a 'for_each' of {lister!r}, which is no resource"
        for field in ("path", "data_selector", "paginator"):
            if field not in endpoint:
                return f"{where} ({resource['name']}) needs an 'endpoint' with a {field!r}"
        for field in ("api_key", "token", "password"):
            if field in auth and not _names_a_secret(auth[field]):
                return (
                    f"{where} ({name}) needs a Secret(…) as its {field!r}, with the secret's name "
                    "such as sources.email.my_company.api_key, and never its value"
                )
    mapping = vendor.get("deliverability")
    return _what_is_wrong_with(mapping, names) if mapping else None


def _what_is_wrong_with(mapping: Deliverability, resources: list[str]) -> str | None:
    where, messages, bounces = "VENDOR['deliverability']", mapping["messages"], mapping["bounces"]
    for sender in senders_of(mapping):
        lookup = [key for key in ("resource", "id", "name") if sender.get(key)]
        if lookup and len(lookup) < 3:
            return f"{where} needs a 'sender' with all of 'resource', 'id' and 'name', or with none"
        if lookup and sender["resource"] not in resources:
            return f"{where} has a 'sender' of {sender['resource']!r}, which is no resource"
    if ("sender" in bounces) == ("message" in bounces):
        return f"{where} needs a 'sender' or a 'message' of bounces, and not both"
    if "message" in bounces and "id" not in messages:
        return f"{where} needs the 'id' of messages that 'message' of bounces points to"
    kinds = (bounces.get("hard", []), bounces.get("soft", []), bounces.get("complaint", []))
    types = [type_ for kind in kinds for type_ in kind]
    if twice := sorted({type_ for type_ in types if types.count(type_) > 1}):
        return f"{where} has the type {twice[0]!r} twice"
    return None


def _names_a_secret(value: object) -> bool:
    return isinstance(value, Secret) and bool(_SECRET.fullmatch(value))


def _cause_in(problem: str) -> str:
    """The one cause that names the key, of all those that dlt gives for each type it could have."""
    causes = [(place, said) for place, said in _CAUSE.findall(problem) if "expects" not in said]
    if not causes:
        return problem.partition("\n")[0]
    place, said = min(causes, key=lambda cause: (-len(cause[0]), len(cause[1])))
    for other, why in causes:
        if other == place and why.startswith("field `type="):
            said = why
    return f"{place} {said.rstrip('.')}"


def _error(name: str, problem: str) -> SettingError:
    return SettingError(f"vendor {name!r} {problem}. {resolve.where_to_set(ApiSettings, 'vendor')}")
