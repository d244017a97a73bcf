"""The inner names of libraries that the code uses, so that an upgrade says at once what moved."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from importlib import import_module

import pytest

from email_assets_tests.conftest import PROJECT
from email_assets_tests.source_files import tree_of

DOCUMENTED = {
    "dlt",
    "dlt.common.configuration",
    "dlt.common.configuration.specs",
    "dlt.common.destination",
    "dlt.common.pipeline",
    "dlt.common.schema",
    "dlt.extract",
    "dlt.pipeline.exceptions",
    "dlt.sources.helpers.rest_client.auth",
    "dlt.sources.helpers.rest_client.client",
    "dlt.sources.helpers.rest_client.paginators",
    "dlt.sources.rest_api",
    "dlt.sources.rest_api.typing",
}
"""Modules that dlt's guides import from."""


@dataclass(frozen=True)
class Inner:
    """Names of one kind: a module, or a class's attribute behind its module and a colon."""

    names: tuple[str, ...]
    why: str
    until: str
    """The change of the library that would remove it."""


INNER = [
    Inner(
        (
            "dlt.common.configuration.container:Container",
            "dlt.common.configuration.specs.pluggable_run_context:PluggableRunContext.reload_providers",
            "dlt.common.configuration.providers.toml:TomlProviderReadException",
            "dlt.common.configuration.providers:CustomLoaderDocProvider",
            "dlt.common.configuration.providers.doc:BaseDocProvider",
            "dlt.common.runtime:run_context",
            "dlt.common.runtime.telemetry:stop_telemetry",
            "dlt.common.known_env:DLT_PROJECT_DIR",
            "dlt.common.configuration.utils:get_resolved_traces",
            "dlt.common.configuration.utils:deserialize_value",
            "dlt.common.configuration.exceptions:ConfigValueCannotBeCoercedException",
            "dlt.common.typing:extract_inner_type",
        ),
        "settings under their full names only, misspelt ones that are told of, a key that is "
        "renewed, and telemetry off by default",
        "a way in dlt to look up one full name, to list all names, and to read secrets.toml again",
    ),
    Inner(
        (
            "dlt.common.configuration.specs.base_configuration:is_hint_not_resolvable",
            "dlt.common.destination.exceptions:UnknownDestinationModule",
            "dlt.common.exceptions:DltException",
            "dlt.destinations.exceptions:DatabaseUndefinedRelation",
            "dlt.destinations.impl.duckdb.configuration:DuckDbCredentials",
            "dlt.destinations.impl.duckdb.exceptions:InvalidInMemoryDuckdbCredentials",
            "dlt.destinations.sql_client:SqlClientBase.open_connection",
        ),
        "one connection for a whole turn, and a sentence for a warehouse that cannot be used",
        "a dlt that opens the DuckDB file once in a load",
    ),
    Inner(
        (
            "dlt.common.destination.client:FollowupJobRequest",
            "dlt.common.destination.client:HasFollowupJobs",
            "dlt.common.destination.client:LoadJob",
            "dlt.common.destination.client:RunnableLoadJob",
            "dlt.common.storages.load_package:LoadJobInfo",
            "dlt.common.data_writers.escape:escape_duckdb_literal",
            "dlt.destinations.impl.duckdb.duck:DuckDbClient.create_load_job",
            "dlt.destinations.impl.duckdb.duck:DuckDbClient.create_table_chain_completed_followup_jobs",
            "dlt.destinations.impl.duckdb.duck:DuckDbClient.drop_tables",
            "dlt.destinations.impl.duckdb.duck:DuckDbClient.initialize_storage",
            "dlt.destinations.impl.duckdb.duck:DuckDbClient.should_load_data_to_staging_dataset",
            "dlt.destinations.sql_client:SqlClientBase.get_qualified_table_names",
            "dlt.destinations.sql_jobs:SqlMergeFollowupJob._gen_table_setup_clauses",
            "dlt.destinations.sql_jobs:SqlMergeFollowupJob.gen_select_from_dedup_sql",
        ),
        "loads into DuckDB that are merged straight from their files",
        "a setting of dlt by which it stages nothing in DuckDB",
    ),
    Inner(
        (
            "dlt.common.data_types:TDataType",
            "dlt.common.normalizers.json:relational.DataItemNormalizer.can_coerce_type",
            "dlt.common.normalizers.json:relational.DataItemNormalizer.coerce_type",
            "dlt.common.normalizers.naming:NamingConvention",
            "dlt.common.schema.utils:get_nested_tables",
            "dlt.common.schema.utils:has_table_seen_data",
            "dlt.common.utils:uniq_id",
            "dlt.common.schema.detections:is_iso_timestamp",
            "dlt.common.schema.typing:VERSION_TABLE_NAME",
        ),
        "values that never change to suit their columns",
        "a dlt that keeps a value that its column cannot hold",
    ),
    Inner(
        (
            "dlt.common.data_writers:writers.ArrowToParquetWriter",
            "dlt.common.data_writers.buffered:BufferedDataWriter",
            "dlt.common.json:json",
            "dlt.common.libs.pyarrow:columns_to_arrow",
            "dlt.common.normalizers.json.helpers:get_nested_row_hash",
            "dlt.common.storages.data_item_storage:DataItemStorage.get_active_writer",
            "dlt.common.storages.data_item_storage:DataItemStorage.write_data_item",
            "dlt.normalize:worker.JsonLItemsNormalizer",
            "dlt.normalize.items_normalizers.jsonl:JsonLItemsNormalizer._normalize_chunk",
        ),
        "rows that are normalized in batches; where these move, syncs go on row by row",
        "a setting of dlt that names the normalizer of rows",
    ),
    Inner(
        (
            "dlt.common.json:PUA_CHARACTER_MAX",
            "dlt.common.json:PUA_START",
            "dlt.common.data_writers.escape:escape_postgres_literal",
        ),
        "text that dlt or PostgreSQL would change or refuse is kept as it is",
        "a dlt that escapes its own marks, and NUL",
    ),
    Inner(
        (
            "dlt.destinations.job_client_impl:SqlJobClientBase",
            "dlt.destinations.impl.postgres.configuration:PostgresCredentials",
        ),
        "a lost schema that is made anew from the tables, and the turn at a PostgreSQL table",
        "a dlt that reads a schema back from tables, and takes turns",
    ),
    Inner(
        (
            "dlt.common.storages.load_package:PackageStorage.SCHEMA_FILE_NAME",
            "dlt.common.destination.client:JobClientBase",
            "dlt.common.destination.client:WithStateSync.get_stored_schema",
        ),
        "columns that another run has made are known to whoever loads next",
        "a dlt that joins the schemas of loads at the same time",
    ),
    Inner(
        ("dlt.destinations.impl.postgres.postgres:PostgresParquetCopyJob._ingest_per_rowgroup",),
        "a file that goes to PostgreSQL in parts",
        "a dlt that gives Apache Arrow's driver a reader instead of a table",
    ),
    Inner(
        (
            "dlt.common.runtime.collector_base:Collector",
            "dlt.sources.helpers.rest_client.exceptions:IgnoreResponseException",
        ),
        "lines of progress, and response_actions",
        "documented places of these classes",
    ),
    Inner(
        (
            "dlt.common:jsonpath.compile_path",
            "dlt.common.exceptions:DictValidationException",
            "dlt.common.utils:str2bool",
            "dlt.common.validation:validate_dict",
            "dlt.sources.rest_api.config_setup:create_paginator",
        ),
        "a vendor's file that is checked as dlt would, and its paginators, watched",
        "a public function of dlt that checks a configuration",
    ),
    Inner(
        ("urllib3:PoolManager", "urllib3.connection:HTTPConnection.getresponse"),
        "a time limit for the whole head of an answer",
        "a limit in urllib3 for whole answers",
    ),
    Inner(
        ("uvicorn.protocols.http.auto:AutoHTTPProtocol",),
        "connections that the sandbox hangs up",
        "a way in ASGI to end a connection",
    ),
    Inner(
        ("dagster._utils.schedules:is_valid_cron_string",),
        "a sentence for a cron expression that Dagster does not take",
        "an error in Dagster that a schedule raises for its cron expression alone",
    ),
    Inner(
        (
            "dagster:DagsterInstance.all_logs",
            "dagster:DagsterInstance.compute_log_manager",
            "dagster:DagsterInstance.event_log_storage",
            "dagster:DagsterInstance.get_latest_asset_check_evaluation_record",
            "dagster:DagsterInstance.get_records_for_run",
            "dagster:DagsterInstance.report_run_canceled",
            "dagster:DagsterInstance.report_run_failed",
            "dagster:DagsterInstance.run_launcher",
            "dagster:DagsterInstance.run_storage",
            "dagster:DagsterInstance.storage_directory",
            "dagster:DagsterRun.remote_job_origin",
            "dagster:DagsterEvent.pid",
            "dagster:DagsterEvent.step_failure_data",
        ),
        "alerts, retention and the table of a run, from the history of runs",
        "retention of runs in Dagster, and public readers of its events",
    ),
    Inner(
        (
            "dagster:DagsterEvent.step_failure_event",
            "dagster._core.execution.plan.objects:StepFailureData",
            "dagster._core.execution.plan.objects:UserFailureData",
        ),
        "a step whose Celery worker lost its process fails by itself",
        "a dagster-celery that does not wait for it",
    ),
]
LISTED = {name: inner for inner in INNER for name in inner.names}


@pytest.mark.parametrize("name", LISTED)
def test_each_inner_name_is_still_there(name: str) -> None:
    module, _, path = name.partition(":")
    found: object = _imported(module)
    for part in path.split("."):
        assert inspect.getattr_static(found, part, None) is not None, LISTED[name].why
        found = getattr(found, part)


def _imported(module: str) -> object:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        if module.startswith(missing):
            raise
        pytest.skip(f"needs {missing}, of an extra that is not installed")


def _inner_imports() -> set[str]:
    found = set[str]()
    for file in (PROJECT / "email_assets").rglob("*.py"):
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.ImportFrom):
                module = str(node.module)
                is_dlts = module.startswith("dlt.") and module not in DOCUMENTED
                if is_dlts or module.startswith(("dagster.", "uvicorn.")):
                    found.add(module)
    return found


def test_each_inner_module_that_is_imported_is_listed() -> None:
    assert _inner_imports() - {name.partition(":")[0] for name in LISTED} == set()
