"""The rows of `deliverability_daily` added up, and rates as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from email_assets.deliverability.daily import Outcome, SenderDay
from email_assets.deliverability.mailboxes import is_domain
from email_assets.redaction import redact


def total(outcomes: Iterable[Outcome]) -> Outcome:
    """Outcomes added up, such as those of several days."""
    found = list(outcomes)
    return Outcome(*(sum(getattr(row, field.name) for row in found) for field in fields(Outcome)))


def by_sender(rows: Iterable[SenderDay]) -> dict[str, Outcome]:
    """The sum of each sender's rows. A sender that is an address is named by its domain."""
    grouped: dict[str, list[SenderDay]] = {}
    for row in rows:
        grouped.setdefault(_named(row.sender), []).append(row)
    return {sender: total(found) for sender, found in grouped.items()}


def _named(sender: str) -> str:
    domain = sender.rpartition("@")[2].strip("> ").lower()
    return domain if "@" in sender and is_domain(domain) else redact(sender)


def percent(rate: float | None) -> str:
    """A share for people: with two decimals below 1 %, where mail is judged by hundredths."""
    return "-" if rate is None else f"{percents(rate)} %"


def percents(rate: float) -> str:
    """The number of `percent` alone."""
    return f"{rate * 100:.{2 if 0 < rate < 0.01 else 1}f}"


def percents_apart(rate: float, limit: float) -> tuple[str, str]:
    """A rate and the limit that it passes, for people: rounded no further than they differ."""
    told, decimals = (percents(rate), percents(limit)), 2
    # of rates that differ in their last bit alone, the percents may be the same number
    while rate * 100 != limit * 100 and float(told[0]) == float(told[1]):
        decimals += 1
        told = f"{rate * 100:.{decimals}f}", f"{limit * 100:.{decimals}f}"
    return f"{told[0]} %", f"{told[1]} %"


def change(this: int, last: int) -> str:
    """A count in comparison with the one before, for people."""
    return f"{round((this / last - 1) * 100):+,} %" if last else "-"


def short_count(count: float) -> str:
    """A count that has room above a column: 950, 1.2k, 34k, 5.6M."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if count >= size - size // 2000:  # 999,500 is rounded to 1M, and not to 1000k
            part = count / size
            return f"{part:.0f}{unit}" if part >= 10 else f"{part:.1f}{unit}".replace(".0", "")
    return f"{count:.0f}"
