"""SendGrid's API to an account above subusers, each of which is asked for by name or id."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from email_assets.clock import now
from email_assets_tests.vendors.preset_server import DAY
from email_assets_tests.vendors.sendgrid_server import (
    KEY,
    Rows,
    SendGridServer,
    add_newer,
    rows_of_an_account,
)
from email_assets_tests.vendors.serving import Answer, Asked

SUBUSERS = {"north": "101", "south": "102"}


class SendGridSubusersServer(SendGridServer):
    """An account whose subusers have rows that look alike; it has none of its own."""

    vendor = "sendgrid_subusers"
    secrets: ClassVar = {"api_key": KEY}
    outcome = (300, 100, 100, 400)
    others: ClassVar = {"delivered": 100, "unsubscribed": 400}

    def __init__(self) -> None:
        super().__init__()
        whole = {name: self.rows[name] for name in ("servers", "domains")}
        whole["servers"] = [{"id": int(id_), "username": name} for name, id_ in SUBUSERS.items()]
        self.whole = whole
        month = (now() - 30 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        self.of_subusers = {name: rows_of_an_account(200, month) for name in SUBUSERS}
        self.rows = self._all_rows()

    def _all_rows(self) -> Rows:
        held = [*self.of_subusers.values()]
        return {name: [row for each in held for row in each[name]] for name in held[0]} | self.whole

    def add_newer(self, at: datetime) -> None:
        for rows in self.of_subusers.values():
            add_newer(rows, at)
        self.rows = self._all_rows()

    def give(self, asked: Asked) -> Answer:
        if asked.path.endswith(("/subusers", "/domains")):
            return self.give_of(self.whole, asked)
        if asked.path == "/v3/logs":
            named = {id_: name for name, id_ in SUBUSERS.items()}.get(*asked.body["subusers"])
        else:
            named = asked.headers.get("on-behalf-of")
        if named not in self.of_subusers:
            self.refused.append(f"there is no subuser {named}")
            return self.refusal(403, "access forbidden")
        return self.give_of(self.of_subusers[named], asked)
