"""`email-assets dbt-sources`: the tables as sources of a dbt project, with what is known of them.

Tables and columns are those of the warehouse; descriptions are the vendor's file's.
<https://docs.getdbt.com/reference/source-properties>
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from dlt.common.schema import Schema

from email_assets.account import Account
from email_assets.account.every import configured_accounts
from email_assets.defs.freshness import window_of
from email_assets.defs.names import key_of
from email_assets.deliverability.dictionary import notes_of_made
from email_assets.errors import EmailAssetsError, WarehouseError
from email_assets.normalizer import column_of
from email_assets.quickstart.api import chosen_api
from email_assets.quickstart.folders import choose_folders, environment_of
from email_assets.vendors.dictionary import TABLE, notes_of
from email_assets.vendors.resource import primary_key
from email_assets.warehouse.destination import connected, stored_types
from email_assets.warehouse.dialects import dialect_of, tables_of

NAMING = Schema("sources").naming
LOADED_AT = "to_timestamp(cast(_dlt_load_id as double precision))"
"""The time at which a row was loaded, of dlt's id of the load."""
HAVE_TO_TIMESTAMP = ("duckdb", "postgres")
"""Dialects of whose warehouses freshness is told."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sources, and return the exit status."""
    parser = argparse.ArgumentParser(prog="email-assets dbt-sources", description=__doc__)
    parser.add_argument("file", nargs="?", help="models/sources.yml, by default the terminal")
    options = parser.parse_args(arguments)
    try:
        choose_folders()
        with chosen_api() as api:
            os.environ.update(environment_of(api))
            sources = [_source_of(account) for account in configured_accounts()]
        text = yaml.safe_dump({"version": 2, "sources": sources}, sort_keys=False, width=100)
        if options.file is None:
            print(text, end="")
        else:
            Path(options.file).write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"dbt-sources: {options.file} cannot be written ({error.strerror}).", file=sys.stderr)
        return 1
    except EmailAssetsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _source_of(account: Account) -> dict[str, Any]:
    """An account's dataset.

    Raises:
        EmailAssetsError: The account or its warehouse cannot be used, or nothing is loaded.
    """
    if account.problem:
        raise account.problem
    schema, found, tells_freshness = "", dict[str, dict[str, str]](), False
    with connected(account.warehouse, "dbt_sources", _say, read_only=True) as client:
        if client:
            schema = client.make_qualified_table_name_path(None, quote=False)[-1]
            # dlt's names have no capitals; others' beside them may
            names = sorted(name for name in tables_of(client) if name == name.lower())
            found = stored_types(account.warehouse, client, names)
            tells_freshness = dialect_of(client) in HAVE_TO_TIMESTAMP
    tables = [*_tables_of(account, found, tells_freshness=tells_freshness)]
    if not tables:
        raise WarehouseError("dbt-sources: nothing is loaded yet. Materialize the assets first.")
    source = {"name": schema, "schema": schema, "loader": "dlt"}
    return {**source, "tables": tables}


def _tables_of(
    account: Account, found: Mapping[str, Collection[str]], *, tells_freshness: bool
) -> Iterator[dict[str, Any]]:
    notes = notes_of_made(found)
    for resource in account.resources.values():
        notes |= notes_of(resource, found)
    names = {NAMING.normalize_table_identifier(name): name for name in account.resources}
    for table, columns in found.items():
        if (table, TABLE) not in notes:
            continue
        of: dict[str, Any] = {"name": table, "description": notes[table, TABLE]}
        key: list[str] = []
        if table in names:
            resource = account.resources[names[table]]
            of["config"] = _config_of(account, names[table])
            if resource["kind"] == "event" and tells_freshness:
                of["config"] |= _freshness(account)
            key = [column_of(name, NAMING) for name in primary_key(resource)]
        yield {**of, "columns": [_column(name, notes.get((table, name)), key) for name in columns]}


def _config_of(account: Account, name: str) -> dict[str, Any]:
    """The asset, so that dagster-dbt knows it."""
    return {"meta": {"dagster": {"asset_key": [*key_of(account, name).path]}}}


def _freshness(account: Account) -> dict[str, Any]:
    """The age that the last row may have."""
    hours = round(window_of("event", account.automation).total_seconds() / 3600)
    # an hour without mail is none without syncs
    warn_after = {"count": hours + 24, "period": "hour"}
    return {"loaded_at_field": LOADED_AT, "freshness": {"warn_after": warn_after}}


def _column(name: str, meaning: str | None, key: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    if meaning:
        found["description"] = meaning
    if name in key:
        found["data_tests"] = ["not_null", *(["unique"] if len(key) == 1 else [])]
    return found


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
