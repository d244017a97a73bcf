"""Resend's API, as its documentation gives it: <https://resend.com/docs/api-reference>."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

from email_assets.clock import now
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.specification import mistake_in
from email_assets_tests.vendors.specified import RESEND

KEY = "re_test/with+signs=4b1"
NOON = datetime(2026, 4, 3, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Row = dict[str, Any]


class ResendServer(VendorServer):
    """An account; its lists hold the newest row first."""

    def __init__(self) -> None:
        super().__init__()
        self.emails: list[Row] = []
        self.suppressions: list[Row] = []
        self.domains: list[Row] = []
        self.received: list[Row] = []
        self.days: list[Row] = []
        """Figures of a day and a domain."""
        self.throttled = 0
        """Requests from now on that are one too many."""

    def send(self, at: datetime) -> Row:
        """A message that was sent after all others."""
        number = len(self.emails)
        email = {
            "id": _id("email", number),
            "message_id": f"<{number}@email.example.com>",
            "to": ["delivered@resend.dev"],
            "from": "Acme <onboarding@resend.dev>",
            "created_at": _written(at),
            "subject": f"Hello {number}",
            "bcc": None,
            "cc": None,
            "reply_to": None,
            "last_event": "sent",
            "scheduled_at": None,
        }
        self.emails.insert(0, email)
        return email

    def suppress(self, at: datetime, origin: str = "bounce") -> Row:
        """An address that is suppressed after all others."""
        number = len(self.suppressions)
        suppression = {
            "id": _id("suppression", number),
            "email": f"gone{number}@example.com",
            "origin": origin,
            "source_id": None if origin == "manual" else _id("email", number),
            "created_at": _written(at),
        }
        self.suppressions.insert(0, suppression)
        return suppression

    def add_domain(self, name: str) -> None:
        """A domain to send from."""
        domain = {
            "id": _id("domain", len(self.domains)),
            "name": name,
            "status": "verified",
            "created_at": _written(NOON),
            "region": "us-east-1",
            "capabilities": {"sending": "enabled", "receiving": "disabled"},
        }
        self.domains.insert(0, domain)

    def measure(self, at: datetime, **figures: int) -> None:
        """A day's figures, of each of two domains."""
        day = at.date().isoformat()
        for number in range(2):
            name = f"mail{number}.example.com"
            whose = {"domain_id": _id("domain", number), "domain_name": name}
            self.days.append({"period": day, **whose, **figures})

    def answer(self, asked: Asked) -> Answer:
        if "User-Agent" not in asked.headers:
            return Answer(403, b"error code: 1010")
        authorization = asked.headers.get("Authorization")
        if authorization is None:
            return _refusal(401, "missing_api_key", "Missing API key in the authorization header")
        if authorization != f"Bearer {KEY}":
            return _refusal(403, "invalid_api_key", "API key is invalid")
        if self.throttled:
            self.throttled -= 1
            answer = _refusal(429, "rate_limit_exceeded", "Too many requests")
            return Answer(429, answer.body, {"retry-after": "1", "ratelimit-remaining": "0"})
        if problem := mistake_in(asked, RESEND):
            return _refusal(422, "validation_error", problem)
        origin = asked.query.get("origin")
        suppressions = [row for row in self.suppressions if origin in (None, row["origin"])]
        lists = {
            "/emails": self.emails,
            "/suppressions": suppressions,
            "/domains": self.domains,
            "/emails/receiving": self.received,
        }
        if asked.path == "/emails/metrics":
            return self._metrics(asked.query)
        return _page(lists[asked.path], asked.query)

    def _metrics(self, query: dict[str, str]) -> Answer:
        end = query.get("end_date", now().date().isoformat())
        start = query.get("start_date", (now() - 6 * DAY).date().isoformat())
        wanted = {"dimensions": "period,domain", "granularity": "daily"}
        if {name: query.get(name) for name in wanted} != wanted or start > end:
            return _refusal(422, "validation_error", "These figures cannot be asked for")
        rows = [row for row in self.days if start <= row["period"] <= end]
        return Answer(200, {"object": "metrics", "totals": {}, "data": rows})


def _page(rows: list[Row], query: dict[str, str]) -> Answer:
    limit, after = int(query.get("limit", "20")), query.get("after")
    ids = [row["id"] for row in rows]
    if after is not None and after not in ids:
        return _refusal(422, "invalid_parameter", "The after must be a valid UUID")
    start = 0 if after is None else ids.index(after) + 1
    page = rows[start : start + limit]
    return Answer(200, {"object": "list", "has_more": len(rows) > start + limit, "data": page})


def _refusal(status: int, name: str, message: str) -> Answer:
    return Answer(status, {"statusCode": status, "name": name, "message": message})


def _id(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))


def _written(at: datetime) -> str:
    """As the API writes an instant: `2026-04-03 22:13:42.674981+00`."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f+00")
