"""Mailjet's API, as its reference describes it."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY, HOUR, PresetServer, Row, instant, written
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import WHOLE, Parameter, Rules

KEY = "mj-key/with+signs=1"
SECRET = "mj-secret/with+signs=2"
PAGES = {"Limit": Parameter(r"\d+", most=1000), "Offset": WHOLE, "Sort": Parameter(r"\w+ DESC")}


class MailjetServer(PresetServer):
    """An account whose totals are those of a page, written as text."""

    vendor = "mailjet"
    secrets: ClassVar = {"api_key": KEY, "secret_key": SECRET}
    outcome = (1010, 505, 505, 10)
    rules: ClassVar[Rules] = {
        ("GET", "/v3/REST/message"): {
            **PAGES,
            "FromTS": WHOLE,
            "ToTS": WHOLE,
            "ShowSubject": Parameter("true|false"),
            "ShowContactAlt": Parameter("true|false"),
        },
        ("GET", "/v3/REST/bouncestatistics"): {**PAGES, "EventFromTs": WHOLE, "EventToTs": WHOLE},
        ("GET", "/v3/REST/statcounters"): {
            **PAGES,
            "CounterSource": Parameter("APIKey", required=True),
            "CounterTiming": Parameter("Message|Event", required=True),
            "CounterResolution": Parameter("Day|Hour|Lifetime", required=True),
            "FromTS": WHOLE,
            "ToTS": WHOLE,
        },
        ("GET", "/v3/REST/(dns|sender)"): PAGES,
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows = {name: [] for name in ("bounces", "messages", "deliverystats")}
        for hours in range(1_010, 0, -1):
            self.add_newer(now() - 2 * hours * HOUR)
        start = datetime(2025, 1, 1, tzinfo=now().tzinfo)
        self.rows["deliverystats"] = [
            {"Timeslice": written(start + n * DAY), "MessageSentCount": 5}
            for n in range((now() - start).days + 1)
        ]
        self.rows["domains"] = [
            {"ID": n, "Domain": f"m{n}.example.com", "OwnerShipToken": f"token{n}"}
            for n in range(12)
        ]
        self.rows["senders"] = [{"ID": 7, "Email": "shop@example.com", "Status": "Active"}]

    def add_newer(self, at: datetime) -> None:
        number = len(self.rows["messages"]) + 1
        sent = {"ID": number, "ArrivedAt": written(at), "SenderID": 7}
        sent["Status"] = "spam" if number % 100 == 0 else "sent"
        sent["ContactAlt"] = f"ann{number}@example.com"
        self.rows["messages"].insert(0, sent)
        # a bounce has its message's number, and names neither sender nor recipient
        bounce = {"ID": number, "BouncedAt": written(at), "CampaignID": 51, "ContactID": number}
        permanent = number % 2 == 0
        state = {"IsBlocked": permanent, "IsStatePermanent": permanent, "StateID": 1}
        self.rows["bounces"].insert(0, {**bounce, **state})

    def is_authorized(self, asked: Asked) -> bool:
        basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        return asked.headers.get("Authorization") == basic

    def refusal(self, status: int, problem: str) -> Answer:
        return Answer(status, {"ErrorMessage": problem, "StatusCode": status})

    def give(self, asked: Asked) -> Answer:
        query = asked.query
        name, time = {
            "message": ("messages", "ArrivedAt"),
            "bouncestatistics": ("bounces", "BouncedAt"),
            "statcounters": ("deliverystats", "Timeslice"),
            "dns": ("domains", ""),
            "sender": ("senders", ""),
        }[asked.path.rpartition("/")[2]]
        today = now().replace(hour=0, minute=0, second=0).timestamp()
        default = today if name == "bounces" else 0
        start = int(query.get("FromTS", query.get("EventFromTs", default)))
        end = int(query.get("ToTS", query.get("EventToTs", 10**11)))
        rows = self.rows[name]
        if time:
            rows = [row for row in rows if start < int(instant(row[time]).timestamp()) + 1 <= end]
        offset, limit = int(query.get("Offset", 0)), int(query.get("Limit", 10))
        page: list[Row] = rows[offset : offset + limit]
        return Answer(200, {"Count": str(len(page)), "Data": page, "Total": str(len(page))})
