"""Settings by default and by environment variable; secrets."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets.settings import resolve
from email_assets.settings.alerting import AlertSettings, MailSettings
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets.settings.resolve import Section
from email_assets.settings.runtime import load_runtime
from email_assets.settings.sections import (
    ApiSettings,
    AutomationSettings,
    CatalogSettings,
    ExecutionSettings,
    RetentionSettings,
)
from email_assets.settings.warehouse import WarehouseSettings

SETTINGS = (
    ApiSettings,
    WarehouseSettings,
    AutomationSettings,
    CatalogSettings,
    AlertSettings,
    RetentionSettings,
    DeliverabilitySettings,
    ExecutionSettings,
    MailSettings,
)


def values_of(spec: type[Section]) -> dict[str, Any]:
    loaded = resolve.load(spec)
    return {name: getattr(loaded, name) for name in spec.get_resolvable_fields()}


# Defaults and the environment


@pytest.mark.parametrize(
    ("spec", "defaults"),
    [
        (
            ApiSettings,
            {"vendor": "generic", "base_url": None, "read_ahead": 8, "max_page_bytes": 134217728},
        ),
        (
            WarehouseSettings,
            {
                "destination_type": "duckdb",
                "dataset_name": "email",
                "lock_timeout": 600,
                "read_copy": False,
                "read_parquet": False,
            },
        ),
        (
            AutomationSettings,
            {
                "enabled": False,
                "timezone": "UTC",
                "event_cron": "0 * * * *",
                "inventory_cron": "30 5 * * *",
                "mode": "schedules",
            },
        ),
        (CatalogSettings, {"owners": [], "tags": {}, "preview_rows": 0}),
        (AlertSettings, {"dagster_url": "http://127.0.0.1:3000"}),
        (ExecutionSettings, {"executor": "in_process"}),
        (RetentionSettings, {"days": 90}),
        (
            DeliverabilitySettings,
            {
                "max_bounce_rate": 0.05,
                "max_complaint_rate": 0.003,
                "min_messages": 100,
                "report_days": 30,
            },
        ),
        (
            MailSettings,
            {
                "smtp_host": None,
                "smtp_port": None,
                "smtp_security": "starttls",
                "smtp_user": None,
                "mail_from": None,
                "mail_to": [],
            },
        ),
    ],
)
def test_without_any_setting_the_defaults_hold(
    spec: type[Section], defaults: dict[str, Any]
) -> None:
    assert values_of(spec) == defaults


@pytest.mark.parametrize(
    ("variable", "text", "spec", "name", "value"),
    [
        ("SOURCES__EMAIL__VENDOR", "postmark", ApiSettings, "vendor", None),
        ("SOURCES__EMAIL__BASE_URL", "http://[::1]:8025", ApiSettings, "base_url", None),
        (
            "SOURCES__EMAIL__BASE_URL",
            "https://mail.example.org/api/",
            ApiSettings,
            "base_url",
            None,
        ),
        ("SOURCES__EMAIL__READ_AHEAD", "1", ApiSettings, "read_ahead", 1),
        ("SOURCES__EMAIL__MAX_PAGE_BYTES", "1000", ApiSettings, "max_page_bytes", 1000),
        ("WAREHOUSE__DESTINATION_TYPE", "postgres", WarehouseSettings, "destination_type", None),
        ("WAREHOUSE__DATASET_NAME", "007", WarehouseSettings, "dataset_name", None),
        ("WAREHOUSE__LOCK_TIMEOUT", "1.5", WarehouseSettings, "lock_timeout", 1.5),
        ("WAREHOUSE__LOCK_TIMEOUT", "0", WarehouseSettings, "lock_timeout", 0),
        ("WAREHOUSE__READ_COPY", "true", WarehouseSettings, "read_copy", True),
        ("WAREHOUSE__READ_PARQUET", "true", WarehouseSettings, "read_parquet", True),
        ("AUTOMATION__ENABLED", "true", AutomationSettings, "enabled", True),
        ("AUTOMATION__TIMEZONE", "Europe/Berlin", AutomationSettings, "timezone", None),
        ("AUTOMATION__EVENT_CRON", "*/5 8-18 * * 1-5", AutomationSettings, "event_cron", None),
        ("AUTOMATION__INVENTORY_CRON", "0 0 1 * *", AutomationSettings, "inventory_cron", None),
        ("AUTOMATION__MODE", "conditions", AutomationSettings, "mode", None),
        ("CATALOG__OWNERS", '["team:mail"]', CatalogSettings, "owners", ["team:mail"]),
        ("CATALOG__TAGS", '{"tier": "1"}', CatalogSettings, "tags", {"tier": "1"}),
        ("CATALOG__PREVIEW_ROWS", "5", CatalogSettings, "preview_rows", 5),
        ("DELIVERABILITY__MAX_BOUNCE_RATE", "0.1", DeliverabilitySettings, "max_bounce_rate", 0.1),
        (
            "DELIVERABILITY__MAX_COMPLAINT_RATE",
            "0.001",
            DeliverabilitySettings,
            "max_complaint_rate",
            0.001,
        ),
        ("DELIVERABILITY__REPORT_DAYS", "7", DeliverabilitySettings, "report_days", 7),
        ("DELIVERABILITY__MIN_MESSAGES", "20", DeliverabilitySettings, "min_messages", 20),
        ("ALERTS__DAGSTER_URL", "https://dagster.example.org", AlertSettings, "dagster_url", None),
        ("EXECUTION__EXECUTOR", "celery", ExecutionSettings, "executor", None),
        ("RETENTION__DAYS", "7", RetentionSettings, "days", 7),
        ("ALERTS__SMTP_HOST", "mail.example.org", MailSettings, "smtp_host", None),
        ("ALERTS__SMTP_PORT", "2525", MailSettings, "smtp_port", 2525),
        ("ALERTS__SMTP_SECURITY", "ssl", MailSettings, "smtp_security", None),
        ("ALERTS__SMTP_USER", "007", MailSettings, "smtp_user", None),
        ("ALERTS__MAIL_FROM", "Platform <data@example.org>", MailSettings, "mail_from", None),
        ("ALERTS__MAIL_TO", '["ann@example.org"]', MailSettings, "mail_to", ["ann@example.org"]),
    ],
)
def test_a_setting_is_taken_from_its_environment_variable(
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    text: str,
    spec: type[Section],
    name: str,
    value: object,
) -> None:
    monkeypatch.setenv(variable, text)
    assert values_of(spec)[name] == (text if value is None else value)


def test_every_setting_is_tried_here() -> None:
    """So that a new setting comes with a line in the table above."""
    (marks,) = test_a_setting_is_taken_from_its_environment_variable.pytestmark  # type: ignore[attr-defined]
    tried = {(spec, name) for _, _, spec, name, _ in marks.args[1]}
    assert tried == {(spec, name) for spec in SETTINGS for name in spec.get_resolvable_fields()}


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("RUNTIME__REQUEST_TIMEOUT", "0.5", "request_timeout", 0.5),
        ("RUNTIME__REQUEST_MAX_ATTEMPTS", "7", "request_max_attempts", 7),
        ("RUNTIME__REQUEST_BACKOFF_FACTOR", "0", "request_backoff_factor", 0),
        ("RUNTIME__REQUEST_MAX_RETRY_DELAY", "10", "request_max_retry_delay", 10),
    ],
)
def test_time_limits_and_retries_are_dlts_runtime_settings(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str, value: float
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(load_runtime(), name) == value


def test_the_projects_own_file_asks_for_three_attempts_after_2_and_4_seconds() -> None:
    runtime = load_runtime()
    assert (
        runtime.request_timeout,
        runtime.request_max_attempts,
        runtime.request_backoff_factor,
        runtime.request_max_retry_delay,
    ) == (60, 3, 2, 300)


# Secrets


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("abc", "abc"),
        ("0012345", "0012345"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1e5", "1e5"),
        ("true", "true"),
        ("[1]", "[1]"),
        ('{"a": 1}', '{"a": 1}'),
        ("  abc\r\n", "abc"),
        ("", None),
        (" \n", None),
    ],
)
def test_a_key_is_text_as_it_stands_without_blanks_around_it(
    monkeypatch: pytest.MonkeyPatch, text: str, key: str | None
) -> None:
    monkeypatch.setenv("API_KEY", text)
    assert resolve.secret("api_key") == key


def test_a_key_that_is_not_set_is_none() -> None:
    assert resolve.secret("api_key") is None


def test_a_secret_of_a_section_has_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS__WEBHOOK_URL", "https://hooks.example.org/1")
    assert resolve.secret("alerts.webhook_url") == "https://hooks.example.org/1"
