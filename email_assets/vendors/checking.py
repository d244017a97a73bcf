"""Checks the file of a vendor as it is loaded; names the first mistake by its place in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from dlt.common.exceptions import DictValidationException
from dlt.common.schema import Schema
from dlt.common.validation import validate_dict

from email_assets.settings.sections import http_address
from email_assets.vendors import Secret, Vendor
from email_assets.vendors.checking_events import mistakes_of_events
from email_assets.vendors.checking_owners import mistakes_of_owners
from email_assets.vendors.checking_time import mistakes_of_time
from email_assets.vendors.meanings import Deliverability
from email_assets.vendors.resource import TAKEN, endpoint_of, senders_of

AUTH_TYPES = ("api_key", "bearer", "http_basic")
SECRETS_OF_AUTH = ("api_key", "token", "password")
"""The fields of an `auth` block that hold a secret, as dlt calls them."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SECRET = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_CAUSE = re.compile(r"Path `(VENDOR[^`]*)`: (.+)")


def mistake_in(vendor: Any) -> str | None:
    """The first mistake of a `VENDOR`, with its place, or None if there is none."""
    if not isinstance(vendor, dict):
        return "VENDOR is no dictionary"
    try:
        validate_dict(Vendor, vendor, path="VENDOR")
    except DictValidationException as error:
        return _cause_in(str(error))
    names = [resource.get("name") for resource in vendor["resources"]]
    mapping = vendor.get("deliverability")
    found = chain(
        _mistakes_of_client(vendor["client"]),
        *(_mistakes_of_resource(vendor, at, names) for at in range(len(names))),
        _mistakes_of_deliverability(mapping, names) if mapping else (),
        *(mistakes_of_events(vendor, at, names) for at in range(len(vendor.get("events", [])))),
    )
    return next(found, None)


def _mistakes_of_client(client: Any) -> Iterator[str]:
    address = client.get("base_url")
    if not address:
        yield "VENDOR['client'] needs a 'base_url'"
    elif "@" in address or "?" in address:
        yield "VENDOR['client'] needs a 'base_url' without a user, a key or a query"
    elif http_address(address) is None:
        yield (
            f"VENDOR['client'] has the 'base_url' {address!r}, which is no http or https address, "
            "such as https://mail.example.org"
        )
    for at, limits in enumerate(client.get("requests_per") or ()):
        counts = [count for unit, count in limits.items() if unit != "below"]
        if not counts or min(counts) < 1:
            yield (
                f"VENDOR['client']['requests_per'][{at}] needs a 'second', a 'minute' or an 'hour' "
                "with a number of requests from 1"
            )


def _mistakes_of_resource(vendor: Any, at: int, names: list[Any]) -> Iterator[str]:
    resource, defaults = vendor["resources"][at], vendor["resource_defaults"]
    where, name = f"VENDOR['resources'][{at}]", names[at]
    yield from _mistakes_of_name(where, name, names)
    where = f"{where} ({name})"
    if not {**defaults, **resource}.get("primary_key"):
        yield f"{where} needs a 'primary_key'"
    yield from _mistakes_of_loading(where, {**defaults, **resource})
    if not isinstance(endpoint_of(resource), dict):
        yield f"{where} needs an 'endpoint' with a 'path' of its own"
    endpoint = {**endpoint_of(defaults), **endpoint_of(resource)}
    auth = endpoint.get("auth") or vendor["client"].get("auth")
    if not isinstance(auth, dict) or auth.get("type") not in AUTH_TYPES:
        yield f"{where} needs an 'auth' block whose 'type' is of {', '.join(AUTH_TYPES)}"
    yield from mistakes_of_owners(where, resource, vendor)
    for field in ("path", "data_selector", "paginator"):
        if field not in endpoint:
            yield f"{where} needs an 'endpoint' with a {field!r}"
    for field in SECRETS_OF_AUTH:
        if field in auth and not _names_a_secret(auth[field]):
            yield (
                f"{where} needs a Secret(…) as its {field!r}, with the secret's name "
                "such as sources.email.my_company.api_key, and never its value"
            )
    if auth.get("location") == "body" and endpoint.get("method") != "POST":
        yield f"{where} has its key in the body, and needs an 'endpoint' with the 'method' 'POST'"
    if "total_path" in resource and _kind_of(endpoint["paginator"]) in ("offset", "page_number"):
        yield f"{where} has a 'total_path', which belongs into its paginator"
    yield from mistakes_of_time(where, {**defaults, **resource}, defaults)


def _mistakes_of_loading(where: str, resource: dict[str, Any]) -> Iterator[str]:
    """Words of dlt's for a table with which a sync could not keep its promises.

    A sync loads only rows that are new or changed, into the table that checks look at. Replacing
    the table by these would empty it, appending them would double rows, and `scd2` would take
    all others for gone.
    """
    found = resource.get("write_disposition", "append")
    disposition, strategy = found, "delete-insert"
    if isinstance(found, dict):
        disposition, strategy = found.get("disposition"), found.get("strategy", strategy)
    if disposition != "merge" or strategy != "delete-insert":
        said = f"the merge strategy {strategy!r}" if disposition == "merge" else repr(disposition)
        yield (
            f"{where} has the 'write_disposition' {said}, and only 'merge' (with 'delete-insert', "
            "its default strategy) keeps a table as the API has it"
        )
    if resource.get("table_name", resource.get("name")) != resource.get("name"):
        yield f"{where} has a 'table_name', and its table is called as the resource: leave it out"
    if resource.get("merge_key"):
        yield f"{where} has a 'merge_key', and only a 'primary_key' tells rows apart: leave it out"


def _mistakes_of_name(where: str, name: Any, names: list[Any]) -> Iterator[str]:
    if not isinstance(name, str) or names.count(name) > 1:
        yield f"{where} needs a 'name' of its own"
    if not _NAME.fullmatch(name):
        yield f"{where} needs a 'name' of small letters, digits and _ only"
    if Schema("vendor").naming.normalize_table_identifier(name) != name:
        yield f"{where} ({name}) must be named as its table is, in snake_case"
    if name in TAKEN:
        yield f"{where} ({name}) has the name of another asset: {', '.join(TAKEN)} are taken"


def _mistakes_of_deliverability(mapping: Deliverability, resources: list[Any]) -> Iterator[str]:
    where, messages, bounces = "VENDOR['deliverability']", mapping["messages"], mapping["bounces"]
    for sender in senders_of(mapping):
        lookup = [key for key in ("resource", "id", "name") if sender.get(key)]
        if lookup and len(lookup) < 3:
            yield f"{where} needs a 'sender' with all of 'resource', 'id' and 'name', or with none"
        if lookup and sender["resource"] not in resources:
            yield f"{where} has a 'sender' of {sender['resource']!r}, which is no resource"
    if bounces.get("resource", "bounces") not in [*resources, "bounces"]:
        yield f"{where} has 'bounces' of {bounces['resource']!r}, which is no resource"
    named = [one["resource"] for one in mapping.get("suppressed", ())]
    named += [mapping["domains"]["resource"]] if "domains" in mapping else []
    for resource in named:
        if resource not in [*resources, "bounces"]:
            yield f"{where} reads {resource!r}, which is no resource"
    if complaints := mapping.get("complaints"):
        if complaints["resource"] not in resources:
            yield f"{where} has 'complaints' of {complaints['resource']!r}, which is no resource"
        if bounces.get("complaint"):
            yield (
                f"{where} has 'complaints', and a 'complaint' of bounces that would count them "
                "twice: leave one out"
            )
        if "message" in complaints and "id" not in messages:
            yield f"{where} needs the 'id' of messages that 'message' of complaints points to"
    if "sender" not in bounces and "message" not in bounces:
        yield f"{where} needs a 'sender' or a 'message' of bounces"
    if "message" in bounces and "id" not in messages:
        yield f"{where} needs the 'id' of messages that 'message' of bounces points to"
    kinds = (bounces.get("hard", []), bounces.get("soft", []), bounces.get("complaint", []))
    types = [type_ for kind in kinds for type_ in kind]
    if twice := sorted({type_ for type_ in types if types.count(type_) > 1}):
        yield f"{where} has the type {twice[0]!r} twice"


def _kind_of(paginator: Any) -> Any:
    return paginator.get("type") if isinstance(paginator, dict) else paginator


def _names_a_secret(value: object) -> bool:
    return isinstance(value, Secret) and bool(_SECRET.fullmatch(value))


def _cause_in(problem: str) -> str:
    """The one cause that names the key, of all those that dlt gives for each type it could have."""
    causes = [(place, said) for place, said in _CAUSE.findall(problem) if "expects" not in said]
    if not causes:
        return problem.partition("\n")[0]
    place, said = min(causes, key=lambda cause: (-len(cause[0]), len(cause[1])))
    for other, why in causes:
        # of places of a key, dlt knows more than those of one of its types
        if other == place and why.startswith(("field `type=", "field `location=")):
            said = max(said, why, key=len) if said.startswith("field `location=") else why
    return f"{place} {said.rstrip('.')}"
