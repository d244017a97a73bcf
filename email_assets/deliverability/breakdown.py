"""The places that mail goes to, and why it comes back, in counts that name no recipient.

A domain or a text that fewer than `FEWEST` recipients share could name one of them, such as a
family's own domain or `ann@ … is full`. It is counted among the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from email_assets.account import Account
from email_assets.deliverability.addresses import Addresses, Query
from email_assets.deliverability.daily import Outcome
from email_assets.deliverability.engagement import (
    Engagement,
    by_domain,
    by_provider,
    tells_of_opens,
)
from email_assets.deliverability.mailboxes import OTHERS, is_domain, provider_of
from email_assets.deliverability.reasons import meaning_of
from email_assets.deliverability.selection import tables_read
from email_assets.deliverability.tables import MappingError, Tables
from email_assets.redaction import redact_line
from email_assets.warehouse.dataset_account import expect_owner
from email_assets.warehouse.destination import connected
from email_assets.warehouse.dialects import (
    HAVE_OUR_PATTERNS,
    ask,
    count_days_in_utc,
    dialect_of,
)
from email_assets.warehouse.turn import SqlClient
from email_assets.warehouse.views import EVENTS

FEWEST = 3
"""Recipients that have to share a domain or a text before it is named."""
RECORDS = ("SPF", "DKIM", "return path")
"""The records by which a sending domain is verified."""
NO_TAG = "without a tag"
VERIFIED = ("true", "valid", "ok", "verified", "active", "success", "1", "yes")
"""The words by which vendors say that it is, in small letters."""

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class OfType:
    """The bounces of one of the vendor's types."""

    name: str
    kind: str
    """`hard`, `soft`, `complaint` or `other`."""
    count: int


@dataclass
class Breakdown:
    """The counts of a stretch of days. None stands for what the tables do not tell."""

    domains: dict[str, Outcome] | None = None
    """By recipients' domain; the last is `others`, if there are any."""
    providers: dict[str, Outcome] | None = None
    """By who keeps the mailboxes."""
    tags: dict[str, Outcome] | None = None
    """By what the sender calls a kind of message; the last are `others`, if there are any."""
    types: list[OfType] = field(default_factory=list)
    reasons: dict[str, int] | None = None
    """By what servers answered to hard and soft bounces."""
    suppressed: int | None = None
    """Addresses that nothing is sent to any more."""
    after_hard_bounce: tuple[int, int] | None = None
    """Messages to addresses that had bounced hard before, and those addresses."""
    opens: dict[str, Engagement] = field(default_factory=dict)
    """Opens and clicks by who keeps the mailboxes; none where the vendor does not tell of any."""
    unverified: dict[str, list[str]] | None = None
    """Sending domains, each with what it lacks of `RECORDS`."""


def read_breakdown(
    account: Account, since: date, until: date, *, who: str, say: Callable[[str], None]
) -> Breakdown:
    """Count what the loaded tables say of some days, of which both ends are meant.

    Raises:
        EmailAssetsError: The warehouse cannot be read.
    """
    mapping = account.deliverability
    assert mapping  # noqa: S101 (the report is defined only where there is one)
    with connected(account.warehouse, who, say, read_only=True) as client:
        if client is None:
            return Breakdown()
        expect_owner(client, account, who)
        count_days_in_utc(client)
        tables = Tables(who, account.warehouse, client, [*tables_read(account), EVENTS])
        try:
            found = _counted(Addresses(mapping, tables, since, until), client)
        except MappingError:  # the asset that is made of the same fields says it
            return Breakdown()
        if tells_of_opens(account.vendor) and (query := by_domain(tables, since, until)):
            found.opens = by_provider(ask(client, query[0], *query[1]))
        if dialect_of(client) not in HAVE_OUR_PATTERNS:
            say(
                f"{who}: nothing is told by recipient, since {account.warehouse.destination_name} "
                "finds no address in a text as DuckDB does; the table by day is whole."
            )
        return found


def _counted(addresses: Addresses, client: SqlClient) -> Breakdown:
    def rows_of(query: Query | None) -> Rows | None:
        return None if query is None else ask(client, query[0], *query[1])

    found = Breakdown()
    found.types = [
        OfType(redact_line(str(name or "-")), _kind(*counts), int(total))
        for name, *counts, total in rows_of(addresses.by_type()) or ()
    ]
    if (rows := rows_of(addresses.sending_domains())) is not None:
        found.unverified = {
            redact_line(str(name)): lacking
            for name, *said in rows
            if (lacking := [*_lacking(said)])
        }
    if dialect_of(client) not in HAVE_OUR_PATTERNS:
        return found
    if (rows := rows_of(addresses.by_domain())) is not None:
        found.domains, found.providers = _named(rows, is_domain), _by_provider(rows)
    if (rows := rows_of(addresses.by_tag())) is not None:
        found.tags = _named([(NO_TAG if name == "" else name, *rest) for name, *rest in rows], bool)
    if (rows := rows_of(addresses.by_reason())) is not None:
        found.reasons = _by_reason(rows)
    if rows := rows_of(addresses.suppressed()):
        found.suppressed = rows[0][0]
    if rows := rows_of(addresses.after_hard_bounces()):
        found.after_hard_bounce = rows[0][0], rows[0][1]
    return found


def _named(rows: Rows, may_be_named: Callable[[str], bool]) -> dict[str, Outcome]:
    """Counts by name; what too few recipients share is one with what must not be named."""
    found: dict[str, Outcome] = {}
    for name, *counts, recipients in rows:
        is_named = recipients >= FEWEST and may_be_named(name or "")
        _add(found, redact_line(name) if is_named else OTHERS, counts)
    if OTHERS in found:  # to the end
        found[OTHERS] = found.pop(OTHERS)
    return found


def _by_provider(rows: Rows) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    for domain, *counts, _ in rows:
        _add(found, provider_of(domain or ""), counts)
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == OTHERS, -pair[1].sent)))


def _add(found: dict[str, Outcome], name: str, counts: Iterable[Any]) -> None:
    before = found.get(name, Outcome(0, 0, 0, 0, 0))
    of_before = (before.sent, before.hard, before.soft, before.complaints, before.other)
    found[name] = Outcome(*(int(old + new) for old, new in zip(of_before, counts, strict=True)))


def _by_reason(rows: Rows) -> dict[str, int]:
    found: dict[str, int] = {}
    for said, count, recipients in rows:
        text = redact_line(str(said)) if said else ""
        reason = meaning_of(text) or (text if recipients >= FEWEST else "") or OTHERS
        found[reason] = found.get(reason, 0) + int(count)
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == OTHERS, -pair[1])))


def _kind(hard: int, soft: int, complaints: int) -> str:
    kinds = {"hard": hard, "soft": soft, "complaint": complaints}
    return next((kind for kind, count in kinds.items() if count), "other")


def _lacking(said: Iterable[str | None]) -> Iterable[str]:
    """The records that a vendor says are not right; of others it says nothing."""
    for record, word in zip(RECORDS, said, strict=True):
        if word is not None and word not in VERIFIED:
            yield record
