"""The sensor that asks the API what is new."""

from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from email_assets.errors import EmailAssetsError, KeyRefusedError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import EVENTS, INVENTORY, MADE_OF_EVENTS, NAMES
from email_assets_tests.defs.sensor_fixtures import (
    Sensor,
    instance,
    new_records,
    start_run,
)

__all__ = ["instance", "new_records"]


def test_the_first_tick_syncs_all_that_was_never_synced(new_records: Sensor) -> None:
    assert new_records.requested() == NAMES + MADE_OF_EVENTS


def test_a_tick_asks_for_one_row_of_each_event_resource(new_records: Sensor, api: Sandbox) -> None:
    new_records.tick()

    assert [(asked.resource, asked.limit) for asked in api.requests] == [
        (name, 1) for name in EVENTS
    ]


def test_nothing_new_is_a_reason_to_skip(new_records: Sensor) -> None:
    new_records.tick()

    assert new_records.tick().skip_message == "The API has nothing new."


def test_only_what_has_new_rows_is_synced(new_records: Sensor, api: Sandbox) -> None:
    new_records.tick()
    api.insert_head("messages", 3)

    assert new_records.requested() == ["messages", *MADE_OF_EVENTS]
    assert new_records.tick().run_requests == []


def test_what_changes_neither_messages_nor_bounces_is_synced_alone(
    new_records: Sensor, api: Sandbox
) -> None:
    new_records.tick()
    api.insert_head("deliverystats", 1)

    assert new_records.requested() == ["deliverystats"]


def test_a_row_that_replaces_another_is_noticed(new_records: Sensor, api: Sandbox) -> None:
    new_records.tick()
    api.delete_head("messages", 1)
    api.insert_head("messages", 1)

    assert new_records.requested() == ["messages", *MADE_OF_EVENTS]


def test_a_change_that_is_undone_and_made_again_is_synced_each_time(
    new_records: Sensor, api: Sandbox
) -> None:
    before, after = api.rows("messages")[1:], api.rows("messages")
    keys = []
    for rows in (before, after, before, after):
        api.replace("messages", rows)
        (request,) = new_records.tick().run_requests
        keys.append(request.run_key)

    # Dagster drops a request whose run key a run has had before
    assert [key for key in keys if key is not None and keys.count(key) > 1] == []


def test_an_api_that_is_down_is_a_reason_to_skip(new_records: Sensor, api: Sandbox) -> None:
    new_records.tick()
    api.stop()

    reason = new_records.tick().skip_message

    assert reason.startswith(f"bounces: {api.base_url} refused the connection.")


def test_an_api_that_cannot_answer_now_is_a_reason_to_skip(
    new_records: Sensor, api: Sandbox
) -> None:
    for name in EVENTS:
        api.set_faults(name, Fault("status", status=503))

    reason = new_records.tick().skip_message

    assert reason.startswith(f"bounces: {api.base_url} answered 503 Service Unavailable.")


def test_what_came_while_the_api_was_down_is_synced_afterwards(
    new_records: Sensor, api: Sandbox
) -> None:
    new_records.tick()
    api.insert_head("messages", 3)
    api.stop()
    new_records.tick()
    api.start()

    assert new_records.requested() == ["messages", *MADE_OF_EVENTS]


def test_one_resource_that_is_down_does_not_hold_up_the_others(
    new_records: Sensor, api: Sandbox
) -> None:
    api.set_faults("bounces", Fault("status", status=503))
    assert new_records.requested() == ["messages", "deliverystats", *INVENTORY, *MADE_OF_EVENTS]
    api.clear_faults()

    assert new_records.requested() == ["bounces", *MADE_OF_EVENTS]


def test_the_next_tick_is_the_retry(new_records: Sensor, api: Sandbox) -> None:
    for name in EVENTS:
        api.set_faults(name, Fault("status", status=503))

    new_records.tick()

    assert [api.request_count(name) for name in EVENTS] == [1, 1, 1]


def test_an_answer_that_cannot_be_read_is_told_and_does_not_fail_the_tick(
    new_records: Sensor, api: Sandbox
) -> None:
    new_records.requested()
    api.set_faults("bounces", Fault("error_200"))

    told = str(new_records.tick().skip_message)

    assert told.startswith("bounces: at offset 0 the API gave an answer without 'data'")


def test_a_refused_key_fails_the_tick_and_says_so(
    new_records: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "wrong")

    with pytest.raises(KeyRefusedError) as refused:
        new_records.tick()

    assert str(refused.value) == (
        "bounces: the API refused the key (401). Set api_key in .dlt/secrets.toml or the "
        "environment variable API_KEY."
    )


def test_a_run_that_has_not_finished_is_waited_for(
    new_records: Sensor, instance: dg.DagsterInstance, api: Sandbox
) -> None:
    start_run(instance, job_name="some", tags={"dagster/sensor_name": "new_records"})

    wanted = new_records.tick()

    assert wanted.skip_message == "The run of an earlier tick has not finished yet."
    assert api.requests == []


def test_a_resource_that_is_refused_does_not_hold_up_the_others(
    new_records: Sensor, api: Sandbox
) -> None:
    api.set_faults("deliverystats", Fault("status", status=404))

    assert new_records.requested() == ["bounces", "messages", *INVENTORY, *MADE_OF_EVENTS]


def test_the_cursor_tells_nothing_of_the_rows(new_records: Sensor, api: Sandbox) -> None:
    api.replace("bounces", [{"id": "anna@customer.example"}])

    cursor = new_records.tick().cursor

    assert cursor
    assert "customer" not in cursor


def test_a_run_that_somebody_else_started_is_no_reason_to_wait(
    new_records: Sensor, instance: dg.DagsterInstance
) -> None:
    start_run(instance, job_name="email_all")

    assert new_records.requested() == NAMES + MADE_OF_EVENTS


@pytest.mark.parametrize("cursor", ['{"bounces": "0123456789abcdef"}', "no JSON", "[]"])
def test_a_cursor_that_is_none_of_its_own_is_no_hindrance(new_records: Sensor, cursor: str) -> None:
    new_records.cursor = cursor

    assert new_records.requested() == NAMES + MADE_OF_EVENTS


def test_a_tick_that_fails_tells_it_in_one_sentence(
    new_records: Sensor, instance: dg.DagsterInstance
) -> None:
    history: Any = instance.run_storage
    with history.connect() as connection:
        connection.execute(text("DROP TABLE runs"))

    with pytest.raises(EmailAssetsError, match=r"^new_records: stopped by ") as failed:
        new_records.tick()

    assert "\n" not in str(failed.value)
    assert failed.value.__cause__ is failed.value.__context__ is None
