"""The settings of alerts, looked up once by an entry point: a command, or a tick of a sensor."""

from __future__ import annotations

from dataclasses import dataclass

from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import AlertSettings, MailSettings

WEBHOOK_URL = "alerts.webhook_url"
SMTP_PASSWORD = "alerts.smtp_password"  # noqa: S105 (its name)


@dataclass(frozen=True, repr=False)
class Alerting:
    """`[alerts]` as it was at a moment. A part that cannot be used is the error that says why."""

    links: AlertSettings | SettingError
    mail: MailSettings | SettingError
    webhook_url: str | None
    smtp_password: str | None


def alerting_as_set_now() -> Alerting:
    """The settings of alerts and their secrets. One that is wrong keeps no other from working."""
    links: AlertSettings | SettingError
    mail: MailSettings | SettingError
    try:
        links = resolve.load(AlertSettings)
    except SettingError as error:
        links = error
    try:
        mail = resolve.load(MailSettings)
    except SettingError as error:
        mail = error
    return Alerting(links, mail, resolve.secret(WEBHOOK_URL), resolve.secret(SMTP_PASSWORD))
