"""Syncs a resource: from the API through dlt's extract, normalize and load into the warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltResource

from email_assets.account import Account
from email_assets.api.window import Window
from email_assets.errors import WarehouseError
from email_assets.normalizer import open_schema
from email_assets.privacy.memory import forgotten_in
from email_assets.privacy.purge import purge
from email_assets.sentences import in_one_sentence
from email_assets.sync.dlt_seam import in_batches
from email_assets.sync.file_format import file_format_of
from email_assets.sync.indexes import index
from email_assets.sync.listing import Listing, open_listing
from email_assets.sync.memory_use import collecting_less_garbage, limit_memory
from email_assets.sync.other_runs import OtherRuns
from email_assets.sync.plan import Plan, plan_of
from email_assets.sync.preview import preview_of
from email_assets.sync.progress import Progress
from email_assets.sync.report import Step, SyncReport, figures_of, sentence_on, stretches_missed
from email_assets.sync.schema_changes import schema_changes
from email_assets.sync.shown_names import ShownNames
from email_assets.sync.span import Span
from email_assets.sync.watched import Watched
from email_assets.vendors.dictionary import notes_of
from email_assets.warehouse.comments import comment
from email_assets.warehouse.counts import count_table
from email_assets.warehouse.dataset_account import expect_owner, remember_owner
from email_assets.warehouse.destination import attach_dataset, database_file
from email_assets.warehouse.readers import copies_left, copy_for_readers
from email_assets.warehouse.turn import SqlClient, turn_at

WHAT_IS_NEW = Span()


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
    ticks: Callable[[], float] = time.monotonic,
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
        ticks: Seconds that have passed since any moment, for the lines on how far it is.

    Raises:
        EmailAssetsError: A setting, the API or the warehouse is at fault; the text says which.
    """
    started, seconds_of = time.monotonic(), dict[Step, float]()
    listing = open_listing(account, name, say=say, sleep=sleep)
    listing.source.schema = open_schema(name)
    pipeline.collector = Progress(listing, say, ticks, Watched(account.title_of(name)))
    with listing.session, in_one_sentence(name), collecting_less_garbage():
        dataset = _dataset_of(pipeline, listing.source.schema)
        client = dataset.sql_client
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
            expect_owner(client, account, name)
            listing.private.forgotten = forgotten_in(client, name)
            plan = plan_of(listing, pipeline, client, name, span, say)
            others = OtherRuns(pipeline, dataset.destination_client, name)
        with _timed(seconds_of, "extract"):
            _extract(listing, pipeline, plan)
        if span.is_backfill:
            listing.rows.refuse_other_than_times()
        else:
            _warn_of_times(listing, plan, say)
            _warn_of_missing_fields(listing, account, say)
        with _timed(seconds_of, "normalize"), in_batches(name, say):
            loaded = pipeline.normalize().row_counts.get(name, 0)
        with _timed(seconds_of, "load"), turn():
            is_known = expect_owner(client, account, name)
            others.take_in()
            load_info = _load(listing, pipeline, client)
            if not is_known and client.has_dataset():
                remember_owner(client, account)
            if load_info.loads_ids:  # a sync in which nothing changed does not look
                _forget_late(listing, client)
                index(client, account, listing, say)
                comment(client, partial(notes_of, account.resources[name]), say)
            row_count = count_table(client, name) or 0
            names = ShownNames(listing.source.schema, name)
            # without rows, there is no table
            preview = (
                preview_of(client, name, account.catalog.preview_rows, names) if row_count else []
            )
            copy_for_readers(account.warehouse, client)
            for left in copies_left(account.warehouse, client):
                say(f"{name}: {left}")
    report = SyncReport(
        **figures_of(listing, span),
        rows_loaded=loaded,
        rows_before=plan.rows_before or 0,
        # not what another sync loaded in the meantime
        rows_new=min(loaded, max(0, row_count - (plan.rows_before or 0))),
        row_count=row_count,
        seconds=time.monotonic() - started,
        seconds_of=seconds_of,
        schema_changes=schema_changes(load_info, name, names) if plan.rows_before else [],
        preview=preview,
    )
    return Sync(report, listing.resource, load_info, names)


