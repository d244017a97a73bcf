"""Receivers of alerts on this machine: a webhook and a mail server."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from email_assets.alerts.channels import Message
from email_assets.alerts.configured import channels
from email_assets.alerts.mail import Mail
from email_assets.clock import now
from email_assets.settings.alerting import alerting_as_set_now

PASSWORD = "smtp-password/1"
RECIPIENTS = ["ops@alerts.example", "ann@alerts.example"]
MESSAGE = Message("id-1", "ERROR bounces failed: ünknown", "bounces failed: ünknown <reason> link")
MAIL_REMEDY = (
    "See [alerts] smtp_host, smtp_port, smtp_security, smtp_user, smtp_password, mail_from and "
    "mail_to."
)


@dataclass
class Webhook:
    """A place that takes alerts, and what it took."""

    url: str = ""
    status: int = 200
    location: str = ""
    """The target of its redirects, if it redirects."""
    bodies: list[Any] = field(default_factory=list)
    """All that it was sent, whether it took it or not."""
    times: list[float] = field(default_factory=list)
    """The time of each, in seconds since 1970."""

    @property
    def texts(self) -> list[str]:
        """The texts that it was told, without the severity that each begins with."""
        return [body["text"].partition(" ")[2] for body in self.bodies]


@contextmanager
def listening() -> Iterator[Webhook]:
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.bodies.append(json.loads(body))
            webhook.times.append(now().timestamp())
            self.send_response(webhook.status)
            if webhook.location:
                self.send_header("Location", webhook.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        webhook.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/secret-part"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A webhook that is set in the settings."""
    with listening() as webhook:
        monkeypatch.setenv("ALERTS__WEBHOOK_URL", webhook.url)
        yield webhook


@dataclass
class MailServer:
    """A mail server that wants TLS and a login, and what it took."""

    down: bool = False
    refused: list[str] = field(default_factory=list)
    """Recipients that it does not know."""
    refused_for_now: list[str] = field(default_factory=list)
    """Recipients that it will know later."""
    recipients: list[list[str]] = field(default_factory=list)
    """The recipients of each mail that it took."""
    mails: list[EmailMessage] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)
    """Each of them as it came."""
    attempts: int = 0
    goodbye: str = "221 Bye"

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        self.attempts += 1
        if self.down:
            return "451 try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such user"
        if address in self.refused_for_now:
            return "450 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_QUIT(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802
        return self.goodbye

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.written.append(envelope.content)
        self.recipients.append([*envelope.rcpt_tos])
        return "250 OK"


class FreePortController(Controller):
    """Serves mail: takes a free port, which aiosmtpd's own would then not find to greet itself."""

    def start(self) -> None:
        self.ready_timeout = 60.0
        super().start()

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def mail_channel() -> Mail:
    """The channel of the mail server that is set."""
    (channel,) = (found for found in channels(alerting_as_set_now()) if isinstance(found, Mail))
    return channel


def _login(_: SMTP, __: Session, ___: Any, ____: str, found: Any) -> AuthResult:
    assert isinstance(found, LoginPassword)
    known = found == LoginPassword(b"alerts", PASSWORD.encode())
    return AuthResult(success=known, handled=known)  # aiosmtpd answers what is not handled: 535


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The file of an authority, and the TLS of a server that it vouches for."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return file, context


@pytest.fixture
def mail_server(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> Iterator[MailServer]:
    """A mail server that is set in the settings."""
    authority, context = certificate
    server = MailServer()
    controller = FreePortController(
        server,
        hostname="127.0.0.1",
        port=0,
        require_starttls=True,
        tls_context=context,
        auth_required=True,
        authenticator=_login,
    )
    controller.start()
    try:
        for name, value in {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(controller.port),
            "SMTP_USER": "alerts",
            "SMTP_PASSWORD": PASSWORD,
            "MAIL_FROM": "Platform <platform@alerts.example>",
            "MAIL_TO": json.dumps(RECIPIENTS),
        }.items():
            monkeypatch.setenv(f"ALERTS__{name}", value)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        yield server
    finally:
        controller.stop()
