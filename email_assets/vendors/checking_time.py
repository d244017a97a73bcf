"""Checks what a vendor's file says of reading by time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from dlt.extract import Incremental

from email_assets.instants import as_utc
from email_assets.vendors import NOW
from email_assets.vendors.resource import endpoint_of

NO_TIME = timedelta(0)
MEANS_NOTHING = (
    "allow_external_schedulers",
    "last_value_func",
    "on_cursor_value_missing",
    "primary_key",
    "range_end",
    "range_start",
)
"""dlt's words of an `incremental` block that nothing here goes by."""


def mistakes_of_time(where: str, resource: dict[str, Any], defaults: Any) -> Iterator[str]:
    """The mistakes of a resource's `incremental` block, and of what belongs to it.

    Args:
        where: The resource's place in the file.
        resource: The resource, with the vendor's defaults.
        defaults: The defaults.
    """
    by_default = endpoint_of(defaults).get("incremental") or {}
    block = {**by_default, **(endpoint_of(resource).get("incremental") or {})}
    where_block = f"{where} has an 'incremental' with"
    endpoint = {**endpoint_of(defaults), **endpoint_of(resource)}
    for name, value in (endpoint.get("params") or {}).items():
        if isinstance(value, Incremental) or (
            isinstance(value, dict) and value.get("type") == "incremental"
        ):
            yield (
                f"{where} has an incremental among its 'params': put it beside them, as "
                f"'incremental' of the endpoint with {name!r} as its 'start_param'"
            )
    for word in MEANS_NOTHING:
        if word in block:
            yield f"{where_block} {word!r}, which nothing here goes by: leave it out"
    if block and not all(map(str.strip, block.get("cursor_path", "").split("."))):
        yield (
            f"{where_block} a 'cursor_path' that is neither a field nor the way to one with dots"
        )
    yield from _mistakes_of_ends(where_block, block)
    if resource.get("maximum_rows", 1) < 1:
        yield f"{where} has a 'maximum_rows' that is not a number of rows from 1"
    longest = resource.get("longest")
    if longest is None:
        return
    if longest <= NO_TIME:
        yield f"{where} has a 'longest' that is not longer than nothing"
    if not (block.get("initial_value") and block.get("end_value")):
        yield (
            f"{where} has a 'longest', and needs an 'incremental' with 'initial_value' and "
            "'end_value', between which the stretches lie"
        )


def _mistakes_of_ends(where: str, block: dict[str, Any]) -> Iterator[str]:
    begin, end, start_param = (
        block.get(word) for word in ("initial_value", "end_value", "start_param")
    )
    if begin is not None and not _is_a_beginning(begin):
        yield (
            f"{where} an 'initial_value' that is neither a time in ISO 8601 nor a timedelta, "
            "which is how long ago the API's rows begin"
        )
    if end not in (None, NOW):
        yield f"{where} an 'end_value' that is not NOW"
    if end and not block.get("end_param"):
        yield f"{where} an 'end_value', and needs an 'end_param' to say it by"
    if begin and not start_param:
        yield f"{where} an 'initial_value', and needs a 'start_param' to say it by"
    if block.get("end_param") and not start_param and not begin:
        yield f"{where} an 'end_param', and needs a 'start_param' for the other end"
    is_one = bool(start_param) and start_param == block.get("end_param")
    if is_one and not (begin and end and block.get("convert")):
        yield (
            f"{where} one parameter for both ends, and needs 'initial_value', 'end_value' and a "
            "'convert' that makes one value of two instants"
        )


def _is_a_beginning(value: Any) -> bool:
    if isinstance(value, timedelta):
        return value > NO_TIME
    try:
        return isinstance(value, str) and bool(as_utc(value))
    except ValueError:
        return False
