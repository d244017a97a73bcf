"""MailerSend's API, as its reference describes it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY, HOUR, PresetServer, Row, instant, written
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import WHOLE, Parameter, Rules

KEY = "mlsn.test/with+signs=3"
PAGES = {"page": Parameter(r"[1-9]\d*"), "limit": Parameter(r"\d\d+", most=100)}
NEEDED = Parameter(WHOLE.pattern, required=True)
KINDS = [
    *("sent", "sent", "deferred", "hard_bounced", "soft_bounced", "spam_complaint"),
    *("sent", "sent", "deferred", "hard_bounced", "junk", "spam_complaints"),
]


class MailerSendServer(PresetServer):
    """An account whose activity is asked for domain by domain.

    Attributes:
        kept: How long the account's plan keeps it; who asks for older rows is refused.
    """

    vendor = "mailersend"
    prefix = "/v1"
    secrets: ClassVar = {"api_key": KEY, "body": "the text of a message"}
    outcome = (100, 50, 50, 50)
    rules: ClassVar[Rules] = {
        ("GET", r"/activity/\w+"): {**PAGES, "date_from": NEEDED, "date_to": NEEDED},
        ("GET", "/domains"): PAGES,
        ("GET", "/suppressions/(hard-bounces|spam-complaints|unsubscribes)"): PAGES,
    }

    def __init__(self) -> None:
        super().__init__()
        self.kept = 7 * DAY
        names = ("bounces", "messages", "complaints", "unsubscribes")
        self.rows = {name: [] for name in names}
        self.rows["domains"] = [{"id": f"dom{n}", "name": f"m{n}.example.com"} for n in range(2)]
        for hours in range(300, 0, -1):
            self.add_newer(now() - hours * HOUR / 2)

    def add_newer(self, at: datetime) -> None:
        number = len(self.rows["messages"])
        recipient = {"id": f"recipient{number}", "email": f"ann{number}@example.com"}
        activity = {
            "id": f"activity{number}",
            "created_at": written(at),
            "type": KINDS[number % len(KINDS)],
            "email": {
                "id": f"email{number}",
                "from": "shop@example.com",
                "text": self.secrets["body"],
                "html": self.secrets["body"],
                "tags": None,
                "recipient": recipient,
            },
            "domain_id": f"dom{number % 2}",
        }
        self.rows["messages"].insert(0, activity)
        for name in ("bounces", "complaints", "unsubscribes"):
            row: Row = {"id": f"{name}{number}", "created_at": int(at.timestamp())}
            self.rows[name].insert(0, {**row, "recipient": recipient})

    def is_authorized(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization") == f"Bearer {KEY}"

    def refusal(self, status: int, problem: str) -> Answer:
        return Answer(status, {"message": problem})

    def give(self, asked: Asked) -> Answer:
        query, last = asked.query, asked.path.rpartition("/")[2]
        if "/activity/" in asked.path:
            start, end = int(query["date_from"]), int(query["date_to"])
            if start < (now() - self.kept).timestamp():
                problem = f"Your account has a {self.kept.days}-day data retention limit."
                return self.refusal(422, f"Date selection out of range. {problem}")
            if not start < end <= now().timestamp():
                return self.refusal(422, "The date_to must be after date_from, and not to come.")
            rows = [
                {field: value for field, value in row.items() if field != "domain_id"}
                for row in self.rows["messages"]
                if row["domain_id"] == last
                and start <= instant(row["created_at"]).timestamp() <= end
            ]
        else:
            rows = self.rows[
                {
                    "domains": "domains",
                    "hard-bounces": "bounces",
                    "spam-complaints": "complaints",
                    "unsubscribes": "unsubscribes",
                }[last]
            ]
        limit, page = int(query.get("limit", 25)), int(query.get("page", 1))
        return Answer(200, {"data": rows[(page - 1) * limit : page * limit], "links": {}})
