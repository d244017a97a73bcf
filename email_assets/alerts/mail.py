"""Alerts by e-mail, through a server of the user's."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from email_assets.alerts.channels import (
    ANSWER_SECONDS,
    DeliveryError,
    Message,
    Receipt,
    digest_of,
    within,
)
from email_assets.clock import now
from email_assets.settings import resolve
from email_assets.settings.alerting import MailSettings

MAIL = "e-mail"
PAGE = "deliverability.html"
"""The name of the page that a mail carries along."""
IN_7_BITS = policy.default.clone(cte_type="7bit")
"""Every server takes it, and more only who says so: RFC 6152."""
REFUSED_FOR_NOW = range(400, 500)
"""Answers of a mail server to a recipient that it may take later: RFC 5321, 4.2.1."""


@dataclass(frozen=True, repr=False)
class Mail:
    """Sends mail through a server of the user's."""

    server: MailSettings
    password: str | None
    name: str = MAIL

    def send(self, message: Message, seconds: float, only: Collection[str] = ()) -> Receipt:
        """Mail the message to every recipient, or to some, at once."""
        recipients = {recipient_digest(each): each for each in self.server.mail_to}
        wanted = [digest for digest in recipients if not only or digest in only]
        if not wanted:  # those who were to get it were taken out of the settings
            return Receipt()
        addresses = [parseaddr(recipients[digest])[1] for digest in wanted]
        refused = within(seconds, self.name, lambda: self._mail(message, addresses, bool(only)))
        codes = {recipient_digest(address): code for address, (code, _) in refused.items()}
        # to be sent again to nobody else: those who got it would get it twice
        not_yet = tuple(digest for digest, code in codes.items() if code in REFUSED_FOR_NOW)
        if not codes:
            return Receipt()
        later = " for now" if not_yet else ""
        remark = (
            f"The mail server refused {len(codes)} of {len(recipients)} recipients of an alert"
            f"{later}. {resolve.where_to_set(MailSettings, 'mail_to')}"
        )
        return Receipt(remark, not_yet)

    def _mail(
        self, message: Message, addresses: Sequence[str], again: bool
    ) -> dict[str, tuple[int, bytes]]:
        """Give the mail to the server, and tell which recipients it refused, each with its code.

        Args:
            message: The message.
            addresses: The recipients.
            again: Others have got it before, so that it is no trouble of the server's if these
                are refused.
        """
        refused: dict[str, tuple[int, bytes]] | None = None
        problem = ""
        try:
            with self._connected() as server:
                if self.server.smtp_user and self.password:
                    server.login(self.server.smtp_user, self.password)
                refused = server.send_message(self.written(message), to_addrs=addresses)
        except smtplib.SMTPAuthenticationError as error:
            problem = f"refused the login ({error.smtp_code})"
        except smtplib.SMTPRecipientsRefused as error:
            problem = "refused every recipient"
            # fewer, if the server hung up in between
            refused = (
                error.recipients if again and len(error.recipients) == len(addresses) else None
            )
        except smtplib.SMTPResponseException as error:
            problem = f"answered {error.smtp_code}"
        except smtplib.SMTPNotSupportedError:
            # the last one only for an address that wants it
            problem = "offers no STARTTLS, no login or no addresses beyond ASCII (SMTPUTF8)"
        except (OSError, smtplib.SMTPException) as error:
            problem = f"could not be reached ({type(error).__name__})"
        if refused is None:  # else the server has the mail, and only the goodbye went wrong
            raise DeliveryError(
                f"The mail server {problem}. See [alerts] smtp_host, smtp_port, smtp_security, "
                "smtp_user, smtp_password, mail_from and mail_to."
            )
        return refused

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        host, port = self.server.smtp_host or "", self.server.port
        if self.server.smtp_security == "ssl":
            context = ssl.create_default_context()
            with smtplib.SMTP_SSL(host, port, timeout=ANSWER_SECONDS, context=context) as server:
                yield server
            return
        with smtplib.SMTP(host, port, timeout=ANSWER_SECONDS) as server:
            if self.server.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            yield server

    def written(self, message: Message) -> EmailMessage:
        """The message as mail."""
        sender = self.server.mail_from or ""
        mail = EmailMessage(IN_7_BITS)
        mail["From"] = sender
        mail["To"] = ", ".join(self.server.mail_to)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(now())
        mail["Message-ID"] = f"<{message.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        if message.page:
            # beside the text: programs for mail show no charts of their own accord
            mail.add_attachment(message.page, subtype="html", filename=PAGE)
        return mail


def recipient_digest(recipient: str) -> str:
    """A digest of a recipient's address: Dagster keeps the cursor that it stands in."""
    return digest_of(parseaddr(recipient)[1])
