"""A sensor that is asked as the daemon asks it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin

from email_assets import clock
from email_assets.definitions import defs
from email_assets.defs.runs import LOCATION
from email_assets.sandbox import Sandbox
from email_assets_tests.dagster_fixtures import (
    instance,
)

__all__ = ["instance"]


@dataclass
class Sensor:
    """A sensor of the project and the cursor that its ticks hand on."""

    name: str
    instance: dg.DagsterInstance
    cursor: str | None = None
    location: str = LOCATION
    definitions: dg.Definitions = defs

    def tick(self) -> Any:
        """Evaluate the sensor: requests for runs, a reason to skip, or reactions to runs."""
        with dg.SensorEvaluationContext(
            None,
            instance=self.instance,
            cursor=self.cursor,
            definitions=self.definitions,
            sensor_name=self.name,
            code_location_origin=RegisteredCodeLocationOrigin(self.location),
        ) as context:
            wanted = self.definitions.resolve_sensor_def(self.name).evaluate_tick(context)
        self.cursor = wanted.cursor
        return wanted

    def requested(self) -> list[str]:
        """The assets that the run of a tick would sync."""
        (request,) = self.tick().run_requests
        return [key.to_user_string() for key in request.asset_selection]


def start_run(instance: dg.DagsterInstance, **of_the_run: Any) -> dg.DagsterRun:
    """A run that has started and does not end by itself."""
    run = dg.DagsterRun(status=dg.DagsterRunStatus.STARTED, **of_the_run)
    return instance.add_run(run)


def put_clock_ahead(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    """Put our clock ahead of Dagster's, or behind it, from here to the end of the test."""
    before = clock.source
    monkeypatch.setattr(clock, "source", lambda: before() + ahead)


@pytest.fixture
def new_records(api: Sandbox, instance: dg.DagsterInstance) -> Sensor:
    return Sensor("new_records", instance)
