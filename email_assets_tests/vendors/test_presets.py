"""Every preset against a server that refuses what its vendor does not allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from email_assets import check
from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.deliverability.daily import build_daily
from email_assets.vendors.resource import DAILY, endpoint_of
from email_assets_tests.vendors.brevo_server import BrevoServer
from email_assets_tests.vendors.mailersend_server import MailerSendServer
from email_assets_tests.vendors.mailjet_server import MailjetServer
from email_assets_tests.vendors.mailtrap_server import MailtrapServer
from email_assets_tests.vendors.mandrill_server import MandrillServer
from email_assets_tests.vendors.preset_server import MINUTE, PresetServer
from email_assets_tests.vendors.sendgrid_server import SendGridServer
from email_assets_tests.vendors.sparkpost_server import SparkPostServer
from email_assets_tests.vendors.syncing import load, written_and_said

Query = Callable[[str], list[tuple[Any, ...]]]

SERVERS: list[type[PresetServer]] = [
    BrevoServer,
    MailerSendServer,
    MailjetServer,
    MailtrapServer,
    MandrillServer,
    SendGridServer,
    SparkPostServer,
]


@pytest.fixture(params=SERVERS, ids=lambda server: server.vendor)
def api(
    request: pytest.FixtureRequest, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PresetServer]:
    """An account at each vendor in turn."""
    with request.param() as running:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", running.vendor)
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        for name, value in running.secrets.items():
            variable = f"SOURCES__EMAIL__{running.vendor}__{name}".upper()
            monkeypatch.setenv(variable, value)
        yield running


def test_every_row_is_loaded_and_a_second_sync_finds_what_is_new(
    api: PresetServer, query: Query
) -> None:
    resources = configured_account().resources
    events = [name for name, resource in resources.items() if resource["kind"] == "event"]

    first = {name: load(name) for name in resources}
    held = {name: len(rows) for name, rows in api.rows.items()}
    build_daily(configured_account(), say=print)
    outcome = query("SELECT SUM(sent), SUM(hard), SUM(soft), SUM(complaints) FROM email." + DAILY)
    api.add_newer(now() - MINUTE)
    second = {name: load(name) for name in events}

    assert api.refused == []
    assert outcome == [api.outcome]
    assert {name: report.row_count for name, report in first.items()} == held
    assert {name: report.row_count for name, report in second.items()} == {
        name: len(api.rows[name]) for name in events
    }
    by_time = [name for name in events if "incremental" in endpoint_of(resources[name])]
    asked_less = {name: second[name].rows_received < first[name].rows_received for name in by_time}
    assert asked_less == dict.fromkeys(by_time, True)


def test_the_question_for_one_page_finds_nothing_wrong(
    api: PresetServer, capsys: pytest.CaptureFixture[str]
) -> None:
    status = check.main([])

    assert (status, api.refused) == (0, []), capsys.readouterr().out


def test_no_secret_is_anywhere(
    api: PresetServer, warehouse: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = list(configured_account().resources)

    written, said = written_and_said(names, caplog, warehouse.parent)

    assert b"example.com" in written
    for secret in api.secrets.values():
        assert secret.encode() not in written
        assert secret not in said
