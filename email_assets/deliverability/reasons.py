"""The status in what a recipient's server said of mail that came back, which names nobody."""

from __future__ import annotations

import re

MEANINGS = {
    "1.0": "something is wrong with the address",
    "1.1": "the mailbox does not exist",
    "1.2": "the domain does not exist",
    "1.10": "the domain takes no mail",
    "2.0": "something is wrong with the mailbox",
    "2.1": "the mailbox is disabled",
    "2.2": "the mailbox is full",
    "2.3": "the message is too long for the mailbox",
    "3.4": "the message is too big",
    "4.1": "the server does not answer",
    "4.4": "no server is found for the domain",
    "4.7": "it could not be delivered in time",
    "7.0": "refused by a policy",
    "7.1": "refused by a policy: sender, content or a blocklist",
    "7.20": "the DKIM signature does not hold",
    "7.23": "SPF does not let the sender send",
    "7.25": "the sending server has no reverse DNS",
    "7.26": "not authenticated: SPF, DKIM or DMARC",
    "7.27": "the sender's domain takes no mail",
    "7.28": "too much mail at once",
}
"""Details of enhanced status codes, of RFC 3463, 7372 and the registry of IANA."""
SUBJECTS = {
    "1": "addressing",
    "2": "the mailbox",
    "3": "the mail system",
    "4": "network or routing",
    "5": "the protocol",
    "6": "the content",
    "7": "security or policy",
}
"""The subject of such a code, where its detail has no meaning above."""
REPLIES = {
    "421": "the server is busy or refuses for now",
    "450": "the mailbox is not available for now",
    "451": "the server had an error, or asks to try later",
    "452": "the server or the mailbox is full",
    "550": "the mailbox is not available",
    "552": "the mailbox is full, or the message is too big",
    "553": "the address is not allowed",
    "554": "refused",
}
"""Replies of RFC 5321."""
_ENHANCED = re.compile(r"(?<![\w.])([45])\.(\d)\.(\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?<![\w.,])([45][0-5]\d)(?=[\s-])")


def meaning_of(said: str) -> str | None:
    """The status in an answer of a mail server, with what it means; None if it holds none."""
    if enhanced := _ENHANCED.search(said):
        kind, subject, detail = enhanced.groups()
        meaning = MEANINGS.get(f"{subject}.{detail}") or SUBJECTS.get(subject)
        return f"{kind}.{subject}.{detail}: {meaning}" if meaning else enhanced[0]
    if reply := _REPLY.search(said):
        meaning = REPLIES.get(reply[1])
        return f"{reply[1]}: {meaning}" if meaning else reply[1]
    return None
