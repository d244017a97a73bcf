"""One asset's failure leaves the others alone, and is told in a sentence."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    failures,
    figures,
    instance,
    materialize,
    materialized,
)
from email_assets_tests.defs.asset_fixtures import Materialization, materialize_first

__all__ = ["instance"]


OTHERS = ["messages", "servers"]


@pytest.fixture(scope="module")
def run_without_bounces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Materialization]:
    """Three assets, while the API answers every request for bounces with 500."""
    with Sandbox(messages=20, api_key=KEY) as sandbox:
        sandbox.set_faults("bounces", Fault("status", status=500))
        folder = tmp_path_factory.mktemp("without_bounces")
        yield materialize_first(folder, sandbox, "bounces", *OTHERS)


class TestOneResourceFails:
    @pytest.mark.slow
    def test_the_run_fails_in_its_step_alone(self, run_without_bounces: Materialization) -> None:
        assert not run_without_bounces.run.success
        assert set(failures(run_without_bounces.run)) == {"bounces"}

    @pytest.mark.slow
    def test_the_failure_is_the_sentence_that_names_the_resource(
        self, run_without_bounces: Materialization
    ) -> None:
        api = run_without_bounces.sandbox.base_url

        assert failures(run_without_bounces.run)["bounces"].startswith(
            f"bounces: {api} answered 500 Internal Server Error. "
        )

    def test_the_first_line_of_the_error_is_the_sentence(
        self, run_without_bounces: Materialization
    ) -> None:
        (event,) = run_without_bounces.run.get_step_failure_events()

        assert event.step_failure_data.error
        first_line = event.step_failure_data.error.message.partition("\n")[0]
        assert first_line.endswith(failures(run_without_bounces.run)["bounces"])

    def test_the_run_names_the_step(self, run_without_bounces: Materialization) -> None:
        (failure,) = (
            entry.dagster_event
            for entry in run_without_bounces.log
            if entry.dagster_event_type is dg.DagsterEventType.RUN_FAILURE
        )

        assert failure
        assert failure.message == (
            "Execution of run for \"email_all\" failed. Steps failed: ['bounces']."
        )

    def test_it_leaves_no_materialization(self, run_without_bounces: Materialization) -> None:
        assert materialized(run_without_bounces.run) == {*OTHERS}

    @pytest.mark.parametrize("name", OTHERS)
    def test_the_others_are_materialized_and_loaded(
        self, name: str, run_without_bounces: Materialization
    ) -> None:
        rows = run_without_bounces.rows_of_api(name)

        assert figures(run_without_bounces.run, name)["dagster/row_count"] == rows
        assert run_without_bounces.query(f"SELECT count(*) FROM email.{name}") == [(rows,)]

    def test_the_others_are_checked(self, run_without_bounces: Materialization) -> None:
        checked = [
            evaluation.asset_key.to_user_string()
            for evaluation in run_without_bounces.run.get_asset_check_evaluations()
        ]

        assert sorted(checked) == sorted(len(CHECK_NAMES) * [*OTHERS])


class TestSettingsAreMissing:
    @pytest.mark.usefixtures("api")
    def test_without_a_key_the_failure_names_where_to_set_it(
        self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("API_KEY")

        sentence = failures(materialize(instance, "servers"))["servers"]

        assert sentence.startswith("servers: there is no API key.")
        assert "API_KEY" in sentence

    @pytest.mark.usefixtures("api")
    def test_with_a_wrong_key_the_failure_names_where_to_set_it(
        self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "wrong")

        sentence = failures(materialize(instance, "servers"))["servers"]

        assert sentence.startswith("servers: the API refused the key (401).")
        assert "API_KEY" in sentence

    def test_with_the_placeholder_address_the_failure_names_the_setting(
        self, instance: dg.DagsterInstance
    ) -> None:
        sentence = failures(materialize(instance, "servers"))["servers"]

        assert sentence.startswith("servers: no API is configured yet.")
        assert "SOURCES__EMAIL__BASE_URL" in sentence

    def test_a_run_that_could_not_start_leaves_no_warehouse(
        self, instance: dg.DagsterInstance, warehouse: Path
    ) -> None:
        materialize(instance, "servers")

        assert not warehouse.exists()
