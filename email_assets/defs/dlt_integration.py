"""Dagster's integration of dlt, imported here alone."""

import warnings

with warnings.catch_warnings():
    # it names its successor, which holds the same classes and fits every later Dagster
    warnings.filterwarnings("ignore", message="The `dagster-embedded-elt` library")
    try:
        from dagster_embedded_elt.dlt import DagsterDltResource
    except ModuleNotFoundError:
        from dagster_dlt import DagsterDltResource

__all__ = ["DagsterDltResource"]
