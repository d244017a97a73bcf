"""Partitions of a resource that can be read by time: what they read, and who may set them."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.account.every import configured_accounts
from email_assets.clock import now
from email_assets.defs.build import build_all
from email_assets.sandbox import Sandbox
from email_assets.settings.resolve import SettingError
from email_assets_tests.dagster_fixtures import failures, in_memory, instance, put_back
from email_assets_tests.defs.sensor_fixtures import Sensor, put_clock_ahead, start_run

__all__ = ["instance"]

MESSAGES = dg.AssetKey("messages")
DAYS = 5
DATE = "2026-01-31"


def day(ago: int) -> str:
    return (now() - timedelta(days=ago)).date().isoformat()


@pytest.fixture
def by_time(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Messages that are read by time, in partitions of a day."""
    for name, value in {
        "CURSOR_PATH": "sent_at",
        "START_PARAM": "since",
        "END_PARAM": "until",
        "PARTITION": "daily",
        "PARTITION_START": day(DAYS),
    }.items():
        monkeypatch.setenv(f"SOURCES__EMAIL__MESSAGES__{name}", value)
    return api


def run(instance: dg.DagsterInstance, **of_run: Any) -> dg.ExecuteInProcessResult:
    """A run of messages and their checks, as the settings of the moment define them."""
    defs = build_all(configured_accounts())
    return defs.resolve_job_def("__ASSET_JOB").execute_in_process(
        instance=instance, asset_selection=[MESSAGES], raise_on_error=False, **of_run
    )


def sent_on(api: Sandbox, *days: str) -> int:
    return sum(row["sent_at"][:10] in days for row in api.rows("messages"))


@pytest.mark.slow
def test_a_partition_loads_its_day_and_is_known_as_loaded(
    by_time: Sandbox, instance: dg.DagsterInstance, query: Any
) -> None:
    assert run(instance, partition_key=day(2)).success

    assert query("SELECT count(*) FROM email.messages") == [(sent_on(by_time, day(2)),)]
    assert instance.get_materialized_partitions(MESSAGES) == {day(2)}


@pytest.mark.slow
def test_several_partitions_are_read_as_one_stretch(
    by_time: Sandbox, instance: dg.DagsterInstance, query: Any
) -> None:
    tags = {
        "dagster/asset_partition_range_start": day(3),
        "dagster/asset_partition_range_end": day(1),
    }

    assert run(instance, tags=tags).success

    days = [day(1), day(2), day(3)]
    assert query("SELECT count(*) FROM email.messages") == [(sent_on(by_time, *days),)]
    assert instance.get_materialized_partitions(MESSAGES) == {*days}


def test_today_has_a_partition(by_time: Sandbox) -> None:
    defs = build_all(configured_accounts())
    partitions = defs.resolve_assets_def(MESSAGES).partitions_def

    assert partitions
    assert partitions.get_partition_keys() == [day(ago) for ago in range(DAYS, -1, -1)]


@pytest.mark.slow
def test_runs_without_a_partition_go_on_from_where_the_last_one_left_off(
    by_time: Sandbox, instance: dg.DagsterInstance, query: Any
) -> None:
    run(instance, partition_key=day(2))

    done = run(instance)

    assert done.success
    assert query("SELECT count(*) FROM email.messages") == [(len(by_time.rows("messages")),)]
    assert all(found.passed for found in done.get_asset_check_evaluations())


def test_the_sensor_asks_for_runs_without_a_partition(
    by_time: Sandbox, instance: dg.DagsterInstance
) -> None:
    sensor = Sensor("new_records", instance, definitions=build_all(configured_accounts()))

    (request,) = sensor.tick().run_requests

    assert request.partition_key is None
    assert MESSAGES in request.asset_selection


