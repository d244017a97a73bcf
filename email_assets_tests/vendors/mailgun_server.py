"""Mailgun's API: <https://documentation.mailgun.com/docs/mailgun/api-reference>."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from email_assets.clock import now
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.specification import mistake_in
from email_assets_tests.vendors.specified import MAILGUN

KEY = "mg-key/with+signs=7c2"
NOON = datetime(2026, 4, 3, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

OF_DOMAIN = re.compile(r"/v3/([^/]+)/(bounces|complaints|unsubscribes)")

Row = dict[str, Any]


class MailgunServer(VendorServer):
    """An account with domains, each with a list of its bounces, and one log of events."""

    def __init__(self) -> None:
        super().__init__()
        self.domains: list[Row] = []
        self.bounces: dict[str, list[Row]] = {}
        self.events: list[Row] = []
        self.subaccounts: list[Row] = []
        self.whose: dict[str, str] = {}
        """The sub-account of each domain that is not the account's own."""
        self.days: list[Row] = []
        """Figures of a day and a domain."""
        self.refused: dict[str, int] = {}
        """The status of each domain whose bounces are refused."""
        self.links_lead_to: str | None = None
        """Another address than the server's own, for the links to other pages."""

    @property
    def smtp_passwords(self) -> list[str]:
        return [domain["smtp_password"] for domain in self.domains]

    def add_domain(self, name: str) -> None:
        """A domain to send from."""
        self.bounces[name] = []
        self.domains.append(
            {
                "id": f"domain-{len(self.domains)}",
                "name": name,
                "state": "active",
                "created_at": format_datetime(NOON, usegmt=True),
                "smtp_login": f"postmaster@{name}",
                "smtp_password": f"smtp/{name}+6f1e",
                "wildcard": False,
            }
        )

    def bounce(self, domain: str, address: str, error: str = "No such mailbox") -> None:
        """An address that bounced, or bounced again."""
        others = [row for row in self.bounces[domain] if row["address"] != address]
        created = NOON.strftime("%a, %d %b %Y %H:%M:%S UTC")
        row = {"address": address, "code": "550", "error": error, "created_at": created}
        self.bounces[domain] = sorted([*others, row], key=lambda found: str(found["address"]))

    def log(self, at: datetime, event: str = "delivered") -> Row:
        """An event; its place in the log is that of its time, whenever it gets there."""
        row = {
            "id": f"event-{len(self.events)}",
            "event": event,
            "@timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z",
            "account": {"id": "5f7d"},
            "domain": {"name": "shop.example.com"},
            "recipient": "ann@example.com",
            "user-variables": {f"order-{len(self.events)}": "42"},
        }
        self.events.append(row)
        return row

    def measure(self, at: datetime, domain: str, delivered: int) -> None:
        """A day's figures of a domain."""
        day = format_datetime(at.replace(hour=0, minute=0))
        self.days.append(
            {
                "dimensions": [
                    {"dimension": "time", "value": day, "display_value": day},
                    {"dimension": "domain", "value": domain, "display_value": domain},
                ],
                "metrics": {"delivered_count": delivered, "permanent_failed_count": 1},
            }
        )

    def add_subaccount(self, name: str) -> str:
        """An account below this one, by its id."""
        id_ = f"{len(self.subaccounts):024x}"
        self.subaccounts.append({"id": id_, "name": name, "status": "open"})
        return id_

    def answer(self, asked: Asked) -> Answer:
        basic = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
        if asked.headers.get("Authorization") != basic:
            return Answer(401, b"Forbidden")
        if problem := mistake_in(asked, MAILGUN):
            return _refusal(400, problem)
        behalf = asked.headers.get("X-Mailgun-On-Behalf-Of")
        if behalf and behalf not in [row["id"] for row in self.subaccounts]:
            return _refusal(403, "Invalid sub-account")
        match (asked.method, asked.path):
            case ("GET", "/v4/domains"):
                domains = [row for row in self.domains if self.whose.get(row["name"]) == behalf]
                return _by_skip(asked, domains, "items", "total_count")
            case ("GET", "/v5/accounts/subaccounts"):
                return _by_skip(asked, self.subaccounts, "subaccounts", "total")
            case ("POST", "/v1/analytics/logs"):
                return self._log(asked.body)
            case ("POST", "/v1/analytics/metrics"):
                return self._metrics(asked.body)
        found = OF_DOMAIN.fullmatch(asked.path)
        if not found or found[1] not in self.bounces or self.whose.get(found[1]) != behalf:
            return _refusal(404, "Domain not found")
        if status := self.refused.get(found[1]):
            return _refusal(status, "Not allowed")
        rows = self.bounces[found[1]] if found[2] == "bounces" else self.bounces[found[1]][:1]
        return self._addresses(asked.path, rows, asked.query)

    def _metrics(self, asked: Row) -> Answer:
        start = _instant(asked.get("start"), now() - 7 * DAY)
        end = _instant(asked.get("end"), now())
        rows = [
            row
            for row in self.days
            if start <= parsedate_to_datetime(row["dimensions"][0]["value"]) <= end
        ]
        skip, limit = asked["pagination"].get("skip", 0), asked["pagination"].get("limit", 10)
        said = {"sort": "time:asc", "skip": skip, "limit": limit, "total": len(rows)}
        return Answer(200, {"items": rows[skip : skip + limit], "pagination": said})

    def _addresses(self, path: str, rows: list[Row], query: dict[str, str]) -> Answer:
        limit, after = int(query.get("limit", "100")), query.get("address", "")
        rows = [row for row in rows if row["address"] > after][:limit]
        last = rows[-1]["address"] if rows else after
        path = f"{self.links_lead_to or self.base_url}{path}?limit={limit}&page="
        paging = {
            "first": f"{path}first",
            # there always is one
            "next": f"{path}next&address={quote(last)}",
            "previous": f"{path}prev&address={quote(after)}",
            "last": f"{path}last",
        }
        return Answer(200, {"items": rows, "paging": paging})

    def _log(self, asked: Row) -> Answer:
        pagination = asked.get("pagination", {})
        limit, token = pagination.get("limit", 50), pagination.get("token")
        asked_at = now()
        start = _instant(asked.get("start"), asked_at - DAY)
        end = _instant(asked.get("end"), asked_at)
        newest_first = pagination.get("sort", "timestamp:desc") == "timestamp:desc"
        found = [row for row in self.events if start <= _time_of(row) <= end]
        found.sort(key=_place, reverse=newest_first)
        total = len(found) if asked.get("include_totals") else 0
        if token:
            after = json.loads(base64.b64decode(token))
            behind = [_place(row) < after if newest_first else _place(row) > after for row in found]
            found = [row for row, is_behind in zip(found, behind, strict=True) if is_behind]
        page = found[:limit]
        following = base64.b64encode(json.dumps(_place(page[-1])).encode()).decode() if page else ""
        said = {"next": following, "first": "", "last": "", "total": total}
        return Answer(200, {"items": page, "pagination": said})


def _by_skip(asked: Asked, rows: list[Row], name: str, total: str) -> Answer:
    limit, skip = int(asked.query.get("limit", "10")), int(asked.query.get("skip", "0"))
    return Answer(200, {name: rows[skip : skip + limit], total: len(rows)})


def _instant(text: str | None, default: datetime) -> datetime:
    return default if text is None else parsedate_to_datetime(text)


def _time_of(row: Row) -> datetime:
    return datetime.fromisoformat(row["@timestamp"].replace("Z", "+00:00"))


def _place(row: Row) -> list[str]:
    return [row["@timestamp"], row["id"]]


def _refusal(status: int, message: str) -> Answer:
    return Answer(status, {"message": message})
