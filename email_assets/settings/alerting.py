"""The settings of alerts, looked up once by an entry point: a command, or a tick of a sensor."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import ClassVar

from dlt.common.configuration import configspec

from email_assets.settings import resolve
from email_assets.settings.resolve import Section, SettingError, where_to_set
from email_assets.settings.sections import http_address

WEBHOOK_URL = "alerts.webhook_url"
SMTP_PASSWORD = "alerts.smtp_password"  # noqa: S105 (its name)
SMTP_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
"""The usual port of a mail server, by the security of the connection."""


@configspec
class AlertSettings(Section):
    """`[alerts]`: what an alert links to. The webhook it goes to is a secret, `webhook_url`."""

    dagster_url: str = "http://127.0.0.1:3000"
    """The address at which people open Dagster's UI."""

    sections: ClassVar[tuple[str, ...]] = ("alerts",)
    secrets: ClassVar[tuple[str, ...]] = (WEBHOOK_URL,)

    def on_resolved(self) -> None:
        """Refuse what no link could begin with, and what no alert may hold."""
        address = http_address(self.dagster_url)
        if address is None or "@" in address.netloc or address.query or address.fragment:
            raise SettingError(
                "dagster_url must be an http or https address without user, query or fragment, "
                f"for example https://dagster.example.org. {where_to_set(self, 'dagster_url')}"
            )


@configspec
class MailSettings(Section):
    """`[alerts]`: alerts by e-mail. The password is a secret, `smtp_password`."""

    smtp_host: str | None = None
    """The mail server."""
    smtp_port: int | None = None
    """Its port, where it is not the usual one of the security."""
    smtp_security: str = "starttls"
    """`starttls`, `ssl` from the first byte on, or `none`."""
    smtp_user: str | None = None
    """The user that logs in, if the server wants a login."""
    mail_from: str | None = None
    """The sender of the mails."""
    mail_to: list[str] = field(default_factory=list)
    """The recipients."""

    sections: ClassVar[tuple[str, ...]] = ("alerts",)
    secrets: ClassVar[tuple[str, ...]] = (SMTP_PASSWORD,)

    @property
    def port(self) -> int:
        """The port, or the usual one."""
        return self.smtp_port or SMTP_PORTS[self.smtp_security]

    def on_resolved(self) -> None:
        """Refuse a security and a port that are none, and what is no address."""
        if self.smtp_security not in SMTP_PORTS:
            raise SettingError(
                "smtp_security must be starttls, ssl or none. "
                + where_to_set(self, "smtp_security")
            )
        if self.smtp_port is not None and not 0 < self.smtp_port < 65536:
            raise SettingError(
                f"smtp_port must be from 1 to 65535. {where_to_set(self, 'smtp_port')}"
            )
        for name, addresses in (
            ("mail_from", [self.mail_from or "a@b"]),
            ("mail_to", self.mail_to),
        ):
            if not all(map(_is_mail_address, addresses)):
                raise SettingError(
                    f"{name} holds something that is no e-mail address. {where_to_set(self, name)}"
                )


@dataclass(frozen=True, repr=False)
class Alerting:
    """`[alerts]` as it was at a moment. A part that cannot be used is the error that says why."""

    links: AlertSettings | SettingError
    mail: MailSettings | SettingError
    webhook_url: str | None
    smtp_password: str | None


def alerting_as_set_now() -> Alerting:
    """The settings of alerts and their secrets. One that is wrong keeps no other from working."""
    return Alerting(
        _settings_or_error(AlertSettings),
        _settings_or_error(MailSettings),
        resolve.secret(WEBHOOK_URL),
        resolve.secret(SMTP_PASSWORD),
    )


def _settings_or_error(spec: type[resolve.Settings]) -> resolve.Settings | SettingError:
    try:
        return resolve.load(spec)
    except SettingError as error:
        return error


def _is_mail_address(text: object) -> bool:
    """True if a text is `ann@example.org` or `Ann <ann@example.org>`, and nobody else's besides."""
    if not isinstance(text, str) or not text.isprintable():
        return False
    found = [address for _, address in getaddresses([text])]
    # Python leaves blanks out of an address, and makes another one of it
    return len(found) == 1 and bool(re.fullmatch(r"[^\s@]+@[^\s@]+", found[0])) and found[0] in text
