"""The domains of Mailgun's sub-accounts, and their lists, which a header asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets_tests.vendors.mailgun_fixtures import Query
from email_assets_tests.vendors.mailgun_server import KEY, MailgunServer
from email_assets_tests.vendors.syncing import load, synced_in_sight

pytestmark = pytest.mark.slow

LISTS = ["bounces", "complaints", "unsubscribes"]
NORTH, SOUTH = f"{0:024x}", f"{1:024x}"


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailgunServer]:
    """An account with a domain of its own, and two sub-accounts with three."""
    with MailgunServer() as running:
        for name in ("north", "south"):
            running.add_subaccount(name)
        for domain, whose in (("own", None), ("n1", NORTH), ("n2", NORTH), ("s1", SOUTH)):
            name = f"{domain}.example.com"
            running.add_domain(name)
            running.bounce(name, f"gone@{domain}.example.org")
            if whose:
                running.whose[name] = whose
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "mailgun_subaccounts")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__MAILGUN_SUBACCOUNTS__API_KEY", KEY)
        yield running


@pytest.mark.usefixtures("api")
def test_domains_are_those_of_all_sub_accounts(query: Query) -> None:
    load("domains")

    assert query("SELECT subaccount, name FROM email.domains ORDER BY name") == [
        (NORTH, "n1.example.com"),
        (NORTH, "n2.example.com"),
        (SOUTH, "s1.example.com"),
    ]


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("name", LISTS)
def test_addresses_are_those_of_all_their_domains(name: str, query: Query) -> None:
    load(name)

    assert query(f"SELECT subaccount, domain, address FROM email.{name} ORDER BY domain") == [
        (NORTH, "n1.example.com", "gone@n1.example.org"),
        (NORTH, "n2.example.com", "gone@n2.example.org"),
        (SOUTH, "s1.example.com", "gone@s1.example.org"),
    ]


def test_a_domain_that_is_refused_leaves_those_of_others_read(
    api: MailgunServer, query: Query
) -> None:
    api.refused["n1.example.com"] = 403

    report = load("bounces")

    assert query("SELECT domain FROM email.bounces ORDER BY domain") == [
        ("n2.example.com",),
        ("s1.example.com",),
    ]
    assert len(report.owners_refused) == 1


def test_a_second_sync_finds_what_is_new(api: MailgunServer) -> None:
    load("bounces")
    api.bounce("s1.example.com", "new@example.org")

    report = load("bounces")

    assert (report.rows_loaded, report.row_count) == (1, 4)


@pytest.mark.usefixtures("api")
def test_what_mailgun_tells_of_all_is_not_read_twice() -> None:
    assert {*configured_account().resources} == {"servers", "domains", *LISTS}


def test_neither_the_key_nor_a_password_is_anywhere(
    api: MailgunServer, tmp_path: Path, warehouse: Path
) -> None:
    traces = synced_in_sight(list(configured_account().resources), warehouse.parent)

    assert b"gone@n1.example.org" in traces.written
    for secret in (KEY, *api.smtp_passwords):
        assert secret.encode() not in traces.written
        assert secret not in traces.said
