"""Values that cannot be used are refused with a sentence."""

from __future__ import annotations

import pytest

from email_assets.settings import resolve
from email_assets.settings.alerting import AlertSettings, MailSettings
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets.settings.resolve import Section, SettingError
from email_assets.settings.runtime import load_runtime
from email_assets.settings.sections import (
    ApiSettings,
    AutomationSettings,
    CatalogSettings,
    ExecutionSettings,
    RetentionSettings,
)
from email_assets.settings.warehouse import WarehouseSettings

NO_ADDRESS = "base_url must be an http or https address, for example https://mail.example.org. "


NO_LINK = (
    "dagster_url must be an http or https address without user, query or fragment, for example "
    "https://dagster.example.org. "
)


NO_KEY_IN_IT = (
    "base_url must hold no key, user, query or fragment; keys belong in .dlt/secrets.toml. "
)


NO_DATASET = "dataset_name must be a name of letters, digits and underscores. "
NO_ZONE = "timezone {!r} is no IANA time zone such as Europe/Berlin. "


NO_CRON = "{} {!r} is no cron expression of five fields such as '0 * * * *'. "


WRONG_TYPE = "{} has a value of the wrong type. "


NO_MAIL_ADDRESS = "{} holds something that is no e-mail address. "


@pytest.mark.parametrize(
    ("variable", "text", "spec", "problem"),
    [
        *(
            ("SOURCES__EMAIL__BASE_URL", url, ApiSettings, NO_ADDRESS)
            for url in (
                "",
                "mail.example.org",
                "//mail.example.org",
                "ftp://mail.example.org",
                "http://",
                "http://:8025",
                "http://host:port",
                "http://host:0",
                "http://host:99999",
                "http://[::1",
                "http://a..b",
                "http://-ü.example.org",
                f"http://{'long' * 16}.example.org",
            )
        ),
        *(
            ("ALERTS__DAGSTER_URL", url, AlertSettings, NO_LINK)
            for url in (
                "dagster.example.org",
                "https://ann:word@dagster.example.org",
                "https://dagster.example.org/?token=word",
                "https://dagster.example.org/#runs",
                "https://dagster.exa mple.org",
            )
        ),
        *(
            ("SOURCES__EMAIL__BASE_URL", url, ApiSettings, NO_KEY_IN_IT)
            for url in (
                "http://host/?api_key=k",
                "http://ann:pass@host",
                "http://ann@host",
                "http://host/?",
                "http://host/#v1",
                "http://host#",
            )
        ),
        *(
            (
                "SOURCES__EMAIL__READ_AHEAD",
                text,
                ApiSettings,
                "read_ahead must be a number of pages from 1 to 64. ",
            )
            for text in ("0", "-8")
        ),
        *(
            (
                "SOURCES__EMAIL__MAX_PAGE_BYTES",
                text,
                ApiSettings,
                "max_page_bytes must be a number of bytes from 1. ",
            )
            for text in ("0", "-8")
        ),
        *(
            ("SOURCES__EMAIL__READ_AHEAD", text, ApiSettings, WRONG_TYPE.format("read_ahead"))
            for text in ("many", "", "2.5", "true")
        ),
        *(
            (
                "WAREHOUSE__LOCK_TIMEOUT",
                text,
                WarehouseSettings,
                "lock_timeout must not be below 0. ",
            )
            for text in ("-1", "-0.1", "nan")
        ),
        *(
            ("WAREHOUSE__DATASET_NAME", text, WarehouseSettings, NO_DATASET)
            for text in ("", " ", "_", "é")
        ),
        *(
            ("AUTOMATION__TIMEZONE", text, AutomationSettings, NO_ZONE.format(text))
            for text in ("Mars/Base", "Berlin", "", "../../etc/passwd", "/etc/localtime")
        ),
        *(
            (f"AUTOMATION__{name.upper()}", text, AutomationSettings, NO_CRON.format(name, text))
            for name in ("event_cron", "inventory_cron")
            for text in ("hourly", "@daily", "* * * *", "* * * * * *", "61 * * * *", "")
        ),
        *(
            (
                "DELIVERABILITY__MAX_BOUNCE_RATE",
                text,
                DeliverabilitySettings,
                "max_bounce_rate must be a share from 0 to 1, such as 0.05 for 5 %. ",
            )
            for text in ("5", "-0.1", "nan")
        ),
        (
            "DELIVERABILITY__MAX_COMPLAINT_RATE",
            "1.1",
            DeliverabilitySettings,
            "max_complaint_rate must be a share from 0 to 1, such as 0.003 for 0.3 %. ",
        ),
        *(
            (
                "DELIVERABILITY__MIN_MESSAGES",
                text,
                DeliverabilitySettings,
                "min_messages must be a whole number of messages of at least 1. ",
            )
            for text in ("0", "-1")
        ),
        *(
            (
                "DELIVERABILITY__REPORT_DAYS",
                text,
                DeliverabilitySettings,
                "report_days must be a whole number of days from 7 to 92. ",
            )
            for text in ("6", "93")
        ),
        (
            "ALERTS__SMTP_SECURITY",
            "tls",
            MailSettings,
            "smtp_security must be starttls, ssl or none. ",
        ),
        *(
            ("ALERTS__SMTP_PORT", port, MailSettings, "smtp_port must be from 1 to 65535. ")
            for port in ("0", "65536")
        ),
        ("ALERTS__MAIL_FROM", "data", MailSettings, NO_MAIL_ADDRESS.format("mail_from")),
        *(
            ("ALERTS__MAIL_TO", text, MailSettings, NO_MAIL_ADDRESS.format("mail_to"))
            for text in ('["ann"]', '["ann@x.example\\nBcc: bob@x.example"]', "[1]")
        ),
        ("ALERTS__MAIL_TO", "ann@x.example", MailSettings, WRONG_TYPE.format("mail_to")),
        (
            "EXECUTION__EXECUTOR",
            "threads",
            ExecutionSettings,
            "executor can only be in_process, multiprocess, celery or k8s. ",
        ),
        ("WAREHOUSE__LOCK_TIMEOUT", "soon", WarehouseSettings, WRONG_TYPE.format("lock_timeout")),
        (
            "RETENTION__DAYS",
            "6",
            RetentionSettings,
            "days must be a whole number of days from 7 to 36500. ",
        ),
        (
            "RETENTION__DAYS",
            "36501",
            RetentionSettings,
            "days must be a whole number of days from 7 to 36500. ",
        ),
        ("RETENTION__DAYS", "a year", RetentionSettings, WRONG_TYPE.format("days")),
        ("AUTOMATION__ENABLED", "perhaps", AutomationSettings, WRONG_TYPE.format("enabled")),
        ("CATALOG__OWNERS", "ann@x.example", CatalogSettings, WRONG_TYPE.format("owners")),
        ("CATALOG__TAGS", "[]", CatalogSettings, WRONG_TYPE.format("tags")),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_where_it_stands(
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    text: str,
    spec: type[Section],
    problem: str,
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingError) as caught:
        resolve.load(spec)
    *sections, name = variable.lower().split("__")
    assert str(caught.value) == (
        f"{problem}Set it as [{'.'.join(sections)}] {name} in .dlt/config.toml or as {variable}."
    )


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("request_timeout", "soon", "has a value of the wrong type"),
        *(
            ("request_timeout", text, "must be 0.001 to 86400")
            for text in ("0", "-1", "nan", "inf", "1e300")
        ),
        *(("request_max_attempts", text, "must be 1 to 86400") for text in ("0", "-3", "9" * 30)),
        *(
            (name, text, "must be 0 to 86400")
            for name in ("request_backoff_factor", "request_max_retry_delay")
            for text in ("-1", "nan", "inf")
        ),
        ("request_max_retry_delay", "", "has a value of the wrong type"),
    ],
)
def test_a_runtime_value_that_cannot_be_used_is_told_with_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, problem: str
) -> None:
    monkeypatch.setenv(f"RUNTIME__{name.upper()}", text)
    with pytest.raises(SettingError) as caught:
        load_runtime()
    assert str(caught.value) == (
        f"{name} {problem}. Set it as [runtime] {name} in .dlt/config.toml or as "
        f"RUNTIME__{name.upper()}."
    )
