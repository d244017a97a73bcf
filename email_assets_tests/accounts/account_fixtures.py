"""Two accounts of one Dagster instance, and runs of their assets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from email_assets.defs.runs import LOCATION, LOCATION_TAG
from email_assets.sandbox import Sandbox
from email_assets_tests.dagster_fixtures import in_memory
from email_assets_tests.defs.sensor_fixtures import Sensor, start_run

SUPPORT_KEY = "sb-key-of-support"


def account_settings(name: str, **settings: str) -> dict[str, str]:
    """The settings of an account, as variables of the environment."""
    return {f"SOURCES__EMAIL__ACCOUNTS__{name}__{key}".upper(): settings[key] for key in settings}


@dataclass
class Location:
    """A code location of an instance."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions
    name: str = LOCATION

    def run(self, *assets: str, job: str = "__ASSET_JOB") -> dg.ExecuteInProcessResult:
        """Run a job, for all of its assets or some, as this location would; it may fail."""
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey.from_user_string(asset) for asset in assets] or None,
            tags={LOCATION_TAG: self.name},
            raise_on_error=False,
        )

    def report_run(self, *assets: str) -> str:
        """A run of assets that this location started and that left nothing."""
        keys = frozenset(dg.AssetKey.from_user_string(asset) for asset in assets)
        tags = {LOCATION_TAG: self.name}
        run = start_run(self.instance, job_name="__ASSET_JOB", asset_selection=keys, tags=tags)
        return run.run_id

    def sensor(self, name: str) -> Sensor:
        """A sensor that was never asked yet."""
        return Sensor(name, self.instance, location=self.name, definitions=self.definitions)


@dataclass
class Pair:
    """The APIs of two accounts, and the warehouse of both."""

    marketing: Sandbox
    support: Sandbox
    warehouse: Path


@contextmanager
def two_accounts(folder: Path, key: str) -> Iterator[tuple[dg.DagsterInstance, Pair]]:
    """Two sandboxes, set as the accounts `marketing` and `support`, and an instance."""
    with (
        Sandbox(messages=40, api_key=key) as marketing,
        Sandbox(messages=30, seed=2, api_key=SUPPORT_KEY) as support,
        pytest.MonkeyPatch.context() as patch,
    ):
        settings = {
            **account_settings("marketing", base_url=marketing.base_url, api_key=key),
            **account_settings("support", base_url=support.base_url, api_key=SUPPORT_KEY),
            "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
            "RUNTIME__REQUEST_BACKOFF_FACTOR": "0",
        }
        for name, value in settings.items():
            patch.setenv(name, value)
        with in_memory() as instance:
            yield instance, Pair(marketing, support, folder / "warehouse.duckdb")
