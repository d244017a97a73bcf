"""A vendor's resource as a dlt `rest_api_source`, read through our session and paginator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.extract import DltResource, DltSource
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Session

from email_assets import settings
from email_assets.api.errors import KeyRefusedError
from email_assets.api.pagination import ListOffsetPaginator
from email_assets.api.session import ApiAdapter, Key, Usage, open_session
from email_assets.rows import Rows
from email_assets.settings import ApiSettings, SettingError
from email_assets.vendors import VendorResource
from email_assets.vendors.generic import VENDOR

PLACEHOLDER_HOST = "api.example.com"
GLIMPSE_SECONDS = 10
"""Dagster ends a sensor's tick after a minute, and a tick asks for several resources."""

Say = Callable[[str], None]
Sleep = Callable[[float], None]


@dataclass
class Listing:
    """One reading of a resource: the dlt source, and what is learnt while dlt reads it."""

    source: DltSource
    rows: Rows
    paginator: ListOffsetPaginator
    usage: Usage
    session: Session

    @property
    def resource(self) -> DltResource:
        """The one resource of the source."""
        return next(iter(self.source.resources.values()))


@dataclass(frozen=True)
class Glimpse:
    """The head of a list: enough to tell that something has changed."""

    total: int | None
    newest: str | None
    """The primary key of the first row, as text."""


def vendor_resources() -> dict[str, VendorResource]:
    """The vendor's resources by name, each complete with the vendor's defaults."""
    defaults = VENDOR["resource_defaults"]
    return {
        str(resource["name"]): cast(
            VendorResource,
            {
                **defaults,
                **resource,
                "endpoint": {**_endpoint(defaults), **_endpoint(resource)},
            },
        )
        for resource in VENDOR["resources"]
    }


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
    session = _open_session(name, usage, say, sleep, settings.load_runtime())
    rows, paginator = Rows(name, primary_key(resource)), _paginator(resource)
    source = build_source([resource], name=name, session=session, paginator=paginator)
    source.resources[name].add_map(rows.number)
    source.resources[name].add_filter(rows.has_key)
    source.resources[name].apply_hints(columns={"_dlt_id": {"dedup_sort": "desc"}})
    return Listing(source, rows, paginator, usage, session)


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
    with _open_session(name, Usage(), say, sleep, runtime) as session:
        client = RESTClient(base_url(), session=session)
        endpoint = _endpoint(resource)
        page = next(
            client.paginate(
                endpoint["path"], data_selector=endpoint["data_selector"], paginator=paginator
            )
        )
    key = [page[0].get(field) for field in primary_key(resource)] if page else None
    return Glimpse(paginator.total, None if key is None else "/".join(map(str, key)))


def build_source(
    resources: Iterable[VendorResource],
    *,
    name: str,
    session: Session | None = None,
    paginator: ListOffsetPaginator | None = None,
) -> DltSource:
    """Dlt's `rest_api_source` of some of the vendor's resources.

    Without a session it can describe itself, which is what asset specs are made of, and must not
    be read: it would know no key.
    """
    config: dict[str, Any] = {
        "client": {"base_url": base_url(), "session": session},
        "resources": [_as_dlt_knows_it(resource, paginator) for resource in resources],
    }
    return rest_api_source(cast(RESTAPIConfig, config), name=name)


def base_url() -> str:
    """The API's address: the setting, or the vendor's own."""
    return settings.load(ApiSettings).base_url or VENDOR["client"]["base_url"]


def primary_key(resource: VendorResource) -> list[str]:
    """The fields that identify a row, as the API spells them."""
    key = cast("str | list[str]", resource["primary_key"])
    return [key] if isinstance(key, str) else list(key)


def _as_dlt_knows_it(
    resource: VendorResource, paginator: ListOffsetPaginator | None
) -> dict[str, Any]:
    known = {field: resource[field] for field in resource if field not in ("description", "kind")}  # type: ignore[literal-required]
    if paginator:
        known["endpoint"] = {**_endpoint(resource), "paginator": paginator}
    return known


def _endpoint(resource: Any) -> dict[str, Any]:
    return cast(dict[str, Any], resource.get("endpoint", {}))


def _paginator(resource: VendorResource, **overrides: Any) -> ListOffsetPaginator:
    endpoint = _endpoint(resource)
    options = {option: v for option, v in endpoint["paginator"].items() if option != "type"}
    return ListOffsetPaginator(
        str(resource["name"]),
        endpoint["data_selector"],
        primary_key(resource),
        **{**options, **overrides},
    )


def _open_session(
    name: str, usage: Usage, say: Say, sleep: Sleep, runtime: RuntimeConfiguration
) -> Session:
    address = base_url()
    if urlsplit(address).hostname == PLACEHOLDER_HOST:
        raise SettingError(
            f"{name}: no API is configured yet. "
            + settings.where_to_set(ApiSettings, "base_url")
            + " The key goes into api_key in .dlt/secrets.toml or API_KEY."
        )

    def key() -> Key:
        secret = settings.secret("api_key")
        if secret is None:
            raise KeyRefusedError(
                f"{name}: there is no API key. Set api_key in .dlt/secrets.toml or the "
                "environment variable API_KEY."
            )
        block = cast(dict[str, Any], VENDOR["client"]["auth"])
        return Key(secret, APIKeyAuth(block["name"], secret, block["location"]))

    return open_session(ApiAdapter(name, address, key, runtime, usage, say, sleep))
