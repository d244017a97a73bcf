"""Syncs a resource: from the API through dlt's extract, normalize and load into the warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, cast

import dlt
from dlt.common.destination import TLoaderFileFormat
from dlt.common.pipeline import LoadInfo
from dlt.common.schema.typing import TPartialTableSchema
from dlt.common.utils import uniq_id
from dlt.extract import DltResource

from email_assets.account import Account
from email_assets.api.session import Usage
from email_assets.api.window import Window
from email_assets.errors import WarehouseError
from email_assets.normalizer import open_schema
from email_assets.sentences import in_one_sentence
from email_assets.sync.digests import stored_digests
from email_assets.sync.memory import collecting_less_garbage, limit_memory
from email_assets.sync.preview import preview_of
from email_assets.sync.repair import missing_parts, missing_tables_of_dlt, remove_orphans, restore
from email_assets.sync.schema_changes import schema_changes
from email_assets.sync.shown_names import ShownNames
from email_assets.sync.source import Listing, open_listing
from email_assets.sync.span import Span, window_of
from email_assets.warehouse.counts import count_table
from email_assets.warehouse.destination import database_file
from email_assets.warehouse.turn import SqlClient, turn_at

WHAT_IS_NEW = Span()
Step = Literal["extract", "normalize", "load"]


@dataclass(frozen=True)
class SyncReport:
    """What a sync did, in rows, requests, bytes and seconds."""

    rows_received: int
    """Rows that the API gave, those read again included."""
    rows_listed: int
    """Rows of the API's list that were read, not counting those read again."""
    rows_loaded: int
    """Rows handed to the warehouse, where those with equal keys become one."""
    rows_without_key: int
    """Rows without a primary key, which were not loaded."""
    rows_unchanged: int
    """Rows that the warehouse held already as they are, which were not loaded again."""
    api_total: int | None
    """Rows that the API says there are in the window, or None where it does not say."""
    window: Window
    """The stretch of time that was read, open at both ends for everything."""
    stopped_early: bool
    """Whether reading stopped at rows from before the window, with older ones left unread."""
    row_count: int
    """Rows in the resource's table afterwards."""
    usage: Usage
    seconds: float
    rows_new: int = 0
    """Rows that the table did not have before."""
    seconds_of: dict[Step, float] = field(default_factory=dict)
    """Seconds of each of dlt's steps, with what the last waited for its turn at the file."""
    schema_changes: list[str] = field(default_factory=list)
    """Columns and tables that rows of an existing table brought along, a phrase for each."""
    preview: list[dict[str, str]] = field(default_factory=list)
    """A few rows of the table, with addresses masked, if the settings want to see them."""
    newest_is_missing: bool = False
    """Whether not even the newest row of earlier syncs came again, which the window should hold."""

    @property
    def rows_updated(self) -> int:
        """Rows that took the place of an earlier copy of themselves."""
        return max(0, self.rows_loaded - self.rows_new)


@dataclass(frozen=True)
class Sync:
    """A finished sync, with the dlt objects that can tell more while the pipeline is open."""

    report: SyncReport
    resource: DltResource
    load_info: LoadInfo
    names: ShownNames
    """Of the tables and their columns, as people may see them."""


def sync(
    account: Account,
    pipeline: dlt.Pipeline,
    name: str,
    *,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    span: Span = WHAT_IS_NEW,
) -> Sync:
    """Bring a resource's table up to what the API has.

    Rows come from where the last sync left off, less a look-back, if the vendor's file or a setting
    says how to read the resource by time, and all of them otherwise.

    Only the moments in which dlt touches a DuckDB file wait for a turn at it; reading the API and
    preparing the load run beside other syncs.

    Args:
        account: Whose API, and the warehouse that `pipeline` loads into.
        pipeline: From `open_pipeline`, with nothing done yet.
        name: The resource's name.
        say: Told what somebody who watches would want to know.
        sleep: Waits so many seconds, between attempts at the API or at the warehouse.
        span: Everything, or a stretch of time, where it should not be what is new.

    Raises:
        EmailAssetsError: A setting, the API or the warehouse is at fault; the text says which.
    """
    started, seconds_of = time.monotonic(), dict[Step, float]()
    listing = open_listing(account, name, say=say, sleep=sleep)
    listing.source.schema = open_schema(name)
    with listing.session, in_one_sentence(name), collecting_less_garbage():
        client = pipeline.sql_client()
        turn = partial(
            turn_at,
            database_file(client),
            client,
            who=name,
            timeout=account.warehouse.lock_timeout,
            say=say,
            sleep=sleep,
        )
        with turn():
            restore(pipeline, client, name)
            rows_before = count_table(client, name)
            is_anew = _aim(listing, pipeline, rows_before, client, name, span, say)
        with _timed(seconds_of, "extract"):
            pipeline.extract(
                listing.source,
                loader_file_format=_file_format(pipeline),
                refresh="drop_sources" if is_anew else None,
            )
        if not span.is_backfill and listing.finds_no_time:
            say(
                f"{name}: no row has a time in its cursor_path, so every sync reads everything. "
                f"Correct cursor_path of [sources.email.{name}] or in the vendor's file."
            )
        with _timed(seconds_of, "normalize"):
            loaded = pipeline.normalize().row_counts.get(name, 0)
        with _timed(seconds_of, "load"), turn():
            limit_memory(client, listing.usage.bytes / max(1, listing.rows.received))
            load_info = pipeline.load()
            load_info.raise_on_failed_jobs()
            if listing.rows.new and not load_info.loads_ids:
                raise WarehouseError(
                    f"{name}: {listing.rows.new} new rows were read and the warehouse took none "
                    "of them. Run again; what was loaded before is untouched."
                )
            row_count = count_table(client, name) or 0
            names = ShownNames(listing.source.schema, name)
            preview = (
                preview_of(client, name, account.preview_rows, names) if row_count else []
            )  # without rows, no table
    report = SyncReport(
        **_read(listing, span),
        rows_loaded=loaded,
        # not what another sync loaded in the meantime
        rows_new=min(loaded, max(0, row_count - (rows_before or 0))),
        row_count=row_count,
        seconds=time.monotonic() - started,
        seconds_of=seconds_of,
        schema_changes=schema_changes(load_info, name, names) if rows_before else [],
        preview=preview,
    )
    return Sync(report, listing.resource, load_info, names)


