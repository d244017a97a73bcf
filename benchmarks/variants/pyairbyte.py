"""Syncs messages and bounces with PyAirbyte: a declarative source into its DuckDB cache."""

from __future__ import annotations

import os
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache

if __name__ == "__main__":
    source = airbyte.get_source(
        "source-email",
        source_manifest=Path(__file__).with_name("airbyte_manifest.yaml"),
        config={"base_url": os.environ["BENCH_URL"], "api_key": os.environ["BENCH_KEY"]},
        streams=["messages", "bounces"],
    )
    cache = DuckDBCache(
        db_path=os.environ["BENCH_WAREHOUSE"], schema_name="email", cache_dir="airbyte-cache"
    )
    source.read(cache=cache, write_strategy="merge")
