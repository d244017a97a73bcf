"""One reading of a resource: the dlt source, and what is learnt while dlt reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dlt
from dlt.extract import DltResource, DltSource

from email_assets.account import Account
from email_assets.account.private import private_fields
from email_assets.api.session import ApiSession
from email_assets.api.usage import Usage
from email_assets.api.window import Window
from email_assets.api.windows import WindowPaginator
from email_assets.dlt_columns import DLT_ID
from email_assets.privacy.rows import PrivateRows
from email_assets.sync.api_access import Access, Say, Sleep
from email_assets.sync.cursor import Cursor
from email_assets.sync.owners import Owners, owners_of
from email_assets.sync.paginators import window_paginator_of
from email_assets.sync.rows import Row, Rows
from email_assets.sync.source import build_source
from email_assets.sync.span import Incremental
from email_assets.sync.times import Times
from email_assets.vendors.resource import column_hints, columns_with, endpoint_of, primary_key


@dataclass
class Listing:
    """One reading of a resource: the dlt source, and what is learnt while dlt reads it."""

    source: DltSource
    rows: Rows
    times: Times
    hints: Mapping[str, dict[str, Any]]
    """dlt's hints of each column, by the vendor's file."""
    paginator: WindowPaginator
    incremental: Incremental | None
    usage: Usage
    session: ApiSession
    owners: Owners
    cursor: Cursor
    private: PrivateRows
    section: str
    """The section of the resource's own settings."""
    say: Say
    """Told of owners whose lists could not be read."""
    note_times: Callable[[list[Row]], None] = lambda _: None
    """Looks at each page's rows for where the next sync goes on."""
    keep: Callable[[], None] = lambda: None
    """Keeps for the next sync what was not read."""
    away: dict[str, datetime] = field(default_factory=dict)
    """Owners that earlier syncs could not read, by name, and since when."""
    repair: str | None = None
    """The repair of the tables that has ended once everything is read."""

    def __post_init__(self) -> None:
        self.paginator.at_end = self._end
        self.resource.add_step(self._readable)

    @property
    def resource(self) -> DltResource:
        """The one resource of the source."""
        return next(iter(self.source.resources.values()))

    @property
    def finds_no_time(self) -> bool:
        """True if rows came to go on from, and none of them says when it came about."""
        looked = self.incremental is not None and self.paginator.window.start is None
        return looked and self.rows.received > 0 and self.rows.newest is None

    def recall_owners(self, pipeline: dlt.Pipeline) -> None:
        """Know those owners from earlier syncs that cannot be listed now, before it is read."""
        self.owners.recall(self.cursor.known_owners(pipeline))
        self.paginator.refused = dict(self.owners.refused)
        self.cursor = self.cursor.of_owners(self.owners.all)

    def read_what_is_new(self, window: Window, pipeline: dlt.Pipeline) -> None:
        """Read from where earlier syncs left off, and let the next one go on from here.

        An owner that was refused is read from where it was not read any more, and one that is
        refused now stays behind, however far the others get.
        """
        self.paginator.window = window
        incremental, last_read = self.incremental, self.cursor.last_read(pipeline)
        if incremental is None:
            return
        behind, self.away = self.cursor.behind(pipeline), self.cursor.away(pipeline)
        if window.start is not None:
            self.paginator.behind = behind

        def keep_behind() -> None:
            away = {name: at for name, at in behind.items() if name not in self.owners.all}
            if (starts := away | self._starts_of_refused()) or behind:
                self.cursor.keep_behind(starts)
            if incremental.is_to_be_noted(window, last_read):
                self.cursor.keep_read()

        self.note_times = self._keep_newest
        self.keep = keep_behind

    def read_a_stretch(self, window: Window, pipeline: dlt.Pipeline, *, is_first: bool) -> None:
        """Fill in a stretch of time, and leave the next sync to go on from where it would have.

        Args:
            window: The stretch.
            pipeline: Has the state of earlier syncs.
            is_first: Whether nothing was loaded before: the next sync is to read everything, for
                else it would take these rows for all that there were before.
        """
        self.paginator.window = window
        if is_first:
            self.note_times = self._forget_newest
        behind = self.cursor.behind(pipeline)

        def keep_behind() -> None:
            missed = self._starts_of_refused()
            both = {name: _earlier(behind[name], missed[name]) for name in behind if name in missed}
            if missed:
                self.cursor.keep_behind(behind | missed | both)

        self.keep = keep_behind

    def load_what_is_new(self, say: Say) -> None:
        """Hand on only rows that the warehouse lacks; last, so that all others are counted too.

        Args:
            say: Told what is loaded in another form than people may expect.
        """
        known: list[dlt.Schema] = []

        def prepare(rows: list[Row], _meta: Any = None) -> list[Row] | None:
            if not rows:
                return rows
            self.note_times(rows)
            if not known:
                # the schema that dlt stores with the rows is there once it reads
                known.append(dlt.current.source_schema())
                self.rows.keep_in(known[0], say)
            return self.rows.prepare_new(rows) or None

        self.resource.add_step(prepare)

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

    def _end(self) -> None:
        """Settle what was not read, once all that can be is."""
        for told in self.owners.sentences_on(self.paginator.refused):
            self.say(f"{self.resource.name}: {told}")
        self.keep()
        if self.repair:
            self.cursor.keep_repaired(self.repair)

    def _readable(self, page: Any, _meta: Any = None) -> list[Row] | None:
        """A page's rows that have a key, with times that dlt knows, and without secrets."""
        # a step of the vendor's file may hand on one row after the other
        came: list[Row] = page if isinstance(page, list) else [page]
        rows = self.rows.with_key(self.rows.without_secrets(self.times.read(came)))
        return rows or (None if came else came)

    def _keep_newest(self, rows: list[Row]) -> None:
        if self.rows.note_times(rows) and self.rows.newest:
            self.cursor.keep_newest(self.rows.newest)

    def _forget_newest(self, _: list[Row]) -> None:
        self.cursor.forget_newest()

    def _starts_of_refused(self) -> dict[str, datetime | None]:
        """The time from which on each owner that was refused is still to be read."""
        return {
            name: self.paginator.window_of(owner).start
            for name, owner in self.owners.all.items()
            if name in self.paginator.refused
        }


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
    access, resource = Access(account, say, sleep), account.resources[name]
    incremental = Incremental.of(resource)
    owners = owners_of(access, resource)
    session = access.session(resource, owners.secrets)
    cursor_path = incremental.cursor_path if incremental else None
    private = PrivateRows(name, private_fields(account, name))
    rows = Rows(
        name,
        primary_key(resource),
        resource.get("never_load", ()),
        cursor_path,
        nesting=resource.get("max_table_nesting"),
        private=private,
        as_json=columns_with("json", resource),
    )
    paginator = window_paginator_of(resource, incremental, rows)
    paginator.owners, paginator.refused = owners.readable, dict(owners.refused)
    paginator.expect, paginator.forget = session.expect, session.forget
    source = build_source(account, [resource], name=name, session=session, paginator=paginator)
    source.resources[name].selected = bool(owners.all)  # without any, there is nothing to ask for
    times = Times(columns_with("timestamp", resource))
    source.resources[name].apply_hints(columns={DLT_ID: {"dedup_sort": "desc"}})
    address = f"{account.base_url}{endpoint_of(resource)['path']}"
    cursor = Cursor(name, [address, cursor_path or ""]).of_owners(owners.all)
    return Listing(
        source,
        rows,
        times,
        column_hints(resource),
        paginator,
        incremental,
        access.usage,
        session,
        owners,
        cursor,
        private,
        section=account.section_of(name),
        say=say,
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants, of which None is the beginning of time."""
    return None if one is None or other is None else min(one, other)
