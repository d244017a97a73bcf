"""Mailtrap's API, of which mailtrap/mailtrap-openapi is the specification."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY, HOUR, PresetServer, Row, instant, written
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import DATE, TIME, Parameter, Rules

KEY = "mt-key/with+signs=4"
UUID = Parameter(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST = 100
"""Rows a page here, so that there are several."""


class MailtrapServer(PresetServer):
    """An account whose lists refer to the last row of a page."""

    vendor = "mailtrap"
    secrets: ClassVar = {"api_key": KEY}
    outcome = (435, 150, 0, 150)
    others: ClassVar = {"delivered": 150, "unsubscribed": 150}
    rules: ClassVar[Rules] = {
        ("GET", "/api/suppressions"): {
            "email": Parameter(),
            "start_time": TIME,
            "end_time": TIME,
            "last_id": UUID,
        },
        ("GET", "/api/email_logs"): {
            "search_after": UUID,
            "filters[sent_after]": TIME,
            "filters[sent_before]": TIME,
        },
        ("GET", "/api/stats/date"): {
            "start_date": Parameter(DATE.pattern, required=True),
            "end_date": Parameter(DATE.pattern, required=True),
        },
        ("GET", "/api/domains"): {},
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows = {name: [] for name in ("bounces", "messages")}
        for hours in range(450, 0, -1):
            self.add_newer(now() - hours * HOUR)
        start = datetime(2025, 6, 1, tzinfo=now().tzinfo)
        self.rows["deliverystats"] = [
            {
                "date": (start + n * DAY).date().isoformat(),
                "stats": {"delivery_count": 190, "bounce_count": 10, "bounce_rate": 0.05},
            }
            for n in range((now() - start).days + 1)
        ]
        self.rows["domains"] = [{"id": 7, "domain_name": "m0.example.com"}]

    def add_newer(self, at: datetime) -> None:
        number = len(self.rows["messages"])
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))
        status = ("delivered", "not_delivered", "enqueued")[number % 3]
        message = {
            "message_id": name,
            "status": "opted_out" if number % 30 == 29 else status,
            "from": "shop@example.com",
            "to": f"ann{number}@example.com",
            "sent_at": written(at),
            "custom_variables": {f"order-{number}": "1"},
            "category": "orders",
            ("domain_id", "sending_domain_id")[number % 2]: 7,
        }
        self.rows["messages"].insert(0, message)
        kind = ("hard bounce", "spam complaint", "unsubscription")[number % 3]
        bounce = {"id": name, "type": kind, "message_category": "orders"}
        bounce |= {"created_at": written(at), "email": f"ann{number}@example.com"}
        self.rows["bounces"].insert(0, {**bounce, "domain_name": "m0.example.com"})

    def is_authorized(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization") == f"Bearer {KEY}"

    def refusal(self, status: int, problem: str) -> Answer:
        return Answer(status, {"error": problem})

    def give(self, asked: Asked) -> Answer:
        query = asked.query
        match asked.path.rpartition("/")[2]:
            case "suppressions":
                rows = _within(self.rows["bounces"], "created_at", query, "start_time", "end_time")
                return Answer(200, _after(rows, "id", query.get("last_id"))[:MOST])
            case "email_logs":
                ends = "filters[sent_after]", "filters[sent_before]"
                rows = _within(self.rows["messages"], "sent_at", query, *ends)
                rest = _after(rows, "message_id", query.get("search_after"))
                last = rest[MOST - 1]["message_id"] if len(rest) > MOST else None
                said = {"total_count": len(rows), "next_page_cursor": last}
                return Answer(200, {"messages": rest[:MOST], **said})
            case "date":
                days = self.rows["deliverystats"]
                ends = query["start_date"], query["end_date"]
                return Answer(200, [row for row in days if ends[0] <= row["date"] <= ends[1]])
        return Answer(200, {"data": self.rows["domains"]})


def _within(rows: list[Row], time: str, query: dict[str, str], start: str, end: str) -> list[Row]:
    first = instant(query.get(start, "2000-01-01T00:00:00Z"))
    last = instant(query.get(end, "2900-01-01T00:00:00Z"))
    return [row for row in rows if first <= instant(row[time]) <= last]


def _after(rows: list[Row], key: str, last: str | None) -> list[Row]:
    keys = [row[key] for row in rows]
    return rows[keys.index(last) + 1 :] if last else rows
