"""The account that a dataset was loaded for, so that no other account's rows come between its own.

The dataset remembers it in a table beside dlt's. A dataset of an earlier version has none, and
belongs to the account that loads into it next.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from typing import Any
from urllib.parse import urlsplit

from dlt.destinations.exceptions import DatabaseUndefinedRelation

from email_assets.account import Account
from email_assets.errors import WarehouseError
from email_assets.settings.resolve import where_to_set
from email_assets.warehouse.dialects import ask, column_in, table_in
from email_assets.warehouse.postgres_turn import OWNER_TABLE
from email_assets.warehouse.turn import SqlClient

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Owner:
    """An account, by all that tells it from others; the fields are the table's columns."""

    name: str
    """Empty for the account of `[sources.email]`."""
    vendor: str
    address: str

    @classmethod
    def of(cls, account: Account) -> Owner:
        """The identity of an account that a dataset remembers."""
        return cls(account.name or "", account.vendor_name, _address_of(account))

    def __str__(self) -> str:
        whose = f"the account {self.name}" if self.name else "the account of [sources.email]"
        return f"{whose} ({self.vendor} at {self.address})"


def _address_of(account: Account) -> str:
    """Host, port and path of an API, by which it is told from others.

    On this machine the port says nothing: tunnels and the sandbox change it.
    """
    url = urlsplit(account.base_url)
    host = "localhost" if url.hostname in LOOPBACK else f"{url.hostname}:{url.port or ''}"
    return host.removesuffix(":") + url.path.rstrip("/")


def expect_owner(client: SqlClient, account: Account, who: str) -> bool:
    """Refuse an account that the dataset was not loaded for; tells whether it is known.

    Args:
        client: Connected to the warehouse.
        account: The account whose rows are to be loaded.
        who: The resource that is to be loaded, for the sentence.

    Raises:
        WarehouseError: The dataset was loaded for another account.
    """
    rows: Sequence[Sequence[Any]] = ()
    with suppress(DatabaseUndefinedRelation):
        table = table_in(client, OWNER_TABLE)
        rows = ask(client, f"SELECT name, vendor, address FROM {table}")
    owner = Owner.of(account)
    for found in (Owner(*row) for row in rows):
        if found != owner:
            settings = account.api if account.name else account.warehouse
            raise WarehouseError(
                f"{who}: the dataset {client.dataset_name} was loaded for {found}, and this is "
                f"{owner}. For another account, give it a dataset of its own. "
                f"{where_to_set(settings, 'dataset_name')} If it is the same account under a new "
                f"name or address, run DROP TABLE {client.dataset_name}.{OWNER_TABLE} in the "
                "warehouse: the next sync writes down the new one."
            )
    return bool(rows)


def remember_owner(client: SqlClient, account: Account) -> None:
    """Write down whose dataset it is; in the same turn as `expect_owner`, which found none."""
    table, owner = table_in(client, OWNER_TABLE), Owner.of(account)
    types = ", ".join(f"{column_in(client, name)} VARCHAR" for name in vars(owner))
    ask(client, f"CREATE TABLE IF NOT EXISTS {table} ({types})")
    ask(client, f"INSERT INTO {table} VALUES (%s, %s, %s)", *astuple(owner))
