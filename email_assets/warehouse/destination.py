"""The warehouse: where the tables of resources live, and a turn at it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import dlt
from dlt.common.configuration.specs.base_configuration import is_hint_not_resolvable
from dlt.common.destination import Destination
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.exceptions import InvalidInMemoryDuckdbCredentials
from dlt.destinations.job_client_impl import SqlJobClientBase

from email_assets.logs import keep_rows_out_of_logs
from email_assets.sentences import in_one_sentence
from email_assets.settings.project import data_folder
from email_assets.settings.resolve import SettingError, where_to_set
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.duckdb_file import SettledDuckDb, credentials_of
from email_assets.warehouse.nul import escape_with_visible_nul
from email_assets.warehouse.postgres_server import PostgresInUtf8
from email_assets.warehouse.turn import SqlClient, turn_at
from email_assets.warehouse.working_directory import working_directory

DEFAULT_FILE = "warehouse.duckdb"
CREDENTIALS = "destination.duckdb.credentials"
"""The setting of the file: a path, an address as SQLAlchemy writes it, or a section (JSON, too)."""
HAVE_TRANSACTIONS = ("postgres", "redshift", "snowflake", "mssql", "motherduck", "ducklake")
"""Servers whose transactions dlt does not mention: it would delete and insert without one."""


@contextmanager
def open_pipeline(
    warehouse: WarehouseSettings,
    resource: str,
    *,
    say: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dlt.Pipeline]:
    """The resource's dlt pipeline, in a working directory of its own.

    State and schema come from the warehouse at every run, so nothing on the local disk can be
    stale, shared or corrupted, and the directory goes when the pipeline does.

    Args:
        warehouse: The warehouse that the pipeline loads into.
        resource: The resource that it loads.
        say: Told when other runs are waited for, which make their directories.
        sleep: Waits so many seconds between two attempts.

    Raises:
        WarehouseBusyError: The wait took longer than `lock_timeout`.
        WorkingDirectoryError: There is no private folder to work in.
        SettingError: dlt does not know the destination, or what it holds would not last.
    """
    keep_rows_out_of_logs()
    its_own = working_directory(resource, timeout=warehouse.lock_timeout, say=say, sleep=sleep)
    with its_own as directory:
        with in_one_sentence(resource):
            pipeline = dlt.pipeline(
                f"email_{resource}",
                destination=destination_of(warehouse),
                dataset_name=warehouse.dataset_name,
                pipelines_dir=str(directory),
            )
        try:
            yield pipeline
        finally:
            if pipeline.is_active:  # not if another was opened in the meantime
                pipeline.deactivate()


def destination_of(warehouse: WarehouseSettings) -> Destination[Any, Any]:
    """The dlt destination that the settings name; for DuckDB, `warehouse.duckdb` by default.

    Raises:
        SettingError: dlt does not know it, or what it holds would not last.
    """
    destination_type = warehouse.destination_type
    if destination_type == "duckdb":
        return _duckdb()
    try:
        destination = Destination.from_reference(destination_type)
    except UnknownDestinationModule:
        raise SettingError(
            f"dlt knows no destination {destination_type!r}; it knows duckdb and postgres, for "
            f"example. {where_to_set(WarehouseSettings, 'destination_type')}"
        ) from None
    assert destination  # noqa: S101 (None is for a reference that is None)
    kind = destination.destination_type.rpartition(".")[2]
    if kind == "postgres":
        name = destination.configured_name
        postgres = PostgresInUtf8(destination_name=name)
        postgres.lock_timeout = warehouse.lock_timeout
        destination = cast(Destination[Any, Any], postgres)
        destination.caps_params["escape_literal"] = escape_with_visible_nul
    if kind in HAVE_TRANSACTIONS:
        destination.caps_params["supports_transactions"] = True
    return cast(Destination[Any, Any], destination)


def _duckdb() -> Destination[Any, Any]:
    destination, default = dlt.destinations.duckdb(), str(data_folder()[0] / DEFAULT_FILE)
    file: object = dlt.config.get(CREDENTIALS)
    if file is None:
        file = dlt.config.get(f"{CREDENTIALS}.database")  # of an environment variable of its own
    text = file.strip() if isinstance(file, str) else ""  # a secret's file ends with a line break
    if text.startswith("{"):
        destination.config_params["credentials"] = _section_of(text)
    elif file is None or isinstance(file, str):
        path = text or default
        is_plain = "://" not in path and path[:1] != ":"
        destination.config_params["credentials"] = credentials_of(path) if is_plain else path
    try:
        found = destination.configuration(destination.spec(), accept_partial=True)
    except InvalidInMemoryDuckdbCredentials:
        raise _no_place(":memory:") from None
    if found.credentials.database == ":pipeline:":
        raise _no_place(":pipeline:")
    # dlt would know only in a pipeline from where a path is seen
    found.credentials.database = credentials_of(found.credentials.database or default).database
    # dlt does not say that DuckDB has transactions, and would delete and insert without one
    settled = SettledDuckDb(supports_transactions=True)
    for name, hint in destination.spec.get_resolvable_fields().items():
        if not is_hint_not_resolvable(hint):  # what is left is the pipeline's to say
            settled.config_params[name] = found[name]
    return settled


def _section_of(text: str) -> Any:
    """The section that a text is in JSON, which dlt takes for the credentials of all others."""
    with suppress(ValueError):
        section = json.loads(text)
        if isinstance(section.get("database"), str):
            return section
    raise SettingError(
        "DESTINATION__DUCKDB__CREDENTIALS begins as JSON does, and names no database in JSON. Give "
        'the path of a file, or a section such as {"database": "warehouse.duckdb"}.'
    )


def warehouse_client(warehouse: WarehouseSettings, resource: str) -> SqlClient:
    """A client that asks the warehouse in SQL, without a pipeline and not connected yet.

    Raises:
        SettingError: The destination cannot serve as a warehouse.
    """
    destination, schema = destination_of(warehouse), dlt.Schema(resource)
    return dlt.dataset(destination, warehouse.dataset_name, schema).sql_client


def stored_types(
    warehouse: WarehouseSettings, client: SqlClient, tables: Iterable[str]
) -> dict[str, dict[str, str]]:
    """The columns of those of some tables that there are, with dlt's name of each one's type.

    Args:
        warehouse: The warehouse.
        client: Connected to it.
        tables: The tables' names.
    """
    schema = dlt.Schema("any")  # a dataset may have a longer name than dlt lets a schema have
    asks = dlt.dataset(destination_of(warehouse), warehouse.dataset_name, schema).destination_client
    assert isinstance(asks, SqlJobClientBase)  # noqa: S101 (all that merge are)
    asks.sql_client = client  # the connection that has the turn
    # Snowflake gives names in capitals, and dlt writes them in small letters
    is_upper = client.capabilities.casefold_identifier is str.upper
    return {
        table: {
            # a plain text, of which SQLAlchemy has one of its own
            str(name.lower() if is_upper else name): str(of["data_type"])
            for name, of in columns.items()
        }
        for table, columns in asks.get_storage_tables(list(dict.fromkeys(tables)))
        if columns
    }


def database_file(client: SqlClient) -> Path | None:
    """The DuckDB file of a client's warehouse, or None if the warehouse is no DuckDB file.

    Raises:
        SettingError: The file cannot serve as a warehouse.
    """
    if not isinstance(client.credentials, DuckDbCredentials):
        return None
    file = Path(str(client.credentials.database))
    if file.stem.casefold() == client.dataset_name.casefold():
        raise SettingError(
            f"The DuckDB file {file.name} has the name of its dataset {file.stem}, which DuckDB "
            "cannot tell apart. Give the file another name in DESTINATION__DUCKDB__CREDENTIALS."
        )
    return file


def attach_dataset(client: SqlClient) -> None:
    """Let a connection to SQLite see its dataset's file, if another has made that since."""
    with client.with_alternative_dataset_name(client.dataset_name):
        pass  # which attaches it


