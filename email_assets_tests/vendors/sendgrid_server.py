"""SendGrid's API, of which twilio/sendgrid-oai is the specification."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import (
    DAY,
    HOUR,
    PresetServer,
    Row,
    instant,
    page_of,
    written,
)
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.specification import DATE, WHOLE, Parameter, Rules

Rows = dict[str, list[Row]]

KEY = "SG.test/with+signs=8a1"
SUPPRESSIONS = {
    "bounces": "bounces",
    "blocks": "blocks",
    "spam_reports": "complaints",
    "invalid_emails": "invalid_emails",
    "unsubscribes": "unsubscribes",
}
LIST = {
    "start_time": WHOLE,
    "end_time": WHOLE,
    "limit": Parameter(r"\d+", most=500),
    "offset": WHOLE,
    "email": Parameter(),
}
QUERY = re.compile(
    r'sg_message_id_created_at >= TIMESTAMP "(\S+)" '
    r'AND sg_message_id_created_at < TIMESTAMP "(\S+)"'
)


class SendGridServer(PresetServer):
    """An account whose logs give no more than so many messages at a time."""

    vendor = "sendgrid"
    secrets: ClassVar = {"api_key": KEY}
    outcome = (390, 130, 130, 520)
    others: ClassVar = {"delivered": 130, "unsubscribed": 520}
    rules: ClassVar[Rules] = {
        ("GET", f"/v3/suppression/({'|'.join(SUPPRESSIONS)})"): LIST,
        ("POST", "/v3/logs"): {
            "query": Parameter(),
            "limit": Parameter(r"[1-9]\d*", most=1000),
            "subusers": Parameter(),
        },
        ("GET", "/v3/stats"): {
            "start_date": Parameter(DATE.pattern, required=True),
            "end_date": DATE,
            "aggregated_by": Parameter("day|week|month"),
            "limit": WHOLE,
            "offset": WHOLE,
        },
        ("GET", "/v3/subusers"): {"limit": WHOLE, "offset": WHOLE, "username": Parameter()},
        ("GET", "/v3/whitelabel/domains"): {
            "limit": WHOLE,
            "offset": WHOLE,
            "exclude_subusers": Parameter("true|false"),
        },
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows = rows_of_an_account(520, datetime(2015, 1, 1, tzinfo=timezone.utc), every=8)
        self.rows["servers"] = [{"id": n, "username": f"sub{n}"} for n in range(3)]
        self.rows["domains"] = [{"id": n, "domain": f"m{n}.example.com"} for n in range(120)]

    def add_newer(self, at: datetime) -> None:
        add_newer(self.rows, at)

    def is_authorized(self, asked: Asked) -> bool:
        # the specification requires the second, too
        wanted = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}
        return all(asked.headers.get(name) == value for name, value in wanted.items())

    def give(self, asked: Asked) -> Answer:
        return self.give_of(self.rows, asked)

    def give_of(self, held: Rows, asked: Asked) -> Answer:
        """The answer, where this is all that the account has."""
        query = asked.query
        match asked.path.split("/")[2:]:
            case ["suppression", name]:
                first, last = int(query.get("start_time", 0)), int(query.get("end_time", 10**12))
                rows = held[SUPPRESSIONS[name]]
                rows = [row for row in rows if first <= row["created"] <= last]
            case ["logs"]:
                return self._logs(held["messages"], asked.body)
            case ["stats"]:
                end = query.get("end_date", now().date().isoformat())
                rows = held["deliverystats"]
                rows = [row for row in rows if query["start_date"] <= row["date"] <= end]
                return Answer(200, page_of(rows, query, by_default=500))
            case ["subusers"]:
                rows = held["servers"]
            case _:
                rows = held["domains"]
        return Answer(200, page_of(rows, query))

    def _logs(self, messages: list[Row], body: Row) -> Answer:
        found = QUERY.fullmatch(body.get("query", ""))
        if not found:
            return self.refusal(400, "the query cannot be read")
        start, end = instant(found[1]), instant(found[2])
        rows = [row for row in messages if start <= instant(row["sg_message_id_created_at"]) < end]
        return Answer(200, {"messages": rows[: body.get("limit", 10)]})


def rows_of_an_account(hours: int, first_day: datetime, every: int = 1) -> Rows:
    """A message and a row of each list an hour, and figures of days.

    Those are the first day, and each of so many up to today.
    """
    rows: Rows = {name: [] for name in (*SUPPRESSIONS.values(), "messages")}
    for ago in range(hours, 0, -1):
        add_newer(rows, now() - ago * HOUR)
    since = (now() - first_day).days
    days = [0, *range(since % every or every, since + 1, every)]
    rows["deliverystats"] = [_day(first_day + n * DAY) for n in days]
    return rows


def add_newer(rows: Rows, at: datetime) -> None:
    """One row more of each kind of event."""
    number = len(rows["messages"])
    for name in SUPPRESSIONS.values():
        row = {"created": int(at.timestamp()), "email": f"{name}{number}@example.com"}
        rows[name].insert(0, row)
    rows["messages"].insert(0, message(number, at))


def message(number: int, at: datetime) -> Row:
    """A message to one recipient."""
    return {
        "from_email": "shop@mail.example.com",
        "sg_message_id": f"message{number:06}",
        "subject": "Your order",
        "to_email": f"ann{number}@example.com",
        "status": ("delivered", "bounced", "blocked", "dropped")[number % 4],
        "sg_message_id_created_at": written(at),
    }


def _day(at: datetime) -> Row:
    metrics = {"requests": 9, "delivered": 7, "bounces": 1, "blocks": 1, "opens": 3}
    return {"date": at.date().isoformat(), "stats": [{"metrics": metrics}]}
