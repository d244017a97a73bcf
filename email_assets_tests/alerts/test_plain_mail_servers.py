"""Alerts by mail through servers that offer little: no TLS, no login, no letters beyond ASCII."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from email_assets.alerts.channels import DeliveryError, Receipt
from email_assets.alerts.mail import recipient_digest
from email_assets_tests.alerts.alert_fixtures import (
    MAIL_REMEDY,
    MESSAGE,
    RECIPIENTS,
    FreePortController,
    MailServer,
    certificate,
    mail_channel,
    mail_server,
)

__all__ = ["certificate", "mail_server"]

LACKS = (
    "The mail server offers no STARTTLS, no login or no addresses beyond ASCII (SMTPUTF8). "
    + MAIL_REMEDY
)


def test_a_server_without_tls_gets_no_password(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _told_by_a_plain_server(mail_server, monkeypatch) == LACKS
    assert mail_server.attempts == 0


def test_an_address_that_the_server_has_no_letters_for_is_told_among_the_reasons(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_plain(monkeypatch, ["ann@exämple.org"])

    assert _told_by_a_plain_server(mail_server, monkeypatch) == LACKS


@pytest.mark.parametrize("address", ["bob@exämple.org", "Bob <bőb@example.org>"])
def test_an_address_that_the_server_has_no_letters_for_keeps_no_mail_from_others(
    address: str, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_server.refused_for_now = ["ann@alerts.example"]
    set_plain(monkeypatch, [RECIPIENTS[0], address, RECIPIENTS[1]])

    with plain_server(mail_server, monkeypatch):
        receipt = mail_channel().send(MESSAGE, 60)

    assert mail_server.recipients == [["ops@alerts.example"]]
    assert mail_server.mails[0]["To"] == "ops@alerts.example, ann@alerts.example"
    assert receipt.not_yet == (recipient_digest("ann@alerts.example"),)
    assert receipt.remark
    assert receipt.remark.startswith(
        "The mail server refused 1 of 3 recipients of an alert for now. The mail server takes no "
        "addresses beyond ASCII (SMTPUTF8), so an alert did not go to number 2 of mail_to."
    )


def test_an_address_beyond_ascii_gets_the_mail_where_the_server_has_letters_for_it(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_plain(monkeypatch, [RECIPIENTS[0], "bőb@exämple.org"])

    with plain_server(mail_server, monkeypatch, has_letters=True):
        assert mail_channel().send(MESSAGE, 60) == Receipt()

    assert mail_server.recipients == [[RECIPIENTS[0], "bőb@exämple.org"]]


def set_plain(monkeypatch: pytest.MonkeyPatch, recipients: list[str]) -> None:
    """Set the recipients, and no TLS or login."""
    monkeypatch.setenv("ALERTS__MAIL_TO", json.dumps(recipients))
    monkeypatch.setenv("ALERTS__SMTP_SECURITY", "none")
    monkeypatch.delenv("ALERTS__SMTP_USER")
    monkeypatch.delenv("ALERTS__SMTP_PASSWORD")


def _told_by_a_plain_server(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sentence on a server without TLS, a login and letters beyond ASCII."""
    with plain_server(mail_server, monkeypatch), pytest.raises(DeliveryError) as caught:
        mail_channel().send(MESSAGE, 60)
    return str(caught.value)


@contextmanager
def plain_server(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, has_letters: bool = False
) -> Iterator[None]:
    """A server without TLS and a login, which is set in the settings."""
    plain = FreePortController(
        mail_server, hostname="127.0.0.1", port=0, enable_SMTPUTF8=has_letters
    )
    plain.start()
    try:
        monkeypatch.setenv("ALERTS__SMTP_PORT", str(plain.port))
        yield
    finally:
        plain.stop()
