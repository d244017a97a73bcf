"""Asset checks after a sync and alone, and freshness."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from email_assets.clock import now
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import CHECK_NAMES, instance, materialize
from email_assets_tests.defs.check_runs import CHECKS, metadata_of, put, report_sync
from email_assets_tests.queries import on_both

__all__ = ["instance"]


def evaluate(
    instance: dg.DagsterInstance, check: str, asset: str = "bounces"
) -> dg.AssetCheckEvaluation:
    """Run one check alone, as the UI does, without its asset."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), check)
    result = dg.materialize(CHECKS, selection=dg.AssetSelection.checks(key), instance=instance)
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def report_materialized(instance: dg.DagsterInstance, asset: str, ago: timedelta) -> None:
    """Record a materialization that is some time ago."""
    with dg.DagsterInstance.ephemeral() as elsewhere:
        elsewhere.report_runless_asset_event(dg.AssetMaterialization(asset))
        entry = elsewhere.get_latest_materialization_event(dg.AssetKey(asset))
    assert entry
    instance.handle_new_event(entry._replace(timestamp=now().timestamp() - ago.total_seconds()))


def sync_servers(instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    """Load the servers, and give what their checks say in the same run."""
    found = materialize(instance, "servers").get_asset_check_evaluations()
    return {evaluation.check_name: evaluation for evaluation in found}


@on_both
class TestAfterASync:
    @pytest.mark.usefixtures("api")
    def test_every_check_passes_in_the_run_that_materializes(
        self, instance: dg.DagsterInstance
    ) -> None:
        found = sync_servers(instance)

        assert {name: evaluation.passed for name, evaluation in found.items()} == dict.fromkeys(
            CHECK_NAMES, True
        )

    @pytest.mark.slow
    def test_a_resource_whose_rows_all_lack_an_id_fails_primary_key(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))

        found = sync_servers(instance)["primary_key"]

        assert not found.passed
        assert metadata_of(found) == {
            "rows": 0,
            "null_ids": len(api.rows("servers")),
            "duplicate_ids": 0,
            "duplicate_examples": [],
        }

    @pytest.mark.slow
    def test_a_primary_key_that_fails_fails_the_run_and_complete_is_told_all_the_same(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))

        result = materialize(instance, "servers")

        assert not result.success
        assert [str(event.step_key) for event in result.get_step_failure_events()] == [
            "servers_checks"
        ]
        assert {found.check_name for found in result.get_asset_check_evaluations()} == set(
            CHECK_NAMES
        )

    @pytest.mark.slow
    def test_an_api_that_promises_more_rows_than_it_gives_makes_complete_warn(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("total", value=9))

        found = sync_servers(instance)["complete"]

        assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert found.description == (
            "servers: the API said there are 9 rows and gave 5. Those are loaded; run again, and "
            "ask the API's provider if it stays so."
        )
        assert metadata_of(found) == {"rows": 5, "rows_listed": 5, "api_total": 9}

    @pytest.mark.slow
    def test_an_api_without_a_total_passes_complete_and_says_so(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("no_total"))

        found = sync_servers(instance)["complete"]

        assert found.passed
        assert found.description == "servers: the API gives no total; its list was read to the end."

    def test_an_api_without_rows_passes_and_says_so(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("empty"))

        found = sync_servers(instance)

        assert found["primary_key"].passed
        assert found["primary_key"].description == "servers: nothing is loaded yet."
        assert found["complete"].passed
        assert found["complete"].description == "servers: the API has no rows yet."


class TestAlone:
    def test_a_check_runs_without_its_asset(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2, 3)
        report_sync(instance)

        assert evaluate(instance, "complete").passed
        assert evaluate(instance, "primary_key").passed

    def test_a_check_leaves_no_materialization_and_no_file(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "primary_key")

        assert instance.get_latest_materialization_event(dg.AssetKey("bounces")) is None
        assert not warehouse.exists()

    def test_a_warehouse_that_cannot_be_read_fails_the_check_and_not_the_run(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        warehouse.write_bytes(b"rubbish" * 1000)

        assert not evaluate(instance, "primary_key").passed


class TestFreshness:
    @pytest.mark.parametrize(
        ("asset", "ago", "fresh"),
        [
            ("bounces", timedelta(hours=1, minutes=59), True),
            ("bounces", timedelta(hours=2, minutes=1), False),
            ("servers", timedelta(hours=26), True),
            ("servers", timedelta(hours=27), False),
        ],
    )
    def test_an_asset_is_fresh_within_the_window_of_its_schedule(
        self, asset: str, ago: timedelta, fresh: bool, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, asset, ago)

        assert evaluate(instance, "freshness_check", asset).passed is fresh

    def test_a_stale_asset_is_a_warning_that_says_how_old_it_is(
        self, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, "bounces", timedelta(days=3))

        evaluation = evaluate(instance, "freshness_check")

        assert evaluation.severity is dg.AssetCheckSeverity.WARN
        assert evaluation.description == (
            "bounces: the last sync was 3 days, 0:00:00 ago, where 2:00:00 are allowed."
        )

    def test_an_asset_that_was_never_materialized_is_a_warning(
        self, instance: dg.DagsterInstance
    ) -> None:
        evaluation = evaluate(instance, "freshness_check")

        assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert evaluation.description == "bounces: never synced."

    def test_a_backfill_makes_no_asset_fresh(self, instance: dg.DagsterInstance) -> None:
        report_materialized(instance, "bounces", timedelta(days=3))
        report_sync(instance, is_backfill=True)

        assert not evaluate(instance, "freshness_check").passed

    def test_an_asset_that_was_backfilled_alone_is_told_as_that(
        self, instance: dg.DagsterInstance
    ) -> None:
        report_sync(instance, is_backfill=True)

        said = evaluate(instance, "freshness_check").description
        assert said == "bounces: never synced, by more than a backfill."

    @pytest.mark.slow
    def test_a_backfill_of_many_partitions_hides_no_sync(
        self, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, "bounces", timedelta(hours=1))
        for _ in range(1001):  # days of a backfill
            report_sync(instance, is_backfill=True)

        assert evaluate(instance, "freshness_check").passed
