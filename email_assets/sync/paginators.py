"""Which paginator reads a resource."""

from __future__ import annotations

from typing import Any

from dlt.sources.rest_api.config_setup import create_paginator

from email_assets.api.offset import ListOffsetPaginator
from email_assets.api.pagination import ListPaginator, WatchedPaginator
from email_assets.api.windows import WindowPaginator
from email_assets.settings.resolve import SettingError
from email_assets.sync.rows import Rows
from email_assets.sync.span import Incremental
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import endpoint_of, primary_key


def paginator_of(resource: VendorResource, **overrides: Any) -> ListPaginator:
    """Ours for lists by offset, which notices what dlt's does not; dlt's, watched, for all others.

    Raises:
        SettingError: The vendor's file leaves the choice to dlt, which would have to guess.
    """
    endpoint = endpoint_of(resource)
    block = endpoint["paginator"]
    if isinstance(block, dict) and block.get("type") == "offset":
        options = {option: value for option, value in block.items() if option != "type"}
        return ListOffsetPaginator(
            str(resource["name"]),
            endpoint["data_selector"],
            primary_key(resource),
            **{"speculate": resource.get("speculate", False), **options, **overrides},
        )
    paginator = create_paginator(block)
    if paginator is None:
        raise SettingError(f"{resource['name']}: the vendor's file must say which paginator it is.")
    return WatchedPaginator(
        str(resource["name"]),
        endpoint["data_selector"],
        paginator,
        speculate=resource.get("speculate", False),
    )


def window_paginator_of(
    resource: VendorResource, incremental: Incremental | None, rows: Rows
) -> WindowPaginator:
    """The resource's paginator, for one stretch of time after the other."""
    block = endpoint_of(resource)["paginator"]
    time_filter = incremental.time_filter if incremental else None
    return WindowPaginator(
        str(resource["name"]),
        paginator_of(resource),
        time_filter=time_filter,
        ceiling=block.get("maximum_offset") if isinstance(block, dict) else None,
        time_of=rows.time_of if incremental else None,
        newest_first=incremental is not None and incremental.newest_first,
    )