@pytest.mark.slow
def test_a_partition_is_not_the_sync_that_the_sensor_has_asked_for(
    by_time: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = Sensor("new_records", instance, definitions=build_all(configured_accounts()))
    sensor.tick()

    run(instance, partition_key=day(2))

    put_clock_ahead(monkeypatch, timedelta(minutes=16))
    assert "messages" in sensor.requested()
    run(instance)
    # another one after the sync does not take its place
    run(instance, partition_key=day(3))
    put_clock_ahead(monkeypatch, timedelta(minutes=31))
    assert "messages" not in sensor.requested()


def test_a_partition_and_a_run_config_are_not_for_one_run(
    by_time: Sandbox, instance: dg.DagsterInstance
) -> None:
    config = {"ops": {"messages": {"config": {"full_refresh": True}}}}

    done = run(instance, partition_key=day(2), run_config=config)

    assert failures(done)["messages"].startswith("Ask for a partition or for a start")


@pytest.mark.filterwarnings("ignore:Function `Definitions.map_resolved_asset_specs` is")
def test_partitions_put_on_from_outside_are_refused_and_nothing_is_read(
    api: Sandbox, instance: dg.DagsterInstance
) -> None:
    partitions = dg.DailyPartitionsDefinition(start_date=day(DAYS), end_offset=1)
    defs = build_all(configured_accounts()).map_resolved_asset_specs(
        func=lambda spec: spec.replace_attributes(partitions_def=partitions), selection="messages"
    )

    done = defs.resolve_job_def("__ASSET_JOB").execute_in_process(
        instance=instance,
        asset_selection=[MESSAGES],
        partition_key=day(2),
        raise_on_error=False,
    )

    assert "Set partition and partition_start" in failures(done)["messages"]
    assert api.request_count("messages") == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"SERVERS__PARTITION": "daily", "SERVERS__PARTITION_START": DATE},
            "means nothing",
        ),
        (
            {"BOUNCES__PARTITION": "daily", "BOUNCES__PARTITION_START": DATE},
            "means nothing",
        ),
        ({"MESSAGES__PARTITION": "daily"}, "wants a partition_start"),
        *(
            (
                {"MESSAGES__PARTITION": "daily", "MESSAGES__PARTITION_START": start},
                r"such as 2026-01-31\. Set it as \[sources\.email\.messages\] partition_start in",
            )
            for start in ("20260131", "2026-W05-1", "2026-02-30", "0001-01-01", "9999-12-31")
        ),
        ({"MESSAGES__PARTITION": "hourly"}, "daily, weekly, monthly"),
    ],
)
def test_partitions_that_cannot_be_are_refused_when_the_definitions_load(
    settings: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__EMAIL__{name}", value)

    with pytest.raises(SettingError, match=sentence):
        build_all([configured_account()])


@pytest.mark.parametrize(("length", "start"), [("weekly", DATE), ("daily", "2026-02-01")])
def test_resources_of_one_job_have_the_same_partitions(
    length: str, start: str, by_time: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CURSOR_PATH": "bounced_at",
        "PARTITION": length,
        "PARTITION_START": start,
    }.items():
        monkeypatch.setenv(f"SOURCES__EMAIL__BOUNCES__{name}", value)

    with pytest.raises(SettingError, match="have different partitions"):
        build_all([configured_account()])


def test_retention_keeps_the_runs_that_filled_partitions(
    by_time: Sandbox, instance: dg.DagsterInstance
) -> None:
    runs = [report_filled(instance, day(ago)) for ago in (3, 3, 2)]
    put_back(instance, timedelta(days=91))

    job = build_all(configured_accounts()).resolve_job_def("email_retention")
    assert job.execute_in_process(instance=instance).success

    assert [instance.has_run(run_id) for run_id in runs] == [False, True, True]
    assert instance.get_materialized_partitions(MESSAGES) == {day(3), day(2)}


def report_filled(instance: dg.DagsterInstance, partition: str) -> str:
    """A run of messages that filled a partition, without its sync."""
    run = start_run(instance, job_name="__ASSET_JOB", asset_selection=frozenset([MESSAGES]))
    with in_memory() as elsewhere:
        elsewhere.report_runless_asset_event(dg.AssetMaterialization(MESSAGES, partition=partition))
        entry = elsewhere.get_latest_materialization_event(MESSAGES)
    assert entry
    instance.handle_new_event(entry._replace(run_id=run.run_id))
    return run.run_id