def _aim(
    listing: Listing,
    pipeline: dlt.Pipeline,
    stored: int | None,
    client: SqlClient,
    name: str,
    span: Span,
    say: Callable[[str], None],
) -> bool:
    """Settle what is read, and what of it is loaded; tells whether the table is made anew.

    What is `stored` are the rows of the table, or None if there is no table.
    """
    schema = pipeline.schemas.get(name)
    # one of a first run that was killed is not known
    is_known = schema is not None and name in schema.data_table_names(seen_data_only=True)
    known = schema if is_known and stored is not None else None
    is_whole = _is_whole(listing, known, client, name, say)
    # rows that somebody took out of the table come again only with everything
    newest = listing.newest(pipeline) if stored and is_whole else None
    window = window_of(name, span, listing.incremental, newest)
    listing.paginator.window = window
    if stored and schema and is_known and is_whole and not span.full_refresh:
        cursor_path, by_time = listing.rows.cursor_path, listing.paginator.asks_for_windows
        # an API that cannot be asked for less gives rows from before the window too
        since = window.start if by_time else None
        listing.rows.leave_out(stored_digests(client, schema, name, cursor_path, since))
    # somebody dropped or renamed the table, to have it loaded anew
    is_anew = is_known and stored is None
    if schema and not is_anew:
        listing.rows.expect_types_of(schema)
    if listing.incremental and not span.is_backfill:
        listing.keep_newest()
    elif span.is_backfill and not stored:
        # else the next sync would take the rows of the backfill for all that there were before
        listing.forget_newest()
    listing.load_what_is_new(say)
    return is_anew


def _is_whole(
    listing: Listing,
    schema: dlt.Schema | None,
    client: SqlClient,
    name: str,
    say: Callable[[str], None],
) -> bool:
    """Whether the tables are as syncs left them; else dlt makes again what is missing."""
    missing = missing_tables_of_dlt(client)
    if schema:
        missing += missing_parts(client, schema, name)
    if not missing:
        if schema:
            remove_orphans(client, schema, name)
        return True
    say(f"{name}: {', '.join(missing)} went missing: everything is loaded again")
    # dlt looks at the tables only if it meets a schema that it did not load with before
    hints = {"name": name, "columns": {}, "x-repaired": uniq_id()}
    listing.source.schema.update_table(cast(TPartialTableSchema, hints))
    return False


def _read(listing: Listing, span: Span) -> dict[str, Any]:
    """What a report says of the reading."""
    rows, paginator = listing.rows, listing.paginator
    looked_for_what_is_new = paginator.window.start is not None and not span.is_backfill
    return {
        "rows_received": rows.received,
        "rows_listed": paginator.reached,
        "rows_without_key": rows.without_key,
        "rows_unchanged": rows.unchanged,
        "api_total": paginator.total,
        "window": paginator.asked,
        "newest_is_missing": looked_for_what_is_new and rows.received == 0,
        "stopped_early": paginator.stopped_early,
        "usage": listing.usage,
    }


@contextmanager
def _timed(seconds_of: dict[Step, float], step: Step) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds_of[step] = time.monotonic() - started


def _file_format(pipeline: dlt.Pipeline) -> TLoaderFileFormat | None:
    """Parquet, which DuckDB loads many times as fast as dlt's default, where it is supported."""
    assert pipeline.destination  # noqa: S101 (open_pipeline sets it)
    supported = pipeline.destination.capabilities().supported_loader_file_formats
    return "parquet" if "parquet" in supported else None
