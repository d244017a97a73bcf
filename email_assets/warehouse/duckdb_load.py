"""Loads into DuckDB, which are merged straight from their files.

dlt would copy the files into tables of a staging dataset first, and merge from there, which takes
twice the time and twice the disk. The merge is the same one transaction, and the only step of a
load that changes a resource's tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from dlt.common.data_writers.escape import escape_duckdb_literal
from dlt.common.destination import PreparedTableSchema
from dlt.common.destination.client import (
    FollowupJobRequest,
    HasFollowupJobs,
    LoadJob,
    RunnableLoadJob,
)
from dlt.common.schema.typing import VERSION_TABLE_NAME, TSchemaTables
from dlt.common.storages.load_package import LoadJobInfo
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.sql_jobs import SqlMergeFollowupJob

from email_assets.dlt_columns import DLT_ID
from email_assets.warehouse.turn import SqlClient

DLT_ID_IN_SQL = f'"{DLT_ID}"'


class DirectDuckDbClient(DuckDbClient):
    """dlt's client of DuckDB, without the staging dataset."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        """False for what is merged from files."""
        is_staged = super().should_load_data_to_staging_dataset(table_name)
        return is_staged and not _is_merged_from_files(self.prepare_load_table(table_name))

    def initialize_storage(self, truncate_tables: Iterable[str] | None = None) -> None:
        """Make the dataset, or empty tables of it: at the end of a load, those that were staged."""
        # else there are none to empty, or nothing to stage, of which an empty dataset would be left
        if truncate_tables or (truncate_tables is None and not self._stages_nothing):
            super().initialize_storage(truncate_tables or ())

    def update_stored_schema(self, *arguments: Any, **named: Any) -> TSchemaTables | None:
        """Make tables as the schema has them, but not a table of versions where none is staged."""
        if self._stages_nothing:
            return {}
        return super().update_stored_schema(*arguments, **named)

    @property
    def _is_staging(self) -> bool:
        return bool(self.sql_client.dataset_name == self.sql_client.staging_dataset_name)

    @property
    def _stages_nothing(self) -> bool:
        """True where loads are staged, for a load that stages none of its tables."""
        return self._is_staging and not self.schema.data_table_names()

    def drop_tables(self, *tables: str, delete_schema: bool = True) -> None:
        """Drop tables; where loads were staged, no table of versions is left to delete from."""
        super().drop_tables(*tables, delete_schema=delete_schema and not self._is_staging)

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """The job of a file; the merge is one too."""
        if _is_merged_from_files(table) and file_path.endswith(".parquet"):
            return _LeftToTheMerge(file_path)
        return super().create_load_job(table, file_path, load_id, restore)

    def create_table_chain_completed_followup_jobs(
        self,
        table_chain: Sequence[PreparedTableSchema],
        completed_table_chain_jobs: Sequence[LoadJobInfo] | None = None,
    ) -> list[FollowupJobRequest]:
        """The merge of a resource's tables, once all files of them are there."""
        if not _is_merged_from_files(table_chain[0]):
            return super().create_table_chain_completed_followup_jobs(
                table_chain, completed_table_chain_jobs
            )
        files: dict[str, list[str]] = {}
        for job in completed_table_chain_jobs or ():
            if job.job_file_info.file_format == "parquet":  # and no merge, where a load went on
                files.setdefault(job.job_file_info.table_name, []).append(job.file_path)
        client = cast(SqlClient, _FilesForStaging(self.sql_client, files))
        return [_MergeOfFiles.from_table_chain(table_chain, client)]


def _is_merged_from_files(table: PreparedTableSchema) -> bool:
    return table["write_disposition"] == "merge" and table.get("file_format") == "parquet"


class _LeftToTheMerge(RunnableLoadJob, HasFollowupJobs):
    def run(self) -> None:
        """Do nothing: the merge reads the file."""


class _FilesForStaging:
    """A client by which the files of a load are the tables that dlt's statements merge from."""

    def __init__(self, client: SqlClient, files: dict[str, list[str]]) -> None:
        self._client, self._files = client, files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_qualified_table_names(self, table_name: str) -> tuple[str, str]:
        """A table, and the rows to merge into it, with all of its columns in their types."""
        table = self._client.make_qualified_table_name(table_name)
        rows = f"SELECT * FROM {table} WHERE false"
        if files := self._files.get(table_name):
            places = ", ".join(map(_literal, files))
            # by names of folders such as "id=7", DuckDB would give each row that id
            options = "union_by_name=true, hive_partitioning=false"
            rows += f" UNION ALL BY NAME SELECT * FROM read_parquet([{places}], {options})"
        return table, f"({rows})"


def _literal(text: str) -> str:
    """A text in SQL, without the sign at which dlt takes statements apart."""
    return str(escape_duckdb_literal(text)).replace(";", r"\x3B")


class _MergeOfFiles(SqlMergeFollowupJob):
    @classmethod
    def _gen_table_setup_clauses(
        cls, table_chain: Sequence[PreparedTableSchema], sql_client: SqlClient
    ) -> list[str]:
        """Drop what an earlier release staged; it makes its tables again where they are gone."""
        with sql_client.with_staging_dataset():
            names = (VERSION_TABLE_NAME, *(str(table["name"]) for table in table_chain))
            return [
                f"DROP TABLE IF EXISTS {sql_client.make_qualified_table_name(name)}"
                for name in names
            ]

    @classmethod
    def gen_select_from_dedup_sql(
        cls,
        table_name: str,
        primary_keys: Sequence[str],
        columns: Sequence[str],
        dedup_sort: Any = None,
        condition: Any = None,
        condition_columns: Any = None,
        skip_dedup: bool = False,
    ) -> str:
        """The last of the rows that share a key, for which dlt would sort them.

        Of nested rows there are no two with one id; dlt fears a file that was staged twice.
        """
        if dedup_sort == (DLT_ID_IN_SQL, "desc"):
            keys = ", ".join(primary_keys)
            last = f"SELECT max({DLT_ID_IN_SQL}) FROM {table_name} GROUP BY {keys}"
            condition = f"{DLT_ID_IN_SQL} IN ({last}) AND ({condition or 'true'})"
            skip_dedup = True
        return super().gen_select_from_dedup_sql(
            table_name,
            primary_keys,
            columns,
            dedup_sort,
            condition,
            condition_columns,
            skip_dedup or primary_keys == [DLT_ID_IN_SQL],
        )
