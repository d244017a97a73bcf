"""DuckDB as a destination of dlt, without what dlt does over and over or for other databases."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import dlt
from dlt.common.configuration import configspec
from dlt.common.runtime import run_context
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration, DuckDbCredentials

if TYPE_CHECKING:
    from dlt.destinations.impl.duckdb.duck import DuckDbClient


def credentials_of(path: str) -> DuckDbCredentials:
    """Credentials of a file; of a text, dlt makes them with SQLAlchemy, a third of its imports.

    Args:
        path: Seen from dlt's folder for local files, which only its pipelines know, or written as
            in a shell.
    """
    credentials = DuckDbCredentials()
    path = os.path.join(run_context.active().local_dir, os.path.expanduser(path))
    credentials.database = os.path.abspath(path)
    return credentials


@configspec(init=False)
class SettledSettings(DuckDbClientConfiguration):
    """The settings of `[destination.duckdb]`, told without SQLAlchemy."""

    def __str__(self) -> str:
        """The file, as dlt shows it in its reports of a load."""
        return f"duckdb:///{self.credentials.database}"


class SettledDuckDb(dlt.destinations.duckdb):
    """DuckDB, with every setting of `[destination.duckdb]` looked up already.

    dlt looks them up whenever it makes a client or asks what the destination can do, some thirty
    times in a sync, which took longer than anything else that a small sync does.
    """

    spec = SettledSettings

    @property
    def destination_type(self) -> str:
        """The type by which dlt knows it, which it would take from the name of the class."""
        return _type_of_duckdb()

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client, which loads without a staging dataset."""
        from email_assets.warehouse.duckdb_load import DirectDuckDbClient

        return DirectDuckDbClient

    def configuration(
        self,
        initial_config: DuckDbClientConfiguration | None,
        accept_partial: bool = False,  # noqa: ARG002 (nothing is left to be missing)
    ) -> DuckDbClientConfiguration:
        """The settings, with what the pipeline says of its dataset."""
        found = self.spec() if initial_config is None else initial_config
        if not found.is_resolved():
            found.update(self.config_params)
            found.resolve()
        return found


@cache
def _type_of_duckdb() -> str:
    return dlt.destinations.duckdb().destination_type  # which dlt asks for 23 times in a sync
