"""The executor of runs: the steps of one in its own process, or over several machines."""

from __future__ import annotations

from importlib import import_module

import dagster as dg

from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError, where_to_set
from email_assets.settings.sections import ExecutionSettings
from email_assets.settings.warehouse import WarehouseSettings

OF_EXTRAS = {
    "celery": ("email_assets.defs.celery", "executor"),
    "k8s": ("dagster_k8s", "k8s_job_executor"),
}
"""Executors that need the extra of their name: the module, and the executor in it."""


def configured_executor() -> dg.ExecutorDefinition:
    """The executor that `[execution] executor` names, the same object each time.

    Raises:
        SettingError: There is none of that name, its extra is not installed, or the warehouse is a
            DuckDB file, which one process at a time can write.
    """
    settings = resolve.load(ExecutionSettings)
    name, where = settings.executor, where_to_set(settings, "executor")
    if name == "in_process":
        return dg.in_process_executor
    if resolve.load(WarehouseSettings).destination_name == "duckdb":
        raise SettingError(
            f"The executor {name} wants a warehouse on a server, such as postgres: one process at "
            "a time can write a DuckDB file. Set destination_type of [warehouse], or leave the "
            f"executor at in_process. {where}"
        )
    if name == "multiprocess":
        return dg.multiprocess_executor
    module, attribute = OF_EXTRAS[name]
    try:
        executor: dg.ExecutorDefinition = getattr(import_module(module), attribute)
    except ImportError:
        problem = f"The executor {name} is not installed"
    else:
        return executor
    raise SettingError(
        f"{problem}: run `make install-server`, or `pip install 'email_assets[{name}]'`. {where}"
    )
