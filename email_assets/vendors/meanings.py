"""The words by which a vendor's file says what its rows mean: who sent, what came back, and why."""

from typing import Literal, TypedDict

from typing_extensions import Required

EventType = Literal[
    "sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"
]
"""An event of a message, called alike whatever the vendor calls it."""


class Only(TypedDict):
    """The rows that count: those whose field holds one of these values."""

    field: str
    values: list[str]


class Sender(TypedDict, total=False):
    """The sender of mail: a sending domain, or a server."""

    field: Required[str]
    """The field that tells the sender: its name, or its id if the name stands in a resource."""
    resource: str
    """The resource of this file whose rows are the senders."""
    id: str
    """The field of that resource that `field` points to."""
    name: str
    """The field of that resource that people know the sender by."""


class SentMessages(TypedDict, total=False):
    """The fields of `messages` that deliverability is made of. Nested ones are dotted paths."""

    time: Required[str]
    """The field that says when a message was sent."""
    sender: Required[Sender]
    id: str
    """The field that tells the message, which `message` of the bounces points to."""
    recipient: str
    """The field that says to whom; of a list of recipients, the field of its items."""
    tag: str
    """The field by which the sender calls this kind of message, such as a campaign."""
    only: Only
    """The rows that are messages, where they are events."""


class BouncedMessages(TypedDict, total=False):
    """The fields that deliverability is made of. A type in no list is `other`."""

    resource: str
    """The resource whose rows tell of bounces: `bounces`, unless another one does."""
    only: Only
    """The rows that do, where others don't."""

    time: Required[str]
    """The field that says when a message bounced."""
    type: Required[str | list[str]]
    """The field that says why, or several, of which the first that holds anything does."""
    hard: list[str]
    """Types of bounces of addresses that it is no use to write to again."""
    soft: list[str]
    """Types of bounces of addresses that may take a later message."""
    complaint: list[str]
    """Types that say that the recipient called the message spam."""
    sender: Sender
    """The sender, where a bounce names it itself."""
    message: str
    """The field with the message's `id`. The message says who sent and to whom, where a bounce does
    not."""
    recipient: str
    """The field that says whose mail bounced; of a list of recipients, the field of its items."""
    tag: str
    """The field with the message's tag, where a bounce says it itself."""
    reason: str | list[str]
    """The field with what the recipient's server said, or several as in `type`."""


class Complaints(TypedDict, total=False):
    """The rows that tell of complaints, where those of bounces don't. Each counts as one."""

    resource: Required[str]
    """The resource of this file that lists them."""
    time: Required[str]
    """The field that says when the recipient called a message spam."""
    type: str
    """The field with the vendor's own word for it."""
    message: str
    """The field with the message's `id`. The message says who sent, where a complaint does not."""
    sender: Sender
    """The sender, where a complaint names it itself. Without either, it is unknown."""
    recipient: str
    """The field that says who complained."""
    only: Only
    """The rows that do, where others don't."""


class Suppressed(TypedDict, total=False):
    """Addresses that nothing is sent to any more."""

    resource: Required[str]
    """The resource of this file that lists them."""
    recipient: Required[str]
    """The field that holds the address."""
    only: Only
    """The rows that do, where others don't."""


class SendingDomains(TypedDict, total=False):
    """The domains that mail is sent from, and the fields that say whether their records are right.

    A field holds true or a word such as `verified` if they are.
    """

    resource: Required[str]
    """The resource of this file that lists them."""
    name: Required[str]
    """The field by which people know a domain."""
    spf: str
    dkim: str
    return_path: str


class Deliverability(TypedDict, total=False):
    """The fields that tell how mail is delivered, as the API spells them.

    The assets that are made of them are defined where this block and both resources are.
    """

    messages: Required[SentMessages]
    bounces: Required[BouncedMessages]
    complaints: Complaints
    suppressed: list[Suppressed]
    domains: SendingDomains
    optional: bool
    """True if an API of this shape may lack these fields. The assets are skipped then, instead of
    failing."""


class Events(TypedDict, total=False):
    """The rows of a resource that tell what else happened to messages than `deliverability` says.

    That tells what was sent, bounced and was called spam. Nested fields are dotted paths.
    A field that the table has no column for, since no row ever had it, is NULL, but for `time`.
    """

    resource: Required[str]
    time: str
    """The field that says when it happened. Without it, and without `message`, `recipient` or
    `sender`, the one that `deliverability` names of the same resource."""
    event: EventType
    """The event that every row tells of; without it, `type` and `types` say it."""
    type: str | list[str]
    """The field that says what happened, or several, of which the first that holds anything does;
    also the `subtype` of the event."""
    types: dict[str, list[str]]
    """The values of `type` that mean each event. Rows of other types tell of none."""
    message: str
    """The field that tells the message."""
    recipient: str
    """The field with the recipient's address, or a list of addresses or of objects with one."""
    sender: Sender
    """The sender; without it, of a row with a `message`, the one of that message."""
    only: Only
    """The rows that tell of events, where others don't."""
    reason: str | list[str]
    """The field with the words in which a server or a person said why, or several as in `type`."""
