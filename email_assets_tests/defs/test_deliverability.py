"""The assets of deliverability: when they are defined, when they run, what they say."""

import base64
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.defs.deliverability import build_deliverability_assets
from email_assets.defs.deliverability_checks import build_deliverability_checks
from email_assets.defs.schedules import build_jobs
from email_assets.sandbox import Sandbox
from email_assets.vendors.generic import VENDOR
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    MADE_OF_EVENTS,
    figures,
    instance,
    materialize,
    materialized,
    platform,
)
from email_assets_tests.deliverability.deliverability_fixtures import counted
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["instance", "use_vendor"]

IMAGE = re.compile(r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([^)]+)\)")


def specs() -> dict[str, dg.AssetSpec]:
    return {
        spec.key.to_user_string(): spec
        for asset in build_deliverability_assets(configured_account())
        for spec in asset.specs
    }


class TestDefinitions:
    def test_the_table_is_made_of_what_it_reads_and_the_report_of_the_table(self) -> None:
        deps = {
            name: {dep.asset_key.to_user_string() for dep in spec.deps}
            for name, spec in specs().items()
        }

        assert deps == {
            "deliverability_daily": {"messages", "bounces", "domains"},
            "deliverability_report": {"deliverability_daily"},
        }

    def test_they_are_described_like_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CATALOG__OWNERS", '["team:data"]')
        monkeypatch.setenv("CATALOG__TAGS", '{"domain": "email"}')
        hourly = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=2))

        for spec in specs().values():
            assert (spec.group_name, spec.owners, spec.tags["domain"], spec.freshness_policy) == (
                *("email", ["team:data"], "email", hourly),
            )

    def test_the_table_and_the_meaning_of_its_columns_are_told(self) -> None:
        daily = specs()["deliverability_daily"]

        assert daily.metadata["dagster/table_name"] == "email.deliverability_daily"
        columns = daily.metadata["dagster/column_schema"].columns
        assert [column.name for column in columns if not column.description] == []
        assert daily.kinds == {"sql", "duckdb"}

    def test_they_link_to_their_mapping_and_to_what_the_readme_says_of_them(self) -> None:
        for asset in build_deliverability_assets(configured_account()):
            (spec,) = asset.specs
            references = spec.metadata["dagster/code_references"].code_references
            lines = [
                Path(found.file_path).read_text().splitlines()[found.line_number - 1].strip()
                for found in references
            ]
            assert lines == ['"deliverability": {', "# Deliverability"]

    def test_a_vendor_that_does_not_say_of_what_to_make_them_has_none(
        self, use_vendor: UseVendor
    ) -> None:
        vendor: Any = deepcopy(VENDOR)
        del vendor["deliverability"]
        use_vendor(f"from email_assets.vendors import Secret\nVENDOR = {vendor!r}")

        assert (
            build_deliverability_assets(configured_account()),
            build_deliverability_checks(configured_account()),
        ) == ([], [])
        assert "email_all" in {job.name for job in build_jobs(configured_account())}

    @pytest.mark.parametrize("name", ["messages", "bounces"])
    def test_without_messages_or_bounces_there_are_none(
        self, name: str, use_vendor: UseVendor
    ) -> None:
        vendor: Any = deepcopy(VENDOR)
        vendor["resources"] = [found for found in vendor["resources"] if found["name"] != name]
        use_vendor(f"from email_assets.vendors import Secret\nVENDOR = {vendor!r}")

        assert (
            build_deliverability_assets(configured_account()),
            build_deliverability_checks(configured_account()),
        ) == ([], [])


@dataclass
class Run:
    sandbox: Sandbox
    result: dg.ExecuteInProcessResult

    @property
    def report(self) -> dict[str, Any]:
        return figures(self.result, "deliverability_report")

    def charts(self) -> list[str]:
        return [base64.b64decode(found).decode() for found in IMAGE.findall(self.report["report"])]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The assets of a thousand messages of the last thirty days."""
    with (
        Sandbox(messages=1000, api_key=KEY) as sandbox,
        platform(tmp_path_factory.mktemp("report"), sandbox) as instance,
    ):
        yield Run(sandbox, materialize(instance, "messages", "bounces", *MADE_OF_EVENTS))


class TestARun:
    @pytest.mark.slow
    def test_it_tells_the_rows_of_the_table(self, run: Run) -> None:
        rows = figures(run.result, "deliverability_daily")["dagster/row_count"]

        assert rows == len(counted(run.sandbox))

    @pytest.mark.slow
    def test_the_reports_numbers_are_those_of_the_last_thirty_days(self, run: Run) -> None:
        last = re.search(r"up to (\S+) \(UTC\)", run.report["report"])
        assert last
        first = str(date.fromisoformat(last[1]) - timedelta(days=29))
        rows = [row for row in counted(run.sandbox) if row[0] >= first]
        sent, bounced = sum(row[2] for row in rows), sum(row[3] for row in rows)

        assert {name: run.report[name] for name in ("sent", "bounced", "complaints")} == {
            "sent": sent,
            "bounced": bounced,
            "complaints": sum(row[6] for row in rows),
        }
        assert run.report["bounce_rate"] == pytest.approx(bounced / sent, abs=1e-6)

    def test_the_reports_first_line_is_the_answer_in_plain_words(self, run: Run) -> None:
        first, *_ = run.report["report"].splitlines()

        assert re.match(r"\d\.\d % bounced: \d+ of [\d,]+ messages, in the 30 days up to ", first)

    def test_the_reports_charts_need_nothing_from_outside(self, run: Run) -> None:
        roots = [ElementTree.fromstring(chart) for chart in run.charts()]

        assert {root.tag for root in roots} == {"{http://www.w3.org/2000/svg}svg"}
        titles = [next(text.text for text in root.iter(f"{root.tag[:-3]}text")) for root in roots]
        assert [title for title in titles if title != "Complaint rate, last 30 days"] == [
            "Messages sent, last 30 days",
            "Bounce rate, last 30 days",
            "Worst senders with 100 messages or more",
            "What came back, by kind",
        ]
        for chart in run.charts():
            assert re.search(r"<script|href|url\(|@import", chart) is None

    def test_a_report_is_small_enough_to_be_kept_every_hour(self, run: Run) -> None:
        assert len(run.report["report"]) < 30_000

    def test_neither_asset_holds_an_address(self, run: Run) -> None:
        said = run.report["report"] + "".join(run.charts())
        said += str(figures(run.result, "deliverability_daily"))

        assert "@" not in said


class TestAnApiWithoutTheFields:
    @pytest.mark.slow
    def test_of_the_vendor_neutral_api_they_are_skipped_with_a_sentence_in_the_log(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.replace("messages", [{"id": "a"}])
        api.replace("bounces", [{"id": 1}])

        result = materialize(instance, "messages", "bounces", *MADE_OF_EVENTS)

        assert result.success
        assert materialized(result) == {"messages", "bounces"}
        said = [entry.user_message for entry in instance.all_logs(result.run_id)]
        assert any("the table messages has no column sent_at" in line for line in said)

    def test_before_messages_are_loaded_the_step_fails_with_what_to_materialize(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        result = materialize(instance, *MADE_OF_EVENTS)

        (failure,) = result.get_step_failure_events()
        assert failure.step_failure_data.user_failure_data
        assert failure.step_failure_data.user_failure_data.description == (
            "deliverability_daily: there is no table messages yet. Materialize messages."
        )
