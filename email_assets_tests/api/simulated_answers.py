"""The pages of a simulated API: how it is asked for one, and refers to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from email_assets_tests.api.simulated import Row, SimulatedApi

Kind = Literal["offset", "page_number", "cursor", "json_link", "header_link", "header_cursor"]
Said = Literal["honest", "lags", "page", "text", "small", "large", "pages", "ceiling"]
Total = Said | Literal["none"]
Ending = Literal["null", "empty", "absent"]

ADDRESS = "http://api.example.org/v1/messages"
LIMIT = 8
"""Rows that a page is asked for."""


@dataclass
class Reply:
    """An answer of the API: a document, and headers."""

    document: dict[str, Any]
    headers: dict[str, str]


def reply_of(api: SimulatedApi, asked: dict[str, Any], rows: list[Row], number: int) -> Reply:
    """The answer to a request.

    Args:
        api: The API.
        asked: The parameters of the request.
        rows: The list, as whoever answers knows it.
        number: The number of answers that were given before.
    """
    before = sum(_is_within(row, asked) for row in api.rows_before)
    rows = [row for row in rows if _is_within(row, asked)]
    size = min(int(asked.get("limit", LIMIT)), api.caps[number % len(api.caps)])
    first = _first(api, asked, rows, size)
    end = first + size if api.ceiling is None else min(first + size, max(first, api.ceiling))
    page = [row for row in rows[first:end] if row["id"] not in api.hidden]
    page = [] if number in api.empty else page
    page = page[:1] + page if number in api.twice else page
    document = {"data": page, **api.said(len(rows), before, len(page), size)}
    if api.kind in ("offset", "page_number"):
        return Reply(document, {})
    last: str | None
    if number in api.empty and rows[first:end]:
        # what this page should hold comes with the next one
        last = f"{rows[first - 1]['id']}-{number}" if first else f"-{number}"
        return _referring(api, document, last, is_last=False, number=number)
    last = str(rows[min(end, len(rows)) - 1]["id"]) if rows[first:end] else None
    return _referring(api, document, last, is_last=end >= len(rows), number=number)


def _is_within(row: Row, asked: dict[str, Any]) -> bool:
    since, until = asked.get("since"), asked.get("until")
    return (since is None or row["at"] >= int(since)) and (until is None or row["at"] <= int(until))


def _first(api: SimulatedApi, asked: dict[str, Any], rows: list[Row], size: int) -> int:
    """The place in the list at which a page begins."""
    if api.kind == "offset":
        offset = int(asked["offset"])
        return offset // size * size if api.rounds else offset
    if api.kind == "page_number":
        return int(asked["page"]) * size
    after = asked.get("after")
    if not after or after.startswith("-"):
        return 0
    # the row that a cursor names may be gone; what follows it is there all the same
    place = api.places[int(after.partition("-")[0])]
    return sum(api.places[row["id"]] <= place for row in rows)


def _referring(
    api: SimulatedApi, document: dict[str, Any], last: str | None, *, is_last: bool, number: int
) -> Reply:
    """An answer that says where the next page is."""
    document["has_more"] = not is_last
    following = None if last is None or (is_last and not api.always_refers) else last
    if number == api.ends_at:
        following = None
    if number == api.leads_back and following is not None:
        following = "-"  # the beginning, under another name than it was asked for
    is_link = api.kind in ("json_link", "header_link")
    said = f"{ADDRESS}?after={following}" if following is not None and is_link else following
    if api.kind == "header_link":
        return Reply(document, {"Link": f'<{said}>; rel="next"'} if said else {})
    if said is None and api.ending != "absent":
        said = "" if api.ending == "empty" else None
    if api.kind == "header_cursor":
        return Reply(document, {} if said is None else {"next_page": said})
    if said is not None or api.ending == "null":
        document["next"] = said
    return Reply(document, {})
