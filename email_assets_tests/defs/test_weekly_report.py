"""The report once a week: by mail with its page, by the webhook as text."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.defs.weekly_report import build_report_job
from email_assets_tests.alerts.alert_fixtures import (
    MailServer,
    Webhook,
    certificate,
    mail_server,
    webhook,
)
from email_assets_tests.deliverability.deliverability_fixtures import put_daily

__all__ = ["certificate", "mail_server", "webhook"]

NOON = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)


def run() -> Any:
    job = build_report_job(configured_account(), clock=lambda: NOON)
    return job.execute_in_process(raise_on_error=False)


def why(result: Any) -> str:
    (failure,) = result.get_step_failure_events()
    return str(failure.step_failure_data.user_failure_data.description)


def test_a_mail_has_figures_and_remedies_as_text_and_the_whole_as_a_page(
    warehouse: Path, mail_server: MailServer, webhook: Webhook
) -> None:
    put_daily(warehouse, "('2026-06-14', 'news.acme.example', 2000, 200, 0)")

    assert run().success

    (mail,) = mail_server.mails
    subject = "INFO mail in 30 days: 10.0 % bounced, 0.0 % called spam [email_assets]"
    assert mail["Subject"].strip() == subject
    body = mail.get_body()
    assert body
    text = body.get_content()
    assert text.startswith("10.0 % bounced: 200 of 2,000 messages, in the 30 days up to ")
    assert "most of news.acme.example; max_bounce_rate is 5.0 %" in " ".join(text.split())
    assert text.rstrip().endswith("http://127.0.0.1:3000/assets/deliverability_report")
    (page,) = mail.iter_attachments()
    assert (page.get_content_type(), page.get_filename()) == ("text/html", "deliverability.html")
    assert "<svg" in page.get_content()
    (told,) = webhook.texts
    assert told.startswith("10.0 % bounced")
    assert "<svg" not in told


WITHOUT_COMPLAINTS = """
from copy import deepcopy
from email_assets.vendors.generic import VENDOR as GENERIC

VENDOR = deepcopy(GENERIC)
del VENDOR["deliverability"]["bounces"]["complaint"]
"""


def test_the_subject_says_nothing_of_complaints_where_the_api_tells_of_none(
    warehouse: Path, mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silent.py").write_text(WITHOUT_COMPLAINTS)
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(tmp_path / "silent.py"))
    put_daily(warehouse, "('2026-06-14', 'news.acme.example', 2000, 200, 0)")

    assert run().success

    (mail,) = mail_server.mails
    assert mail["Subject"].strip() == "INFO mail in 30 days: 10.0 % bounced [email_assets]"


def test_a_channel_that_does_not_take_it_fails_the_run_and_keeps_it_from_no_other(
    warehouse: Path, mail_server: MailServer, webhook: Webhook
) -> None:
    put_daily(warehouse)
    webhook.status = 500

    result = run()

    assert why(result).startswith("The alert webhook answered 500.")
    assert len(mail_server.mails) == 1


def test_without_a_channel_or_a_table_the_run_says_what_is_missing(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Materialize deliverability_daily." in why(run())
    put_daily(warehouse)
    assert why(run()).startswith("No channel is set")
