"""Fetches messages and bounces over several connections and merges them: no more than it takes.

It knows the tables' columns, retries nothing, and believes every answer. What is faster than this
would have to be a program of another kind.
"""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import orjson

LIMIT = 100
HOST = urlsplit(os.environ["BENCH_URL"]).netloc
KEY = os.environ["BENCH_KEY"]
CONNECTIONS = int(os.environ["BENCH_CONNECTIONS"])
COLUMNS = {
    "messages": {
        "id": "VARCHAR",
        "server_id": "BIGINT",
        "domain_id": "BIGINT",
        "from": "VARCHAR",
        "subject": "VARCHAR",
        "status": "VARCHAR",
        "tag": "VARCHAR",
        "metadata": "STRUCT(campaign VARCHAR, customer VARCHAR)",
        "sent_at": "TIMESTAMPTZ",
        "opens": "BIGINT",
        "recipients": 'STRUCT(email VARCHAR, "type" VARCHAR)[]',
    },
    "bounces": {
        "id": "BIGINT",
        "message_id": "VARCHAR",
        "server_id": "BIGINT",
        "type": "VARCHAR",
        "email": "VARCHAR",
        "description": "VARCHAR",
        "bounced_at": "TIMESTAMPTZ",
        "inactive": "BOOLEAN",
    },
}
here = threading.local()


def fetch(resource: str, offset: int) -> dict[str, object]:
    """One page, over this thread's own connection."""
    if not hasattr(here, "connection"):
        here.connection = http.client.HTTPConnection(HOST)
    path = f"/v1/{resource}?api_key={KEY}&offset={offset}&limit={LIMIT}"
    here.connection.request("GET", path)
    return orjson.loads(here.connection.getresponse().read())


def pages(pool: ThreadPoolExecutor, resource: str) -> Iterator[list[object]]:
    """All pages of a resource, in order; the first one tells how many there are."""
    first = fetch(resource, 0)
    yield first["data"]
    offsets = range(LIMIT, first["total"], LIMIT)
    yield from (page["data"] for page in pool.map(lambda at: fetch(resource, at), offsets))


def merge(warehouse: duckdb.DuckDBPyConnection, resource: str, file: Path) -> None:
    """Replace the rows that came again and add the others, the nested list as a child table."""
    columns = COLUMNS[resource]
    types = ", ".join(f"'{name}': '{type_}'" for name, type_ in columns.items())
    warehouse.execute(
        f"CREATE TEMP TABLE came AS SELECT * FROM read_json('{file}', "
        f"format = 'newline_delimited', columns = {{{types}}})"
    )
    if "recipients" in columns:
        merge_table(
            warehouse,
            f"{resource}__recipients",
            "message_id",
            "SELECT id AS message_id, unnest(recipients, recursive := true) FROM came",
        )
        merge_table(warehouse, resource, "id", "SELECT * EXCLUDE recipients FROM came")
    else:
        merge_table(warehouse, resource, "id", "SELECT * FROM came")
    warehouse.execute("DROP TABLE came")


def merge_table(warehouse: duckdb.DuckDBPyConnection, table: str, key: str, rows: str) -> None:
    """Delete the rows whose key came again, and insert what came."""
    warehouse.execute(f"CREATE TABLE IF NOT EXISTS email.{table} AS {rows} LIMIT 0")
    warehouse.execute(f"DELETE FROM email.{table} WHERE {key} IN (SELECT id FROM came)")
    warehouse.execute(f"INSERT INTO email.{table} {rows}")


def main() -> None:
    """Fetch and merge both resources."""
    with (
        ThreadPoolExecutor(CONNECTIONS) as pool,
        duckdb.connect(os.environ["BENCH_WAREHOUSE"]) as warehouse,
    ):
        warehouse.execute("CREATE SCHEMA IF NOT EXISTS email")
        for resource in COLUMNS:
            file = Path(f"{resource}.jsonl")
            with file.open("wb") as lines:
                for page in pages(pool, resource):
                    lines.writelines(
                        orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in page
                    )
            warehouse.execute("BEGIN")
            merge(warehouse, resource, file)
            warehouse.execute("COMMIT")


if __name__ == "__main__":
    main()
