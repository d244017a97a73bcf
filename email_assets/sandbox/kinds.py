"""The kinds of faults: what each does to an exchange.

A kind is one function. Its name is the kind's name, its keyword arguments are the fault's options
with their types and defaults, and its docstring is its line in the help. Kinds act in the order of
their stages, so that several may be active at once.
"""

from __future__ import annotations

import gzip as gzip_codec
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Literal

from email_assets.sandbox.exchange import Exchange, Stage


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        stage: When it acts.
        act: What it does to an exchange, given the options.
        options: The options' names, with their types and defaults.
    """

    stage: Stage
    act: Callable[..., None]
    options: dict[str, inspect.Parameter]

    @property
    def summary(self) -> str:
        """One sentence on what it does."""
        return inspect.getdoc(self.act) or ""


KINDS: dict[str, Kind] = {}
"""Every kind by its name, in the order of the stages."""


def _kind(stage: Stage) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def enter(act: Callable[..., None]) -> Callable[..., None]:
        parameters = inspect.signature(act, eval_str=True).parameters.values()
        options = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
        KINDS[act.__name__] = Kind(stage, act, options)
        return act

    return enter


@_kind(Stage.QUESTION)
def page_cap(x: Exchange, *, rows: int = 50) -> None:
    """A page never has more than `rows` rows, whatever the limit asks."""
    x.limit = min(x.limit, rows)


@_kind(Stage.QUESTION)
def same_page(x: Exchange) -> None:
    """Every page is the first one: the offset is ignored."""
    x.offset = 0


@_kind(Stage.ROWS)
def empty(x: Exchange) -> None:
    """There are no rows, and the total is 0."""
    x.rows, x.total = [], 0


@_kind(Stage.ROWS)
def null_id(x: Exchange, *, rows: int = 1, missing: bool = False) -> None:
    """The id of the first `rows` rows of a page is null; with `missing`, they have none."""
    for position, row in enumerate(x.rows[:rows]):
        if isinstance(row, dict):
            without = {name: value for name, value in row.items() if name != "id"}
            x.rows[position] = without if missing else {**row, "id": None}


@_kind(Stage.ROWS)
def id_type(x: Exchange, *, to: Literal["text", "float", "big"] = "text") -> None:
    """Ids are of another type: `text`, `float`, or `big` for numbers beyond 64 bits."""
    x.rows = [
        {**row, "id": _other_id(row["id"], to)} if isinstance(row, dict) and "id" in row else row
        for row in x.rows
    ]


@_kind(Stage.ROWS)
def duplicate(x: Exchange) -> None:
    """A page has one row more at its end: its first again, with a text changed to "duplicate"."""
    if x.rows and isinstance(x.rows[0], dict):
        first = x.rows[0]
        name = next((n for n in ("subject", "description", "name") if n in first), "name")
        x.rows.append({**first, name: "duplicate"})


@_kind(Stage.ROWS)
def insert_head(x: Exchange, *, rows: int = 1) -> None:
    """After each answer, `rows` rows arrive at the head."""
    x.moved_rows += rows


@_kind(Stage.ROWS)
def delete_head(x: Exchange, *, rows: int = 1) -> None:
    """After each answer, `rows` rows vanish from the head."""
    x.moved_rows -= rows


@_kind(Stage.DOCUMENT)
def no_total(x: Exchange) -> None:
    """The answer has no total."""
    x.document.pop("total", None)


@_kind(Stage.DOCUMENT)
def total(x: Exchange, *, value: object) -> None:
    """The total is `value`, which may be any JSON."""
    x.document["total"] = value


@_kind(Stage.DOCUMENT)
def not_json_nan(x: Exchange) -> None:
    """The first row has a `score` of NaN, which JSON does not know."""
    if x.rows and isinstance(x.rows[0], dict):
        x.rows[0] = {**x.rows[0], "score": float("nan")}


@_kind(Stage.DOCUMENT)
def data_null(x: Exchange) -> None:
    """Null stands where the rows should be."""
    x.document["data"] = None


@_kind(Stage.DOCUMENT)
def data_not_list(x: Exchange) -> None:
    """An object stands where the list of rows should be."""
    x.document["data"] = {"rows": len(x.rows)}


@_kind(Stage.DOCUMENT)
def data_missing(x: Exchange) -> None:
    """The answer has no rows, only the total."""
    x.document.pop("data", None)


@_kind(Stage.BODY)
def error_200(x: Exchange) -> None:
    """An error is reported with status 200."""
    x.answer(200, {"error": "Something went wrong, please try again later."})


@_kind(Stage.BODY)
def truncated_json(x: Exchange) -> None:
    """The JSON ends in the middle, though the transfer is complete."""
    x.body = x.body[: len(x.body) // 2]


@_kind(Stage.BODY)
def html(x: Exchange) -> None:
    """A web page comes with status 200."""
    x.status = 200
    x.headers["content-type"] = "text/html; charset=utf-8"
    x.body = b"<!doctype html><html><body><h1>Please sign in</h1></body></html>"


@_kind(Stage.BODY)
def echo_error(x: Exchange, *, status: int = 422) -> None:
    """An error repeats the whole request, the key included, and an e-mail address."""
    asked = f"{x.path}?{x.query}"
    x.answer(status, {"error": f"{asked} is not possible for ann.baker7@bluebird.example."})


@_kind(Stage.BODY)
def redirect(x: Exchange, *, location: str, status: int = 302) -> None:
    """The answer sends the client to `location`."""
    x.answer(status, {"error": "This resource has moved."})
    x.headers["location"] = location


@_kind(Stage.BODY)
def echo_redirect(x: Exchange, *, location: str, status: int = 302) -> None:
    """The answer sends the client to `location` with its own query, the key included."""
    redirect(x, location=f"{location}{'&' if '?' in location else '?'}{x.query}", status=status)


@_kind(Stage.BODY)
def status(
    x: Exchange, *, status: int = 503, retry_after: str | None = None, body: object = None
) -> None:
    """The answer has this `status`, a Retry-After if given, and a `body` of text or JSON."""
    known = {code.value: code.phrase for code in HTTPStatus}
    x.answer(status, {"error": f"{known.get(status, 'Unknown')}."} if body is None else body)
    if isinstance(body, str):
        x.headers["content-type"] = "text/plain; charset=utf-8"
        x.body = body.encode(errors="surrogatepass")
    if retry_after is not None:
        x.headers["retry-after"] = retry_after


@_kind(Stage.BODY)
def headers(x: Exchange, *, lines: str = "X-RateLimit-Remaining: 0") -> None:
    """The answer has these headers too; `lines` are as HTTP writes them."""
    for line in lines.splitlines():
        name, _, value = line.partition(":")
        x.headers[name.strip()] = value.strip()


@_kind(Stage.CODING)
def gzip(x: Exchange) -> None:
    """The body is compressed, whether or not the client asked for it."""
    x.headers["content-encoding"] = "gzip"
    x.body = gzip_codec.compress(x.body, mtime=0)


@_kind(Stage.CODING)
def bad_gzip(x: Exchange) -> None:
    """The body is called compressed and is not."""
    x.headers["content-encoding"] = "gzip"


@_kind(Stage.WIRE)
def latency(x: Exchange, *, seconds: float = 1.0) -> None:
    """The answer takes this many `seconds` longer."""
    x.latency += seconds


@_kind(Stage.WIRE)
def drip(x: Exchange, *, seconds: float = 1.0, forever: bool = False) -> None:
    """The body comes byte by byte, `seconds` apart; `forever`: it is followed by endless blanks."""
    x.drip, x.endless = seconds, forever


@_kind(Stage.WIRE)
def drop(x: Exchange) -> None:
    """The connection ends in the middle of the body."""
    x.cut = True


@_kind(Stage.WIRE)
def refuse(x: Exchange) -> None:
    """The connection ends without any answer."""
    x.refused = True


def _other_id(value: Any, to: str) -> Any:
    if to == "text":
        return value if isinstance(value, str) else str(value)
    # 48 bits: a float holds them exactly, so that ids stay different from each other.
    number = value if isinstance(value, int) else _number(value)
    return float(number) if to == "float" else 2**64 + number


def _number(value: Any) -> int:
    digest = blake2b(str(value).encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big")
