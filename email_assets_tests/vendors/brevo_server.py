"""Brevo's API, as its reference describes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY, HOUR, PresetServer, Row, page_of, written
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import DATE, WHOLE, Parameter, Rules

KEY = "xkeysib-test/with+signs=7b2"
EVENTS = (
    *("requests", "delivered", "hardBounces", "spam", "blocked"),
    *("requests", "loadedByProxy", "softBounces", "bounces", "deferred"),
    *("requests", "opened", "invalid", "error", "clicks"),
)
LONGEST = {"messages": 90, "deliverystats": 30}
"""The days that one request may ask for."""
ENDS = {"startDate": DATE, "endDate": DATE}


class BrevoServer(PresetServer):
    """An account whose lists are left out of an answer where they are empty."""

    vendor = "brevo"
    prefix = "/v3"
    secrets: ClassVar = {"api_key": KEY}
    outcome = (60, 40, 40, 20)
    others: ClassVar = {"delivered": 20, "opened": 40, "clicked": 20}
    rules: ClassVar[Rules] = {
        ("GET", "/smtp/blockedContacts"): {
            "limit": Parameter(r"\d+", most=100),
            "offset": WHOLE,
            "sort": Parameter("asc|desc"),
            **ENDS,
        },
        ("GET", "/smtp/statistics/events"): {
            "limit": Parameter(r"\d+", most=5000),
            "offset": WHOLE,
            "days": Parameter(r"[1-9]\d?"),
            "event": Parameter(),
            "sort": Parameter("asc|desc"),
            **ENDS,
        },
        ("GET", "/smtp/statistics/reports"): {
            "limit": Parameter(r"\d+", most=30),
            "offset": WHOLE,
            **ENDS,
        },
        ("GET", "/senders/domains"): {},
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows = {name: [] for name in ("bounces", "messages", "deliverystats")}
        for hours in range(300, 0, -1):
            self.add_newer(now() - 2 * hours * HOUR)
        start = datetime(2023, 1, 1, tzinfo=now().tzinfo)
        self.rows["deliverystats"] = [
            {"date": (start + n * DAY).date().isoformat(), "requests": 5, "hardBounces": 1}
            for n in range(0, (now() - start).days + 1, 8)
        ][::-1]
        self.rows["domains"] = [{"id": n, "domain_name": f"m{n}.example.com"} for n in range(3)]

    def add_newer(self, at: datetime) -> None:
        number = len(self.rows["messages"])
        event = {
            "email": f"ann{number}@example.com",
            "date": written(at),
            "messageId": f"<{number}@smtp-relay.example.com>",
            "event": EVENTS[number % len(EVENTS)],
            "from": "shop@example.com",
        }
        self.rows["messages"].insert(0, event)
        if number % 3 == 0:
            blocked: Row = {"email": event["email"], "blockedAt": written(at)}
            blocked |= {"reason": {"code": "hardBounce", "message": "gone"}}
            for sender in ("shop@example.com", "news@example.com"):
                self.rows["bounces"].insert(0, {**blocked, "senderEmail": sender})

    def is_authorized(self, asked: Asked) -> bool:
        return asked.headers.get("api-key") == KEY

    def refusal(self, status: int, problem: str) -> Answer:
        return Answer(status, {"code": "invalid_parameter", "message": problem})

    def give(self, asked: Asked) -> Answer:
        query = asked.query
        name, field, time = {
            "blockedContacts": ("bounces", "contacts", "blockedAt"),
            "events": ("messages", "events", "date"),
            "reports": ("deliverystats", "reports", "date"),
            "domains": ("domains", "domains", ""),
        }[asked.path.rpartition("/")[2]]
        if ("startDate" in query) != ("endDate" in query):
            return self.refusal(400, "startDate and endDate must come together")
        rows = self.rows[name]
        if time and "startDate" in query:
            if problem := _mistake_in(query["startDate"], query["endDate"], name):
                return self.refusal(400, problem)
            rows = [row for row in rows if query["startDate"] <= row[time][:10] <= query["endDate"]]
        elif time and name != "bounces":
            rows = [row for row in rows if row[time] >= written(now() - 30 * DAY)]
        said: Row = {"count": len(rows)} if name == "bounces" else {}
        page = rows if name == "domains" else page_of(rows, query)
        return Answer(200, {**said, field: page} if page else said)


def _mistake_in(start: str, end: str, name: str) -> str | None:
    if end > now().date().isoformat():
        return "endDate must not be in the future"
    days = (date.fromisoformat(end) - date.fromisoformat(start)).days
    if days > LONGEST.get(name, days):
        return f"the dates must not be more than {LONGEST[name]} days apart"
    return None
