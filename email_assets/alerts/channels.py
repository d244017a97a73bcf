"""The ways in which alerts reach people: what is sent, and a Slack-compatible webhook."""

from __future__ import annotations

import html
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

import requests

from email_assets.errors import EmailAssetsError
from email_assets.redaction import redact, redact_line
from email_assets.settings import resolve
from email_assets.settings.alerting import WEBHOOK_URL

WEBHOOK = "webhook"
CONNECT_SECONDS = 5
ANSWER_SECONDS = 10

Sent = TypeVar("Sent")


class DeliveryError(EmailAssetsError):
    """A channel did not take a message. The text holds no secret and no address."""


@dataclass(frozen=True)
class Message:
    """A message for people, cleaned of what must not reach them, whoever wrote it."""

    id: str
    """The same for the same message, should it be sent twice."""
    subject: str
    """At most 70 characters, with the severity first."""
    text: str
    page: str = ""
    """A page in HTML that a mail carries along; made of clean text already."""

    def __post_init__(self) -> None:
        """Clean subject and text."""
        object.__setattr__(self, "subject", redact_line(self.subject))
        object.__setattr__(self, "text", redact(self.text))


@dataclass(frozen=True)
class Receipt:
    """A channel's answer for a message that it took."""

    remark: str | None = None
    """A sentence, if there is something to remark."""
    not_yet: tuple[str, ...] = ()
    """Digests of the recipients that could not get it for now, and to whom it is to be sent again.
    The others have it, or were refused for good."""


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """Its name in sentences and cursors."""

    def send(self, message: Message, seconds: float, only: Collection[str] = ()) -> Receipt:
        """Deliver a message.

        Args:
            message: The message.
            seconds: The longest time that it may take.
            only: Digests of recipients to send it to. All of them, if there are none.

        Raises:
            DeliveryError: Nobody got it within the seconds.
        """


@dataclass(frozen=True, repr=False)
class Webhook:
    """Takes Slack's simplest message: https://api.slack.com/messaging/webhooks."""

    url: str
    name: str = WEBHOOK

    def send(
        self,
        message: Message,
        seconds: float,
        only: Collection[str] = (),  # noqa: ARG002 (who reads it is not known)
    ) -> Receipt:
        """Post the message's text, after the severity that its subject begins with."""
        # more would be a name server that hangs, and the time of other channels
        seconds = min(seconds, CONNECT_SECONDS + ANSWER_SECONDS)
        return within(seconds, self.name, lambda: self._post(message))

    def _post(self, message: Message) -> Receipt:
        # what an API said must not become a mention of everybody, such as <!channel>
        severity = message.subject.partition(" ")[0]
        body = {"text": html.escape(f"{severity} {message.text}", quote=False)}
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
                f"The alert webhook {problem}. " + resolve.where_to_set_secret(WEBHOOK_URL)
            )
        return Receipt()


def digest_of(*parts: str) -> str:
    """A short text that these parts have, and no others."""
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def within(seconds: float, name: str, send: Callable[[], Sent]) -> Sent:
    """Run what sends, and wait no longer, whether it is the name server that hangs or a socket."""
    outcome: list[Sent | DeliveryError] = []

    def attempt() -> None:
        try:
            outcome.append(send())
        except DeliveryError as error:
            outcome.append(error)
        except Exception as error:
            # whatever else goes wrong, its text may hold an address or a secret
            outcome.append(DeliveryError(f"The {name} failed with {type(error).__name__}."))

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(max(0, seconds))
    if not outcome:
        raise DeliveryError(f"The {name} did not take an alert within {seconds:.0f} s.")
    if isinstance(outcome[0], DeliveryError):
        raise outcome[0]
    return outcome[0]


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
