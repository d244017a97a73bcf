"""A vendor's resource as a dlt `rest_api_source`, read through our session and paginators."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import dlt
from dlt.common import jsonpath
from dlt.extract import DltResource, DltSource
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Session

from email_assets.account import Account
from email_assets.api.owner import OWNER_HEADER
from email_assets.api.session import Usage
from email_assets.api.windows import WindowPaginator, asking_for
from email_assets.sync.access import Say, Sleep, session_for
from email_assets.sync.digests import DLT_ID
from email_assets.sync.owners import owners_of
from email_assets.sync.paginators import paginator_of, window_paginator_of
from email_assets.sync.processing import as_the_file_says
from email_assets.sync.rows import Rows
from email_assets.sync.span import Incremental
from email_assets.sync.times import Times
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import column_hints, endpoint_of, primary_key, times_of

GLIMPSE_SECONDS = 10
"""Dagster ends a sensor's tick after a minute, and a tick asks for several resources."""

NEWEST = "newest"
"""Where a resource's dlt state keeps the latest time that syncs have seen, and of which list."""

NOT_DLT_KEYS = frozenset(
    {
        "description",
        "documentation",
        "for_each",
        "kind",
        "longest",
        "maximum_rows",
        "may_lack_rows",
        "never_load",
        "speculate",
        "total_path",
    }
)
"""What a vendor's file says of a resource that dlt does not know."""


@dataclass
class Listing:
    """One reading of a resource: the dlt source, and what is learnt while dlt reads it."""

    source: DltSource
    rows: Rows
    times: Times
    hints: Mapping[str, dict[str, Any]]
    """What the vendor's file says of each column."""
    paginator: WindowPaginator
    incremental: Incremental | None
    usage: Usage
    session: Session
    identity: list[str]
    """What is read, by which field: what is known of another list says nothing about this one."""
    section: str
    """The section of the resource's own settings."""

    @property
    def resource(self) -> DltResource:
        """The one resource of the source."""
        return next(iter(self.source.resources.values()))

    @property
    def finds_no_time(self) -> bool:
        """Whether rows came to go on from, and none of them says when it came about."""
        looked = self.incremental is not None and self.paginator.window.start is None
        return looked and self.rows.received > 0 and self.rows.newest is None

    def newest(self, pipeline: dlt.Pipeline) -> datetime | None:
        """The latest time that earlier syncs have seen, from the state that the warehouse keeps."""
        name = self.resource.name
        resources = pipeline.state.get("sources", {}).get(name, {}).get("resources", {})
        return self._newest_in(resources.get(name, {}))

    def load_what_is_new(self, say: Say) -> None:
        """Hand on only rows that the warehouse lacks; last, so that all others are counted too.

        Args:
            say: Told what is loaded in another form than people may expect.
        """
        known: list[dlt.Schema] = []

        def prepare(row: dict[str, Any]) -> dict[str, Any] | None:
            if not known:
                # the schema that dlt stores with the rows is there once it reads
                known.append(dlt.current.source_schema())
                self.rows.keep_in(known[0], say)
            return self.rows.prepare_new(row)

        self.resource.add_map(prepare)
        self.resource.add_filter(lambda row: row is not None)

    def keep_types_of(self, schema: dlt.Schema) -> None:
        """Leave columns of the warehouse's table what they are, whatever the vendor's file says.

        Args:
            schema: The schema that the table was loaded with.
        """
        columns = schema.tables.get(self.resource.name, {}).get("columns", {})
        for name, wanted in self.hints.items():
            stored = columns.get(schema.naming.normalize_path(name), {}).get("data_type")
            if stored and wanted.get("data_type", stored) != stored:
                self.times.leave(name)
                self.resource.apply_hints(columns={name: {"name": name, "data_type": stored}})

    def keep_newest(self) -> None:
        """Let the next sync go on from the newest row of this one."""
        name = self.resource.name

        def keep(row: dict[str, Any]) -> dict[str, Any]:
            if self.rows.note_time(row) and self.rows.newest:
                # loaded in the same package as the rows, so that neither comes without the other
                state = dlt.current.resource_state(name)
                newest = max(self._newest_in(state) or self.rows.newest, self.rows.newest)
                state[NEWEST] = {"at": newest.isoformat(), "of": self.identity}
            return row

        self.resource.add_map(keep)

    def forget_newest(self) -> None:
        """Let the next sync read everything."""
        name = self.resource.name

        def forget(row: dict[str, Any]) -> dict[str, Any]:
            dlt.current.resource_state(name).pop(NEWEST, None)
            return row

        self.resource.add_map(forget)

    def _newest_in(self, state: dict[str, Any]) -> datetime | None:
        found = state.get(NEWEST, {})
        return datetime.fromisoformat(found["at"]) if found.get("of") == self.identity else None


