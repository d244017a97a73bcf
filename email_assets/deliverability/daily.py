"""The table `deliverability_daily`: messages and bounces by day and sender, made by SQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date

from dlt.destinations.exceptions import DatabaseUndefinedRelation

from email_assets.account import Account
from email_assets.deliverability.dictionary import DAILY_COLUMNS as COLUMNS
from email_assets.deliverability.dictionary import notes_of_made
from email_assets.deliverability.events import make_views
from email_assets.deliverability.selection import resources_read
from email_assets.deliverability.sql import BY_DAY_AND_SENDER, WITHOUT_DAY, happenings
from email_assets.deliverability.tables import Tables
from email_assets.errors import EmailAssetsError
from email_assets.vendors.resource import DAILY, bounces_of
from email_assets.warehouse.comments import comment
from email_assets.warehouse.counts import count_table
from email_assets.warehouse.dataset_account import expect_owner
from email_assets.warehouse.destination import connected
from email_assets.warehouse.readers import copy_for_readers
from email_assets.warehouse.turn import SqlClient

TYPE_NAMES = {"DOUBLE": "DOUBLE PRECISION", "CHARACTER VARYING": "VARCHAR"}
"""The columns' types, by the names that DuckDB and PostgreSQL list them under, if they differ."""


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
        tables = Tables(DAILY, client, resources_read(account))
        for resource in dict.fromkeys(["messages", bounces_of(mapping)]):
            if not tables.was_synced(resource):
                raise _not_loaded(resource)
        for resource in resources_read(account):
            if not tables.was_synced(resource):
                say(f"{DAILY}: {resource} is not loaded yet, so senders are shown by their id.")
        with client.begin_transaction():
            # a day is one of UTC, whatever the server thinks
            client.execute_sql("SET TimeZone = 'UTC'")
            found = happenings(mapping, tables)
            _replace(client, found)
            without_day = _without_day(client, *found) if found else 0
            make_views(account, client, say)
        comment(client, notes_of_made, say)
        copy_for_readers(account.warehouse, client)
        return count_table(client, DAILY) or 0, without_day


def _without_day(client: SqlClient, happened: str, parameters: list[str]) -> int:
    rows = client.execute_sql(WITHOUT_DAY.format(happened), *parameters)
    return int(rows[0][0]) if rows else 0


def _replace(client: SqlClient, found: tuple[str, list[str]] | None) -> None:
    """Fill the table with what `happenings` found, or empty it."""
    table = client.make_qualified_table_name(DAILY)
    columns = [client.escape_column_name(name) for name in COLUMNS]
    types = [f"{column} {COLUMNS[name][0]}" for column, name in zip(columns, COLUMNS, strict=True)]
    client.execute_sql(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(types)})")
    _alter(client, table)
    # two at once that delete and insert would double the rows of a server; this one locks them out
    client.truncate_tables(DAILY)
    if found:
        happened, parameters = found
        query = BY_DAY_AND_SENDER.format(happened)
        client.execute_sql(f"INSERT INTO {table} ({', '.join(columns)}) {query}", *parameters)


def _alter(client: SqlClient, table: str) -> None:
    """Give a table of an earlier version today's columns. Its rows are about to be replaced."""
    rows = client.execute_sql(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s",
        client.make_qualified_table_name_path(None, quote=False)[-1],
        DAILY,
    )
    found = {name: TYPE_NAMES.get(type_.upper(), type_.upper()) for name, type_ in rows or ()}
    wanted = {name: type_ for name, (type_, _) in COLUMNS.items()}
    missing = wanted.keys() - found.keys()
    changed = {name for name in wanted.keys() & found.keys() if wanted[name] != found[name]}
    obsolete = found.keys() - wanted.keys()
    # a table must not lose its last column, so those that are missing come first
    for verb, names in (("ADD", missing), ("DROP", obsolete | changed), ("ADD", changed)):
        for name in sorted(names):
            column = client.escape_column_name(name)
            type_ = f" {wanted[name]}" if verb == "ADD" else ""
            client.execute_sql(f"ALTER TABLE {table} {verb} COLUMN {column}{type_}")


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
            columns = {
                field.name: client.escape_column_name(field.name) for field in fields(SenderDay)
            }
            query = (
                f"SELECT {', '.join(columns.values())} "
                f"FROM {client.make_qualified_table_name(DAILY)} "
                f"WHERE {columns['day']} >= %s ORDER BY {columns['day']}, {columns['sender']}"
            )
            with suppress(DatabaseUndefinedRelation):
                return [SenderDay(*row) for row in client.execute_sql(query, since) or ()]
    raise DeliverabilityError(f"{who}: there is no table {DAILY} yet. Materialize {DAILY}.")


def _not_loaded(resource: str) -> DeliverabilityError:
    return DeliverabilityError(
        f"{DAILY}: there is no table {resource} yet. Materialize {resource}."
    )
