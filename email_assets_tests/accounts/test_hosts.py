"""The definitions of an account among those of a host, in its code or in a `defs.yaml`."""

from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox

import email_assets
from email_assets.defs.build import build_defs
from email_assets.sandbox import Sandbox
from email_assets.settings.resolve import SettingError
from email_assets_tests.dagster_fixtures import (
    EVENTS,
    INVENTORY,
    MADE_OF_EVENTS,
    NAMES,
    instance,
)

__all__ = ["instance"]

PREFIX = "crm/mail/"
ALL = {*NAMES, *MADE_OF_EVENTS, "email_api"}


@dg.asset(deps=[dg.AssetKey(["crm", "mail", "servers"])], required_resource_keys={"dlt_resource"})
def hosts_own(context: dg.AssetExecutionContext) -> str:
    return str(context.resources.dlt_resource)


@dg.job(name="email_all")
def hosts_job() -> None:
    """A job that bears a name of ours."""


def host() -> dg.Definitions:
    """A host with a job, a resource and an executor of its own, and assets of ours twice."""
    theirs = dg.Definitions(
        assets=[hosts_own],
        jobs=[hosts_job],
        resources={"dlt_resource": "the host's"},
        executor=dg.multiprocess_executor,
    )
    return dg.Definitions.merge(
        theirs,
        build_defs(key_prefix=["crm", "mail"], group="crm"),
        build_defs(key_prefix="second"),
    )


def test_every_asset_and_check_has_the_prefix() -> None:
    repository = host().get_repository_def()
    keys = {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()}
    checked = {key.asset_key.to_user_string() for key in repository.asset_checks_defs_by_key}

    assert {key for key in keys if key.startswith(PREFIX)} == {f"{PREFIX}{name}" for name in ALL}
    assert {key for key in checked if key.startswith(PREFIX)} == {
        f"{PREFIX}{name}" for name in [*NAMES, "deliverability_daily"]
    }
    assert keys - {f"{prefix}{name}" for prefix in (PREFIX, "second/") for name in ALL} == {
        "hosts_own"
    }


def test_the_group_is_the_one_that_the_host_gives() -> None:
    groups = {
        spec.key.to_user_string(): spec.group_name for spec in host().resolve_all_asset_specs()
    }

    assert {groups[f"{PREFIX}{name}"] for name in ALL} == {"crm"}
    assert {groups[f"second/{name}"] for name in ALL} == {"email"}


def test_the_hosts_executor_resource_and_job_stay() -> None:
    repository = host().get_repository_def()

    assert host().executor is dg.multiprocess_executor
    assert repository.get_top_level_resources().keys() >= {"dlt_resource"}
    assert {name for name in repository.job_names if name.endswith("email_all")} == {
        "email_all",
        "crm_mail_email_all",
        "second_email_all",
    }


@pytest.mark.slow
def test_a_sync_its_checks_and_the_hosts_asset_run_together(
    api: Sandbox, instance: dg.DagsterInstance
) -> None:
    key = dg.AssetKey(["crm", "mail", "servers"])

    done = (
        host()
        .resolve_job_def("__ASSET_JOB")
        .execute_in_process(instance=instance, asset_selection=[key, dg.AssetKey("hosts_own")])
    )

    assert done.output_for_node("hosts_own") == "the host's"
    results = {
        (found.asset_key, found.check_name): found.passed
        for found in done.get_asset_check_evaluations()
    }
    assert results == {
        (key, check): True
        for check in ("primary_key", "complete", "schema_unchanged", "freshness_check")
    }
    observed = instance.fetch_observations(dg.AssetKey(["crm", "mail", "email_api"]), limit=1)
    assert len(observed.records) == 1


@pytest.mark.parametrize(
    "attributes", [{}, {"key_prefix": "mail"}, {"key_prefix": ["crm", "mail"]}]
)
def test_a_component_makes_the_assets_of_a_few_lines_of_yaml(
    attributes: dict[str, str | list[str]],
) -> None:
    prefix = attributes.get("key_prefix", [])
    path = [prefix] if isinstance(prefix, str) else prefix

    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(email_assets.EmailServiceComponent)
        scaffolded = yaml.safe_load((folder / "defs.yaml").read_text())
        (folder / "defs.yaml").write_text(yaml.safe_dump({**scaffolded, "attributes": attributes}))
        with sandbox.build_all_defs() as defs:
            specs = defs.resolve_all_asset_specs()
            jobs = {job.name for job in defs.resolve_all_job_defs()}

    assert {spec.key for spec in specs} == {dg.AssetKey([*path, name]) for name in ALL}
    assert "_".join([*path, "email_events"]) in jobs


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"key_prefix": "my-team"}, "key_prefix 'my-team' is no name of letters, digits and"),
        ({"key_prefix": ""}, "key_prefix '' is no name"),
        ({"key_prefix": ["crm", "a/b"]}, "key_prefix 'a/b' is no name"),
        ({"group": "my team"}, "group 'my team' is no name"),
        ({"automation": "condition"}, "automation can only be schedules or conditions."),
    ],
)
def test_what_dagster_has_no_name_or_no_word_for_is_refused_in_a_sentence(
    arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingError) as caught:
        build_defs(**arguments)

    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith("called, or in the component's defs.yaml.")


def test_dagster_finds_the_component_where_it_looks_for_them() -> None:
    assert "EmailServiceComponent" in dir(email_assets)
    assert issubclass(email_assets.EmailServiceComponent, dg.Component)


def test_assets_of_a_prefix_sync_by_a_job_of_their_own() -> None:
    job = host().resolve_job_def("crm_mail_email_events")

    selected = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}

    assert selected == {f"{PREFIX}{name}" for name in EVENTS + MADE_OF_EVENTS}
    assert not selected & {f"{PREFIX}{name}" for name in INVENTORY}
