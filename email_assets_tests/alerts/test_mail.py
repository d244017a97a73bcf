"""Alerts by mail: what a real mail server is given, and what is said of one that takes none."""

from __future__ import annotations

import smtplib
from dataclasses import replace
from typing import Any

import pytest

from email_assets.alerts.channels import DeliveryError, Receipt
from email_assets.alerts.mail import PAGE, recipient_digest
from email_assets_tests.alerts.alert_fixtures import (
    MAIL_REMEDY,
    MESSAGE,
    RECIPIENTS,
    MailServer,
    certificate,
    mail_channel,
    mail_server,
)

__all__ = ["certificate", "mail_server"]


def test_a_mail_has_what_a_reader_and_a_mailbox_want(mail_server: MailServer) -> None:
    mail_channel().send(MESSAGE, 10)

    (mail,) = mail_server.mails
    assert (mail["From"], mail["Subject"]) == (
        "Platform <platform@alerts.example>",
        "ERROR bounces failed: ünknown",
    )
    assert mail["Message-ID"] == "<id-1@alerts.example>"
    assert mail["Date"].datetime
    assert mail["Auto-Submitted"] == "auto-generated"  # so that no absent reader answers it
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().strip() == MESSAGE.text


def test_a_mail_is_in_letters_that_every_server_takes(mail_server: MailServer) -> None:
    mail_channel().send(replace(MESSAGE, page="<h1>ünknown</h1>"), 10)

    (written,) = mail_server.written
    assert written.isascii()


def test_a_recipient_who_is_refused_is_told_and_the_others_get_the_mail_once(
    mail_server: MailServer,
) -> None:
    mail_server.refused = ["ann@alerts.example"]

    receipt = mail_channel().send(MESSAGE, 10)

    assert receipt.remark
    assert receipt.remark.startswith(
        "The mail server refused 1 of 2 recipients of an alert. Set it as"
    )
    assert receipt.not_yet == ()
    assert mail_server.recipients == [["ops@alerts.example"]]


def test_a_recipient_who_is_refused_for_now_gets_the_mail_later_and_alone(
    mail_server: MailServer,
) -> None:
    mail_server.refused_for_now = ["ann@alerts.example"]
    receipt = mail_channel().send(MESSAGE, 10)
    again = mail_channel().send(MESSAGE, 10, receipt.not_yet)
    mail_server.refused_for_now = []
    last = mail_channel().send(MESSAGE, 10, again.not_yet)

    assert "2 recipients of an alert for now. Set it as" in str(receipt.remark)
    assert receipt.not_yet == again.not_yet == (recipient_digest("Ann <ann@alerts.example>"),)
    assert last == Receipt()
    assert mail_server.recipients == [["ops@alerts.example"], ["ann@alerts.example"]]


def test_a_recipient_who_is_refused_for_good_at_last_is_not_waited_for(
    mail_server: MailServer,
) -> None:
    mail_server.refused = ["ann@alerts.example"]

    receipt = mail_channel().send(MESSAGE, 10, [recipient_digest("ann@alerts.example")])

    assert receipt.not_yet == ()
    assert mail_server.mails == []


def test_a_recipient_who_was_taken_out_of_the_settings_is_not_waited_for(
    mail_server: MailServer,
) -> None:
    assert mail_channel().send(MESSAGE, 10, ["no digest of theirs"]) == Receipt()
    assert mail_server.attempts == 0


def test_a_server_that_takes_nobody_has_taken_no_mail(mail_server: MailServer) -> None:
    mail_server.refused_for_now = RECIPIENTS

    with pytest.raises(DeliveryError, match="The mail server refused every recipient"):
        mail_channel().send(MESSAGE, 10)


def test_a_server_that_fails_at_the_goodbye_has_the_mail(mail_server: MailServer) -> None:
    mail_server.goodbye = "451 not now"

    assert mail_channel().send(MESSAGE, 10) == Receipt()
    assert len(mail_server.mails) == 1


def test_a_server_whose_certificate_is_unknown_gets_no_password(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(DeliveryError, match=r"could not be reached \(SSLCertVerificationError"):
        mail_channel().send(MESSAGE, 10)
    assert mail_server.attempts == 0


def test_all_recipients_stand_in_the_mail(mail_server: MailServer) -> None:
    mail_channel().send(MESSAGE, 10)

    (mail,) = mail_server.mails
    assert mail["To"] == "ops@alerts.example, ann@alerts.example"


def test_a_page_comes_as_a_file_beside_the_text(mail_server: MailServer) -> None:
    mail_channel().send(replace(MESSAGE, page="<h1>ünknown</h1>"), 10)

    (mail,) = mail_server.mails
    text, page = mail.iter_parts()
    assert text.get_content().strip() == MESSAGE.text
    assert (page.get_content_type(), page.get_filename()) == ("text/html", PAGE)
    assert page.get_content().strip() == "<h1>ünknown</h1>"


def test_a_login_that_is_refused_is_told_without_the_password(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTS__SMTP_PASSWORD", "another")

    with pytest.raises(DeliveryError) as caught:
        mail_channel().send(MESSAGE, 10)

    assert str(caught.value) == f"The mail server refused the login (535). {MAIL_REMEDY}"


def test_a_server_that_refuses_the_mail_is_told_with_its_answer(mail_server: MailServer) -> None:
    mail_server.down = True

    with pytest.raises(DeliveryError) as caught:
        mail_channel().send(MESSAGE, 10)

    assert str(caught.value) == f"The mail server answered 451. {MAIL_REMEDY}"


def test_what_a_server_says_of_a_mail_may_take_all_the_time_that_the_mail_has(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float | None] = []

    class Watched(smtplib.SMTP):
        def data(self, msg: Any) -> tuple[int, bytes]:
            assert self.sock
            limits.append(self.sock.gettimeout())
            return super().data(msg)

    monkeypatch.setattr(smtplib, "SMTP", Watched)

    mail_channel().send(MESSAGE, 37)

    assert limits == [37]