def _dataset_of(pipeline: dlt.Pipeline, schema: dlt.Schema) -> dlt.Dataset:
    """The pipeline's dataset, for which that would make a schema by itself."""
    assert pipeline.destination  # noqa: S101 (open_pipeline sets it)
    return dlt.dataset(pipeline.destination, pipeline.dataset_name, schema)


def _extract(listing: Listing, pipeline: dlt.Pipeline, plan: Plan) -> None:
    """Read the API, and write its rows to files."""
    types = [hints.get("data_type") for hints in listing.hints.values()]
    pipeline.extract(
        listing.source,
        loader_file_format=file_format_of(pipeline, listing.resource.name, types),
        refresh="drop_sources" if plan.is_anew else None,
    )


def _warn_of_times(listing: Listing, plan: Plan, say: Callable[[str], None]) -> None:
    """Say what keeps a sync from reading just what is new.

    Raises:
        ApiError: The cursor's field is none of times.
    """
    name = listing.resource.name
    if listing.finds_no_time:
        listing.rows.refuse_other_than_times()
        say(
            f"{name}: no row has a time in its cursor_path, so every sync reads everything. "
            f"Correct cursor_path of [{listing.section}] or in the vendor's file."
        )
    asked, read_to = listing.paginator.asked, listing.paginator.window.start
    if read_to and (gap := Window(max(read_to, plan.last_read or read_to)).before(asked)):
        say(
            f"{name}: the last sync was longer ago than the API looks back, so rows of {gap} "
            "were not asked for, and may be missing for good."
        )
    for owner, missed in stretches_missed(listing).items():
        say(f"{name}: {sentence_on(owner, missed)}.")


def _forget_late(listing: Listing, client: SqlClient) -> None:
    """Delete people who were forgotten while the rows with them were on their way."""
    forgotten, name = forgotten_in(client, listing.resource.name), listing.resource.name
    known = listing.private.forgotten.people if listing.private.forgotten else frozenset()
    if forgotten and forgotten.people != known:
        for dataset in (client.dataset_name, client.staging_dataset_name):
            purge(client, dataset, forgotten, name)


def _warn_of_missing_fields(listing: Listing, account: Account, say: Callable[[str], None]) -> None:
    """Say which private fields no row has: what they hold may be loaded under its true name."""
    if not listing.rows.received or listing.paginator.window.start is not None:
        return
    missing = {"[privacy]": listing.private.missing}
    # a file or module of the user's own: a preset names what not every login gets
    if "." in account.api.vendor:
        missing["never_load of the vendor's file"] = sorted(listing.rows.never_had)
    for named_by, fields in missing.items():
        if fields:
            say(
                f"{listing.resource.name}: no row has {', '.join(fields)}, which {named_by} names. "
                "Correct it if its name is another."
            )


def _load(listing: Listing, pipeline: dlt.Pipeline, client: SqlClient) -> LoadInfo:
    """Load what was read.

    Raises:
        WarehouseError: Rows were read, and nothing was loaded.
    """
    limit_memory(client, listing.usage.bytes_unpacked / max(1, listing.rows.received))
    load_info = pipeline.load()
    load_info.raise_on_failed_jobs()
    if listing.rows.new and not load_info.loads_ids:
        raise WarehouseError(
            f"{listing.resource.name}: {listing.rows.new} new rows were read and the warehouse "
            "took none of them. Run again; what was loaded before is untouched."
        )
    attach_dataset(client)
    return load_info


@contextmanager
def _timed(seconds_of: dict[Step, float], step: Step) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds_of[step] = time.monotonic() - started
