"""Mailgun's refusals and odd answers, and its key and passwords, which are nowhere."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests

from email_assets.clock import now
from email_assets.errors import ApiError, KeyRefusedError
from email_assets_tests.vendors.mailgun_fixtures import LOGS, NAMES, SHOP, api
from email_assets_tests.vendors.mailgun_server import KEY, MailgunServer
from email_assets_tests.vendors.serving import Answer
from email_assets_tests.vendors.syncing import load, synced_in_sight

pytestmark = pytest.mark.slow

__all__ = ["api"]


class TestRefusals:
    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_key_is_named(
        self, name: str, api: MailgunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOURCES__EMAIL__MAILGUN__API_KEY")

        with pytest.raises(KeyRefusedError) as raised:
            load(name)

        assert str(raised.value) == (
            f"{name}: there is no API key. Set api_key of [sources.email.mailgun] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__MAILGUN__API_KEY."
        )
        assert api.requests == []

    @pytest.mark.usefixtures("api")
    def test_a_wrong_key_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MAILGUN__API_KEY", "wrong")

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API refused the key (401). Set api_key of [sources.email.mailgun] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__MAILGUN__API_KEY."
        )

    def test_a_link_to_another_host_is_not_followed(self, api: MailgunServer) -> None:
        with MailgunServer() as elsewhere:
            api.links_lead_to = elsewhere.base_url

            with pytest.raises(ApiError) as raised:
                load("bounces")

            assert str(raised.value) == (
                f"bounces: the API's answer leads to {elsewhere.base_url}, which is not "
                f"{api.base_url}. The key is not sent there. Correct base_url of [sources.email] "
                "if the API has moved."
            )
            assert elsewhere.requests == []

    def test_a_log_that_leads_in_a_circle_is_an_error(
        self, api: MailgunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = {"items": api.events[:100], "pagination": {"next": "the same"}}
        monkeypatch.setattr(api, "answer", lambda _: Answer(200, page))

        with pytest.raises(ApiError, match=r"^messages: the API gave the same page of 100 rows"):
            load("messages")

        assert len(api.requests) == 2

    def test_an_answer_without_bounces_is_an_error(
        self, api: MailgunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = api.answer
        monkeypatch.setattr(
            api,
            "answer",
            lambda asked: Answer(200, {}) if "bounces" in asked.path else answer(asked),
        )

        with pytest.raises(ApiError, match=r"^bounces: the API gave an answer without 'items'"):
            load("bounces")

    def test_the_shape_refuses_other_times_than_rfc_2822(self, api: MailgunServer) -> None:

        refused = requests.post(
            f"{api.base_url}{LOGS}", json={"start": now().isoformat()}, auth=("api", KEY), timeout=5
        )

        assert refused.status_code == 400


def test_no_key_and_no_password_is_anywhere(api: MailgunServer, warehouse: Path) -> None:
    traces = synced_in_sight(NAMES, warehouse.parent)

    basic = base64.b64encode(f"api:{KEY}".encode()).decode()
    assert f"postmaster@{SHOP}".encode() in traces.written
    assert f"POST {LOGS}" in traces.said
    for secret in (KEY, basic, *api.smtp_passwords):
        assert secret.encode() not in traces.written
        assert secret not in traces.said
