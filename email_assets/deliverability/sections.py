"""The sections of the report that tell where mail goes, why it came back, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from email_assets.deliverability.blocks import Block, Heading, Table, Text
from email_assets.deliverability.breakdown import FEWEST, NO_TAG, Breakdown
from email_assets.deliverability.daily import Outcome, SenderDay
from email_assets.deliverability.figures import by_sender, percent, percents_apart, total
from email_assets.deliverability.joins import UNKNOWN_SENDER
from email_assets.deliverability.mailboxes import OTHERS
from email_assets.settings.deliverability import DeliverabilitySettings

MOST_NAMED = 10
"""Domains, types and reasons that a table names."""


def remedies(
    found: Outcome,
    rows: Sequence[SenderDay],
    breakdown: Breakdown,
    settings: DeliverabilitySettings,
) -> list[str]:
    """The things to do; what passes its limit first.

    Args:
        found: The rows added up.
        rows: By day and sender.
        breakdown: By recipient and reason.
        settings: What is too much.
    """
    told = [
        *_of_complaints(found, rows, settings.max_complaint_rate, settings),
        *_of_bounces(found, rows, settings),
        *_of_providers(breakdown.providers or {}, settings),
        *_of_complaints(found, rows, settings.warned_complaint_rate, settings),
        *_of_addresses(breakdown),
    ]
    return [*dict.fromkeys(told)] or ["Nothing stands out."]


def _of_complaints(
    found: Outcome, rows: Sequence[SenderDay], above: float, settings: DeliverabilitySettings
) -> Iterator[str]:
    """Advice about complaints, if their rate is above a share."""
    rate, senders = found.complaint_rate or 0, by_sender(rows)
    if found.sent < settings.min_messages or rate <= above:
        return
    worst = max(senders, key=lambda name: senders[name].complaints)
    of_most = "" if worst == UNKNOWN_SENDER else f", most of {worst}"
    told, wanted = percents_apart(rate, settings.warned_complaint_rate)
    yield (
        f"{found.complaints:,} of {found.sent:,} messages were called spam{of_most}: "
        f"{told}, where mailbox providers want less than {wanted}. Write only to those who asked "
        "for it, and let them unsubscribe in one click."
    )


def _of_bounces(
    found: Outcome, rows: Sequence[SenderDay], settings: DeliverabilitySettings
) -> Iterator[str]:
    rate, senders = found.bounce_rate or 0, by_sender(rows)
    if found.sent < settings.min_messages or rate <= settings.max_bounce_rate:
        return
    worst = max(senders, key=lambda name: senders[name].bounced)
    is_known = worst != UNKNOWN_SENDER
    told, limit = percents_apart(rate, settings.max_bounce_rate)
    yield (
        f"{told} bounced{f', most of {worst}' if is_known else ''}; max_bounce_rate is {limit}. "
        "Stop writing to addresses that bounced hard, and look at where "
        f"{'that sender' if is_known else 'the account'}'s addresses come from."
    )


def _of_providers(
    providers: Mapping[str, Outcome], settings: DeliverabilitySettings
) -> Iterator[str]:
    """The providers that refuse far more than the others do."""
    for name, found in providers.items():
        rest = total(other for of, other in providers.items() if of != name)
        rate, of_rest = found.bounce_rate or 0, rest.bounce_rate or 0
        is_judged = name != OTHERS and min(found.sent, rest.sent) >= settings.min_messages
        if is_judged and rate > settings.max_bounce_rate and rate > 2 * of_rest:
            yield (
                f"{name} bounced {percent(rate)} of what it got, and the others "
                f"{percent(of_rest)}: look at what it says of you to postmasters."
            )


def _of_addresses(breakdown: Breakdown) -> Iterator[str]:
    if breakdown.after_hard_bounce and breakdown.after_hard_bounce[0]:
        messages, addresses = breakdown.after_hard_bounce
        yield (
            f"Messages to addresses that had bounced hard before: {messages:,}, to {addresses:,} "
            "addresses. Take those off your lists: whoever goes on writing to them is taken for a "
            "spammer."
        )
    if breakdown.unverified:
        yield (
            f"Sending domains whose records are not right: {len(breakdown.unverified):,}. Publish "
            "what the table below says they lack, or send from others."
        )


def of_places(breakdown: Breakdown) -> Iterator[Block]:
    """The sections of mailbox providers and of recipients' domains."""
    yield Heading("Where it went")
    if breakdown.providers is None or breakdown.domains is None:
        yield Text("The loaded tables do not tell to what domains mail went.")
        return
    yield _table_of("Mailboxes at", breakdown.providers)
    yield _table_of("Recipients' domain", breakdown.domains)
    yield Text(
        "Each recipient of a message counts here. Who keeps the mail of a company's own domain is "
        f"not known. Domains of fewer than {FEWEST} recipients are among the others."
    )
    if breakdown.tags and {*breakdown.tags} - {NO_TAG}:
        yield Heading("What it was")
        yield _table_of("Tag or campaign", breakdown.tags)


