"""PostgreSQL as a destination of dlt that stores text as it came, whatever a server expects."""

from __future__ import annotations

import dlt
from dlt.destinations.impl.postgres.configuration import PostgresClientConfiguration


class PostgresInUtf8(dlt.destinations.postgres):
    """PostgreSQL, told that text comes in UTF-8.

    Apache Arrow's driver sends UTF-8 whatever the server expects, which would take it for something
    else where a database, a user or an address says so.
    """

    @property
    def destination_type(self) -> str:
        """The type by which dlt knows it, which it would take from the name of the class."""
        return str(dlt.destinations.postgres().destination_type)

    def configuration(
        self, initial_config: PostgresClientConfiguration, accept_partial: bool = False
    ) -> PostgresClientConfiguration:
        """The settings, with the encoding of text."""
        found = super().configuration(initial_config, accept_partial)
        if found.credentials:
            found.credentials.client_encoding = "utf8"
        return found
