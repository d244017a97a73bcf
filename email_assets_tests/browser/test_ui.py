"""`make ui` in a real browser: the first ten minutes of somebody who opens it, with pictures."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import FloatRect, Page, expect

from email_assets.clock import now
from email_assets_tests import programs
from email_assets_tests.browser.conftest import CHROMIUM, PICTURES, VIEWPORT, Platform
from email_assets_tests.dagster_fixtures import CHECK_NAMES, NAMES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


TWO_ACCOUNTS = """
[sources.email.accounts.marketing.messages]
cursor_path = "sent_at"
partition = "daily"
partition_start = "{start}"

[sources.email.accounts.support]
"""


@pytest.fixture(scope="module")
def events(platform: Platform) -> str:
    """A run of all that changes by the hour, which takes its time until it was looked at."""
    platform.set_faults("messages", {"kind": "latency", "seconds": 4.0})
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


def picture(page: Page, name: str, clip: FloatRect | None = None) -> None:
    """Keep what a person sees at this moment."""
    page.screenshot(path=PICTURES / f"{name}.png", clip=clip)


def test_the_first_page_offers_to_materialize_an_asset(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/")
    expect(page.get_by_text("Materialize an asset")).to_be_visible()
    picture(page, "first_page")


@pytest.mark.usefixtures("events")
def test_the_catalog_says_what_each_asset_is(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/assets")
    for name in ("email_api", *NAMES):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    expect(page.get_by_text("A message sent through the service").first).to_be_visible()
    picture(page, "catalog")


@pytest.mark.usefixtures("events")
def test_the_graph_shows_the_api_and_the_assets_that_come_from_it(
    page: Page, platform: Platform
) -> None:
    open_page(page, platform, "/asset-groups")
    for name in ("email_api", *NAMES):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_a_run_says_how_far_it_is(page: Page, platform: Platform, events: str) -> None:
    open_page(page, platform, f"/runs/{events}?logs=step%3Amessages")
    said = re.compile(r"messages: [\d,]+ of [\d,]+ rows read \(\d+%\), [\d,]+ a second, .* left")
    expect(page.get_by_text(said).first).to_be_visible()
    picture(page, "progress")
    platform.set_faults("messages")


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
    picture(page, "report_in_dagster")


def test_the_report_is_a_page_in_light_and_dark(page: Page, platform: Platform) -> None:
    file = platform.folder / "report.html"
    ended = programs.run(
        *("python", "-m", "email_assets.quickstart.report", "--html", str(file)),
        home=platform.folder,
        cwd=platform.folder,
        env={"DLT_PROJECT_DIR": str(platform.folder)},
    )
    assert ended.status == 0, ended.said
    page.goto(file.as_uri())
    grounds = {}
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        picture(page, f"report_{scheme}")

    assert grounds["dark"] != grounds["light"]


@pytest.mark.usefixtures("synced")
def test_the_api_is_shown_as_observed(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/assets/email_api")
    expect(page.get_by_text("Latest observation", exact=True)).to_be_visible()
    expect(page.get_by_text("authorised", exact=True)).to_be_visible()


def test_a_run_that_fails_shows_what_is_wrong_in_a_sentence(page: Page, platform: Platform) -> None:
    platform.set_faults("domains", {"kind": "status", "status": 401})
    run = materialize_by_click(page, platform, "domains")
    open_page(page, platform, f"/runs/{run}")
    expect(page.get_by_text("Failure", exact=True).first).to_be_visible()
    platform.set_faults("domains")
    # where an alert's link leads to
    open_page(page, platform, f"/runs/{run}?selection=name%3A%22domains%22&logs=step%3Adomains")
    sentence = page.get_by_text(re.compile("domains: the API refused the key .401."))
    expect(sentence.first).to_be_visible()
    picture(page, "failed_run")


@pytest.mark.usefixtures("synced")
def test_the_graph_shows_what_was_loaded(page: Page, platform: Platform, events: str) -> None:
    platform.wait_for(platform.launch("email_all"))
    page.set_viewport_size({"width": 1900, "height": 1300})
    open_page(page, platform, "/asset-groups")
    expect(page.get_by_text("4 / 4 Passed")).to_have_count(5)
    picture(page, "graph", {"x": 600, "y": 240, "width": 1240, "height": 890})
    page.set_viewport_size(VIEWPORT)


def test_the_automation_page_lists_schedules_and_sensors(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/automation")
    for name in ("email_events", "email_inventory", "new_records", "freshness_checks", "alerts"):
        expect(page.get_by_text(name, exact=True)).to_be_visible()


def test_a_sensor_that_is_switched_on_ticks(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/locations/email_assets/sensors/new_records")
    # the switch's own box is hidden behind what is drawn of it
    page.locator("input[type=checkbox]").first.locator("..").click()
    expect(page.get_by_text(re.compile(r"1 run|[Rr]equested|Skipped")).first).to_be_visible()


@pytest.fixture(scope="module")
def accounts(page: Page, platform: Platform) -> None:
    """Two accounts in the place of the one, from a click on; one has partitions."""
    with (platform.folder / ".dlt" / "config.toml").open("a") as config:
        config.write(TWO_ACCOUNTS.format(start=(now() - timedelta(days=3)).date()))
    open_page(page, platform, "/asset-groups")
    page.get_by_role("button", name="Reload definitions").click()
    expect(page.get_by_text("email_marketing", exact=True).first).to_be_visible()


@pytest.mark.usefixtures("accounts")
def test_two_accounts_stand_side_by_side(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/asset-groups")
    for account in ("marketing", "support"):
        expect(page.get_by_text(f"email_{account}", exact=True).first).to_be_visible()
    picture(page, "two_accounts")


@pytest.mark.usefixtures("accounts")
def test_a_backfill_fills_in_days(page: Page, platform: Platform) -> None:
    open_page(page, platform, "/assets/marketing/messages?view=partitions")
    page.get_by_role("button", name=re.compile("Materialize")).first.click()
    page.get_by_role("button", name="Missing", exact=True).click()
    page.get_by_role("button", name="Launch backfill").click()
    expect(page.get_by_text("Created backfill")).to_be_visible()
    open_page(page, platform, "/runs?view=backfills")
    expect(page.get_by_text("4 partitions")).to_be_visible()
    picture(page, "backfill")
