"""Settings in the files of a project folder, and the folders to run in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from email_assets.settings.sections import ResourceSettings
from email_assets_tests import programs
from email_assets_tests.conftest import PROJECT

SHOW = """
import json
from email_assets.settings import alerting, deliverability, privacy, sections, warehouse
from email_assets.settings import resolve
from email_assets.settings.runtime import load_runtime
shown = {
    f"{'.'.join(spec.sections)}.{name}": getattr(resolve.load(spec), name)
    for module in (alerting, deliverability, privacy, sections, warehouse)
    for spec in vars(module).values()
    if isinstance(spec, type) and getattr(spec, "sections", ())
    for name in spec.get_resolvable_fields()
}
shown["runtime.request_timeout"] = load_runtime().request_timeout
shown["api_key"] = resolve.secret("api_key")
shown["alerts.webhook_url"] = resolve.secret("alerts.webhook_url")
shown["load.truncate_staging_dataset"] = resolve.dlt.config.get("load.truncate_staging_dataset")
shown["folder"] = resolve.dlt.current.run_context().run_dir
print(json.dumps(shown))
"""


def shown_by_a_fresh_process(home: Path, folder: Path, **environment: str) -> dict[str, Any]:
    """The settings as a process that is started in a folder sees them."""
    plain = {name: value for name, value in os.environ.items() if name != "DLT_PROJECT_DIR"}
    ended = programs.run(
        *("python", "-c", SHOW), home=home, cwd=folder, env={**plain, **environment}
    )
    shown: dict[str, Any] = json.loads(ended.said)
    return shown


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
        max_page_bytes = 1000000
        [warehouse]
        destination_type = "dlt.destinations.duckdb"
        dataset_name = "mail"
        lock_timeout = 1.5
        read_copy = true
        read_parquet = true
        [automation]
        enabled = true
        timezone = "Europe/Berlin"
        event_cron = "*/5 * * * *"
        inventory_cron = "0 0 * * 0"
        mode = "conditions"
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
        [execution]
        executor = "multiprocess"
        [retention]
        days = 30
        [privacy]
        hash = ["bounces.email"]
        drop = ["messages.subject"]
        keep_days = { messages = 365 }
        [deliverability]
        max_bounce_rate = 0.02
        max_complaint_rate = 0.001
        report_days = 14
        min_messages = 20
        """
    )
    (tmp_path / "project" / ".dlt" / "secrets.toml").write_text(
        'api_key = "0012345"\n[alerts]\nwebhook_url = "https://hooks.example.org/1"\n'
    )
    project = str(tmp_path / "project")
    assert shown_by_a_fresh_process(tmp_path / "home", tmp_path, DLT_PROJECT_DIR=project) == {
        "runtime.request_timeout": 5,
        "sources.email.vendor": "my_company.email_api",
        **dict.fromkeys(
            f"sources.email.{name}" for name in ResourceSettings.get_resolvable_fields()
        ),
        "sources.email.base_url": "https://mail.example.org",
        "sources.email.read_ahead": 4,
        "sources.email.max_page_bytes": 1_000_000,
        "warehouse.destination_type": "dlt.destinations.duckdb",
        "warehouse.dataset_name": "mail",
        "warehouse.lock_timeout": 1.5,
        "warehouse.read_copy": True,
        "warehouse.read_parquet": True,
        "automation.enabled": True,
        "automation.mode": "conditions",
        "automation.timezone": "Europe/Berlin",
        "automation.event_cron": "*/5 * * * *",
        "automation.inventory_cron": "0 0 * * 0",
        "catalog.owners": ["ann@x.example", "team:mail"],
        "catalog.tags": {"tier": "1"},
        "catalog.preview_rows": 5,
        "alerts.dagster_url": "https://dagster.example.org",
        "execution.executor": "multiprocess",
        "retention.days": 30,
        "privacy.hash": ["bounces.email"],
        "privacy.drop": ["messages.subject"],
        "privacy.keep_days": {"messages": 365},
        "deliverability.max_bounce_rate": 0.02,
        "deliverability.max_complaint_rate": 0.001,
        "deliverability.report_days": 14,
        "deliverability.min_messages": 20,
        "alerts.smtp_host": "mail.example.org",
        "alerts.smtp_port": 2525,
        "alerts.smtp_security": "ssl",
        "alerts.smtp_user": "data",
        "alerts.mail_from": "data@example.org",
        "alerts.mail_to": ["ann@example.org"],
        "api_key": "0012345",
        "load.truncate_staging_dataset": True,
        "alerts.webhook_url": "https://hooks.example.org/1",
        "folder": project,
    }


def test_the_projects_files_are_found_from_any_folder_and_the_environment_wins(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shown = shown_by_a_fresh_process(
        tmp_path / "home",
        folder,
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
    assert list(folder.iterdir()) == []
