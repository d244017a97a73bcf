"""Mandrill's API, of which mailchimp/mailchimp-client-lib-codegen is the specification."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY, HOUR, PresetServer, Row, instant
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import YES_OR_NO, Parameter, Rules

KEY = "md-key/with+signs=2"
FORM = "%Y-%m-%d %H:%M:%S"
STATES = ("sent", "bounced", "soft-bounced", "spam", "rejected")
ONLY_KEY = {"key": Parameter(required=True)}
AT = Parameter(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")


class MandrillServer(PresetServer):
    """An account whose lists have no pages."""

    vendor = "mandrill"
    prefix = "/api/1.3"
    secrets: ClassVar = {"api_key": KEY}
    outcome = (808, 202, 202, 202)
    others: ClassVar = {"delivered": 202}
    rules: ClassVar[Rules] = {
        ("POST", "/messages/search"): {
            **ONLY_KEY,
            "query": Parameter(),
            "date_from": AT,
            "date_to": AT,
            "limit": Parameter(r"\d{3,}", most=1000),
        },
        ("POST", "/rejects/list"): {**ONLY_KEY, "include_expired": YES_OR_NO},
        ("POST", "/(senders/domains|subaccounts/list|tags/all-time-series)"): ONLY_KEY,
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows = {name: [] for name in ("bounces", "messages", "deliverystats")}
        for minutes in range(1_010, 0, -1):
            self.add_newer(now() - minutes * HOUR / 4)
        self.rows["servers"] = [{"id": f"sub{n}", "name": f"sub{n}"} for n in range(3)]
        self.rows["domains"] = [{"domain": f"m{n}.example.com"} for n in range(3)]

    def add_newer(self, at: datetime) -> None:
        number = len(self.rows["messages"])
        message: Row = {"_id": f"m{number}", "ts": int(at.timestamp()), "state": STATES[number % 5]}
        message["sender"] = "shop@example.com"
        message |= {"email": f"ann{number}@example.com", "metadata": {f"order-{number}": "1"}}
        self.rows["messages"].insert(0, message)
        if number % 3 == 0:
            bounce: Row = {"email": message["email"], "reason": "hard-bounce"}
            subaccount = {"subaccount": "sub1" if number % 2 else None}
            self.rows["bounces"].insert(0, {**bounce, **subaccount, "expired": False})
        hour = at.replace(minute=0, second=0).strftime(FORM)
        if all(row["time"] != hour for row in self.rows["deliverystats"][:1]):
            self.rows["deliverystats"].insert(0, {"time": hour, "sent": 4, "hard_bounces": 1})

    def is_authorized(self, asked: Asked) -> bool:
        return isinstance(asked.body, dict) and asked.body.get("key") == KEY

    def refusal(self, status: int, problem: str) -> Answer:
        return Answer(status, {"status": "error", "name": "ValidationError", "message": problem})

    def give(self, asked: Asked) -> Answer:
        body = asked.body
        match asked.path.removeprefix(self.prefix):
            case "/messages/search":
                start = body.get("date_from", (now() - 7 * DAY).strftime(FORM))
                end = body.get("date_to", now().strftime(FORM))
                first, last = instant(start).timestamp(), instant(end).timestamp()
                rows = [row for row in self.rows["messages"] if first <= row["ts"] <= last]
                return Answer(200, rows[: body.get("limit", 100)])
            case "/rejects/list":
                return Answer(200, self.rows["bounces"][:1000])
            case "/subaccounts/list":
                return Answer(200, self.rows["servers"])
            case "/senders/domains":
                return Answer(200, self.rows["domains"])
        return Answer(200, self.rows["deliverystats"])
