"""Faults of the page that was asked for, of its rows, and of the document around them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Literal

from email_assets.sandbox.exchange import Exchange, Stage
from email_assets.sandbox.kinds.registry import kind


@kind(Stage.QUESTION)
def page_cap(x: Exchange, *, rows: int = 50) -> None:
    """A page never has more than `rows` rows, whatever the limit asks."""
    x.limit = min(x.limit, rows)


@kind(Stage.QUESTION)
def same_page(x: Exchange) -> None:
    """Every page is the first one: the offset is ignored."""
    x.offset = 0


@kind(Stage.ROWS)
def empty(x: Exchange) -> None:
    """There are no rows, and the total is 0."""
    x.rows, x.total = [], 0


@kind(Stage.ROWS)
def null_id(x: Exchange, *, rows: int = 1, missing: bool = False) -> None:
    """The id of the first `rows` rows of a page is null; with `missing`, they have none."""
    for position, row in enumerate(x.rows[:rows]):
        if isinstance(row, dict):
            without = {name: value for name, value in row.items() if name != "id"}
            x.rows[position] = without if missing else {**row, "id": None}


@kind(Stage.ROWS)
def id_type(x: Exchange, *, to: Literal["text", "float", "big"] = "text") -> None:
    """Ids are of another type: `text`, `float`, or `big` for numbers beyond 64 bits."""
    x.rows = [
        {**row, "id": _other_id(row["id"], to)} if isinstance(row, dict) and "id" in row else row
        for row in x.rows
    ]


@kind(Stage.ROWS)
def duplicate(x: Exchange) -> None:
    """A page has one row more at its end: its first again, with a text changed to "duplicate"."""
    if x.rows and isinstance(x.rows[0], dict):
        first = x.rows[0]
        name = next((n for n in ("subject", "description", "name") if n in first), "name")
        x.rows.append({**first, name: "duplicate"})


@kind(Stage.ROWS)
def insert_head(x: Exchange, *, rows: int = 1) -> None:
    """After each answer, `rows` rows arrive at the head."""
    x.moved_rows += rows


@kind(Stage.ROWS)
def delete_head(x: Exchange, *, rows: int = 1) -> None:
    """After each answer, `rows` rows vanish from the head."""
    x.moved_rows -= rows


@kind(Stage.DOCUMENT)
def no_total(x: Exchange) -> None:
    """The answer has no total."""
    x.document.pop("total", None)


@kind(Stage.DOCUMENT)
def total(x: Exchange, *, value: object) -> None:
    """The total is `value`, which may be any JSON."""
    x.document["total"] = value


@kind(Stage.DOCUMENT)
def not_json_nan(x: Exchange) -> None:
    """The first row has a `score` of NaN, which JSON does not know."""
    if x.rows and isinstance(x.rows[0], dict):
        x.rows[0] = {**x.rows[0], "score": float("nan")}


@kind(Stage.DOCUMENT)
def data_null(x: Exchange) -> None:
    """Null stands where the rows should be."""
    x.document["data"] = None


@kind(Stage.DOCUMENT)
def data_not_list(x: Exchange) -> None:
    """An object stands where the list of rows should be."""
    x.document["data"] = {"rows": len(x.rows)}


@kind(Stage.DOCUMENT)
def data_missing(x: Exchange) -> None:
    """The answer has no rows, only the total."""
    x.document.pop("data", None)


def _other_id(value: Any, to: str) -> Any:
    if to == "text":
        return value if isinstance(value, str) else str(value)
    # 48 bits: a float holds them exactly, so that ids stay different from each other.
    number = value if isinstance(value, int) else _number(value)
    return float(number) if to == "float" else 2**64 + number


def _number(value: Any) -> int:
    digest = blake2b(str(value).encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big")
