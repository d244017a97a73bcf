"""Resend's refusals, limits and odd answers, and its key, which is nowhere."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path

import pytest

from email_assets.errors import ApiError, KeyRefusedError
from email_assets_tests.vendors.resend_fixtures import NAMES, api
from email_assets_tests.vendors.resend_server import KEY, ResendServer
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.syncing import load, synced_in_sight

pytestmark = pytest.mark.slow

__all__ = ["api"]


class TestRefusals:
    def test_a_missing_key_is_named(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOURCES__EMAIL__RESEND__API_KEY")

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: there is no API key. Set api_key of [sources.email.resend] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__RESEND__API_KEY."
        )
        assert api.requests == []

    def test_a_wrong_key_is_named_and_not_repeated(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__RESEND__API_KEY", "re_wrong")

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API refused the key (403). Set api_key of [sources.email.resend] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__RESEND__API_KEY."
        )
        assert len(api.requests) == 1

    def test_requests_say_who_asks(self, api: ResendServer) -> None:
        nameless = HTTPConnection(api.base_url.removeprefix("http://"), timeout=60)
        nameless.request("GET", "/domains", headers={"Authorization": f"Bearer {KEY}"})
        refused = nameless.getresponse().status
        nameless.close()

        load("domains")

        assert refused == 403
        assert api.requests[-1].headers["User-Agent"] == "email_assets"

    def test_too_many_requests_are_asked_again_when_the_api_says(
        self, api: ResendServer, waits: list[float]
    ) -> None:
        api.throttled = 2

        report = load("domains", waits=waits)

        assert (report.row_count, report.usage.requests, waits) == (3, 3, [1.0, 1.0])

    def test_a_list_that_leads_in_a_circle_is_an_error(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def the_same(asked: Asked) -> Answer:
            return Answer(200, {"object": "list", "has_more": True, "data": api.emails[:100]})

        monkeypatch.setattr(api, "answer", the_same)

        with pytest.raises(ApiError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API gave the same page of 100 rows twice, under another reference. "
            "Nothing of this run was loaded; what was loaded before is untouched."
        )
        assert len(api.requests) == 2

    def test_an_answer_without_a_list_is_an_error(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api, "answer", lambda _: Answer(200, {"error": "ann@example.com"}))

        with pytest.raises(ApiError, match=r"gave an answer without 'data': an object with the"):
            load("messages")


def test_the_key_is_nowhere(api: ResendServer, warehouse: Path) -> None:
    traces = synced_in_sight(NAMES, warehouse.parent)

    assert b"mail0.example.com" in traces.written
    assert "GET /emails" in traces.said
    assert KEY.encode() not in traces.written
    assert KEY not in traces.said
