"""An API of Postmark's shape: its paths, tokens, filters, ceiling and errors, over real HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from operator import itemgetter

from email_assets_tests.vendors.postmark_rows import EASTERN, Row, Server
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.specification import mistake_in
from email_assets_tests.vendors.specified import POSTMARK

ACCOUNT_TOKEN = "acct-5e1f/token+of=the&account"
ROWS_AT_MOST = 10_000

LISTS = {"/messages/outbound": ("Messages", 700), "/bounces": ("Bounces", 1000)}
"""Paths of the lists with a ceiling: where the rows are, and the error beyond it."""
ALL_OF_TIME = (("fromdate", "0001-01-02"), ("todate", "9999-12-30"))
"""Parameters that limit a list's time, and the limits where a request names none."""


class PostmarkServer(VendorServer):
    """The account, its servers and its domains.

    Args:
        servers: How many servers the account has, numbered from 1.
        fold: Which of two instants a wall time means that an autumn night has twice: the earlier
            (0) or the later (1). Postmark does not say.
    """

    def __init__(self, servers: int = 1, *, fold: int = 0) -> None:
        super().__init__()
        self.servers = [Server(number) for number in range(1, servers + 1)]
        self.domains: list[Row] = [
            {
                "ID": number,
                "Name": f"{number}.example.com",
                "SPFVerified": True,
                "DKIMVerified": True,
                "WeakDKIM": False,
                "ReturnPathDomainVerified": False,
            }
            for number in (11, 12)
        ]
        self._fold = fold

    @property
    def secrets(self) -> list[str]:
        """Everything that must not be seen anywhere."""
        of_servers = [
            (server.token, f"hook-password-{server.id}", f"inbound-hash-{server.id}")
            for server in self.servers
        ]
        return [ACCOUNT_TOKEN, *(secret for each in of_servers for secret in each)]

    def answer(self, asked: Asked) -> Answer:
        if problem := mistake_in(asked, POSTMARK):
            return Answer(422, {"ErrorCode": 600, "Message": problem})
        if asked.path in ("/servers", "/domains"):
            return self._of_account(asked)
        token = asked.headers.get("X-Postmark-Server-Token")
        found = [server for server in self.servers if server.token == token]
        if not found:
            return _refused(token)
        server = found[0]
        if server.refuses_with:
            return Answer(server.refuses_with, {"ErrorCode": 0, "Message": "Not now."})
        if asked.path in server.answers:
            return server.answers[asked.path]()
        if asked.path == "/server":
            return Answer(200, server.describe())
        if asked.path == "/deliverystats":
            return Answer(200, {"InactiveMails": 1, "Bounces": server.stats})
        if asked.path == "/message-streams":
            return _streams(asked, server)
        for stream in server.streams:
            if asked.path == f"/message-streams/{stream['ID']}/suppressions/dump":
                return Answer(200, {"Suppressions": server.suppressed.get(stream["ID"], [])})
        if asked.path in ("/stats/outbound/sends", "/stats/outbound/bounces"):
            figures = {"Sent": server.id} if "sends" in asked.path else {"HardBounce": server.id}
            return Answer(200, {"Days": [{"Date": "2026-06-15", **figures}], **figures})
        if asked.path in LISTS:
            return self._listed(asked, server)
        return Answer(404, {"ErrorCode": 404, "Message": "There is no such path."})

    def _of_account(self, asked: Asked) -> Answer:
        token = asked.headers.get("X-Postmark-Account-Token")
        if token != ACCOUNT_TOKEN:
            return _refused(token)
        if asked.path == "/domains":
            return _page("Domains", self.domains, asked.query)
        return _page("Servers", [server.describe() for server in self.servers], asked.query)

    def _listed(self, asked: Asked, server: Server) -> Answer:
        under, error_code = LISTS[asked.path]
        stream = asked.query.get("messagestream", "outbound")
        if stream in server.streams_refused:
            return Answer(server.streams_refused[stream], {"ErrorCode": 1226, "Message": "No."})
        if (stream, "Inbound") in [(of["ID"], of["MessageStreamType"]) for of in server.streams]:
            return Answer(422, {"ErrorCode": 1221, "Message": "The stream is an inbound one."})
        rows = server.messages if under == "Messages" else server.bounces
        time = itemgetter("ReceivedAt" if under == "Messages" else "BouncedAt")
        since, until = (self._instant(asked.query.get(name, by)) for name, by in ALL_OF_TIME)
        # in one pass, since a test asks a hundred times of ten thousand rows
        listed = [
            (at, row)
            for row in rows
            if row["MessageStream"] == stream and since <= (at := _at(time(row))) <= until
        ]
        listed.sort(key=itemgetter(0), reverse=True)
        newest_first = [row for _, row in listed]
        return _page(under, newest_first, asked.query, ceiling=(ROWS_AT_MOST, error_code))

    def _instant(self, wall: str) -> datetime:
        """The instant that a filter means."""
        found = datetime.fromisoformat(wall)
        return found.replace(tzinfo=EASTERN, fold=self._fold).astimezone(timezone.utc)


def _streams(asked: Asked, server: Server) -> Answer:
    kind = asked.query.get("MessageStreamType", "All")
    all_of_time = asked.query.get("IncludeArchivedStreams") == "true"
    found = [
        stream
        for stream in server.streams
        if kind in ("All", stream["MessageStreamType"])
        and (all_of_time or stream["ArchivedAt"] is None)
    ]
    return Answer(200, {"MessageStreams": found, "TotalCount": len(found)})


def _page(
    under: str,
    rows: list[Row],
    query: Mapping[str, str],
    ceiling: tuple[int, int] | None = None,
) -> Answer:
    count, offset = int(query["count"]), int(query["offset"])
    if ceiling and count + offset > ceiling[0]:
        code, most = ceiling[1], ceiling[0]
        message = f"The 'count' and 'offset' together must not exceed {most}."
        return Answer(422, {"ErrorCode": code, "Message": message})
    return Answer(200, {"TotalCount": len(rows), under: rows[offset : offset + count]})


def _refused(token: str | None) -> Answer:
    message = "The request lacks a token." if token is None else "No account or server matches."
    return Answer(401, {"ErrorCode": 10, "Message": message})


@cache
def _at(written: str) -> datetime:
    """The instant of a row; the seventh digit of its second is more than Python reads."""
    return datetime.fromisoformat(written[:26] + written[27:]).astimezone(timezone.utc)