@dataclass(frozen=True)
class Glimpse:
    """The head of a list: enough to tell that something has changed."""

    total: int | None
    newest: str | None
    """The primary key of the first row, as text."""


@dataclass(frozen=True)
class FirstPage:
    """The first page of a list."""

    rows: list[dict[str, Any]]
    total: int | None
    is_last: bool
    """Whether it is the whole list, as far as one page can tell."""
    owners: int
    """How many lists the resource has."""


def open_listing(account: Account, name: str, *, say: Say, sleep: Sleep = time.sleep) -> Listing:
    """A source with one resource, and its counters.

    Nothing is asked of the API yet, but for the owners of a resource that has several.

    Args:
        account: Whose API.
        name: The resource's name.
        say: Told what somebody who watches would want to know.
        sleep: Waits so many seconds between attempts.

    Raises:
        SettingError: A setting is missing or cannot be used.
    """
    resource, usage = account.resources[name], Usage()
    incremental = Incremental.of(resource)
    owners, secrets = owners_of(account, resource, usage=usage, say=say, sleep=sleep)
    session = session_for(account, resource, usage=usage, say=say, sleep=sleep, owners=secrets)
    cursor_path = incremental.cursor_path if incremental else None
    rows = Rows(
        name,
        primary_key(resource),
        resource.get("never_load", ()),
        cursor_path,
        nesting=resource.get("max_table_nesting"),
    )
    paginator = window_paginator_of(resource, incremental, rows)
    paginator.owners, paginator.expect = owners, session.expect
    source = build_source(account, [resource], name=name, session=session, paginator=paginator)
    source.resources[name].selected = bool(owners)  # without any, there is nothing to ask for
    times = Times(times_of(resource))
    source.resources[name].add_map(times.read)
    source.resources[name].add_map(rows.without_secrets)
    source.resources[name].add_filter(rows.has_key)
    source.resources[name].apply_hints(columns={DLT_ID: {"dedup_sort": "desc"}})
    address = f"{account.base_url}{endpoint_of(resource)['path']}"
    identity = [address, cursor_path or "", *sorted(owner.name for owner in owners)]
    return Listing(
        source,
        rows,
        times,
        column_hints(resource),
        paginator,
        incremental,
        usage,
        session,
        identity,
        section=".".join((*account.api.place, name)),
    )


def glimpse(account: Account, name: str, *, say: Say, sleep: Sleep = time.sleep) -> Glimpse:
    """Ask the API for the first row of a resource, once and briefly: whoever looks will look again.

    Of a resource with several owners, that is the first row of each, and the sum of their totals.

    Raises:
        SettingError: A setting is missing or cannot be used.
        ApiError: The API refused, or its answer cannot be read.
        ApiUnavailableError: The API did not answer.
    """
    resource = account.resources[name]
    asked = first_pages(
        account,
        resource,
        usage=Usage(),
        say=say,
        sleep=sleep,
        at_most_seconds=GLIMPSE_SECONDS,
        limit=1,
    )
    pages = list(asked)
    rows = [row for page in pages for row in page.rows[:1]]
    newest = ["/".join(str(row.get(field)) for field in primary_key(resource)) for row in rows]
    totals = [page.total for page in pages]
    total = None if None in totals else sum(filter(None, totals))
    return Glimpse(total, " ".join(newest) or None)


