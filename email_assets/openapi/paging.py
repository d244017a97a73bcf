"""Guesses how a list is paged, from the names of parameters and of the answer's fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from email_assets.openapi.document import Json, Operation, step
from email_assets.openapi.text import Guess

OFFSET = re.compile(r"offset|skip|start_?index", re.IGNORECASE)
NUMBER = re.compile(r"page(_?(number|num|no|index))?", re.IGNORECASE)
SIZE = re.compile(r"limit|count|size|take|per_?page|page_?size|max_?results", re.IGNORECASE)
CURSOR = re.compile(
    r"\w*cursor|(next_?)?page_?token|next_?token|(starting|search)_?after|after|last_id|continuation",
    re.IGNORECASE,
)
NEXT_LINK = re.compile(r"next(_?(page)?_?(url|link|uri|href))?", re.IGNORECASE)
NEXT_CURSOR = re.compile(r"next\w*|\w*cursor|\w*token", re.IGNORECASE)
HAS_MORE = re.compile(r"has_?(more|next)\w*", re.IGNORECASE)
TOTAL = re.compile(r"total(_?(count|results|items|records))?|(item|result)s?_?count", re.IGNORECASE)
PAGES = re.compile(r"total_?pages|last_?page|page_?count|pages", re.IGNORECASE)
A_PAGE = 100


@dataclass(frozen=True)
class Paging:
    """The way of a list from page to page."""

    paginator: Any
    params: dict[str, Any] = field(default_factory=dict)
    """Parameters that every request has."""
    used: set[str] = field(default_factory=set)
    """The parameters of the API that it fills."""
    total_path: str | None = None
    """The total of a list whose paginator has no place for it."""


def paging_of(operation: Operation) -> Paging:
    """The paginator, in dlt's words, and what goes with it."""
    by_name = {str(one["name"]): one for one in operation.parameters if one["in"] == "query"}
    size = _first(by_name, SIZE)
    rows = _size_of(by_name[size]["schema"]) if size else A_PAGE
    sizes: dict[str, Any] = {size: rows} if size else {}
    total = _path_in(operation.answer, TOTAL, "integer", "number")
    if size and (offset := _first(by_name, OFFSET)):
        paginator: dict[str, Any] = {"type": "offset", "limit": rows}
        paginator |= {"offset_param": offset, "limit_param": size, "total_path": total}
        return Paging(paginator, {}, {offset, size})
    if number := _first(by_name, NUMBER):
        schema = by_name[number]["schema"]
        first = schema.get("default", schema.get("minimum", 1))
        pages = _path_in(operation.answer, PAGES, "integer", "number")
        paginator = {"type": "page_number", "page_param": number}
        paginator |= {"base_page": Guess(first, "the first page"), "total_path": pages}
        return Paging(paginator, sizes, {number, *sizes})
    if cursor := _first(by_name, CURSOR):
        path = _path_in(operation.answer, NEXT_CURSOR, "string", "integer")
        rows_path = operation.rows_path.removeprefix("$")
        last = f"{rows_path}[-1].id" if rows_path else "$[-1].id"
        where = Guess(path or last, "the field of an answer that leads to the next page")
        paginator = {"type": "cursor", "cursor_param": cursor, "cursor_path": where}
        if more := _path_in(operation.answer, HAS_MORE, "boolean"):
            paginator["has_more_path"] = more
        return Paging(paginator, sizes, {cursor, *sizes}, total)
    if link := _path_in(operation.answer, NEXT_LINK, "string"):
        paginator = {"type": "json_link", "next_url_path": link}
        return Paging(paginator, sizes, {*sizes}, total)
    return Paging(Guess("single_page", "no paging was found"), sizes, {*sizes})


def _first(names: dict[str, Json], pattern: re.Pattern[str]) -> str | None:
    return next((name for name in names if pattern.fullmatch(name)), None)


def _size_of(schema: Json) -> Any:
    """The most rows of a page that the API gives."""
    if isinstance(most := schema.get("maximum"), int):
        return most
    default = schema.get("default")
    return Guess(default if isinstance(default, int) else A_PAGE, "as many as the API allows")


def _path_in(answer: Json, pattern: re.Pattern[str], *types: str) -> str | None:
    """The way to a field of an answer that has such a name and type."""
    for path, name, schema in _fields(answer):
        kinds = schema.get("type", types[0])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        # of @odata.nextLink, nextLink
        if pattern.fullmatch(name.rpartition(".")[2]) and set(kinds) & set(types):
            return path
    return None


def _fields(answer: Json) -> Iterator[tuple[str, str, Json]]:
    """The fields of an answer and of the objects in it: the way to each, its name, its schema."""
    properties: dict[str, Json] = answer.get("properties") or {}
    for name, of in properties.items():
        yield step(name), name, of
    for outer, of in properties.items():
        for name, schema in (of.get("properties") or {}).items():
            yield f"{step(outer)}.{step(name)}", name, schema
