"""The table `deliverability_daily`: messages and bounces by day and sender, made by SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from dlt.destinations.exceptions import DatabaseUndefinedRelation

from email_assets.account import Account
from email_assets.deliverability.dictionary import DAILY_COLUMNS as COLUMNS
from email_assets.deliverability.dictionary import notes_of_made
from email_assets.deliverability.events import make_views
from email_assets.deliverability.selection import resources_read
from email_assets.deliverability.sql import (
    BY_DAY_AND_SENDER,
    COMPLAINT_RATE,
    UNTOLD_RATE,
    WITHOUT_DAY,
    happenings,
)
from email_assets.deliverability.tables import Tables
from email_assets.errors import EmailAssetsError
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.vendors.resource import DAILY, made_of, tells_of_complaints
from email_assets.warehouse.comments import comment
from email_assets.warehouse.counts import count_table
from email_assets.warehouse.dataset_account import expect_owner
from email_assets.warehouse.destination import connected, stored_types
from email_assets.warehouse.dialects import (
    ask,
    column_in,
    count_days_in_utc,
    found_in,
    in_other_letters,
    rename_column,
    table_in,
)
from email_assets.warehouse.readers import copy_for_readers
from email_assets.warehouse.turn import SqlClient

TYPES = {"DATE": "date", "VARCHAR": "text", "BIGINT": "bigint", "DOUBLE PRECISION": "double"}
"""dlt's names of the columns' types."""


class DeliverabilityError(EmailAssetsError):
    """A table is not there yet."""


@dataclass(frozen=True)
class Outcome:
    """Counts of messages sent, and of what came back."""

    sent: int
    hard: int
    soft: int
    complaints: int
    other: int

    @property
    def bounced(self) -> int:
        """Hard and soft bounces."""
        return self.hard + self.soft

    @property
    def bounce_rate(self) -> float | None:
        """The share of the messages that bounced, or None where nothing was sent."""
        return self.bounced / self.sent if self.sent else None

    @property
    def complaint_rate(self) -> float | None:
        """The share of the messages that was called spam, or None where nothing was sent."""
        return self.complaints / self.sent if self.sent else None


@dataclass(frozen=True)
class SenderDay(Outcome):
    """The counts of one sender on one day."""

    day: date
    sender: str


def build_daily(account: Account, *, say: Callable[[str], None]) -> tuple[int, int]:
    """Make the table anew, of all messages and bounces that are loaded.

    Returns:
        Rows in the table, and messages and bounces that are in none of them, as they tell no time.

    Readers see the old table or the new one, and a failure leaves the old one.

    Raises:
        DeliverabilityError: Messages or bounces were never loaded.
        MappingError: A table is not what the vendor's file says of it.
        EmailAssetsError: The warehouse cannot be used.
    """
    mapping = account.deliverability
    assert mapping  # noqa: S101 (the asset is defined only where there is one)
    with connected(account.warehouse, DAILY, say) as client:
        if client is None:
            raise _not_loaded("messages")
        expect_owner(client, account, DAILY)
        tables = Tables(DAILY, account.warehouse, client, resources_read(account))
        for resource in made_of(mapping):
            if not tables.was_synced(resource):
                raise _not_loaded(resource)
        for resource in resources_read(account):
            if not tables.was_synced(resource):
                say(f"{DAILY}: {resource} is not loaded yet, so senders are shown by their id.")
        # a day is one of UTC, whatever the server thinks
        count_days_in_utc(client)
        all_at_once = client.capabilities.supports_ddl_transactions
        with client.begin_transaction() if all_at_once else nullcontext():
            found = happenings(mapping, tables)
            _make(account.warehouse, client)
            with nullcontext() if all_at_once else client.begin_transaction():
                _replace(client, found, tells_of_complaints(mapping))
            without_day = _without_day(client, *found) if found else 0
            make_views(account, client, say)
        comment(client, notes_of_made, say)
        copy_for_readers(account.warehouse, client)
        return count_table(client, DAILY) or 0, without_day


def _without_day(client: SqlClient, happened: str, parameters: list[str]) -> int:
    return int(ask(client, WITHOUT_DAY.format(happened), *parameters)[0][0])


def _replace(client: SqlClient, found: tuple[str, list[str]] | None, with_complaints: bool) -> None:
    """Fill the table with what `happenings` found, or empty it."""
    # two at once that delete and insert would double the rows of a server; this one locks them out
    client.truncate_tables(DAILY)
    if found:
        happened, parameters = found
        columns = ", ".join(column_in(client, name) for name in COLUMNS)
        rate = COMPLAINT_RATE if with_complaints else UNTOLD_RATE
        query = BY_DAY_AND_SENDER.format(rate, happened)
        ask(client, f"INSERT INTO {table_in(client, DAILY)} ({columns}) {query}", *parameters)


def _make(warehouse: WarehouseSettings, client: SqlClient) -> None:
    """Make the table, or give one of an earlier version today's columns. Its rows are replaced."""
    table = table_in(client, DAILY)
    types = {
        column: f"{column_in(client, column)} {type_}" for column, (type_, _) in COLUMNS.items()
    }
    found = stored_types(warehouse, client, [DAILY]).get(DAILY)
    if found is None:
        ask(client, f"CREATE TABLE {table} ({', '.join(types.values())})")
        return
    wanted = {name: TYPES[type_] for name, (type_, _) in COLUMNS.items()}
    for name, other in in_other_letters(found, wanted).items():
        rename_column(client, DAILY, other, name)
        found[name] = found.pop(other)
    missing = wanted.keys() - found.keys()
    changed = {name for name in wanted.keys() & found.keys() if wanted[name] != found[name]}
    obsolete = found.keys() - wanted.keys()
    # a table must not lose its last column, so those that are missing come first
    for name in sorted(missing):
        ask(client, f"ALTER TABLE {table} ADD COLUMN {types[name]}")
    for name in sorted(obsolete | changed):
        ask(client, f"ALTER TABLE {table} DROP COLUMN {found_in(client, name)}")
    for name in sorted(changed):
        ask(client, f"ALTER TABLE {table} ADD COLUMN {types[name]}")


