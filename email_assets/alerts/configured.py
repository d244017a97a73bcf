"""The channels that the settings configure."""

from __future__ import annotations

from dataclasses import dataclass

from email_assets.alerts.channels import WEBHOOK, Webhook
from email_assets.alerts.mail import MAIL, Mail
from email_assets.settings import resolve
from email_assets.settings.alerting import (
    SMTP_PASSWORD,
    WEBHOOK_URL,
    Alerting,
    AlertSettings,
    MailSettings,
)
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import http_address

NO_CHANNEL = (
    "No channel is set, so alerts go to the log. Set [alerts] webhook_url, or smtp_host, "
    "mail_from and mail_to."
)


@dataclass(frozen=True)
class InvalidChannel:
    """A channel that cannot be used with the settings that there are."""

    name: str
    problem: str


def dagster_url(alerting: Alerting) -> tuple[str, str | None]:
    """The beginning of links in alerts, and a sentence if the setting cannot be used for it."""
    if isinstance(alerting.links, SettingError):
        return AlertSettings.dagster_url, str(alerting.links)
    return alerting.links.dagster_url.rstrip("/"), None


def channels(alerting: Alerting) -> list[Webhook | Mail | InvalidChannel]:
    """The channels of the settings. One that is half set does not keep the other from working."""
    found = (_webhook(alerting.webhook_url), _mail(alerting.mail, alerting.smtp_password))
    return [channel for channel in found if channel]


def _webhook(url: str | None) -> Webhook | InvalidChannel | None:
    if url is None:
        return None
    if http_address(url) is None:
        where = resolve.where_to_set_secret(WEBHOOK_URL)
        return InvalidChannel(WEBHOOK, f"webhook_url must be an http or https address. {where}")
    return Webhook(url)


def _mail(found: MailSettings | SettingError, password: str | None) -> Mail | InvalidChannel | None:
    if isinstance(found, SettingError):
        return InvalidChannel(MAIL, str(found))
    needed = {name: getattr(found, name) for name in ("smtp_host", "mail_from", "mail_to")}
    if not any((*needed.values(), found.smtp_user, password)):
        return None
    if missing := [name for name, value in needed.items() if not value]:
        where = resolve.where_to_set(MailSettings, missing[0])
        return InvalidChannel(MAIL, f"E-mail alerts need {' and '.join(missing)} too. {where}")
    if bool(found.smtp_user) != bool(password):
        where = (
            resolve.where_to_set_secret(SMTP_PASSWORD)
            if found.smtp_user
            else resolve.where_to_set(MailSettings, "smtp_user")
        )
        return InvalidChannel(MAIL, f"smtp_user and smtp_password go together. {where}")
    if password and found.smtp_security == "none":
        where = resolve.where_to_set(MailSettings, "smtp_security")
        return InvalidChannel(
            MAIL, f"smtp_password is sent with smtp_security starttls or ssl only. {where}"
        )
    return Mail(found, password)
