"""Every preset against a server that refuses what its vendor does not allow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from email_assets import check
from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.deliverability.breakdown import read_breakdown
from email_assets.deliverability.daily import Outcome, build_daily
from email_assets.deliverability.figures import total
from email_assets.vendors.resource import DAILY, endpoint_of
from email_assets_tests.deliverability.event_counts import counts_of_days, counts_of_events
from email_assets_tests.queries import ask, set_place
from email_assets_tests.vendors.brevo_server import BrevoServer
from email_assets_tests.vendors.mailersend_server import MailerSendServer
from email_assets_tests.vendors.mailjet_server import MailjetServer
from email_assets_tests.vendors.mailtrap_server import MailtrapServer
from email_assets_tests.vendors.mandrill_server import MandrillServer
from email_assets_tests.vendors.preset_server import MINUTE, PresetServer
from email_assets_tests.vendors.sendgrid_server import SendGridServer
from email_assets_tests.vendors.sendgrid_subusers_server import SendGridSubusersServer
from email_assets_tests.vendors.sparkpost_server import SparkPostServer
from email_assets_tests.vendors.syncing import Traces, load, synced_in_sight

pytestmark = pytest.mark.slow

SERVERS: list[type[PresetServer]] = [
    BrevoServer,
    MailerSendServer,
    MailjetServer,
    MailtrapServer,
    MandrillServer,
    SendGridServer,
    SendGridSubusersServer,
    SparkPostServer,
]
OTHERS = (
    "SELECT type, count(*) FROM email.email_events "
    "WHERE type NOT IN ('sent', 'bounced', 'complained') GROUP BY type"
)


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server.vendor)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PresetServer, Path]]:
    """An account at each vendor in turn, and the file of a warehouse."""
    folder = tmp_path_factory.mktemp("preset")
    (folder / "tmp").mkdir()
    with request.param() as running, pytest.MonkeyPatch.context() as patch:
        set_place(patch, folder / "warehouse.duckdb")
        patch.setenv("TMPDIR", str(folder / "tmp"))
        patch.setattr(tempfile, "tempdir", None)
        patch.setenv("SOURCES__EMAIL__VENDOR", running.vendor)
        patch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        for name, value in running.secrets.items():
            patch.setenv(f"SOURCES__EMAIL__{running.vendor}__{name}".upper(), value)
        yield running, folder / "warehouse.duckdb"


@pytest.fixture(scope="module")
def api(place: tuple[PresetServer, Path]) -> PresetServer:
    return place[0]


@pytest.fixture(scope="module")
def first(place: tuple[PresetServer, Path]) -> Traces:
    """The first sync of everything."""
    return synced_in_sight(list(configured_account().resources), place[1].parent)


@dataclass
class Figures:
    """Figures that the warehouse tells after the first sync."""

    outcome: list[tuple[Any, ...]]
    """Messages that were sent, bounced hard and soft, and were called spam, by the days' table."""
    of_events: Any
    of_days: Any
    senders: list[tuple[str]]
    """The senders of messages, in the days' table."""
    others: dict[str, int]
    """Events that no day's table counts, by type."""
    complained: list[tuple[int]]
    """Events of complaints that tell whose they are."""
    of_mailboxes: Outcome
    """The outcome in the report, of all mailbox providers."""


@pytest.fixture(scope="module")
def figures(place: tuple[PresetServer, Path], first: Traces) -> Figures:
    account, query = configured_account(), partial(ask, place[1])
    build_daily(account, say=print)
    found = read_breakdown(account, date(2000, 1, 1), now().date(), who=DAILY, say=print)
    return Figures(
        query(f"SELECT SUM(sent), SUM(hard), SUM(soft), SUM(complaints) FROM email.{DAILY}"),
        counts_of_events(query),
        counts_of_days(query),
        query(f"SELECT DISTINCT sender FROM email.{DAILY} WHERE sent > 0"),
        dict(query(OTHERS)),
        query("SELECT count(recipient) FROM email.email_events WHERE type = 'complained'"),
        total((found.providers or {}).values()),
    )


def test_the_days_count_what_the_events_count(api: PresetServer, figures: Figures) -> None:
    assert figures.outcome == [api.outcome]
    assert figures.of_events == figures.of_days


@pytest.mark.slow
def test_each_sender_is_told_by_its_name(figures: Figures) -> None:
    assert figures.senders
    assert all("example.com" in sender for (sender,) in figures.senders)


def test_what_else_happened_to_messages_is_told(api: PresetServer, figures: Figures) -> None:
    assert figures.others == api.others


def test_the_report_knows_the_mailbox_of_each_message_and_what_became_of_it(
    api: PresetServer, figures: Figures
) -> None:
    found = figures.of_mailboxes
    assert (found.sent, found.hard, found.soft, found.complaints) == api.outcome
    assert figures.complained == [(found.complaints,)]


@pytest.mark.usefixtures("figures")  # of the first sync alone
def test_every_row_is_loaded_and_a_second_sync_finds_what_is_new(
    api: PresetServer, first: Traces
) -> None:
    resources = configured_account().resources
    events = [name for name, resource in resources.items() if resource["kind"] == "event"]
    held = {name: len(rows) for name, rows in api.rows.items()}

    api.add_newer(now() - MINUTE)
    second = {name: load(name) for name in events}

    assert api.refused == []
    assert {name: report.row_count for name, report in first.reports.items()} == held
    assert {name: report.row_count for name, report in second.items()} == {
        name: len(api.rows[name]) for name in events
    }
    by_time = [name for name in events if "incremental" in endpoint_of(resources[name])]
    asked_less = {
        name: second[name].rows_received < first.reports[name].rows_received for name in by_time
    }
    assert asked_less == dict.fromkeys(by_time, True)


def test_the_question_for_one_page_finds_nothing_wrong(
    api: PresetServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with type(api)() as unasked:  # of whose requests in a minute none is used up
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", unasked.base_url)
        status = check.main([])

    assert (status, unasked.refused) == (0, []), capsys.readouterr().out


def test_no_secret_is_anywhere(api: PresetServer, first: Traces) -> None:
    assert b"example.com" in first.written
    for secret in api.secrets.values():
        assert secret.encode() not in first.written
        assert secret not in first.said
