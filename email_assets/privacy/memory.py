"""The people who are forgotten, remembered by their pseudonyms in a table of each dataset."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from dlt.common.schema.typing import TColumnSchema
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from email_assets.clock import now
from email_assets.privacy.forgotten import Forgotten
from email_assets.privacy.pseudonyms import Pseudonyms
from email_assets.settings.privacy import SALT, salt
from email_assets.settings.resolve import SettingError, where_to_set_secret
from email_assets.warehouse.turn import SqlClient

MEMORY = "_email_forgotten"
"""The table; it holds no address."""
DATASETS = {
    # half of the time that DuckDB takes for the information schema
    "duckdb": "SELECT schema_name FROM duckdb_tables() "
    "WHERE table_name = %s AND database_name = current_database()",
    # without others' datasets, which are closed to our user; in one that is open, the table must be
    "postgres": "SELECT nspname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace "
    "WHERE relname = %s AND relkind IN ('r', 'p') AND has_schema_privilege(n.oid, 'USAGE')",
}
"""The question which datasets have a table, by dialect; others are not asked."""


def forgotten_in(client: SqlClient, who: str) -> Forgotten | None:
    """The people who are forgotten in a warehouse, in whatever dataset; None if there are none.

    Args:
        client: Connected to the warehouse.
        who: The resource that is about to be read, for sentences.

    Raises:
        SettingError: There are some, and the salt is not the one that they are known by.
    """
    rows: set[tuple[str, str]] = set()
    for dataset in datasets_with(client, MEMORY):
        with client.with_alternative_dataset_name(dataset):
            table = client.make_qualified_table_name(MEMORY)
        rows |= {(person, made_with) for person, made_with in _people(client, table)}
    if not rows:
        return None
    pseudonyms = Pseudonyms(salt(f"{who}: people are forgotten in this warehouse"))
    if {made_with for _, made_with in rows} != {pseudonyms.fingerprint}:
        raise SettingError(
            f"{who}: people are forgotten in this warehouse by another salt, and would not be "
            f"known any more. Put the old one back. {where_to_set_secret(SALT)}"
        )
    return Forgotten(pseudonyms, {person for person, _ in rows})


def datasets_with(client: SqlClient, table: str) -> list[str]:
    """The datasets of a warehouse that have a table of some name."""
    question = DATASETS.get(client.capabilities.sqlglot_dialect or "")
    rows = client.execute_sql(question, table) if question else None
    return sorted(dataset for (dataset,) in rows or ())


def remember(client: SqlClient, pseudonyms: Pseudonyms, person: str) -> None:
    """Write down, in the client's dataset, that a person is forgotten, and when; again each time.

    Rows may go each time, such as those that came back with a copy.
    """
    if not client.has_dataset():
        client.create_dataset()
    table = client.make_qualified_table_name(MEMORY)
    mapper = client.capabilities.get_type_mapper()
    hint = cast(TColumnSchema, {"name": MEMORY, "data_type": "text"})
    text = mapper.to_destination_type(hint, {"name": MEMORY, "columns": {}})
    client.execute_sql(
        f"CREATE TABLE IF NOT EXISTS {table} (person {text}, salt {text}, since {text})"
    )
    since = now().isoformat(timespec="seconds")
    client.execute_sql(
        f"INSERT INTO {table} VALUES (%s, %s, %s)", person, pseudonyms.fingerprint, since
    )


def forgotten_since(client: SqlClient, instant: datetime) -> bool:
    """True if somebody was forgotten in the client's dataset at an instant or later."""
    with suppress(DatabaseUndefinedRelation):
        table = client.make_qualified_table_name(MEMORY)
        # a second is as exact as it is written
        since = instant.replace(microsecond=0)
        texts: Any = client.execute_sql(f"SELECT DISTINCT since FROM {table}") or ()
        return any(datetime.fromisoformat(text) >= since for (text,) in texts)
    return False


def _people(client: SqlClient, table: str) -> list[tuple[str, str]]:
    rows: Any = client.execute_sql(f"SELECT person, salt FROM {table}") or ()
    return [(person, made_with) for person, made_with in rows]
