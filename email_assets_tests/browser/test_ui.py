"""`make ui` in a real browser, as somebody sees it who opens it for the first time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from email_assets_tests.browser.conftest import CHROMIUM, Platform
from email_assets_tests.dagster_fixtures import CHECK_NAMES, NAMES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def events(platform: Platform) -> str:
    """A run of all that changes by the hour, launched before anybody looks."""
    return platform.launch("email_events")


@pytest.fixture(scope="module")
def clicked(page: Page, platform: Platform) -> str:
    """A run of servers, which the other one leaves alone, launched by a click."""
    return materialize_by_click(page, platform, "servers")


@pytest.fixture(scope="module")
def synced(platform: Platform, clicked: str) -> None:
    """That run has ended: until then its checks are shown as under way."""
    platform.wait_for(clicked)


def open_page(page: Page, platform: Platform, path: str) -> None:
    # never for network idle: the UI asks on and on
    page.goto(f"{platform.address}{path}", wait_until="domcontentloaded")


def materialize_by_click(page: Page, platform: Platform, asset: str) -> str:
    """Click an asset's button, and give the id of the run that it launches."""
    open_page(page, platform, f"/assets/{asset}")
    # leaving the page before its answer came would take the launch back
    with page.expect_response(
        lambda answer: "LaunchPipelineExecution" in (answer.request.post_data or "")
    ) as launched:
        page.get_by_role("button", name=re.compile(r"Materialize$")).click()
    (run,) = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", launched.value.text()))
    return str(run)


@pytest.mark.usefixtures("events")
def test_the_graph_shows_the_api_and_the_assets_that_come_from_it(
    page: Page, platform: Platform
) -> None:
    open_page(page, platform, "/asset-groups")
    for name in ("email_api", *NAMES):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_a_click_materializes_an_asset(page: Page, platform: Platform, clicked: str) -> None:
    open_page(page, platform, f"/runs/{clicked}")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()


@pytest.mark.parametrize("check", CHECK_NAMES)
@pytest.mark.usefixtures("synced")
def test_its_checks_pass(page: Page, platform: Platform, check: str) -> None:
    open_page(page, platform, f"/assets/servers?view=checks&checkDetail={check}")
    expect(page.get_by_text("Passed").first).to_be_visible()


@pytest.mark.usefixtures("synced")
def test_its_page_says_how_many_rows_there_are_and_whether_they_are_fresh(
    page: Page, platform: Platform
) -> None:
    open_page(page, platform, "/assets/servers")
    for heading in ("Row count", "Freshness policy", "Latest check results"):
        expect(page.get_by_text(heading, exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("generic.py: servers")).first).to_be_visible()


@pytest.mark.usefixtures("synced")
def test_its_figures_are_plotted(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/assets/servers")
    page.get_by_text("Plots", exact=True).click()
    expect(page.get_by_text("rows_loaded", exact=True)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()


def test_the_report_shows_its_charts(page: Page, platform: Platform, events: str) -> None:
    # the page of an asset does not show by itself what came after it was opened
    platform.wait_for(events)
    open_page(page, platform, "/assets/deliverability_report")
    page.get_by_text("[Show Markdown]").click()
    expect(page.get_by_text(re.compile(r"% bounced: "))).to_be_visible()
    for chart in ("Bounce rate of each day", "What came back, by kind"):
        expect(page.get_by_alt_text(chart)).to_be_visible()
        # one that cannot be drawn has no size of its own
        assert page.get_by_alt_text(chart).evaluate("image => image.naturalWidth")


@pytest.mark.usefixtures("synced")
def test_the_api_is_shown_as_observed(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/assets/email_api")
    expect(page.get_by_text("Latest observation", exact=True)).to_be_visible()
    expect(page.get_by_text("authorised", exact=True)).to_be_visible()


def test_a_run_that_fails_shows_what_is_wrong_in_a_sentence(page: Page, platform: Platform) -> None:
    with platform.fault("domains", kind="status", status=401):
        run = materialize_by_click(page, platform, "domains")
        open_page(page, platform, f"/runs/{run}")
        expect(page.get_by_text("Failure", exact=True).first).to_be_visible()
    expect(
        page.get_by_text(re.compile("domains: the API refused the key .401.")).first
    ).to_be_visible()


def test_the_automation_page_lists_schedules_and_sensors(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/automation")
    for name in ("email_events", "email_inventory", "new_records", "freshness_checks", "alerts"):
        expect(page.get_by_text(name, exact=True)).to_be_visible()


def test_a_sensor_that_is_switched_on_ticks(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/locations/email_assets/sensors/new_records")
    # the switch's own box is hidden behind what is drawn of it
    page.locator("input[type=checkbox]").first.locator("..").click()
    expect(page.get_by_text(re.compile(r"1 run|[Rr]equested|Skipped")).first).to_be_visible()
