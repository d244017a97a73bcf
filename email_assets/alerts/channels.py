"""The channels by which alerts reach people: a Slack-compatible webhook and e-mail."""

from __future__ import annotations

import html
import logging
import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol

import requests

from email_assets.clock import now
from email_assets.errors import EmailAssetsError
from email_assets.settings import resolve
from email_assets.settings.sections import MailSettings

WEBHOOK = "webhook"
MAIL = "e-mail"
CONNECT_SECONDS = 5
ANSWER_SECONDS = 10
LONGEST_SUBJECT = 160


class DeliveryError(EmailAssetsError):
    """A channel did not take a message. The text holds no secret and no address."""


@dataclass(frozen=True)
class Message:
    """A message for people."""

    id: str
    """The same for the same message, should it be sent twice."""
    subject: str
    text: str


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """Its name in sentences and cursors."""

    def send(self, message: Message, seconds: float) -> str | None:
        """Deliver a message, and give a remark if there is something to remark.

        Raises:
            DeliveryError: It was not taken within the seconds.
        """


@dataclass(frozen=True, repr=False)
class Webhook:
    """Takes Slack's simplest message: https://api.slack.com/messaging/webhooks."""

    url: str
    name: str = WEBHOOK

    def send(self, message: Message, seconds: float) -> str | None:
        """Post the message's text."""
        _within(seconds, self.name, lambda: self._post(message))
        return None

    def _post(self, message: Message) -> None:
        # what an API said must not become a mention of everybody, such as <!channel>
        body = {"text": html.escape(message.text, quote=False)}
        try:
            with (
                _unlogged(),
                # the body is not read: it could be endless. A redirect would turn it into a GET
                requests.post(
                    self.url,
                    json=body,
                    timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                problem = None
                if not 200 <= answer.status_code < 300:
                    problem = f"answered {answer.status_code}"
        except requests.RequestException as error:
            problem = f"could not be reached ({type(error).__name__})"
        if problem:
            # outside of the except block: the exception's text holds the URL, which is a secret
            raise DeliveryError(
                f"The alert webhook {problem}. " + resolve.where_to_set_secret("alerts.webhook_url")
            )


@dataclass(frozen=True, repr=False)
class Mail:
    """Sends mail through a server of the user's."""

    server: MailSettings
    password: str | None
    name: str = MAIL

    def send(self, message: Message, seconds: float) -> str | None:
        """Mail the message to every recipient."""
        refused: list[str] = []
        _within(seconds, self.name, lambda: refused.extend(self._mail(message)))
        recipients = len(self.server.mail_to)
        # not sent again: those who got it would get it twice
        return (
            f"The mail server refused {len(refused)} of {recipients} recipients of an alert. "
            + resolve.where_to_set(MailSettings, "mail_to")
            if refused
            else None
        )

    def _mail(self, message: Message) -> list[str]:
        taken: dict[str, tuple[int, bytes]] | None = None
        problem = ""
        try:
            with self._connected() as server:
                if self.server.smtp_user and self.password:
                    server.login(self.server.smtp_user, self.password)
                taken = server.send_message(self.written(message))
        except smtplib.SMTPAuthenticationError as error:
            problem = f"refused the login ({error.smtp_code})"
        except smtplib.SMTPRecipientsRefused:
            problem = "refused every recipient"
        except smtplib.SMTPResponseException as error:
            problem = f"answered {error.smtp_code}"
        except smtplib.SMTPNotSupportedError:
            problem = "offers no STARTTLS or no login"
        except (OSError, smtplib.SMTPException) as error:
            problem = f"could not be reached ({type(error).__name__})"
        if taken is None:  # else the server has the mail, and only the goodbye went wrong
            raise DeliveryError(
                f"The mail server {problem}. See [alerts] smtp_host, smtp_port, smtp_security, "
                "smtp_user and smtp_password."
            )
        return [*taken]

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
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = ", ".join(self.server.mail_to)
        mail["Subject"] = f"[email_assets] {message.subject}"[:LONGEST_SUBJECT]
        mail["Date"] = format_datetime(now())
        mail["Message-ID"] = f"<{message.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


def _within(seconds: float, name: str, send: Callable[[], object]) -> None:
    """Run what sends, and wait no longer, whether it is the name server that hangs or a socket."""
    outcome: list[DeliveryError | None] = []

    def attempt() -> None:
        problem = None
        try:
            send()
        except DeliveryError as error:
            problem = error
        except Exception as error:
            # whatever else goes wrong, its text may hold an address or a secret
            problem = DeliveryError(f"The {name} failed with {type(error).__name__}.")
        outcome.append(problem)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(max(0, seconds))
    if not outcome:
        raise DeliveryError(f"The {name} did not take an alert within {seconds:.0f} s.")
    if outcome[0]:
        raise outcome[0]


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep urllib3 from logging this thread's requests: a webhook's path is its secret."""
    here = threading.get_ident()
    loggers = [logging.getLogger(f"urllib3.{name}") for name in ("connectionpool", "util.retry")]

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    for logger in loggers:
        logger.addFilter(elsewhere)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(elsewhere)
