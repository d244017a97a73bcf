"""SparkPost's API, of which SparkPost/developers.sparkpost.com is the specification.

Clients that are tried on the API tell of the links, which suppressions have in a list.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY, HOUR, PresetServer, Row, instant, written
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import TIME, WHOLE, Parameter, Rules

KEY = "sp-key/with+signs=5"
PRIVATE = "sp-private/with+signs=6"
PAGES = {"per_page": Parameter(r"\d+", most=10_000), "cursor": Parameter()}
TYPES = (
    *("injection", "delivery", "bounce", "injection", "spam_complaint", "bounce"),
    *("injection", "amp_initial_open", "bounce", "amp_click", "link_unsubscribe", "bounce"),
    *("injection", "delay", "bounce"),
)
MOST = 100
"""Rows a page here, whatever is asked for, so that there are several."""


class SparkPostServer(PresetServer):
    """An account whose events are kept for ten days."""

    vendor = "sparkpost"
    secrets: ClassVar = {"api_key": KEY, "private": PRIVATE}
    outcome = (120, 50, 50, 30)
    others: ClassVar = {"delivered": 30, "opened": 30, "clicked": 30, "unsubscribed": 30}
    rules: ClassVar[Rules] = {
        ("GET", "/api/v1/events/message"): {
            **PAGES,
            "from": TIME,
            "to": TIME,
            "events": Parameter(r"[a-z_,]+"),
        },
        ("GET", "/api/v1/suppression-list"): {**PAGES, "from": TIME, "to": TIME},
        ("GET", "/api/v1/metrics/deliverability/time-series"): {
            "from": Parameter(r"\d{4}-\d\d-\d\dT\d\d:\d\d", required=True),
            "to": Parameter(r"\d{4}-\d\d-\d\dT\d\d:\d\d"),
            "precision": Parameter("day|hour"),
            "metrics": Parameter(r"[a-z_,]+", required=True),
            "timezone": Parameter(),
        },
        ("GET", "/api/v1/subaccounts"): {"per_page": Parameter(r"\d+", most=100), "page": WHOLE},
        ("GET", "/api/v1/sending-domains"): {},
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows = {name: [] for name in ("bounces", "messages", "suppressions")}
        for hours in range(450, 0, -1):
            self.add_newer(now() - hours * HOUR / 2)
        today = now().replace(hour=0, minute=0, second=0)
        self.rows["deliverystats"] = [
            {"ts": written(today - n * DAY), "count_sent": n} for n in range(180)
        ]
        self.rows["servers"] = [{"id": n, "name": f"sub{n}"} for n in range(1, 4)]
        self.rows["domains"] = [
            {"domain": f"m{n}.example.com", "dkim": {"public": "MIGf", "private": PRIVATE}}
            for n in range(3)
        ]

    def add_newer(self, at: datetime) -> None:
        number = len(self.rows["messages"])
        type_ = TYPES[number % len(TYPES)] if number < 450 else "bounce"
        event = {
            "event_id": f"e{number}",
            "type": type_,
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "rcpt_to": f"ann{number}@example.com",
            "rcpt_meta": {f"order-{number}": "1"},
            "rcpt_tags": [],
            "friendly_from": "shop@example.com",
        }
        self.rows["messages"].insert(0, event)
        if type_ == "bounce":
            event["bounce_class"] = ("10", "21", "25")[number // 3 % 3]
            self.rows["bounces"].insert(0, event)
        blocked: Row = {"recipient": event["rcpt_to"], "type": "transactional"}
        # each sub-account has a list of its own
        for whose in ({}, {"subaccount_id": 1}, {"subaccount_id": 2}):
            self.rows["suppressions"].insert(0, {**blocked, **whose, "updated": written(at)})

    def is_authorized(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization") == KEY

    def give(self, asked: Asked) -> Answer:
        query = asked.query
        match asked.path.rpartition("/")[2]:
            case "message":
                return self._page(asked, self._events(query), "timestamp", now() - DAY)
            case "suppression-list":
                rows = self.rows["suppressions"]
                return self._page(asked, rows, "updated", now() - 1_000 * DAY)
            case "time-series":
                rows = [
                    row
                    for row in self.rows["deliverystats"]
                    if instant(row["ts"]) >= instant(query["from"])
                ]
            case "subaccounts":
                rows = self.rows["servers"]
            case _:
                rows = self.rows["domains"]
        return Answer(200, {"results": rows})

    def _events(self, query: dict[str, str]) -> list[Row]:
        types = query["events"].split(",") if "events" in query else None
        return [row for row in self.rows["messages"] if types is None or row["type"] in types]

    def _page(self, asked: Asked, rows: list[Row], time: str, default: datetime) -> Answer:
        query = asked.query
        start = instant(query["from"]) if "from" in query else default
        end = instant(query["to"]) if "to" in query else now()
        if asked.path.endswith("message") and start < now() - 10 * DAY:
            return self.refusal(400, "from must be within the last 10 days")
        rows = [row for row in rows if start <= instant(row[time]) < end]
        at = 0 if query.get("cursor") in (None, "initial") else int(query["cursor"])
        links = {"first": f"{asked.path}?{urlencode({**query, 'cursor': 'initial'})}"}
        if at + MOST < len(rows):
            links["next"] = f"{asked.path}?{urlencode({**query, 'cursor': at + MOST})}"
        # suppressions have their links in a list, events by name
        listed = [{"href": href, "rel": rel} for rel, href in links.items()]
        said: Row = {"results": rows[at : at + MOST], "total_count": len(rows)}
        return Answer(200, {**said, "links": listed if time == "updated" else links})
