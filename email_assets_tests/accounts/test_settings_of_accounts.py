"""The accounts of the settings: what each has of its own, and what all have in common."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from email_assets.account import Account, configured_account
from email_assets.account.every import configured_accounts
from email_assets.settings.accounts import names_of_accounts
from email_assets.settings.resolve import SettingError
from email_assets.vendors.resource import endpoint_of
from email_assets_tests.accounts.account_fixtures import account_settings
from email_assets_tests.conftest import KEY

HERE, THERE = "https://mail.example.org/v1", "https://api.example.net"


def set_all(patch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        patch.setenv(name, value)


@pytest.fixture
def brand(monkeypatch: pytest.MonkeyPatch) -> str:
    """An account with an address of its own."""
    set_all(monkeypatch, **account_settings("brand_2", base_url=THERE))
    return "brand_2"


def test_without_accounts_there_is_the_one_of_the_settings() -> None:
    (account,) = configured_accounts()

    assert (account.name, account.key_prefix, account.group) == (None, (), "email")


def test_accounts_of_the_environment_are_found(brand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **account_settings("other", vendor="resend"))

    assert [account.name for account in configured_accounts()] == ["brand_2", "other"]


def test_an_account_has_names_and_a_dataset_of_its_own(brand: str) -> None:
    account = configured_account(brand)

    assert account.title_of("messages") == "brand_2/messages"
    assert account.named("email_all") == "brand_2_email_all"
    assert account.group == "email_brand_2"
    assert account.warehouse.dataset_name == "email_brand_2"


def test_the_settings_may_name_group_and_dataset(
    brand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, **account_settings(brand, group="crm", dataset_name="mail"))

    account = configured_account(brand)

    assert (account.group, account.warehouse.dataset_name) == ("crm", "mail")


def test_what_an_account_does_not_set_comes_from_the_common_section(
    brand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__READ_AHEAD", "3")
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", HERE)

    account = configured_account(brand)

    assert (account.api.read_ahead, account.base_url) == (3, THERE)


def test_a_resource_is_tuned_for_all_accounts_or_for_one(
    brand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    set_all(monkeypatch, **account_settings(brand, messages__lag="60"))

    def tuned(name: str | None) -> dict[str, Any]:
        messages = configured_account(name).resources["messages"]
        return dict(endpoint_of(messages)["incremental"])

    assert tuned(brand) == {"cursor_path": "sent_at", "lag": 60}
    assert tuned(None) == {"cursor_path": "sent_at"}


def test_a_mistake_names_the_accounts_section(brand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **account_settings(brand, read_ahead="0"))

    with pytest.raises(SettingError, match="SOURCES__EMAIL__ACCOUNTS__BRAND_2__READ_AHEAD"):
        configured_accounts()


@pytest.mark.parametrize("name", ["Brand", "a__b", "a-b", "ä", "_a"])
def test_a_name_that_no_key_could_have_is_refused(name: str) -> None:
    with (
        dlt.config.values({"sources.email.accounts": {name: {"vendor": "resend"}}}),
        pytest.raises(SettingError, match="small letters, digits"),
    ):
        configured_accounts()


def test_accounts_of_the_files_come_before_those_of_the_environment(brand: str) -> None:
    in_the_file = {"z": {"vendor": "resend"}, "a": {"vendor": "mailgun"}}

    with dlt.config.values({"sources.email.accounts": in_the_file}):
        found = {account.name: account.api.vendor for account in configured_accounts()}

    assert [*found.items()] == [("z", "resend"), ("a", "mailgun"), ("brand_2", "generic")]


def test_accounts_of_both_files_are_found() -> None:
    with (
        dlt.config.values({"sources.email.accounts": {"a": {"vendor": "mailgun"}, "b": {}}}),
        dlt.secrets.values({"sources.email.accounts": {"b": {"api_key": KEY}, "c": {}}}),
    ):
        assert names_of_accounts() == ["a", "b", "c"]


def test_a_resource_called_accounts_is_no_account() -> None:
    with dlt.config.values({"sources.email.accounts": {"cursor_path": "created_at"}}):
        (account,) = configured_accounts()

    assert account.name is None


def test_a_partition_that_is_none_is_a_problem_of_its_account_alone(
    brand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, **account_settings("other", servers__partition="hourly"))

    first, second = configured_accounts()

    assert first.problem is None
    assert "partition can only be daily" in str(second.problem)
    assert "Set it as [sources.email.accounts.other.servers] partition" in str(second.problem)


def test_an_unknown_account_is_refused_with_those_that_there_are(brand: str) -> None:
    with pytest.raises(SettingError, match=r"no account 'brand'.* are brand_2"):
        configured_account("brand")


class TestSecrets:
    def test_an_account_has_secrets_of_its_own(
        self, brand: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "common")
        set_all(monkeypatch, **account_settings(brand, api_key="own", account_token="token"))

        account = configured_account(brand)

        assert account.secret("api_key") == "own"
        assert account.secret("sources.email.postmark.account_token") == "token"

    @pytest.mark.parametrize(
        ("common", "found"),
        [(HERE, None), ("https://api.example.net/v2", "common"), ("", "common")],
    )
    def test_a_common_key_is_sent_to_no_other_host_than_its_own(
        self, common: str, found: str | None, brand: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "common")
        if common:
            monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", common)

        assert configured_account(brand).secret("api_key") == found

    def test_a_vendors_key_is_common_to_its_accounts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__RESEND__API_KEY", "re_1")
        set_all(monkeypatch, **account_settings("a", vendor="resend"))

        assert configured_account("a").secret("sources.email.resend.api_key") == "re_1"

    def test_the_sentence_names_the_accounts_own_place(self, brand: str) -> None:
        where = configured_account(brand).where_to_set_secret("sources.email.resend.api_key")

        assert where == (
            "Set api_key of [sources.email.accounts.brand_2] in .dlt/secrets.toml or the "
            "environment variable SOURCES__EMAIL__ACCOUNTS__BRAND_2__API_KEY."
        )


def test_settings_are_looked_up_anew_under_the_same_name(
    brand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account: Account = configured_account(brand)
    set_all(monkeypatch, **account_settings(brand, read_ahead="2"))

    now = account.as_set_now()

    assert (now.name, now.key_prefix, now.api.read_ahead) == (brand, (brand,), 2)


class TestAnotherVendor:
    """An account of another vendor than the one that the common settings speak of."""

    @pytest.fixture(autouse=True)
    def accounts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(
            monkeypatch,
            SOURCES__EMAIL__BASE_URL=HERE,
            SOURCES__EMAIL__MESSAGES__CURSOR_PATH="sent_at",
            SOURCES__EMAIL__MESSAGES__PARTITION="daily",
            SOURCES__EMAIL__MESSAGES__PARTITION_START="2026-01-01",
            **account_settings("a", vendor="postmark"),
        )

    def test_its_key_is_not_sent_to_the_common_address(self) -> None:
        assert configured_account("a").base_url == "https://api.postmarkapp.com"

    def test_its_resources_keep_their_own_fields(self) -> None:
        account = configured_account("a")

        incremental = endpoint_of(account.resources["messages"])["incremental"]
        assert incremental["cursor_path"] == "ReceivedAt"
        assert account.partition_of("messages").partition is None

    def test_it_gets_no_key_that_stands_for_the_common_api(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "common")

        assert configured_account("a").secret("api_key") is None


@pytest.mark.parametrize("settings", [{"dataset_name": "Mail_staging"}, {"name": "staging"}])
def test_a_dataset_where_dlt_would_put_what_another_loads_is_refused(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = settings.pop("name", "brand")
    set_all(monkeypatch, **account_settings(name, base_url=THERE, **settings))

    with pytest.raises(SettingError, match="empties at each load of another dataset"):
        configured_account(name)
