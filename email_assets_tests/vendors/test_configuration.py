"""A few lines of configuration are all that a vendor needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from email_assets_tests.dagster_fixtures import MADE_OF_EVENTS
from email_assets_tests.vendors import (
    mailgun_fixtures,
    mailgun_server,
    resend_fixtures,
    resend_server,
)
from email_assets_tests.vendors.postmark_fixtures import NOON
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.vendors.serving import VendorServer
from email_assets_tests.vendors.syncing import contents_of, materialize_by_command

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Vendor:
    """A vendor's configuration, and the tables that it leads to."""

    name: str
    account: Callable[[], VendorServer]
    secret: str
    """The one line of secrets.toml below the vendor's section."""
    secrets: Callable[[Any], list[str]]
    """The secrets of the account, which may be nowhere."""
    counts: dict[str, int]
    """Rows of each resource's table."""
    made_of_events: frozenset[str] = frozenset()
    """Assets beyond the resources."""


def postmark_account() -> PostmarkServer:
    api = PostmarkServer(servers=2)
    for server in api.servers:
        server.send(NOON)
        server.bounce(NOON)
        server.suppressed["outbound"] = [{"EmailAddress": "ann@example.com"}]
    return api


VENDORS = [
    Vendor(
        "mailgun",
        mailgun_fixtures.account,
        f'api_key = "{mailgun_server.KEY}"',
        lambda api: [mailgun_server.KEY, *api.smtp_passwords],
        {
            "bounces": 1201,
            "messages": 250,
            "deliverystats": 200,
            "complaints": 2,
            "unsubscribes": 2,
            "servers": 2,
            "domains": 2,
        },
        frozenset(MADE_OF_EVENTS),
    ),
    Vendor(
        "postmark",
        postmark_account,
        f'account_token = "{ACCOUNT_TOKEN}"',
        lambda api: list(api.secrets),
        {
            "bounces": 2,
            "messages": 2,
            "deliverystats": 6,
            "outbound_sends": 2,
            "outbound_bounces": 2,
            "message_streams": 4,
            "suppressions": 2,
            "servers": 2,
            "domains": 2,
        },
        frozenset(MADE_OF_EVENTS),
    ),
    Vendor(
        "resend",
        resend_fixtures.account,
        f'api_key = "{resend_server.KEY}"',
        lambda _: [resend_server.KEY],
        {"bounces": 50, "messages": 1000, "deliverystats": 2, "domains": 3, "received": 1},
        frozenset(MADE_OF_EVENTS),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_few_lines_of_configuration_materialize_everything(
    vendor: Vendor, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vendor.account() as api:
        run = materialize_by_command(
            tmp_path,
            f'[sources.email]\nvendor = "{vendor.name}"\nbase_url = "{api.base_url}"\n',
            f"[sources.email.{vendor.name}]\n{vendor.secret}\n",
            monkeypatch,
        )

    assert run.status == 0, run.said
    assert run.materialized == {*vendor.counts, *vendor.made_of_events}
    checks = ("complete", "primary_key")
    assert run.passed >= {(name, check) for name in vendor.counts for check in checks}
    stored = contents_of(tmp_path / "home")
    secrets = vendor.secrets(api)
    assert [secret for secret in secrets if secret in run.said] == []
    assert [secret for secret in secrets if secret.encode() in stored] == []
    found = {name: query(f"SELECT count(*) FROM email.{name}")[0][0] for name in vendor.counts}
    assert found == vendor.counts
