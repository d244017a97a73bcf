"""Postmark's tokens are named when they are missing or refused, and are nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import KeyRefusedError
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.vendors.postmark_fixtures import NAMES, NOON, account, configure, load
from email_assets_tests.vendors.postmark_server import PostmarkServer
from email_assets_tests.vendors.syncing import contents_of

pytestmark = pytest.mark.slow

__all__ = ["account", "configure"]


class TestTokens:
    @pytest.mark.parametrize("name", ["servers", "domains"])
    def test_a_missing_account_token_is_named(
        self, name: str, account: PostmarkServer, configure: Callable[..., None]
    ) -> None:
        configure(account, account.servers[0].token, None)

        with pytest.raises(KeyRefusedError) as raised:
            load(name)

        assert str(raised.value) == (
            f"{name}: there is no API key. Set account_token of [sources.email.postmark] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN."
        )

    def test_without_any_token_both_ways_are_named(
        self, account: PostmarkServer, configure: Callable[..., None]
    ) -> None:
        configure(account, None, None)

        with pytest.raises(KeyRefusedError) as raised:
            load("bounces")

        assert str(raised.value) == (
            "bounces: there is no API key. Set server_token of [sources.email.postmark] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__POSTMARK__SERVER_TOKEN. "
            "Or: Set account_token of [sources.email.postmark] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN."
        )
        assert account.requests == []

    def test_a_refused_token_is_named(
        self, account: PostmarkServer, configure: Callable[..., None]
    ) -> None:
        configure(account, "no such token", None)

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API refused the key (401). Set server_token of [sources.email.postmark] "
            "in .dlt/secrets.toml or the environment variable "
            "SOURCES__EMAIL__POSTMARK__SERVER_TOKEN."
        )

    def test_no_token_is_in_the_warehouse_the_load_packages_or_the_log(
        self,
        account: PostmarkServer,
        warehouse: Path,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
        caplog.set_level(logging.DEBUG)
        for each in account.servers:
            each.send(NOON)
            each.bounce(NOON)

        for name in NAMES:
            with open_pipeline(configured_account().warehouse, name) as pipeline:
                sync(configured_account(), pipeline, name, say=logging.getLogger("said").info)
                packages = contents_of(Path(pipeline.working_dir))
            # what is searched is there: the rows of the load package
            assert b"PAR1" in packages
            assert [secret for secret in account.secrets if secret.encode() in packages] == []

        stored = contents_of(warehouse.parent)
        told = caplog.text + "".join(capfd.readouterr())
        assert "GET /messages/outbound" in told
        assert [secret for secret in account.secrets if secret.encode() in stored] == []
        assert [secret for secret in account.secrets if secret in told] == []
