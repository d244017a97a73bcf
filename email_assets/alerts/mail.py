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
NO_LETTERS = (553, b"no SMTPUTF8")
"""Our own answer for a server that has no letters for an address, as RFC 6531 gives it."""
REFUSED_FOR_NOW = range(400, 500)
"""Answers of a mail server to a recipient that it may take later: RFC 5321, 4.2.1."""


Refused = dict[str, tuple[int, bytes]]
"""Recipients' addresses, and a mail server's answer to each of those that it refuses."""


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
        refused = within(
            seconds, self.name, lambda: self._mail(message, addresses, bool(only), seconds)
        )
        # to be sent again to nobody else: those who got it would get it twice
        not_yet = tuple(
            recipient_digest(address)
            for address, (code, _) in refused.items()
            if code in REFUSED_FOR_NOW
        )
        return Receipt(self._remark_on(refused, len(recipients), bool(not_yet)), not_yet)

    def _remark_on(self, refused: Refused, of: int, for_now: bool) -> str | None:
        """A sentence on those who did not get a mail, by their places in `mail_to`."""
        unwritten = [
            str(place)
            for place, recipient in enumerate(self.server.mail_to, 1)
            if refused.get(parseaddr(recipient)[1]) == NO_LETTERS
        ]
        said = []
        if count := sum(answer != NO_LETTERS for answer in refused.values()):
            later = " for now" if for_now else ""
            said.append(f"The mail server refused {count} of {of} recipients of an alert{later}.")
        if unwritten:
            said.append(
                "The mail server takes no addresses beyond ASCII (SMTPUTF8), so an alert did not "
                f"go to number {' and '.join(unwritten)} of mail_to. Where only the domain is "
                "beyond ASCII, write it as xn--…."
            )
        return " ".join([*said, resolve.where_to_set(MailSettings, "mail_to")]) if said else None

    def _mail(
        self, message: Message, addresses: Sequence[str], again: bool, seconds: float
    ) -> Refused:
        """Give the mail to the server, and tell which recipients it refused, each with its code.

        Args:
            message: The message.
            addresses: The recipients.
            again: Others have got it before, so that it is no trouble of the server's if these
                are refused.
            seconds: The longest that each answer about the mail may take.
        """
        refused: Refused | None = None
        problem = ""
        try:
            with self._connected() as server:
                if self.server.smtp_user and self.password:
                    server.login(self.server.smtp_user, self.password)
                if server.sock:  # many look through a mail before they say that they have it
                    server.sock.settimeout(seconds)
                refused = self._hand_over(server, message, addresses)
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

    def _hand_over(
        self, server: smtplib.SMTP, message: Message, addresses: Sequence[str]
    ) -> Refused:
        """Give the mail to the server for those whose addresses it has letters for."""
        server.ehlo_or_helo_if_needed()
        beyond = [address for address in addresses if not address.isascii()]
        # for one that it has none for, Python would send the mail to nobody
        if server.has_extn("smtputf8") or len(beyond) == len(addresses):
            beyond = []
        refused = server.send_message(
            self.written(message, beyond),
            to_addrs=[address for address in addresses if address not in beyond],
        )
        return refused | dict.fromkeys(beyond, NO_LETTERS)

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

    def written(self, message: Message, without: Collection[str] = ()) -> EmailMessage:
        """The message as mail, which names all recipients but those of some addresses."""
        sender = self.server.mail_from or ""
        mail = EmailMessage(IN_7_BITS)
        mail["From"] = sender
        mail["To"] = ", ".join(
            each for each in self.server.mail_to if parseaddr(each)[1] not in without
        )
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
