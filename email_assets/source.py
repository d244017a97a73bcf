"""A vendor's resource as a dlt `rest_api_source`, read through our session and paginators."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

import dlt
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.extract import DltResource, DltSource
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.config_setup import create_paginator
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Session

from email_assets import settings
from email_assets.api.errors import KeyRefusedError
from email_assets.api.pagination import ListOffsetPaginator
from email_assets.api.session import ApiAdapter, Key, Usage, open_session
from email_assets.api.windows import WindowPaginator
from email_assets.rows import Rows
from email_assets.settings import ApiSettings, SettingError
from email_assets.span import Incremental
from email_assets.vendor import configured_vendor, endpoint_of, primary_key, vendor_resources
from email_assets.vendors import Secret, VendorResource

PLACEHOLDER_HOST = "api.example.com"
GLIMPSE_SECONDS = 10
"""Dagster ends a sensor's tick after a minute, and a tick asks for several resources."""

NEWEST = "newest"
"""Where a resource's dlt state keeps the latest time that a sync has seen."""

AUTH = {"api_key": APIKeyAuth, "bearer": BearerTokenAuth, "http_basic": HttpBasicAuth}
"""dlt's ways to authenticate, by the type that an `auth` block names."""

OURS = frozenset({"description", "kind", "never_load"})
"""What a vendor's file says of a resource that dlt does not know."""

Say = Callable[[str], None]
Sleep = Callable[[float], None]


@dataclass
class Listing:
    """One reading of a resource: the dlt source, and what is learnt while dlt reads it."""

    source: DltSource
    rows: Rows
    paginator: WindowPaginator
    incremental: Incremental | None
    usage: Usage
    session: Session

    @property
    def resource(self) -> DltResource:
        """The one resource of the source."""
        return next(iter(self.source.resources.values()))

    def keep_newest(self) -> None:
        """Let the next sync go on from the newest row of this one."""
        name = self.resource.name

        def keep(row: dict[str, Any]) -> dict[str, Any]:
            if self.rows.note_time(row) and self.rows.newest:
                # loaded in the same package as the rows, so that neither comes without the other
                state = dlt.current.resource_state(name)
                state[NEWEST] = max(state.get(NEWEST, ""), self.rows.newest.isoformat())
            return row

        self.resource.add_map(keep)


@dataclass(frozen=True)
class Glimpse:
    """The head of a list: enough to tell that something has changed."""

    total: int | None
    newest: str | None
    """The primary key of the first row, as text."""


def open_listing(name: str, *, say: Say, sleep: Sleep = time.sleep) -> Listing:
    """A source with one resource, and its counters. Nothing is asked of the API yet.

    Args:
        name: The resource's name.
        say: Told what somebody who watches would want to know.
        sleep: Waits so many seconds between attempts.

    Raises:
        SettingError: A setting is missing or cannot be used.
    """
    resource, usage = vendor_resources()[name], Usage()
    incremental = Incremental.of(endpoint_of(resource))
    session = _open_session(resource, usage, say, sleep, settings.load_runtime())
    rows = Rows(
        name,
        primary_key(resource),
        resource.get("never_load", ()),
        incremental.cursor_path if incremental else None,
    )
    paginator = _window_paginator(resource, incremental, rows)
    source = build_source([resource], name=name, session=session, paginator=paginator)
    found = source.resources[name]
    found.add_map(rows.prepare)
    found.add_filter(rows.has_key)
    found.apply_hints(columns={"_dlt_id": {"dedup_sort": "desc"}})
    return Listing(source, rows, paginator, incremental, usage, session)


def newest_of(pipeline: dlt.Pipeline, name: str) -> datetime | None:
    """The latest time that earlier syncs have seen, from the state that the warehouse keeps."""
    resources = pipeline.state.get("sources", {}).get(name, {}).get("resources", {})
    newest = resources.get(name, {}).get(NEWEST)
    return datetime.fromisoformat(newest) if newest else None


def glimpse(name: str, *, say: Say, sleep: Sleep = time.sleep) -> Glimpse:
    """Ask the API for the first row of a resource, once and briefly: whoever looks will look again.

    Raises:
        SettingError: A setting is missing or cannot be used.
        ApiError: The API refused, or its answer cannot be read.
        ApiUnavailableError: The API did not answer.
    """
    resource = vendor_resources()[name]
    paginator = _paginator(resource, limit=1)
    runtime = settings.load_runtime()
    runtime.request_max_attempts = 1
    runtime.request_timeout = min(runtime.request_timeout, GLIMPSE_SECONDS)
    with _open_session(resource, Usage(), say, sleep, runtime) as session:
        client = RESTClient(base_url(), _headers(), session=session)
        endpoint = endpoint_of(resource)
        page = next(
            client.paginate(
                endpoint["path"],
                method=endpoint.get("method", "GET"),
                params=endpoint.get("params"),
                json=endpoint.get("json"),
                data_selector=endpoint["data_selector"],
                paginator=paginator,
            )
        )
    key = [page[0].get(field) for field in primary_key(resource)] if page else None
    return Glimpse(
        getattr(paginator, "total", None), None if key is None else "/".join(map(str, key))
    )


