"""Faults of the answer's status, headers and body, and of its way over the wire."""

from __future__ import annotations

import gzip as gzip_codec
from http import HTTPStatus

from email_assets.sandbox.exchange import Exchange, Stage
from email_assets.sandbox.kinds.registry import kind


@kind(Stage.BODY)
def error_200(x: Exchange) -> None:
    """An error is reported with status 200."""
    x.answer(200, {"error": "Something went wrong, please try again later."})


@kind(Stage.BODY)
def truncated_json(x: Exchange) -> None:
    """The JSON ends in the middle, though the transfer is complete."""
    x.body = x.body[: len(x.body) // 2]


@kind(Stage.BODY)
def html(x: Exchange) -> None:
    """A web page comes with status 200."""
    x.status = 200
    x.headers["content-type"] = "text/html; charset=utf-8"
    x.body = b"<!doctype html><html><body><h1>Please sign in</h1></body></html>"


@kind(Stage.BODY)
def echo_error(x: Exchange, *, status: int = 422) -> None:
    """An error repeats the whole request, the key included, and an e-mail address."""
    asked = f"{x.path}?{x.query}"
    x.answer(status, {"error": f"{asked} is not possible for ann.baker7@bluebird.example."})


@kind(Stage.BODY)
def redirect(x: Exchange, *, location: str, status: int = 302) -> None:
    """The answer sends the client to `location`."""
    x.answer(status, {"error": "This resource has moved."})
    x.headers["location"] = location


@kind(Stage.BODY)
def echo_redirect(x: Exchange, *, location: str, status: int = 302) -> None:
    """The answer sends the client to `location` with its own query, the key included."""
    redirect(x, location=f"{location}{'&' if '?' in location else '?'}{x.query}", status=status)


@kind(Stage.BODY)
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


@kind(Stage.BODY)
def headers(x: Exchange, *, lines: str = "X-RateLimit-Remaining: 0") -> None:
    """The answer has these headers too; `lines` are as HTTP writes them."""
    for line in lines.splitlines():
        name, _, value = line.partition(":")
        x.headers[name.strip()] = value.strip()


@kind(Stage.CODING)
def gzip(x: Exchange) -> None:
    """The body is compressed, whether or not the client asked for it."""
    x.headers["content-encoding"] = "gzip"
    x.body = gzip_codec.compress(x.body, mtime=0)


@kind(Stage.CODING)
def bad_gzip(x: Exchange) -> None:
    """The body is called compressed and is not."""
    x.headers["content-encoding"] = "gzip"


@kind(Stage.WIRE)
def latency(x: Exchange, *, seconds: float = 1.0) -> None:
    """The answer takes this many `seconds` longer."""
    x.latency += seconds


@kind(Stage.WIRE)
def drip(x: Exchange, *, seconds: float = 1.0, forever: bool = False) -> None:
    """The body comes byte by byte, `seconds` apart; `forever`: it is followed by endless blanks."""
    x.drip, x.endless = seconds, forever


@kind(Stage.WIRE)
def drop(x: Exchange) -> None:
    """The connection ends in the middle of the body."""
    x.cut = True


@kind(Stage.WIRE)
def refuse(x: Exchange) -> None:
    """The connection ends without any answer."""
    x.refused = True
