"""Messages and bounces, put into a warehouse by hand or counted as the sandbox lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.sandbox import Sandbox
from email_assets_tests.queries import Place
from email_assets_tests.warehouses import change

KINDS = {
    "HardBounce": "hard",
    "SoftBounce": "soft",
    "Blocked": "soft",
    "DnsError": "soft",
    "SpamComplaint": "complaints",
    "Transient": "other",
    "AutoResponder": "other",
}
DAILY = "day, sender, sent, bounced, hard, soft, complaints, other, bounce_rate"
ROWS_OF_DAILY = f"SELECT {DAILY} FROM email.deliverability_daily ORDER BY day, sender"


def counted(sandbox: Sandbox) -> list[tuple[Any, ...]]:
    """The table as it should be: the sandbox's rows, counted without SQL."""
    names = {domain["id"]: domain["name"] for domain in sandbox.rows("domains")}
    senders = {row["id"]: names[row["domain_id"]] for row in sandbox.rows("messages")}
    sent = Counter((row["sent_at"][:10], senders[row["id"]]) for row in sandbox.rows("messages"))
    bounced = Counter(
        (row["bounced_at"][:10], senders[row["message_id"]], KINDS[row["type"]])
        for row in sandbox.rows("bounces")
    )
    table = []
    for day, sender in sorted({*sent, *(key[:2] for key in bounced)}):
        kinds = ("hard", "soft", "complaints", "other")
        hard, soft, *others = (bounced[day, sender, kind] for kind in kinds)
        messages = sent[day, sender]
        rate = (hard + soft) / messages if messages else None
        table.append((day, sender, messages, hard + soft, hard, soft, *others, rate))
    return table


def put_messages(warehouse: Place, *rows: str) -> None:
    """A table of messages: `('id', domain_id, 'sent_at')`."""
    change(
        warehouse,
        "CREATE SCHEMA IF NOT EXISTS email",
        "CREATE TABLE email.messages (id VARCHAR, domain_id BIGINT, sent_at TIMESTAMPTZ)",
        *(f"INSERT INTO email.messages VALUES {row}" for row in rows),
    )


def put_bounces(warehouse: Place, *rows: str) -> None:
    """A table of bounces: `('message_id', 'type', 'bounced_at')`."""
    change(
        warehouse,
        "CREATE SCHEMA IF NOT EXISTS email",
        "CREATE TABLE email.bounces (message_id VARCHAR, type VARCHAR, bounced_at TIMESTAMPTZ)",
        *(f"INSERT INTO email.bounces VALUES {row}" for row in rows),
    )


def put_daily(warehouse: Place, *rows: str, columns: str = "day, sender, sent, hard, soft") -> None:
    """The table by day and sender, without its sums: `('day', 'sender', sent, hard, soft)`."""
    change(
        warehouse,
        "CREATE SCHEMA IF NOT EXISTS email",
        "CREATE TABLE email.deliverability_daily (day DATE, sender VARCHAR, sent BIGINT, "
        "hard BIGINT DEFAULT 0, soft BIGINT DEFAULT 0, complaints BIGINT DEFAULT 0, "
        "other BIGINT DEFAULT 0)",
        *(f"INSERT INTO email.deliverability_daily ({columns}) VALUES {row}" for row in rows),
    )


def _sql(text: str | None) -> str:
    return f"'{text}'" if text else "NULL"


def put_mail(
    warehouse: Place,
    messages: Mapping[str, tuple[str, Iterable[str]]],
    bounces: Iterable[tuple[str, str, str, str | None, str]],
    tags: Mapping[str, str],
) -> None:
    """Tables of messages with their recipients, and of bounces with what servers said.

    Args:
        warehouse: Where to put them.
        messages: The day of each, and its recipients.
        bounces: Recipient, type, day, reason and message. Hard ones and complaints make inactive.
        tags: Of some messages.
    """
    sent = [
        f"('{id_}', '{day} 10:00Z', '{id_}', {_sql(tags.get(id_))})"
        for id_, (day, _) in messages.items()
    ]
    recipients = [
        f"('{address}', '{id_}')"
        for id_, (_, addresses) in messages.items()
        for address in addresses
    ]
    returned = [
        f"('{address}', '{type_}', '{day} 11:00Z', {(said and repr(said)) or 'NULL'}, "
        f"{str(type_ in ('HardBounce', 'SpamComplaint')).lower()}, '{message}')"
        for address, type_, day, said, message in bounces
    ]
    change(
        warehouse,
        "CREATE SCHEMA IF NOT EXISTS email",
        "CREATE TABLE email.messages (id VARCHAR, sent_at TIMESTAMPTZ, _dlt_id VARCHAR, "
        "tag VARCHAR)",
        f"INSERT INTO email.messages VALUES {', '.join(sent)}",
        "CREATE TABLE email.messages__recipients (email VARCHAR, _dlt_parent_id VARCHAR)",
        f"INSERT INTO email.messages__recipients VALUES {', '.join(recipients)}",
        "CREATE TABLE email.bounces (email VARCHAR, type VARCHAR, bounced_at TIMESTAMPTZ, "
        "description VARCHAR, inactive BOOLEAN, message_id VARCHAR)",
        f"INSERT INTO email.bounces VALUES {', '.join(returned)}",
    )


def build(said: list[str] | None = None) -> int:
    return build_daily(configured_account(), say=([] if said is None else said).append)[0]
