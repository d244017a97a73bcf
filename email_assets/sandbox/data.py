"""The contents of the rows.

Every row is computed from the seed and its number, alone and in constant time. A million messages
therefore cost no memory and no start-up time, and the same seed always gives the same rows.

Messages and bounces point at each other without a lookup in either direction: message numbers are
cut into blocks of eleven, and in block `b` exactly one message bounces, the one that
`Data.bouncing_message(b)` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any

Row = dict[str, Any]

RESOURCES = ("bounces", "messages", "deliverystats", "servers", "domains")
"""The collections that the API serves, as named in its paths."""

BLOCK = 11
"""Messages in a block; one of them bounces."""

SERVERS = 5
DOMAINS = 8


@dataclass(frozen=True)
class BounceType:
    """A reason for not being delivered.

    Attributes:
        type: The short name that a bounce carries.
        name: The name for people.
        description: The sentence that a bounce carries.
        share: How many of a hundred bounces are of this type.
        inactive: Whether the address is not written to any more.
    """

    type: str
    name: str
    description: str
    share: int
    inactive: bool = False


BOUNCE_TYPES = (
    BounceType("HardBounce", "Hard bounce", "The mailbox does not exist.", 43, inactive=True),
    BounceType("SoftBounce", "Soft bounce", "The mailbox is full.", 24),
    BounceType("Transient", "Message delayed", "The receiving server asks to try later.", 16),
    BounceType("Blocked", "Blocked", "The receiving server refuses this sender.", 9),
    BounceType("DnsError", "DNS error", "The recipient's domain has no mail server.", 4),
    BounceType("AutoResponder", "Auto responder", "The recipient is out of the office.", 3),
    BounceType("SpamComplaint", "Spam complaint", "The recipient marked it as spam.", 1, True),
)

_SERVER_NAMES = ("Production", "Staging", "Newsletters", "Receipts", "Support")
_COLORS = ("blue", "green", "orange", "purple", "red", "turquoise", "yellow")
_DOMAIN_NAMES = (
    "mail.acme.example",
    "news.acme.example",
    "mail.globex.example",
    "post.initech.example",
    "mail.umbrella.example",
    "hello.hooli.example",
    "mail.stark.example.org",
    "support.wayne.example.com",
)
_FIRST_NAMES = (
    *("ada", "alan", "amara", "bjarne", "chen", "dorothy", "edsger", "fatima", "grace", "hedy"),
    *("ivan", "joan", "katherine", "linus", "margaret", "nadia", "omar", "priya", "radia", "sofia"),
)
_LAST_NAMES = (
    *("adams", "baker", "costa", "diaz", "evans", "fischer", "garcia", "hughes", "ito", "jensen"),
    *("kowalski", "larsen", "meyer", "novak", "okafor", "patel", "rossi", "silva", "tanaka", "wu"),
)
_CUSTOMERS = ("bluebird", "cedar", "delta", "ember", "fjord", "granite", "harbor", "juniper")
_LETTERS = (
    ("receipt", "orders", "Your receipt for order {n}"),
    ("shipping", "orders", "Order {n} is on its way"),
    ("invoice", "billing", "Invoice {n}"),
    ("password-reset", "security", "Reset your password"),
    ("welcome", "hello", "Welcome aboard"),
    ("newsletter", "news", "What is new, issue {n}"),
    (None, "support", "Re: your question, case {n}"),
)
_CAMPAIGNS = ("spring", "summer", "autumn", "winter")
_FATES = ("delivered",) * 9 + ("opened",) * 6 + ("sent",)
_RECIPIENT_COUNTS = (1,) * 12 + (2,) * 3 + (3,)
_FIRST_SERVER_DAY = datetime(2023, 1, 9, 9, 30, tzinfo=timezone.utc)


class Data:
    """The rows of one seed.

    Args:
        seed: Any whole number; another seed gives other rows.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        types = [type_ for type_ in BOUNCE_TYPES for _ in range(type_.share)]
        order = sorted(range(len(types)), key=lambda place: self._dice("type", place))
        self._types = [types[place] for place in order]

    def bouncing_message(self, block: int) -> int:
        """The number of the one message that bounces in a block."""
        return block * BLOCK + self._dice("block", block)[0] % BLOCK

    def bounce_count(self, messages: int) -> int:
        """The number of bounces among the first `messages` messages."""
        blocks, rest = divmod(messages, BLOCK)
        return blocks + (self.bouncing_message(blocks) % BLOCK < rest)

    def type_count(self, type_: BounceType, bounces: int) -> int:
        """The number of bounces of a type among the first `bounces` bounces."""
        cycles, rest = divmod(bounces, len(self._types))
        return cycles * type_.share + self._types[:rest].count(type_)

    def server(self, number: int) -> Row:
        """A server, that is a stream that messages are sent through."""
        name = _SERVER_NAMES[number] if number < SERVERS else f"Server {number + 1}"
        return {
            "id": number + 1,
            "name": name,
            "color": _COLORS[self._dice("server", number)[0] % len(_COLORS)],
            "delivery_type": "sandbox" if name == "Staging" else "live",
            "track_opens": name == "Newsletters",
            "created_at": _day(number, every=41),
        }

    def domain(self, number: int) -> Row:
        """A domain that messages are sent from; the later ones are not all verified."""
        dice = self._dice("domain", number)
        name = _domain_name(number)
        return {
            "id": 101 + number,
            "name": name,
            "spf_verified": number < 3 or dice[0] % 4 > 0,
            "dkim_verified": number < 3 or dice[1] % 3 > 0,
            "return_path": f"bounce.{name}",
            "return_path_verified": number < 3 or dice[2] % 2 > 0,
            "created_at": _day(number, every=29),
        }

    def message(self, number: int, sent_at: float) -> Row:
        """A message.

        Args:
            number: Its number, 0 for the oldest.
            sent_at: When it was sent, in seconds since 1970.
        """
        dice = self._dice("message", number)
        tag, mailbox, subject = _LETTERS[dice[16] % len(_LETTERS)]
        domain = dice[17] % DOMAINS
        bounced = self.bouncing_message(number // BLOCK) == number
        status = "bounced" if bounced else _FATES[dice[18] % len(_FATES)]
        return {
            "id": _uuid(dice[:16]),
            "server_id": dice[19] % SERVERS + 1,
            "domain_id": 101 + domain,
            "from": f"{mailbox}@{_domain_name(domain)}",
            "subject": subject.format(n=10_000 + number),
            "recipients": _recipients(dice[20:30]),
            "status": status,
            "tag": tag,
            "metadata": {
                "campaign": _CAMPAIGNS[dice[30] % len(_CAMPAIGNS)],
                "customer": f"c-{dice[31]:03}",
            },
            "sent_at": iso(sent_at),
            "opens": dice[30] % 5 + 1 if status == "opened" else 0,
        }

    def bounce(self, number: int, message: Row, bounced_at: float) -> Row:
        """A bounce.

        Args:
            number: Its number, 0 for the oldest.
            message: The row of the message that bounced.
            bounced_at: When it bounced, in seconds since 1970.
        """
        type_ = self._types[number % len(self._types)]
        recipients = message["recipients"]
        return {
            "id": 1_000_001 + number,
            "message_id": message["id"],
            "server_id": message["server_id"],
            "type": type_.type,
            "email": recipients[number % len(recipients)]["email"],
            "description": type_.description,
            "bounced_at": iso(bounced_at),
            "inactive": type_.inactive,
        }

    def deliverystat(self, number: int, count: int) -> Row:
        """The count of one type of bounce; beyond the known types, of one that is reserved."""
        if number < len(BOUNCE_TYPES):
            type_ = BOUNCE_TYPES[number]
            return {"id": number + 1, "type": type_.type, "name": type_.name, "count": count}
        label = f"Reserved{number + 1}"
        return {"id": number + 1, "type": label, "name": label, "count": count}

    def _dice(self, what: str, number: int) -> bytes:
        """32 bytes that look thrown, always the same for the same question."""
        return blake2b(f"{self._seed}:{what}:{number}".encode(), digest_size=32).digest()


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the millisecond: `2026-01-31T09:30:00.000Z`."""
    return moment(seconds).isoformat(timespec="milliseconds")[:-6] + "Z"


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as the instant that `iso` writes: whole milliseconds, cut off."""
    exact = datetime.fromtimestamp(seconds, timezone.utc)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


def _day(number: int, every: int) -> str:
    return iso((_FIRST_SERVER_DAY + timedelta(days=number * every)).timestamp())


def _domain_name(number: int) -> str:
    return _DOMAIN_NAMES[number] if number < DOMAINS else f"mail{number + 1}.acme.example"


def _uuid(dice: bytes) -> str:
    text = dice.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _recipients(dice: bytes) -> list[Row]:
    """One to three recipients from ten bytes: one for how many, three for each."""
    kinds = ("to", "cc", "bcc")[: _RECIPIENT_COUNTS[dice[0] % len(_RECIPIENT_COUNTS)]]
    recipients = []
    for position, kind in enumerate(kinds):
        first, last, place = dice[1 + 3 * position : 4 + 3 * position]
        # The place's byte also numbers the address, so that few customers share one.
        name = f"{_FIRST_NAMES[first % 20]}.{_LAST_NAMES[last % 20]}{place}"
        email = f"{name}@{_CUSTOMERS[place % len(_CUSTOMERS)]}.example"
        recipients.append({"email": email, "type": kind})
    return recipients