def read_daily(
    account: Account, since: date, *, who: str, say: Callable[[str], None]
) -> list[SenderDay]:
    """The table's rows from a day on, by day and sender.

    Args:
        account: Whose mail.
        since: The first day.
        who: The asset that asks, for sentences.
        say: Told who holds the DuckDB file, when there is somebody to wait for.

    Raises:
        DeliverabilityError: There is no table yet.
        EmailAssetsError: The warehouse cannot be read.
    """
    with connected(account.warehouse, who, say, read_only=True) as client:
        if client is not None:
            expect_owner(client, account, who)
            columns = {field.name: column_in(client, field.name) for field in fields(SenderDay)}
            query = (
                f"SELECT {', '.join(columns.values())} FROM {table_in(client, DAILY)} "
                f"WHERE {columns['day']} >= CAST(%s AS DATE) "
                f"ORDER BY {columns['day']}, {columns['sender']}"
            )
            with suppress(DatabaseUndefinedRelation):
                return [*map(_sender_day, ask(client, query, since.isoformat()))]
    raise DeliverabilityError(f"{who}: there is no table {DAILY} yet. Materialize {DAILY}.")


def _sender_day(row: Sequence[Any]) -> SenderDay:
    found = dict(zip((field.name for field in fields(SenderDay)), row, strict=True))
    if isinstance(found["day"], str):  # SQLite knows no days
        found["day"] = date.fromisoformat(found["day"])
    return SenderDay(**found)


def _not_loaded(resource: str) -> DeliverabilityError:
    return DeliverabilityError(
        f"{DAILY}: there is no table {resource} yet. Materialize {resource}."
    )
