"""The SQL that counts by recipient: where mail went, why it came back, and what to do about it."""

from __future__ import annotations

from datetime import date
from typing import Any

from email_assets.deliverability.complaints import complained_to
from email_assets.deliverability.joins import Row, of_message, recipient_of
from email_assets.deliverability.sql import kinds_counted, type_of
from email_assets.deliverability.tables import (
    NOTHING,
    Tables,
    address_in,
    condition_of,
    marks,
    recipient_in,
)
from email_assets.vendors.meanings import Deliverability, Suppressed
from email_assets.vendors.resource import bounces_of

MOST_ROWS = 10_000
"""Groups that are told by their names, the largest first; those beyond are one without a name."""

STATUS = "(?s)^(.*?[^0-9.])?([45][.][0-9][.][0-9]{1,3})([.]?|[^0-9.].*|[.][^0-9].*)$"
"""An answer of a mail server with an enhanced status: each may name the recipient besides, and a
million answers are then a few reasons."""

Query = tuple[str, list[Any]]


class Addresses:
    """The queries about the recipients of a stretch of days, as far as the tables tell of them.

    Args:
        mapping: What the vendor's file says.
        tables: The tables, in a session whose time zone is UTC.
        since: The first day.
        until: The last day.
    """

    def __init__(self, mapping: Deliverability, tables: Tables, since: date, until: date) -> None:
        self._mapping, self._tables, self._days = (
            mapping,
            tables,
            [since.isoformat(), until.isoformat()],
        )
        self._bounces = bounces_of(mapping)
        self._bounce: Row = self._bounces, mapping["bounces"].get("message"), "b"

    def by_domain(self) -> Query | None:
        """Domain, messages to it, and hard, soft, complaints and others of it, and recipients."""
        domain = (
            "CASE WHEN position('@' IN address) > 0 THEN regexp_replace(address, '^.*@', '') END"
        )
        return self._grouped(
            domain, [self._sent(NOTHING), self._came_back(NOTHING, ""), self._complained(None)]
        )

    def by_tag(self) -> Query | None:
        """The same by what the sender calls this kind of message; empty where it has no name."""
        tag, bounces = self._mapping["messages"].get("tag"), self._mapping["bounces"]
        has = self._tables.has_column
        if not tag or not self._tables.has("messages") or not has("messages", tag):
            return None
        parts = [self._sent(self._tables.text("messages", tag, "m"))]
        own = bounces.get("tag")
        if own and self._tables.has(self._bounces) and has(self._bounces, own):
            column = self._tables.text(self._bounces, own, "b")
            parts.append(self._came_back(column, ""))
        elif found := of_message(tag, "tagged", self._bounce, self._mapping, self._tables):
            parts.append(self._came_back(*found))
        # NULL are those that have no room
        return self._grouped("COALESCE(tag, '')", [*parts, self._complained(tag)])

    def _grouped(self, label: str, found: list[Query | None]) -> Query | None:
        """The counts of messages and bounces by something."""
        parts = [part for part in found if part]
        if not parts:
            return None
        union = " UNION ALL ".join(query for query, _ in parts)
        counts = ["sent", "hard", "soft", "complaints", "other"]
        sums = ", ".join(f"SUM({count}) AS {count}" for count in counts)
        grouped = (
            f"SELECT label, {sums}, COUNT(DISTINCT address) AS recipients FROM (SELECT mail.*, "
            f"{label} AS label FROM ({union}) AS mail) AS mail GROUP BY label"
        )
        query = _largest(grouped, "label", [*counts, "recipients"], "sent + hard + soft")
        return query, [value for _, values in parts for value in values]

    def by_type(self) -> Query | None:
        """The vendor's own type, whether it is hard, soft or a complaint, and how many."""
        if not self._tables.has(self._bounces):
            return None
        kinds, listed = kinds_counted(self._mapping, self._tables)
        column = type_of(self._mapping, self._tables)
        where, values = self._of_the_days("bounces")
        return (
            f"SELECT type, SUM(hard), SUM(soft), SUM(complaints), COUNT(*) FROM (SELECT {column} "
            f"AS type, {', '.join(kinds)} FROM {self._tables.name(self._bounces)} AS b{where}) "
            "AS bounced GROUP BY type ORDER BY COUNT(*) DESC, type"
        ), [*listed, *values]

    def by_reason(self) -> Query | None:
        """The words of servers on hard and soft bounces, how often, and to how many recipients."""
        bounces = self._mapping["bounces"]
        fields = bounces.get("reason")
        address = self._address_of("bounces")
        if not fields or address is None or not self._tables.has_any(self._bounces, fields):
            return None
        wanted = [*bounces.get("hard", []), *bounces.get("soft", [])]
        if not wanted:
            return None
        type_ = type_of(self._mapping, self._tables)
        where, values = self._of_the_days("bounces")
        expression, join = address
        grouped = (
            f"SELECT regexp_replace({self._tables.first_there(self._bounces, fields, 'b')}, "
            f"'{STATUS}', '\\2') AS reason, COUNT(*) AS bounced, "
            f"COUNT(DISTINCT {expression}) AS recipients FROM {self._tables.name(self._bounces)} "
            f"AS b{join}{where} AND {type_} IN ({marks(wanted)}) GROUP BY 1"
        )
        query = _largest(grouped, "reason", ["bounced", "recipients"], "bounced")
        return query, [*values, *wanted]

    def after_hard_bounces(self) -> Query | None:
        """Messages of the days to addresses that had bounced hard before, and those addresses."""
        sent, bounced = self._address_of("messages"), self._address_of("bounces")
        hard = self._mapping["bounces"].get("hard")
        if sent is None or bounced is None or not hard:
            return None
        bounces, name = self._mapping["bounces"], self._tables.name
        only, values = condition_of(bounces.get("only"), self._bounces, "b", self._tables)
        type_ = type_of(self._mapping, self._tables)
        where, of_days = self._of_the_days("messages")
        sent_at = self._tables.column("messages", self._mapping["messages"]["time"], "m")
        bounced_at = self._tables.column(self._bounces, bounces["time"], "b")
        return (
            f"WITH gone AS (SELECT {bounced[0]} AS address, MIN({bounced_at}) AS bounced_at "
            f"FROM {name(self._bounces)} AS b{bounced[1]} WHERE {only} AND {type_} IN "
            f"({marks(hard)}) GROUP BY 1), sent AS (SELECT {sent[0]} AS address, {sent_at} AS "
            f"sent_at FROM {name('messages')} AS m{sent[1]}{where}) SELECT COUNT(*), "
            "COUNT(DISTINCT sent.address) FROM sent JOIN gone ON gone.address = sent.address "
            "AND sent.sent_at > gone.bounced_at"
        ), [*values, *hard, *of_days]

    def suppressed(self) -> Query | None:
        """The number of addresses that nothing is sent to any more, however long ago."""
        parts = [part for one in self._mapping.get("suppressed", ()) if (part := self._listed(one))]
        if not parts:
            return None
        union = " UNION ALL ".join(query for query, _ in parts)
        return f"SELECT COUNT(DISTINCT address) FROM ({union}) AS suppressed", [
            value for _, values in parts for value in values
        ]

    def sending_domains(self) -> Query | None:
        """Each sending domain, with what the vendor says of its records; NULL where it is silent.

        The columns after the name are those of `RECORDS`.
        """
        domains = self._mapping.get("domains")
        if not domains or not self._tables.has(domains["resource"]):
            return None
        resource, there = domains["resource"], self._tables.has_column
        fields = [domains.get("spf"), domains.get("dkim"), domains.get("return_path")]
        columns = [
            f"LOWER({self._tables.text(resource, field, 'd')})"
            if field and there(resource, field)
            else "NULL"
            for field in fields
        ]
        if not there(resource, domains["name"]):
            return None
        name = self._tables.text(resource, domains["name"], "d")
        return (
            f"SELECT {name}, {', '.join(columns)} FROM {self._tables.name(resource)} AS d "
            f"ORDER BY 1 LIMIT {MOST_ROWS}"
        ), []

    def _sent(self, tag: str) -> Query | None:
        address = self._address_of("messages")
        if address is None:
            return None
        where, values = self._of_the_days("messages")
        return (
            f"SELECT {address[0]} AS address, {tag} AS tag, 1 AS sent, 0 AS hard, 0 AS soft, "
            f"0 AS complaints, 0 AS other FROM {self._tables.name('messages')} AS m"
            f"{address[1]}{where}"
        ), values

    def _came_back(self, tag: str, join: str) -> Query | None:
        address = self._address_of("bounces")
        if address is None:
            return None
        kinds, listed = kinds_counted(self._mapping, self._tables)
        where, values = self._of_the_days("bounces")
        return (
            f"SELECT {address[0]} AS address, {tag} AS tag, 0 AS sent, {', '.join(kinds)} "
            f"FROM {self._tables.name(self._bounces)} AS b{address[1]}{join}{where}"
        ), [*listed, *values]

    def _complained(self, tag: str | None) -> Query | None:
        found = complained_to(self._mapping, self._tables, tag, self._days)
        return found and (found[0], [*found[1]])

    def _listed(self, suppressed: Suppressed) -> Query | None:
        resource, only_of = suppressed["resource"], suppressed.get("only")
        needed = [suppressed["recipient"], *([only_of["field"]] if only_of else [])]
        if not self._tables.has(resource):
            return None
        if not all(self._tables.has_column(resource, field) for field in needed):
            return None
        only, values = condition_of(only_of, resource, "s", self._tables)
        address = address_in(self._tables.column(resource, suppressed["recipient"], "s"))
        return (
            f"SELECT {address} AS address FROM {self._tables.name(resource)} AS s WHERE {only}"
        ), values

    def _of_the_days(self, what: str) -> Query:
        """The condition that leaves what happened on the days and counts."""
        is_sent = what == "messages"
        of = self._mapping["messages"] if is_sent else self._mapping["bounces"]
        table, alias = (what, "m") if is_sent else (self._bounces, "b")
        only, values = condition_of(of.get("only"), table, alias, self._tables)
        day = self._tables.day(table, of["time"], alias)
        between = "BETWEEN CAST(%s AS DATE) AND CAST(%s AS DATE)"
        return f" WHERE {only} AND {day} {between}", [*values, *self._days]

    def _address_of(self, what: str) -> tuple[str, str] | None:
        """The SQL of the recipient of a message or bounce, and the join that it takes."""
        if what == "messages":
            field = self._mapping["messages"].get("recipient")
            return recipient_in("messages", field, "m", self._tables)
        field = self._mapping["bounces"].get("recipient")
        return recipient_of(field, self._bounce, self._mapping, self._tables)


def _largest(grouped: str, name: str, counts: list[str], size: str) -> str:
    """The groups of a query, the largest first, and one of all that have no room."""
    sums = ", ".join(f"SUM({count})" for count in counts)
    return (
        f"SELECT CASE WHEN place <= {MOST_ROWS} THEN {name} END, {sums} FROM (SELECT *, "
        f"ROW_NUMBER() OVER (ORDER BY {size} DESC, {name}) AS place FROM ({grouped}) AS grouped) "
        f"AS ranked GROUP BY 1 ORDER BY SUM({size}) DESC, 1"
    )
