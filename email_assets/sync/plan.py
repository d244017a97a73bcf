"""Settles, before a resource is read, what of it is read and what of that is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import dlt
from dlt.common.schema.typing import TPartialTableSchema
from dlt.common.storages.load_package import create_load_id

from email_assets.sync.digests import stamp_of, stored_digests
from email_assets.sync.listing import Listing
from email_assets.sync.rebuilt_schema import describe_tables
from email_assets.sync.repair import (
    StoredColumns,
    missing_of_dlt,
    missing_parts,
    remove_orphans,
    rename_back,
    restore,
)
from email_assets.sync.span import A_DAY, Span, window_of
from email_assets.warehouse.counts import count_table
from email_assets.warehouse.turn import SqlClient
from email_assets.warehouse.views import drop_views

REPAIR = "x-repaired"
"""The hint of a resource's table that names its last repair: by the id of a load before it."""

IS_LOAD = re.compile(r"\d+\.\d+")
"""The ids of loads. Of repairs by earlier releases, nothing tells when they were."""


@dataclass(frozen=True)
class Plan:
    """The state of the table before a sync."""

    rows_before: int | None
    """Rows in the resource's table, or None if there is no table."""
    is_anew: bool
    """True if the table is made anew, since somebody dropped or renamed it."""
    last_read: datetime | None
    """The time of the sync before, where its newest row is too old to tell; None elsewhere."""


def plan_of(
    listing: Listing,
    pipeline: dlt.Pipeline,
    client: SqlClient,
    name: str,
    span: Span,
    say: Callable[[str], None],
) -> Plan:
    """Look at the warehouse, make its tables whole, and let the listing read what it lacks.

    Args:
        listing: The reading of the resource, not begun yet.
        pipeline: The resource's pipeline, with nothing done yet.
        client: Connected to the warehouse.
        name: The resource's name.
        span: What is asked for.
        say: Told what somebody who watches would want to know.

    Raises:
        SpanError: A backfill is asked for, and the resource cannot be read by time.
    """
    columns = StoredColumns(client)
    restore(pipeline, columns, name, say)
    stored = count_table(client, name)
    schema = _schema_of(listing, pipeline, client, name, stored)
    # one of a first run that was killed is not known
    is_known = schema is not None and name in schema.data_table_names(seen_data_only=True)
    known = schema if is_known and stored is not None else None
    repair = _repair(listing, pipeline, known, columns, span, say)
    is_whole = repair is None
    listing.repair = None if span.is_backfill else repair
    listing.recall_owners(pipeline)
    # rows that somebody took out of the table come again only with everything
    newest = listing.cursor.newest(pipeline) if stored and is_whole else None
    window = window_of(name, span, listing.incremental, newest, listing.section)
    if span.is_backfill:
        listing.read_a_stretch(window, pipeline, is_first=not stored)
    else:
        listing.read_what_is_new(window, pipeline)
    # an API that cannot be asked for less gives rows from before the window too
    since = listing.paginator.since if listing.paginator.asks_for_windows else None
    if known:
        # what comes again was loaded by a sync that had not ended when the row came about; none
        # takes a day from its beginning, which its rows are stamped with
        remove_orphans(columns, known, name, stamp_of(since - A_DAY) if since else "")
    if stored and known and is_whole and not span.full_refresh:
        cursor_path = listing.rows.cursor_path
        # rows that the last repair did not load again may lack what it made anew
        since_load = _last_repair(known, name)
        listing.rows.leave_out(stored_digests(client, known, name, cursor_path, since, since_load))
    is_anew = is_known and stored is None
    if is_anew:
        drop_views(client)
    if schema and not is_anew:
        if stored:
            listing.rows.expect_parts_in(schema)
        listing.rows.expect_types_of(schema)
        listing.keep_types_of(schema)
    listing.load_what_is_new(say)
    return Plan(stored, is_anew, listing.cursor.last_read(pipeline))


def _last_repair(schema: dlt.Schema, name: str) -> str:
    """The load after which everything was read again, or nothing if none was."""
    repair = str(cast(dict[str, Any], schema.tables[name]).get(REPAIR, ""))
    return repair if IS_LOAD.fullmatch(repair) else ""


def _schema_of(
    listing: Listing, pipeline: dlt.Pipeline, client: SqlClient, name: str, stored: int | None
) -> dlt.Schema | None:
    """The schema that dlt stored of the tables, or one made of the tables where it is lost."""
    schema = pipeline.schemas.get(name)
    if stored is None or (schema and name in schema.tables):
        return schema
    describe_tables(listing.source.schema, pipeline, client, name)
    return listing.source.schema


def _repair(
    listing: Listing,
    pipeline: dlt.Pipeline,
    schema: dlt.Schema | None,
    columns: StoredColumns,
    span: Span,
    say: Callable[[str], None],
) -> str | None:
    """The repair of the tables that only a sync of everything ends; None if they are whole.

    What dlt makes again of them is there, and empty, before any row is loaded. So the schema bears
    the repair's name, and the state does once everything was read.
    """
    name = listing.resource.name
    missing = missing_of_dlt(columns)
    if schema is listing.source.schema and not missing:
        # it was made of the tables, and does not know what they should have
        missing.append("the schema in _dlt_version")
    if schema:
        rename_back(columns, schema, name, say)
        missing += missing_parts(columns, schema, name)
    repair: str | None
    if missing:
        repair = create_load_id()
        # dlt looks at the tables only if it meets a schema that it did not load with before
        hints = {"name": name, "columns": {}, REPAIR: repair}
        listing.source.schema.update_table(cast(TPartialTableSchema, hints))
        what = f"{', '.join(missing)} went missing"
    else:
        root = cast(dict[str, Any], schema.tables[name] if schema else {})
        repair = root.get(REPAIR)
        if repair is None or listing.cursor.has_read_since(repair, pipeline):
            return None
        what = "a repair of its tables has not ended"
    when = "by the next sync that is no backfill" if span.is_backfill else "again"
    say(f"{name}: {what}: everything is loaded {when}")
    return repair