def build_source(
    resources: Iterable[VendorResource],
    *,
    name: str,
    session: Session | None = None,
    paginator: BasePaginator | None = None,
) -> DltSource:
    """The `rest_api_source` of some of the vendor's resources.

    Without a session it can describe itself, which is what asset specs are made of, and must not
    be read: it would know no key.
    """
    config: dict[str, Any] = {
        "client": {"base_url": base_url(), "headers": _headers(), "session": session},
        "resources": [_as_dlt_knows_it(resource, paginator) for resource in resources],
    }
    return rest_api_source(cast(RESTAPIConfig, config), name=name)


def base_url() -> str:
    """The API's address: the setting, or the vendor's own."""
    return settings.load(ApiSettings).base_url or configured_vendor()["client"]["base_url"]


def _headers() -> dict[str, str]:
    return configured_vendor()["client"].get("headers") or {}


def _as_dlt_knows_it(resource: VendorResource, paginator: BasePaginator | None) -> dict[str, Any]:
    known = {field: value for field, value in resource.items() if field not in OURS}
    # the session authenticates, and the paginator reads by time
    endpoint = {k: v for k, v in endpoint_of(resource).items() if k not in ("auth", "incremental")}
    if paginator:
        endpoint["paginator"] = paginator
    else:
        endpoint.pop("paginator")
    return {**known, "endpoint": endpoint}


def _paginator(resource: VendorResource, **overrides: Any) -> BasePaginator:
    """Ours for lists by offset, which notices what dlt's does not; dlt's for all others."""
    endpoint = endpoint_of(resource)
    block = endpoint["paginator"]
    if isinstance(block, dict) and block.get("type") == "offset":
        ignored = ("type", "maximum_offset")
        options = {option: value for option, value in block.items() if option not in ignored}
        return ListOffsetPaginator(
            str(resource["name"]),
            endpoint["data_selector"],
            primary_key(resource),
            **{**options, **overrides},
        )
    paginator = create_paginator(block)
    if paginator is None:
        raise SettingError(f"{resource['name']}: the vendor's file must say which paginator it is.")
    return paginator


def _window_paginator(
    resource: VendorResource, incremental: Incremental | None, rows: Rows
) -> WindowPaginator:
    block = endpoint_of(resource)["paginator"]
    time_filter = incremental.time_filter if incremental else None
    stops_early = incremental and incremental.newest_first and time_filter is None
    return WindowPaginator(
        str(resource["name"]),
        _paginator(resource),
        time_filter=time_filter,
        ceiling=block.get("maximum_offset") if isinstance(block, dict) else None,
        time_of=rows.time_of if stops_early else None,
    )


def _open_session(
    resource: VendorResource, usage: Usage, say: Say, sleep: Sleep, runtime: RuntimeConfiguration
) -> Session:
    name, address = str(resource["name"]), base_url()
    if urlsplit(address).hostname == PLACEHOLDER_HOST:
        raise SettingError(
            f"{name}: no API is configured yet. "
            + settings.where_to_set(ApiSettings, "base_url")
            + " The key goes into api_key in .dlt/secrets.toml or API_KEY."
        )
    vendors_block = configured_vendor()["client"].get("auth")
    block = cast(dict[str, Any], endpoint_of(resource).get("auth") or vendors_block)
    return open_session(
        ApiAdapter(name, address, lambda: _key(name, block), runtime, usage, say, sleep)
    )


def _key(name: str, block: dict[str, Any]) -> Key:
    """What an `auth` block says, with the secrets as they are now."""
    values: dict[str, Any] = {}
    secrets: list[str] = []
    remedy = ""
    for field, value in block.items():
        if isinstance(value, Secret):
            remedy = settings.where_to_set_secret(value)
            found = settings.secret(value)
            if found is None:
                raise KeyRefusedError(f"{name}: there is no API key. {remedy}")
            secrets.append(found)
            values[field] = found
        elif field != "type":
            values[field] = value
    return Key(tuple(secrets), AUTH[block["type"]](**values), remedy)
