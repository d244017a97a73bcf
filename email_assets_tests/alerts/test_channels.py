"""Channels: what is sent, and what is refused, with real receivers."""

import logging
import socket
import sys

import pytest

from email_assets import notify
from email_assets.alerts.channels import DeliveryError, Webhook
from email_assets.alerts.configured import InvalidChannel, channels
from email_assets.settings.alerting import alerting_as_set_now
from email_assets_tests.alerts.alert_fixtures import (
    MESSAGE,
    MailServer,
    certificate,
    listening,
    mail_server,
    webhook,
)
from email_assets_tests.alerts.alert_fixtures import Webhook as Receiver

__all__ = ["certificate", "mail_server", "webhook"]

MAIL = {
    "SMTP_HOST": "mail.example.org",
    "MAIL_FROM": "data@example.org",
    "MAIL_TO": '["ann@example.org"]',
}


class TestWebhook:
    @pytest.mark.parametrize("status", [302, 404, 500])
    def test_an_answer_that_is_no_success_is_told_without_the_address(
        self, webhook: Receiver, status: int
    ) -> None:
        webhook.status = status

        with pytest.raises(DeliveryError) as caught:
            Webhook(webhook.url).send(MESSAGE, 10)

        assert str(caught.value) == (
            f"The alert webhook answered {status}. Set webhook_url of [alerts] in "
            ".dlt/secrets.toml or the environment variable ALERTS__WEBHOOK_URL."
        )

    def test_a_redirect_is_not_followed(self, webhook: Receiver) -> None:
        with listening() as elsewhere:
            webhook.status, webhook.location = 307, elsewhere.url

            with pytest.raises(DeliveryError, match="The alert webhook answered 307"):
                Webhook(webhook.url).send(MESSAGE, 10)

            assert elsewhere.bodies == []

    def test_the_address_is_in_no_log(
        self, webhook: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)

        Webhook(webhook.url).send(MESSAGE, 10)

        assert webhook.bodies == [{"text": "ERROR bounces failed: ünknown &lt;reason&gt; link"}]
        assert "secret-part" not in caplog.text
        assert "secret-part" not in repr(Webhook(webhook.url))

    def test_one_that_takes_too_long_is_given_up(self) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as silent,
            pytest.raises(DeliveryError, match="did not take an alert within 0 s"),
        ):
            Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/").send(MESSAGE, 0.1)


class TestSettings:
    def test_without_settings_there_is_no_channel(self) -> None:
        assert channels(alerting_as_set_now()) == []

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"SMTP_HOST": ""}, "E-mail alerts need smtp_host too. "),
            ({"MAIL_FROM": "", "MAIL_TO": "[]"}, "E-mail alerts need mail_from and mail_to too. "),
            ({"SMTP_USER": "data"}, "smtp_user and smtp_password go together. "),
            ({"SMTP_PASSWORD": "p"}, "smtp_user and smtp_password go together. "),
            (
                {"SMTP_USER": "data", "SMTP_PASSWORD": "p", "SMTP_SECURITY": "none"},
                "smtp_password is sent with smtp_security starttls or ssl only. ",
            ),
            ({"SMTP_PORT": "many"}, "smtp_port has a value of the wrong type. "),
        ],
    )
    def test_mail_that_is_half_set_is_told_in_one_sentence_and_the_webhook_works(
        self, changed: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALERTS__WEBHOOK_URL", "https://hooks.example.org/1")
        for name, value in (MAIL | changed).items():
            monkeypatch.setenv(f"ALERTS__{name}", value)

        webhook, mail = channels(alerting_as_set_now())

        assert isinstance(webhook, Webhook)
        assert isinstance(mail, InvalidChannel)
        assert mail.problem.startswith(f"{problem}Set ")

    def test_a_webhook_that_is_no_address_is_told_without_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALERTS__WEBHOOK_URL", "hooks.example.org/secret-part")

        (found,) = channels(alerting_as_set_now())

        assert isinstance(found, InvalidChannel)
        assert found.problem.startswith("webhook_url must be an http or https address. Set ")


class TestCommand:
    @pytest.fixture(autouse=True)
    def no_arguments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", ["notify"])

    def test_it_tells_which_channel_took_the_test_message(
        self, webhook: Receiver, mail_server: MailServer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        webhook.status = 404

        assert notify.main() == 1
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith("webhook: The alert webhook answered 404. ")
        assert second == "e-mail: took the test message."
        assert len(mail_server.mails) == 1

    def test_without_a_channel_it_says_what_to_set(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert notify.main() == 1
        assert capsys.readouterr().out.startswith("No channel is set, so alerts go to the log. ")
