"""The channels that the settings configure."""

from __future__ import annotations

from dataclasses import dataclass

from email_assets.alerts.channels import WEBHOOK, Webhook
from email_assets.alerts.mail import MAIL, Mail
from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import AlertSettings, MailSettings, http_address

NO_CHANNEL = (
    "No channel is set, so alerts go to the log. Set [alerts] webhook_url, or smtp_host, "
    "mail_from and mail_to."
)


@dataclass(frozen=True)
class InvalidChannel:
    """A channel that cannot be used with the settings that there are."""

    name: str
    problem: str


def dagster_url() -> tuple[str, str | None]:
    """The beginning of links in alerts, and a sentence if the setting cannot be used for it."""
    try:
        return resolve.load(AlertSettings).dagster_url.rstrip("/"), None
    except SettingError as error:
        return AlertSettings.dagster_url, str(error)


def channels() -> list[Webhook | Mail | InvalidChannel]:
    """The channels of the settings. One that is half set does not keep the other from working."""
    return [channel for channel in (_webhook(), _mail()) if channel]


def _webhook() -> Webhook | InvalidChannel | None:
    url = resolve.secret("alerts.webhook_url")
    if url is None:
        return None
    if http_address(url) is None:
        where = resolve.where_to_set_secret("alerts.webhook_url")
        return InvalidChannel(WEBHOOK, f"webhook_url must be an http or https address. {where}")
    return Webhook(url)


def _mail() -> Mail | InvalidChannel | None:
    try:
        found = resolve.load(MailSettings)
    except SettingError as error:
        return InvalidChannel(MAIL, str(error))
    password = resolve.secret("alerts.smtp_password")
    needed = {name: getattr(found, name) for name in ("smtp_host", "mail_from", "mail_to")}
    if not any((*needed.values(), found.smtp_user, password)):
        return None
    if missing := [name for name, value in needed.items() if not value]:
        where = resolve.where_to_set(MailSettings, missing[0])
        return InvalidChannel(MAIL, f"E-mail alerts need {' and '.join(missing)} too. {where}")
    if bool(found.smtp_user) != bool(password):
        where = (
            resolve.where_to_set_secret("alerts.smtp_password")
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
