"""Syncs messages and bounces as dlt's documentation of `rest_api_source` shows it.

    python plain_dlt.py [--parquet] [--extract-only]

Prints how many seconds dlt's extract took of it.
"""

from __future__ import annotations

import os
import sys

import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source

CONFIG: RESTAPIConfig = {
    "client": {
        "base_url": os.environ["BENCH_URL"],
        "auth": {
            "type": "api_key",
            "name": "api_key",
            "api_key": os.environ["BENCH_KEY"],
            "location": "query",
        },
        "paginator": {"type": "offset", "limit": 100, "total_path": "total"},
    },
    "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
    "resources": [
        {"name": "messages", "endpoint": {"path": "v1/messages", "data_selector": "data"}},
        {"name": "bounces", "endpoint": {"path": "v1/bounces", "data_selector": "data"}},
    ],
}


def main(options: list[str]) -> None:
    """Extract, and unless told otherwise normalize and load."""
    pipeline = dlt.pipeline(
        "email",
        destination=dlt.destinations.duckdb(os.environ["BENCH_WAREHOUSE"]),
        dataset_name="email",
        pipelines_dir="pipelines",
    )
    source = rest_api_source(CONFIG)
    file_format = "parquet" if "--parquet" in options else None
    if "--extract-only" in options:
        pipeline.extract(source, loader_file_format=file_format)
    else:
        pipeline.run(source, loader_file_format=file_format)
    steps = [step for step in pipeline.last_trace.steps if step.step == "extract"]
    seconds = sum((step.finished_at - step.started_at).total_seconds() for step in steps)
    print(f"extract_seconds={seconds:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
