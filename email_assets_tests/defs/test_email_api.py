"""The email API as an asset: what syncs and observations tell of it."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.api.window import EARLIEST, Window
from email_assets.definitions import defs
from email_assets.defs.email_api import seen_by
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import NAMES, instance, materialize
from email_assets_tests.defs.check_runs import THREE_ROWS_SYNCED

__all__ = ["instance"]

EMAIL_API = dg.AssetKey("email_api")


def observe(instance: dg.DagsterInstance) -> dict[str, Any]:
    """The observation that the button *Observe* makes."""
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        instance=instance, asset_selection=[EMAIL_API], raise_on_error=False
    )
    assert result.success
    return last_seen(instance)


def last_seen(instance: dg.DagsterInstance) -> dict[str, Any]:
    """The metadata of the API's last observation."""
    (record,) = instance.fetch_observations(EMAIL_API, limit=1).records
    assert record.asset_observation
    return {name: value.value for name, value in record.asset_observation.metadata.items()}


class TestObserved:
    @pytest.fixture
    def found(self, api: Sandbox, instance: dg.DagsterInstance) -> dict[str, Any]:
        return observe(instance)

    def test_it_is_reachable_and_accepts_the_key(self, found: dict[str, Any]) -> None:
        assert (found["reachable"], found["authorised"]) == (True, True)

    def test_it_tells_how_many_rows_each_resource_has(
        self, api: Sandbox, found: dict[str, Any]
    ) -> None:
        assert {name: found[f"rows_of_{name}"] for name in NAMES} == {
            name: len(api.rows(name)) for name in NAMES
        }

    def test_it_tells_the_seconds_that_it_took_to_answer(self, found: dict[str, Any]) -> None:
        assert 0 < found["seconds_to_answer"] < 60

    def test_one_request_is_made_for_each_resource(
        self, api: Sandbox, found: dict[str, Any]
    ) -> None:
        assert len(api.requests) == len(NAMES)

    def test_a_refused_key_is_told(self, api: Sandbox, instance: dg.DagsterInstance) -> None:
        api.set_faults("servers", Fault("status", status=403))

        found = observe(instance)

        assert (found["reachable"], found["authorised"]) == (True, False)

    @pytest.mark.parametrize("fault", [Fault("refuse"), Fault("status", status=503)])
    def test_an_api_that_is_down_is_told_and_nothing_of_the_key(
        self, fault: Fault, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        for name in NAMES:
            api.set_faults(name, fault)

        found = observe(instance)

        assert not found["reachable"]
        assert "authorised" not in found

    def test_one_resource_that_does_not_answer_is_not_the_api(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("refuse"))

        found = observe(instance)

        assert (found["reachable"], found["authorised"]) == (True, True)

    def test_without_a_key_nothing_is_asked_and_nobody_knows_whether_it_is_reachable(
        self, api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("API_KEY")

        found = observe(instance)

        assert (found["authorised"], "reachable" in found) == (False, False)


class TestSeenBySyncs:
    @pytest.mark.slow
    def test_a_sync_observes_it(self, api: Sandbox, instance: dg.DagsterInstance) -> None:
        materialize(instance, "servers")

        found = last_seen(instance)
        assert found.pop("seconds_to_answer") > 0
        assert found == {
            "reachable": True,
            "authorised": True,
            "rows_of_servers": len(api.rows("servers")),
        }

    @pytest.mark.parametrize(
        ("window", "told"),
        [(Window(), {"rows_of_bounces": 3}), (Window(start=EARLIEST), {})],
        ids=["of everything", "of a window"],
    )
    def test_the_total_of_a_window_is_not_taken_for_the_lists(
        self, window: Window, told: dict[str, int]
    ) -> None:
        report = replace(THREE_ROWS_SYNCED, window=window)

        found = seen_by(configured_account(), "bounces", report).metadata

        assert {
            name: value.value for name, value in found.items() if name.startswith("rows_of_")
        } == told

    def test_a_sync_whose_key_is_refused_says_so(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("status", status=401))

        materialize(instance, "servers")

        assert last_seen(instance) == {"authorised": False}

    def test_a_sync_that_gets_no_answer_says_so(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("status", status=503))

        materialize(instance, "servers")

        assert last_seen(instance) == {"reachable": False}

    def test_a_failure_that_is_not_the_apis_says_nothing_of_it(
        self, api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", ":memory:")

        materialize(instance, "servers")

        assert instance.fetch_observations(EMAIL_API, limit=1).records == []
