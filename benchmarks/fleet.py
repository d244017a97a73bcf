"""Works out what many accounts ask of their APIs, of workers and of the warehouse. Nothing is run.

    python benchmarks/fleet.py [--accounts 1000] [--messages 100000]

Pages, look-backs and limits are those of the presets; what a row costs is what `RESULTS.md` and
`SCALE.md` measured on one machine. `docs/scale.md` has the result.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from local_api import PROJECT
from report import table

sys.path.insert(0, str(PROJECT))
from email_assets.api.limits import limits_of
from email_assets.settings.sections import ResourceSettings
from email_assets.vendors.loading import load_vendor
from email_assets.vendors.resource import complete, endpoint_of

VENDORS = (
    *("postmark", "resend", "mailgun", "sendgrid", "brevo", "mailjet", "sparkpost", "mailtrap"),
    *("mailersend", "mandrill"),
)
EVENTS_OF_A_MESSAGE = {"brevo": 3, "mailersend": 3, "mailgun": 3, "sparkpost": 3}
"""Events of each message, for presets whose `messages` are events: accepted, delivered, and every
now and then opened."""
PAGE_OF_THE_API = 100
"""Rows a page, where a preset leaves that to the API."""
SIZES = ("limit", "per_page", "count")
"""Parameters that say how many rows a page has."""
SEARCHES = 1.5
"""Searches for each full one, where stretches of time are split until one answer is enough."""
DAY, HOUR = 86_400, 3_600
SECONDS_OF_A_RUN = 5
"""Of one core, before a run reads its first row."""
SECONDS_OF_A_MILLION = 65
"""Of one core, for rows that are read and mostly known."""
PAGES_A_SECOND = 160
"""Of one run: eight requests in flight, 50 ms an answer."""
BYTES_OF_A_MESSAGE = {"DuckDB": 250, "PostgreSQL": 800}
"""On disk, with recipients and indexes."""


@dataclass(frozen=True)
class Sync:
    """The hourly sync of one account's messages."""

    rows: float
    requests: float
    allowed: float | None
    """Requests in an hour, or None where the preset knows of no limit."""


def sync_of(name: str, messages: int, lag: int | None = None) -> Sync:
    """The hourly sync of an account's messages.

    Args:
        name: The vendor.
        messages: Messages of the account in a day.
        lag: Seconds to look back, or None for those of the preset.
    """
    vendor = load_vendor(name, "")
    (found,) = (one for one in vendor["resources"] if one["name"] == "messages")
    resource = complete(found, vendor, ResourceSettings())
    endpoint = endpoint_of(resource)
    back = endpoint.get("incremental", {}).get("lag", DAY) if lag is None else lag
    rows = messages * EVENTS_OF_A_MESSAGE.get(name, 1) * (HOUR + back) / DAY
    said = [endpoint.get("paginator"), endpoint.get("params"), endpoint.get("json", {})]
    said.append(endpoint.get("json", {}).get("pagination"))
    sizes = [of[size] for of in said if isinstance(of, dict) for size in SIZES if size in of]
    searches = SEARCHES if "maximum_rows" in resource else 1
    limits = limits_of(vendor["client"].get("requests_per", ()))
    below = next((one.below for one in limits if endpoint["path"].startswith(one.below)), None)
    allowed = [one.requests * HOUR / one.seconds for one in limits if one.below == below]
    requests = rows / next(iter(sizes), PAGE_OF_THE_API) * searches
    return Sync(rows, requests, min(allowed, default=None))


def tables(accounts: int, messages: int) -> Iterator[str]:
    """The tables, for so many accounts of which each sends so many messages a day."""
    yield table(list(_requests(messages)))
    yield table(list(_workers(accounts, messages)))
    yield table(list(_sizes(accounts * messages)))


def _requests(messages: int) -> Iterator[list[str]]:
    yield ["vendor", "rows an hour", "requests an hour", "allowed", "enough up to, messages a day"]
    for name in VENDORS:
        sync = sync_of(name, messages)
        most = sync.allowed and messages * sync.allowed / sync.requests
        yield [
            f"`{name}`",
            *(f"{sync.rows:,.0f}", f"{math.ceil(sync.requests):,}"),
            f"{sync.allowed:,.0f}" if sync.allowed else "",
            f"{most:,.0f}" if most else "",
        ]


def _workers(accounts: int, messages: int) -> Iterator[list[str]]:
    yield ["`lag`", "rows an hour, of all", "seconds of a run", "runs at once", "cores"]
    for lag, said in ((DAY, "a day"), (HOUR, "an hour"), (0, "none")):
        sync = sync_of("generic", messages, lag)
        cpu = SECONDS_OF_A_RUN + sync.rows * SECONDS_OF_A_MILLION / 1e6
        wall = max(cpu, SECONDS_OF_A_RUN + sync.requests / PAGES_A_SECOND)
        yield [
            *(said, f"{accounts * sync.rows:,.0f}", f"{wall:.0f}"),
            f"{math.ceil(accounts * wall / HOUR)}",
            f"{accounts * cpu / HOUR:.1f}",
        ]


def _sizes(messages: int) -> Iterator[list[str]]:
    yield ["warehouse", "a day", "30 days", "a year"]
    for name, size in BYTES_OF_A_MESSAGE.items():
        figures = [f"{messages * size * days / 1e12:,.2f} TB" for days in (1, 30, 365)]
        yield [name, *figures]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--messages", type=int, default=100_000, help="of each account in a day")
    return parser


if __name__ == "__main__":
    options = _parser().parse_args()
    print("\n\n".join(tables(options.accounts, options.messages)))
