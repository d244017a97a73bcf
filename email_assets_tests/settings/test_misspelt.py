"""Names that were meant as settings are refused, and those of others are left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dlt.common.configuration import known_sections
from dlt.common.configuration.specs import BaseConfiguration

from email_assets.account.every import configured_accounts
from email_assets.check import main as check
from email_assets.defs.build import build_defs
from email_assets.settings import resolve
from email_assets.settings.alerting import alerting_as_set_now
from email_assets.settings.common import refuse_misspelt_names
from email_assets.settings.misspelt import nearest
from email_assets.settings.resolve import Section, SettingError
from email_assets.settings.runtime import RUNTIME, load_runtime
from email_assets.settings.sections import ApiSettings

VALUE = "0a-value-that-may-be-a-key"


def refusal(variable: str, remedy: str) -> str:
    """The sentence about a variable, which does not have its value."""
    return f"The environment variable {variable} is no setting, so nothing comes of it; {remedy}"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PRIVACY__HASHES", "PRIVACY__HASH"),
        ("PRIVACY__HASHED", "PRIVACY__HASH"),
        ("PRIVACY__HSAH", "PRIVACY__HASH"),
        ("PRIVACY__KEEPDAYS", "PRIVACY__KEEP_DAYS"),
        ("PRIVACY__SLAT", "PRIVACY__SALT"),
        ("privacy__hash", "PRIVACY__HASH"),
        ("Privacy__Drop", "PRIVACY__DROP"),
        ("WAREHOUSE__LOCK_TIMOUT", "WAREHOUSE__LOCK_TIMEOUT"),
        ("WAREHOUSE__LOCK-TIMEOUT", "WAREHOUSE__LOCK_TIMEOUT"),
        ("RETENTION__DAY", "RETENTION__DAYS"),
        ("DELIVERABILITY__MIN_MESAGES", "DELIVERABILITY__MIN_MESSAGES"),
        ("EXECUTION__EXECUTER", "EXECUTION__EXECUTOR"),
        ("AUTOMATION__TIME_ZONE", "AUTOMATION__TIMEZONE"),
        ("CATALOG__OWNER", "CATALOG__OWNERS"),
        ("ALERTS__WEBHOK_URL", "ALERTS__WEBHOOK_URL"),
        ("ALERTS__MAIL_TOO", "ALERTS__MAIL_TO"),
        ("ALERTS__SMTP_PASWORD", "ALERTS__SMTP_PASSWORD"),
        ("RUNTIME__REQUEST_TIMOUT", "RUNTIME__REQUEST_TIMEOUT"),
        ("SOURCES__EMAIL___VENDOR", "SOURCES__EMAIL__VENDOR"),
        ("SOURCES__EMAIL__VENDER", "SOURCES__EMAIL__VENDOR"),
        ("SOURCES__EMAIL__MESSAGES__CURSR_PATH", "SOURCES__EMAIL__MESSAGES__CURSOR_PATH"),
    ],
)
def test_a_variable_that_is_misspelt_is_refused_by_every_way_of_use(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    meant: str,
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, VALUE)
    said = refusal(variable, f"{meant} is one. Correct its name.")
    for way in (configured_accounts, build_defs):
        with pytest.raises(SettingError) as caught:
            way()
        assert str(caught.value) == said
    assert check([]) == 1
    assert capsys.readouterr().out.strip().splitlines()[-1] == said


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PRIVCY__HASH", "PRIVACY__HASH"),
        ("SOURCES__EMAIL__MESAGES__CURSOR_PATH", "SOURCES__EMAIL__MESSAGES__CURSOR_PATH"),
        ("SOURCES__EMAIL__ACOUNTS__BRAND__VENDOR", "SOURCES__EMAIL__ACCOUNTS__BRAND"),
    ],
)
def test_a_setting_of_ours_in_a_section_that_is_misspelt_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, VALUE)
    with pytest.raises(SettingError) as caught:
        configured_accounts()
    remedy = f"{meant} is one. Correct its section's name."
    assert str(caught.value) == refusal(variable, remedy)


@pytest.mark.parametrize("name", ["never_lode", "never_load", "neverload"])
@pytest.mark.parametrize("place", ["SOURCES__EMAIL", "SOURCES__EMAIL__MESSAGES"])
def test_a_word_of_vendors_that_would_keep_fields_out_is_told_where_that_is_set(
    monkeypatch: pytest.MonkeyPatch, place: str, name: str
) -> None:
    variable = f"{place}__{name}".upper()
    monkeypatch.setenv(variable, VALUE)
    with pytest.raises(SettingError, match=rf"{variable} is no .* Use \[privacy\] drop here\."):
        list(configured_accounts()[0].resources)


def test_an_account_with_a_misspelt_name_leaves_the_others_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for account in ("BRAND", "OTHER", "THIRD"):
        monkeypatch.setenv(f"SOURCES__EMAIL__ACCOUNTS__{account}__VENDOR", "postmark")
    first = "SOURCES__EMAIL__ACCOUNTS__BRAND__DATASETNAME"
    second = "SOURCES__EMAIL__ACCOUNTS__OTHER__MESSAGES__LAGS"
    monkeypatch.setenv(first, VALUE)
    monkeypatch.setenv(second, VALUE)

    brand, other, third = configured_accounts()

    assert first in str(brand.problem)
    assert "__BRAND__DATASET_NAME is one" in str(brand.problem)
    assert second in str(other.problem)
    assert third.problem is None


def test_alerts_go_on_with_what_is_set_beside_a_misspelt_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALERTS__WEBHOOK_URL", "https://hooks.example.org/1")
    monkeypatch.setenv("ALERTS__MAIL_TOO", VALUE)

    found = alerting_as_set_now()

    assert found.webhook_url == "https://hooks.example.org/1"
    assert "ALERTS__MAIL_TO is one" in str(found.mail)


@pytest.mark.parametrize("name", ["GROUP_ID", "VENDOR_ID", "UI_BASE_URL"])
def test_a_secret_of_a_vendor_that_has_a_word_more_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"SOURCES__EMAIL__{name}", VALUE)
    monkeypatch.setenv(f"SOURCES__EMAIL__ACCOUNTS__BRAND__{name}", VALUE)
    monkeypatch.setenv("SOURCES__EMAIL__ACCOUNTS__BRAND__VENDOR", "postmark")

    (brand,) = configured_accounts()

    assert brand.problem is None


def test_what_is_like_none_of_ours_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = ("owner_of_the_table", "stages", "threads", "server", "user", "destination")
    for spec in Section.__subclasses__():
        for name in strangers:
            monkeypatch.setenv("__".join((*spec.sections, name)).upper(), VALUE)
    for variable in ("PRIVATE__KEY", "ALERT__WEBHOOK_URL", "WAREHOUSES__HOST", "PRIVACY_HASHES"):
        monkeypatch.setenv(variable, VALUE)
    monkeypatch.setenv("SOURCES__EMAIL__GROUPS__MAX_TABLE_NESTING", "2")
    assert [*configured_accounts()[0].resources]
    load_runtime()


@pytest.mark.slow
def test_no_name_of_dlts_is_refused_where_it_shares_sections_with_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = set(_names_of_dlts(BaseConfiguration))
    assert {"buffer_max_items", "request_timeout", "truncate_staging_dataset"} <= names
    sources = ApiSettings.sections
    places = (sources, (*sources, "messages"))
    resolve.use_project()  # which reads dlt's settings once, and takes no such values
    for name in names:
        for place in (*places, RUNTIME):
            monkeypatch.setenv("__".join((*place, name)).upper(), "1")
    for section in vars(known_sections).values():
        if isinstance(section, str):
            monkeypatch.setenv(f"{section}__DUCKDB__BUFFER_MAX_ITEMS".upper(), "1")
    refuse_misspelt_names()
    ours = {n for one in Section.__subclasses__() if one.sections == sources for n in one.names()}
    for place in places:
        resolve.refuse_misspelt(place, ours)


def test_no_two_names_of_a_section_are_near_to_each_other() -> None:
    """So that none of ours is ever refused for another."""
    for spec in Section.__subclasses__():
        for other in Section.__subclasses__():
            if other.sections == spec.sections:
                for name in spec.names():
                    assert nearest(name, {*other.names()} - {name}) is None, name


def _names_of_dlts(spec: type[BaseConfiguration]) -> Iterator[str]:
    """The names that dlt's own settings have, wherever they stand."""
    for below in spec.__subclasses__():
        if below.__module__.startswith("dlt."):
            yield from below.get_resolvable_fields()
            yield from _names_of_dlts(below)