def _no_place(credentials: str) -> SettingError:
    return SettingError(
        f"A warehouse in {credentials} would be gone after every run. Give the path of a file in "
        "DESTINATION__DUCKDB__CREDENTIALS."
    )


@contextmanager
def connected(
    warehouse: WarehouseSettings,
    who: str,
    say: Callable[[str], None],
    *,
    read_only: bool = False,
) -> Iterator[SqlClient | None]:
    """A turn at the warehouse, whose errors come out as one sentence each.

    Gives the connected client, or None while there is no DuckDB file.

    Args:
        warehouse: Where it is, and how long to wait for a turn.
        who: The resource or asset that asks, for sentences.
        say: Told who holds the DuckDB file, when there is somebody to wait for.
        read_only: For a question, so that it never creates or changes the DuckDB file.

    Raises:
        EmailAssetsError: The warehouse cannot be used.
    """
    with in_one_sentence(who):
        client = warehouse_client(warehouse, who)
        file = database_file(client)
        if file and not file.exists():
            yield None
            return
        if file and read_only:
            client.credentials.read_only = True
        if read_only and not file:
            with client:  # a server shows each reader a whole state, whoever loads
                yield client
            return
        with turn_at(file, client, who=who, timeout=warehouse.lock_timeout, say=say):
            yield client
