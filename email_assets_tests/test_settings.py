"""Where settings come from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from email_assets import settings
from email_assets.sections import (
    AlertSettings,
    ApiSettings,
    AutomationSettings,
    CatalogSettings,
    DeliverabilitySettings,
    MailSettings,
    ResourceSettings,
    RetentionSettings,
    WarehouseSettings,
)
from email_assets.settings import Section
from email_assets_tests.conftest import PROJECT

SETTINGS = (
    ApiSettings,
    WarehouseSettings,
    AutomationSettings,
    CatalogSettings,
    AlertSettings,
    RetentionSettings,
    DeliverabilitySettings,
    MailSettings,
)


def values_of(spec: type[Section]) -> dict[str, Any]:
    loaded = settings.load(spec)
    return {name: getattr(loaded, name) for name in spec.get_resolvable_fields()}


# Defaults and the environment


@pytest.mark.parametrize(
    ("spec", "defaults"),
    [
        (ApiSettings, {"vendor": "generic", "base_url": None, "read_ahead": 8}),
        (
            WarehouseSettings,
            {"destination_type": "duckdb", "dataset_name": "email", "lock_timeout": 600},
        ),
        (
            AutomationSettings,
            {
                "enabled": False,
                "timezone": "UTC",
                "event_cron": "0 * * * *",
                "inventory_cron": "30 5 * * *",
            },
        ),
        (CatalogSettings, {"owners": [], "tags": {}, "preview_rows": 0}),
        (AlertSettings, {"dagster_url": "http://127.0.0.1:3000"}),
        (RetentionSettings, {"days": 90}),
        (DeliverabilitySettings, {"max_bounce_rate": 0.05}),
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
        ("WAREHOUSE__DESTINATION_TYPE", "postgres", WarehouseSettings, "destination_type", None),
        ("WAREHOUSE__DATASET_NAME", "007", WarehouseSettings, "dataset_name", None),
        ("WAREHOUSE__LOCK_TIMEOUT", "1.5", WarehouseSettings, "lock_timeout", 1.5),
        ("WAREHOUSE__LOCK_TIMEOUT", "0", WarehouseSettings, "lock_timeout", 0),
        ("AUTOMATION__ENABLED", "true", AutomationSettings, "enabled", True),
        ("AUTOMATION__TIMEZONE", "Europe/Berlin", AutomationSettings, "timezone", None),
        ("AUTOMATION__EVENT_CRON", "*/5 8-18 * * 1-5", AutomationSettings, "event_cron", None),
        ("AUTOMATION__INVENTORY_CRON", "0 0 1 * *", AutomationSettings, "inventory_cron", None),
        ("CATALOG__OWNERS", '["team:mail"]', CatalogSettings, "owners", ["team:mail"]),
        ("CATALOG__TAGS", '{"tier": "1"}', CatalogSettings, "tags", {"tier": "1"}),
        ("CATALOG__PREVIEW_ROWS", "5", CatalogSettings, "preview_rows", 5),
        ("DELIVERABILITY__MAX_BOUNCE_RATE", "0.1", DeliverabilitySettings, "max_bounce_rate", 0.1),
        ("ALERTS__DAGSTER_URL", "https://dagster.example.org", AlertSettings, "dagster_url", None),
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
    assert getattr(settings.load_runtime(), name) == value


def test_the_projects_own_file_asks_for_three_attempts_after_2_and_4_seconds() -> None:
    runtime = settings.load_runtime()
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
    assert settings.secret("api_key") == key


def test_a_key_that_is_not_set_is_none() -> None:
    assert settings.secret("api_key") is None


def test_a_secret_of_a_section_has_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS__WEBHOOK_URL", "https://hooks.example.org/1")
    assert settings.secret("alerts.webhook_url") == "https://hooks.example.org/1"


SHOW = """
import json
from email_assets import sections, settings
shown = {
    f"{'.'.join(spec.sections)}.{name}": getattr(settings.load(spec), name)
    for spec in vars(sections).values()
    if isinstance(spec, type) and getattr(spec, "sections", ())
    for name in spec.get_resolvable_fields()
}
shown["runtime.request_timeout"] = settings.load_runtime().request_timeout
shown["api_key"] = settings.secret("api_key")
shown["alerts.webhook_url"] = settings.secret("alerts.webhook_url")
shown["folder"] = settings.dlt.current.run_context().run_dir
print(json.dumps(shown))
"""


def shown_by_a_fresh_process(folder: Path, **environment: str) -> dict[str, Any]:
    """What a process that is started in a folder takes the settings to be."""
    plain = {name: value for name, value in os.environ.items() if name != "DLT_PROJECT_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=folder,
        env={**plain, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


# Files, and folders to run in


def test_every_setting_can_stand_in_the_files_of_a_project_folder(tmp_path: Path) -> None:
    (tmp_path / "project" / ".dlt").mkdir(parents=True)
    (tmp_path / "project" / ".dlt" / "config.toml").write_text(
        """
        [runtime]
        request_timeout = 5
        [sources.email]
        vendor = "my_company.email_api"
        base_url = "https://mail.example.org"
        read_ahead = 4
        [warehouse]
        destination_type = "postgres"
        dataset_name = "mail"
        lock_timeout = 1.5
        [automation]
        enabled = true
        timezone = "Europe/Berlin"
        event_cron = "*/5 * * * *"
        inventory_cron = "0 0 * * 0"
        [catalog]
        owners = ["ann@x.example", "team:mail"]
        tags = { tier = "1" }
        preview_rows = 5
        [alerts]
        dagster_url = "https://dagster.example.org"
        smtp_host = "mail.example.org"
        smtp_port = 2525
        smtp_security = "ssl"
        smtp_user = "data"
        mail_from = "data@example.org"
        mail_to = ["ann@example.org"]
        [retention]
        days = 30
        [deliverability]
        max_bounce_rate = 0.02
        """
    )
    (tmp_path / "project" / ".dlt" / "secrets.toml").write_text(
        'api_key = "0012345"\n[alerts]\nwebhook_url = "https://hooks.example.org/1"\n'
    )
    project = str(tmp_path / "project")
    assert shown_by_a_fresh_process(tmp_path, DLT_PROJECT_DIR=project) == {
        "runtime.request_timeout": 5,
        "sources.email.vendor": "my_company.email_api",
        **dict.fromkeys(
            f"sources.email.{name}" for name in ResourceSettings.get_resolvable_fields()
        ),
        "sources.email.base_url": "https://mail.example.org",
        "sources.email.read_ahead": 4,
        "warehouse.destination_type": "postgres",
        "warehouse.dataset_name": "mail",
        "warehouse.lock_timeout": 1.5,
        "automation.enabled": True,
        "automation.timezone": "Europe/Berlin",
        "automation.event_cron": "*/5 * * * *",
        "automation.inventory_cron": "0 0 * * 0",
        "catalog.owners": ["ann@x.example", "team:mail"],
        "catalog.tags": {"tier": "1"},
        "catalog.preview_rows": 5,
        "alerts.dagster_url": "https://dagster.example.org",
        "retention.days": 30,
        "deliverability.max_bounce_rate": 0.02,
        "alerts.smtp_host": "mail.example.org",
        "alerts.smtp_port": 2525,
        "alerts.smtp_security": "ssl",
        "alerts.smtp_user": "data",
        "alerts.mail_from": "data@example.org",
        "alerts.mail_to": ["ann@example.org"],
        "api_key": "0012345",
        "alerts.webhook_url": "https://hooks.example.org/1",
        "folder": project,
    }


def test_the_projects_files_are_found_from_any_folder_and_the_environment_wins(
    tmp_path: Path,
) -> None:
    shown = shown_by_a_fresh_process(
        tmp_path,
        RUNTIME__REQUEST_TIMEOUT="7",
        SOURCES__EMAIL__BASE_URL="https://mail.example.org",
        API_KEY="from the environment",
    )
    assert (
        shown["folder"],
        shown["runtime.request_timeout"],
        shown["sources.email.base_url"],
        shown["api_key"],
    ) == (str(PROJECT), 7, "https://mail.example.org", "from the environment")
    assert list(tmp_path.iterdir()) == []
