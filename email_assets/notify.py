"""The channels of the settings.

`python -m email_assets.notify` sends each of them a test message.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from secrets import token_hex

from email_assets import settings
from email_assets.channels import MAIL, WEBHOOK, DeliveryError, Mail, Message, Webhook
from email_assets.sections import AlertSettings, MailSettings, http_address
from email_assets.settings import SettingError

NO_CHANNEL = (
    "No channel is set, so alerts go to the log. Set [alerts] webhook_url, or smtp_host, "
    "mail_from and mail_to."
)
TEST_SECONDS = 30


@dataclass(frozen=True)
class Misset:
    """A channel that cannot be used with the settings that there are."""

    name: str
    problem: str


def dagster_url() -> tuple[str, str | None]:
    """What links in alerts begin with, and what is wrong with the setting if it is not that."""
    try:
        return settings.load(AlertSettings).dagster_url.rstrip("/"), None
    except SettingError as error:
        return AlertSettings.dagster_url, str(error)


def channels() -> list[Webhook | Mail | Misset]:
    """The channels of the settings. One that is half set does not keep the other from working."""
    return [channel for channel in (_webhook(), _mail()) if channel]


def _webhook() -> Webhook | Misset | None:
    url = settings.secret("alerts.webhook_url")
    if url is None:
        return None
    if http_address(url) is None:
        where = settings.where_to_set_secret("alerts.webhook_url")
        return Misset(WEBHOOK, f"webhook_url must be an http or https address. {where}")
    return Webhook(url)


def _mail() -> Mail | Misset | None:
    try:
        found = settings.load(MailSettings)
    except SettingError as error:
        return Misset(MAIL, str(error))
    password = settings.secret("alerts.smtp_password")
    needed = {name: getattr(found, name) for name in ("smtp_host", "mail_from", "mail_to")}
    if not any((*needed.values(), found.smtp_user, password)):
        return None
    if missing := [name for name, value in needed.items() if not value]:
        where = settings.where_to_set(MailSettings, missing[0])
        return Misset(MAIL, f"E-mail alerts need {' and '.join(missing)} too. {where}")
    if bool(found.smtp_user) != bool(password):
        where = (
            settings.where_to_set_secret("alerts.smtp_password")
            if found.smtp_user
            else settings.where_to_set(MailSettings, "smtp_user")
        )
        return Misset(MAIL, f"smtp_user and smtp_password go together. {where}")
    if password and found.smtp_security == "none":
        where = settings.where_to_set(MailSettings, "smtp_security")
        return Misset(
            MAIL, f"smtp_password is sent with smtp_security starttls or ssl only. {where}"
        )
    return Mail(found, password)


def main() -> int:
    """Send a test message, print who took it, and return the exit status."""
    argparse.ArgumentParser(
        prog="python -m email_assets.notify",
        description="Sends a test message to each channel of [alerts].",
    ).parse_args()
    url, misset = dagster_url()
    text, found, failed = f"This is a test of the alerts. {url}", channels(), bool(misset)
    for channel in found:
        problem: str | None
        if isinstance(channel, Misset):
            failed, problem = True, channel.problem
        else:
            try:
                message = Message(token_hex(8), "a test of the alerts", text)
                problem = channel.send(message, TEST_SECONDS)
            except DeliveryError as error:
                failed, problem = True, str(error)
        print(f"{channel.name}: {problem or 'took the test message.'}")
    if misset:
        print(f"links: {misset}")
    if not found:
        print(NO_CHANNEL)
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
