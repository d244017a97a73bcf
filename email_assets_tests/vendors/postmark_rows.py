"""One server of a Postmark account: its token, its messages and its bounces."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from email_assets_tests.vendors.serving import Answer

EASTERN = ZoneInfo("America/New_York")

Row = dict[str, Any]


def eastern(at: datetime) -> str:
    """An instant as Postmark's rows write it: Eastern wall time, an offset and seven digits."""
    wall = at.astimezone(EASTERN)
    offset = wall.strftime("%z")
    return f"{wall:%Y-%m-%dT%H:%M:%S.%f}3{offset[:3]}:{offset[3:]}"


def suppression(address: str) -> Row:
    """An address that nothing is sent to any more."""
    return {
        "EmailAddress": address,
        "SuppressionReason": "HardBounce",
        "Origin": "Recipient",
        "CreatedAt": "2026-06-01T08:00:00-04:00",
    }


class Server:
    """A Postmark server: one token, messages, bounces and counts of its bounces."""

    def __init__(self, number: int) -> None:
        self.id = number
        self.token = f"srv-{number}/token+of=this&server"
        self.refuses_with: int | None = None
        """The status of all its answers, if it gives no others."""
        self.answers: dict[str, Callable[[], Answer]] = {}
        """Makers of other answers than its own, by path."""
        self.has_token = True
        self.streams: list[Row] = []
        self.add_stream("outbound", "Transactional")
        self.add_stream("inbound", "Inbound")
        self.streams_refused: dict[str, int] = {}
        """Streams of which no list is given, and the status that is answered."""
        self.suppressed: dict[str, list[Row]] = {"outbound": [suppression("ann@example.org")]}
        """The addresses that each stream sends nothing to."""
        self.messages: list[Row] = []
        self.bounces: list[Row] = []
        self.stats: list[Row] = [
            {"Name": "All", "Count": 3 * number},
            {"Type": "HardBounce", "Name": "Hard bounce", "Count": 2 * number},
            {"Type": "Transient", "Name": "Message delayed", "Count": number},
        ]

    def add_stream(self, name: str, kind: str, *, archived: bool = False) -> None:
        """A stream more; an archived one is listed to whoever asks for it."""
        archived_at = "2026-06-01T12:00:00-04:00" if archived else None
        self.streams.append(
            {
                "ID": name,
                "ServerID": self.id,
                "Name": name,
                "MessageStreamType": kind,
                "ArchivedAt": archived_at,
            }
        )

    def send_many(self, times: Iterable[datetime]) -> None:
        """Messages without nested lists, of which thousands load in a moment."""
        for at in times:
            message = self.send(at)
            for field in ("To", "Cc", "Bcc", "Recipients", "Attachments"):
                message[field] = None

    def send(self, at: datetime, stream: str = "outbound") -> Row:
        """A message that came at an instant."""
        message: Row = {
            "Tag": "invitation",
            "MessageID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id} {len(self.messages)}")),
            "MessageStream": stream,
            "To": [{"Email": "ann@example.org", "Name": "Ann"}],
            "Cc": [],
            "Bcc": [],
            "Recipients": ["ann@example.org"],
            "ReceivedAt": eastern(at),
            "From": '"Joe" <joe@example.com>',
            "Subject": f"Message {len(self.messages)}",
            "Attachments": [],
            "Status": "Sent",
            "TrackOpens": True,
            "TrackLinks": "None",
            "Metadata": {f"their-own-key-{len(self.messages) % 50}": "value"},
            "Sandboxed": False,
        }
        self.messages.append(message)
        return message

    def bounce(self, at: datetime, stream: str = "outbound") -> Row:
        """A bounce that came at an instant."""
        bounce = {
            "RecordType": "Bounce",
            # every server counts for itself: nothing documents that it is otherwise
            "ID": 3_000_000_000 + len(self.bounces),
            "Type": "HardBounce",
            "TypeCode": 1,
            "Name": "Hard bounce",
            "Tag": "invitation",
            "MessageID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id} {len(self.bounces)}")),
            "ServerID": self.id,
            "MessageStream": stream,
            "Description": "The server was unable to deliver your message.",
            "Details": "action: failed",
            "Email": "ann@example.org",
            "From": "joe@example.com",
            "BouncedAt": eastern(at),
            "DumpAvailable": True,
            "Inactive": True,
            "CanActivate": True,
            "Subject": "Invitation",
        }
        self.bounces.append(bounce)
        return bounce

    def describe(self) -> Row:
        """The server as `/servers` and `/server` show it, with its tokens."""
        hook = f"https://hook:hook-password-{self.id}@example.com/"
        return {
            "ID": self.id,
            "Name": f"Server {self.id}",
            "ApiTokens": [self.token, f"second-{self.token}"] if self.has_token else [],
            "Color": "red",
            "SmtpApiActivated": True,
            "RawEmailEnabled": False,
            "DeliveryType": "Live",
            "ServerLink": f"https://postmarkapp.com/servers/{self.id}/streams",
            "InboundAddress": f"inbound-hash-{self.id}@inbound.postmarkapp.com",
            "InboundHookUrl": hook,
            "BounceHookUrl": hook,
            "OpenHookUrl": hook,
            "DeliveryHookUrl": hook,
            "ClickHookUrl": hook,
            "PostFirstOpenOnly": False,
            "InboundDomain": "",
            "InboundHash": f"inbound-hash-{self.id}",
            "InboundSpamThreshold": 5,
            "TrackOpens": False,
            "TrackLinks": "None",
            "IncludeBounceContentInHook": True,
            "EnableSmtpApiErrorHooks": False,
        }
