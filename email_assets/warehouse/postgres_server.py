"""PostgreSQL as a destination of dlt that stores text as it came, and takes little memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dlt
from dlt.destinations.impl.postgres.configuration import (
    PostgresClientConfiguration,
    PostgresCredentials,
)

from email_assets.settings.warehouse import WarehouseSettings

if TYPE_CHECKING:
    from dlt.destinations.impl.postgres.postgres import PostgresClient

KEEPALIVES = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}
"""Seconds without a word after which the server is asked for a sign of life, seconds between two
such questions, and how many stay unanswered until the connection is over. By the two hours that
operating systems wait, a sync would hang as long for a server that was moved to another machine,
and whatever stands between forgets after minutes the connection that has the turn in a long load.
"""
MOST_MILLISECONDS = 2**31 - 1
"""The longest wait that PostgreSQL knows; 0 would be one without end."""


class PostgresInUtf8(dlt.destinations.postgres):
    """PostgreSQL, told that text comes in UTF-8, and loaded some thousand rows at a time.

    Apache Arrow's driver sends UTF-8 whatever the server expects, which would take it for something
    else where a database, a user or an address says so. And dlt would give it a file as a whole.
    """

    lock_timeout: float = WarehouseSettings.lock_timeout
    """Seconds to wait for whoever keeps a lock on a table: one that reads it and never ends its
    transaction would hold up each sync that changes the table's columns for as long."""

    @property
    def destination_type(self) -> str:
        """The type by which dlt knows it, which it would take from the name of the class."""
        return str(dlt.destinations.postgres().destination_type)

    @property
    def client_class(self) -> type[PostgresClient]:
        """The class of dlt's that loads files."""
        from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob

        PostgresParquetCopyJob._ingest_per_rowgroup = True  # noqa: SLF001
        return super().client_class

    def configuration(
        self, initial_config: PostgresClientConfiguration, accept_partial: bool = False
    ) -> PostgresClientConfiguration:
        """The settings, with the encoding of text, signs of life, and a bound on waits."""
        found = super().configuration(initial_config, accept_partial)
        if found.credentials:
            found.credentials.client_encoding = "utf8"
            query = {**KEEPALIVES, **(found.credentials.query or {})}
            query["options"] = self._options(query.get("options", ""), found.credentials)
            found.credentials.query = query
        return found

    def _options(self, own: str, credentials: PostgresCredentials) -> str:
        """The options that each connection begins with; of two that are alike, the user's."""
        wait = min(max(1, self.lock_timeout * 1000), MOST_MILLISECONDS)
        zone = credentials.session_timezone
        found = [own] if own else []
        if "lock_timeout=" not in own:
            found.append(f"-clock_timeout={wait:.0f}")
        if zone and "timezone=" not in own:
            found.append(f"-ctimezone={zone}")
        # by tabs, as dlt writes a blank of an address as a plus, which PostgreSQL takes for one
        return re.sub(r"(?<!\\) ", "\t", "\t".join(found))