def _table_of(name: str, counts: Mapping[str, Outcome]) -> Table:
    """A table of the first of some counts, and of the others together."""
    listed = [*counts.items()]
    places = dict(listed[:MOST_NAMED])
    if rest := [found for _, found in listed[MOST_NAMED:]]:
        places[OTHERS] = total([places.pop(OTHERS, Outcome(0, 0, 0, 0, 0)), *rest])
    return Table(
        [name, "Sent", "Bounced", "Hard", "Bounce rate", "Complaints", "Complaint rate"],
        [
            [
                place,
                f"{found.sent:,}",
                f"{found.bounced:,}",
                f"{found.hard:,}",
                percent(found.bounce_rate),
                f"{found.complaints:,}",
                percent(found.complaint_rate),
            ]
            for place, found in places.items()
        ],
    )


def of_reasons(breakdown: Breakdown) -> Iterator[Block]:
    """The tables of the vendor's types and of what servers said."""
    if breakdown.types:
        rest = sum(of.count for of in breakdown.types[MOST_NAMED:])
        rows = [[of.name, of.kind, f"{of.count:,}"] for of in breakdown.types[:MOST_NAMED]]
        yield Table(
            ["Type, as the API calls it", "Counts as", "How many"],
            [*rows, *([["further types", "", f"{rest:,}"]] if rest else [])],
        )
    if breakdown.reasons:
        named = [*breakdown.reasons.items()]
        rest = sum(count for _, count in named[MOST_NAMED:])
        rows = [[reason, f"{count:,}"] for reason, count in named[:MOST_NAMED]]
        yield Table(
            ["What the recipients' servers said", "Bounces"],
            [*rows, *([["further reasons", f"{rest:,}"]] if rest else [])],
        )


def of_domains(breakdown: Breakdown) -> Iterator[Block]:
    """The section of addresses that get no mail, and of sending domains."""
    lines = []
    if breakdown.suppressed is not None:
        lines.append(f"Addresses that nothing is sent to any more: {breakdown.suppressed:,}.")
    if breakdown.after_hard_bounce is not None:
        messages, addresses = breakdown.after_hard_bounce
        lines.append(
            f"Messages to addresses that had bounced hard before: {messages:,}, to {addresses:,} "
            "addresses."
            if messages
            else "No message went to an address that had bounced hard before."
        )
    if breakdown.unverified is not None and not breakdown.unverified:
        lines.append("The records of all sending domains are right, as far as the API says.")
    if lines or breakdown.unverified:
        yield Heading("Addresses and sending domains")
    if lines:
        yield Text(" ".join(lines))
    if breakdown.unverified:
        unverified = [*breakdown.unverified.items()]
        rows = [[domain, ", ".join(lacking)] for domain, lacking in unverified[:MOST_NAMED]]
        more = len(unverified) - MOST_NAMED
        yield Table(
            ["Sending domain", "It lacks"],
            [*rows, *([[f"and {more:,} more", ""]] if more > 0 else [])],
        )