def first_pages(
    account: Account,
    resource: VendorResource,
    *,
    usage: Usage,
    say: Say,
    sleep: Sleep = time.sleep,
    at_most_seconds: float = math.inf,
    **paging: Any,
) -> Generator[FirstPage, None, None]:
    """The first page of each of a resource's lists, asked for when it is wanted, and only once.

    Args:
        account: Whose API.
        resource: The resource, complete.
        usage: Counters to add to.
        say: Told what somebody who watches would want to know.
        sleep: Waits so many seconds.
        at_most_seconds: Time for a request, if it is less than the settings allow.
        paging: What the paginator should do otherwise than the vendor's file says.

    Raises:
        SettingError: A setting is missing or cannot be used.
        ApiError: The API refused, or its answer cannot be read.
        ApiUnavailableError: The API did not answer.
    """
    endpoint, incremental = endpoint_of(resource), Incremental.of(resource)
    wanted = incremental.newest_stretch() if incremental else {}
    params, json = asking_for(wanted, endpoint.get("params"), endpoint.get("json"))
    runtime = account.runtime()
    runtime.request_max_attempts = 1
    runtime.request_timeout = min(runtime.request_timeout, at_most_seconds)
    owners, secrets = owners_of(
        account, resource, usage=usage, say=say, sleep=sleep, runtime=runtime
    )
    with session_for(
        account, resource, usage=usage, say=say, sleep=sleep, runtime=runtime, owners=secrets
    ) as session:
        client = RESTClient(account.base_url, account.headers, session=session)
        for owner in owners:
            paginator = paginator_of(resource, **paging)
            pages = client.paginate(
                owner.address(endpoint["path"]),
                method=endpoint.get("method", "GET"),
                params=params,
                json=json,
                headers={OWNER_HEADER: owner.name} if owner.name else None,
                data_selector=endpoint["data_selector"],
                paginator=paginator,
            )
            rows = [{**row, **owner.label} for row in as_the_file_says(resource, next(pages))]
            total = getattr(paginator, "total", None)
            yield FirstPage(rows, total, not paginator.has_next_page, len(owners))


def build_source(
    account: Account,
    resources: Iterable[VendorResource],
    *,
    name: str,
    session: Session | None = None,
    paginator: BasePaginator | None = None,
) -> DltSource:
    """The `rest_api_source` of some of the vendor's resources.

    Without a session it can describe itself and must not be read: it would know no key.
    """
    config: dict[str, Any] = {
        "client": {"base_url": account.base_url, "headers": account.headers, "session": session},
        "resources": [_as_dlt_knows_it(resource, paginator) for resource in resources],
    }
    return rest_api_source(cast(RESTAPIConfig, config), name=name)


def _as_dlt_knows_it(resource: VendorResource, paginator: BasePaginator | None) -> dict[str, Any]:
    known = {field: value for field, value in resource.items() if field not in NOT_DLT_KEYS}
    if columns := column_hints(known):
        # descriptions are for people, and of a column without other hints dlt expects values
        hints = {name: _without_description(of) for name, of in columns.items()}
        known["columns"] = {name: of for name, of in hints.items() if of}
    # the session authenticates, and our paginator reads by time
    ours = ("auth", "incremental", "paginator")
    endpoint = {part: value for part, value in endpoint_of(resource).items() if part not in ours}
    # our paginator fills in `{label}`; dlt, which formats a path twice, is to leave it as it is
    endpoint["path"] = endpoint["path"].replace("{", "{" * 4).replace("}", "}" * 4)
    # dlt would compile a text anew for every page
    endpoint["data_selector"] = jsonpath.compile_path(endpoint["data_selector"])
    return {**known, "endpoint": endpoint | ({"paginator": paginator} if paginator else {})}


def _without_description(hints: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hints.items() if name != "description"}
